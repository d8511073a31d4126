"""The status of background work: an import, an export, a list result."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from outreach import clock, s3

# All attempts are over by then: Lambda retries an asynchronous invocation twice, and each attempt takes at most 15 minutes.
_FAILED_AFTER = timedelta(hours=1)


class JobStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    UNDONE = "undone"


def status_of(request_key: str, result_key: str) -> JobStatus | None:
    """Return the status of a job whose request and result are objects in the files bucket.

    Returns:
        ``None`` when there is no such request, or the bucket has deleted it.
    """
    if s3.files().head(result_key):
        return JobStatus.COMPLETED
    request = s3.files().head(request_key)
    if request is None:
        return None
    return JobStatus.FAILED if clock.now() - request["LastModified"] > _FAILED_AFTER else JobStatus.RUNNING
