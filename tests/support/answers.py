"""What the functions answer their sample events with, each in a world as `tests.support.world` makes it."""

from __future__ import annotations

from typing import Any

NO_FAILURES: dict[str, Any] = {"batchItemFailures": []}

# What HTTP requests are answered with, unless it is 200.
STATUS = {
    "CreateContact": 201,
    "DeleteContact": 204,
    "BatchDeleteContacts": 204,
    "ActOnContact": 204,
    "CreateField": 201,
    "DeleteField": 204,
    "ImportContacts": 202,
    "ExportContacts": 202,
    "CreateCampaign": 201,
    "DeleteCampaign": 204,
    "CreateMessage": 201,
    "RouteNotFound": 404,
}
# What everything else is answered with; the authorizer's context.
RESULTS: dict[str, Any] = {
    "Authorize": {"siteId": "10000", "scopes": "", "rates": ""},
    "PlanFreeze": {"outcome": "scan", "scans": [list(range(16))]},
    "ScanAudience": {"part": 0},
    "FreezeAudience": {"audience": 2},
    "ReleaseWindow": {"outcome": "released", "seconds": 0, "windows": 1},
    "SendMessages": NO_FAILURES,
    "TrackMessages": NO_FAILURES,
    "AttachMessages": NO_FAILURES,
    "ReceiveReply": NO_FAILURES,
    # Nothing is parked for it any more.
    "RetryCallbacks": {"outcome": "done", "seconds": 0, "steps": 1},
    "BeginScheduledStart": None,
    # The time was taken off the campaign.
    "StartScheduledCampaign": {"outcome": "moved"},
    "DeliverCallback": NO_FAILURES,
    "CountContacts": None,
    # The contacts have just come: the stream may still tell of them.
    "RecountContacts": {"sites": 1, "mended": 0},
    "BeginImport": None,
    "SplitImport": {"outcome": "running"},
    "ImportRows": {"outcome": "completed"},
    "WriteExport": None,
    "Sweep": {"looked_at": 5, "failed": 0},
}
# How often the carrier or the customer's endpoint is called.
CALLS = {"SendMessages": 1, "DeliverCallback": 1}


def expected(name: str) -> Any:
    """The outcome of a function's sample event."""
    return RESULTS[name] if name in RESULTS else STATUS.get(name, 200)


def outcome(answer: Any) -> Any:
    """What of an answer is told from others: a request's status, the context of a key, a worker's whole answer."""
    if isinstance(answer, dict):
        return answer.get("statusCode") or answer.get("context") or answer
    return answer
