"""Outreach: contacts, campaigns, messages, the outbound channel to the carriers, and signed callbacks.

A function's handler calls a domain module, which calls a store or a client. Each sub-package is a domain, and imports only the
packages below it; pyproject.toml lists their order.
"""

import gc

# The version of the whole product: of the package, the API and the stack (docs/contributing.md, "Releases and upgrades").
__version__ = "0.2.0"

# Imports create no garbage, but by default the collector runs a hundred times during them, which takes a sixth of a cold start's
# CPU time. This threshold is about twice the number of objects that a function's imports create.
gc.set_threshold(100_000, 10, 10)
