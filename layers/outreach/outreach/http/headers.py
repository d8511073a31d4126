"""Headers that every response carries (docs/api.md, "JSON and HTTP")."""

from __future__ import annotations

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=63072000",  # two years
}
# For responses with personal data.
NO_STORE = {"Cache-Control": "no-store"}
