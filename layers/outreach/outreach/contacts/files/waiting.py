"""Waiting for what goes on elsewhere, and how far that is which the arrival of an object starts."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from outreach import clock
from outreach.contacts.files import objects
from outreach.contacts.files.status import Status

T = TypeVar("T")

# Contract, Lists, and Import, export, template. What a gateway's client may wait for at most is 29 s.
WAIT_SECONDS = 20.0

_POLL_SECONDS = 0.25
# All tries are over by then (Lambda, asynchronous invocation: two retries, of 15 minutes each at most).
_GIVEN_UP_AFTER = timedelta(hours=1)


def wait_for(look: Callable[[], T], is_done: Callable[[T], bool], seconds: float) -> T:
    """What ``look`` sees when it is done, or after so many seconds."""
    deadline = time.monotonic() + seconds
    while not is_done(seen := look()) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return seen


def progress(request_key: str, result_key: str) -> Status | None:
    """How far a result is.

    Args:
        request_key: of the object that asks for it.

    Returns:
        ``None`` when nobody has asked, or nobody knows of it any more.
    """
    if objects.head(result_key):
        return Status.COMPLETED
    asked = objects.head(request_key)
    if asked is None:
        return None
    return Status.FAILED if clock.now() - asked["LastModified"] > _GIVEN_UP_AFTER else Status.RUNNING
