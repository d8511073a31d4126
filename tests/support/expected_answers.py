"""The expected answer of each function to its sample event, given the items of `tests.support.sample_data`."""

from __future__ import annotations

from typing import Any

NO_FAILURES: dict[str, Any] = {"batchItemFailures": []}

# The status of HTTP responses, unless it is 200.
STATUS = {
    "CreateContact": 201,
    "DeleteContact": 204,
    "DeleteOptOut": 204,
    "BatchDeleteContacts": 204,
    "ActOnContact": 204,
    "CreateField": 201,
    "DeleteField": 204,
    "ImportContacts": 202,
    "ActOnImportRecord": 202,
    "ExportContacts": 202,
    "ActOnCampaignRecord": 202,
    "CreateCampaign": 201,
    "DeleteCampaign": 204,
    "CreateMessage": 201,
    "CreateWebhook": 201,
    "DeleteWebhook": 204,
    "RouteNotFound": 404,
}
# The answers of all other functions; the authorizer's is its context.
RESULTS: dict[str, Any] = {
    "Authorize": {"siteId": "10000", "keyId": "22b70ef41be1", "keyName": "sample", "scopes": "", "rates": ""},
    "PlanAudienceScans": {"outcome": "scan", "scans": [list(range(16))]},
    "ScanAudience": {"part": 0},
    "FreezeAudience": {"audience": 2},
    "ReleaseRecipients": {"outcome": "released", "seconds": 0, "steps": 1},
    "SendMessages": NO_FAILURES,
    "ProcessMessageChanges": None,
    "PublishEvents": None,
    "AttachMessages": NO_FAILURES,
    "ProcessReply": NO_FAILURES,
    # The endpoint has no parked callbacks.
    "RetryCallbacks": {"outcome": "done", "seconds": 0, "steps": 1},
    "BeginScheduledStart": None,
    # The campaign no longer has this start time.
    "StartScheduledCampaign": {"outcome": "moved"},
    "DeliverCallback": NO_FAILURES,
    "CountContacts": None,
    # The contacts are so new that their stream records may still be unprocessed.
    "RecountContacts": {"sites": 1, "corrected": 0},
    "BeginImport": None,
    "SplitImport": {"outcome": "running"},
    "ImportRows": {"outcome": "completed"},
    "WriteExport": None,
    "Sweep": {"attempted": 3, "failed": 0, "left": 0},
}
# The number of calls to the carrier or the customer's endpoint.
CALLS = {"SendMessages": 1, "DeliverCallback": 1}


def expected(name: str) -> Any:
    """The expected outcome of a function's sample event."""
    return RESULTS[name] if name in RESULTS else STATUS.get(name, 200)


def outcome(answer: Any) -> Any:
    """The part of an answer that is compared: an HTTP status, the authorizer's context or a worker's whole answer."""
    if isinstance(answer, dict):
        return answer.get("statusCode") or answer.get("context") or answer
    return answer
