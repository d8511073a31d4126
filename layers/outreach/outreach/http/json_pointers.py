"""JSON Pointers (RFC 6901) as sequences of steps."""

from __future__ import annotations

from collections.abc import Sequence

Step = str | int


def to_pointer(steps: Sequence[Step]) -> str:
    """``("contactIdentities", 0)`` → ``/contactIdentities/0``."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def to_steps(pointer: str) -> list[str]:
    """``/contactIdentities/0`` → ``["contactIdentities", "0"]``."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
