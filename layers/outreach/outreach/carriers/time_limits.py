"""How long a call to a carrier may take. Functions that never call one plan with it, without the libraries of HTTP."""

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
# The longest time that a call to a carrier takes. A claim is valid for longer.
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS
