"""The state machine ``import_contacts``: one execution works on an import at a time; what breaks, the sweep starts again."""

from __future__ import annotations

from datetime import datetime, timedelta

from outreach import clock, dynamo, stepfunctions
from outreach.contacts.files import objects, records
from outreach.contacts.files.records import ImportRecord
from outreach.contacts.files.status import Status
from outreach.observability import logger
from outreach.settings import settings

# How late an execution may be before it is asked after.
_LATE = timedelta(minutes=2)
# By then all that may pass has passed; and who announced a file has long lost the right to upload it.
_GIVEN_UP_AFTER = timedelta(days=1)


def start(site_id: str, import_id: str) -> None:
    """Start an import's execution; the second time, it is there already."""
    _start(site_id, import_id, import_id)


def repair(site_id: str, import_id: str) -> None:
    """Restart an import whose execution broke or never began; for the sweep."""
    record = records.get(site_id, import_id)
    began = _began(record)
    if began is None or clock.now() - began < _LATE or stepfunctions.is_running(settings().import_contacts_arn, _name(record)):
        return
    if clock.now() - clock.from_timestamp(record.create_time) > _GIVEN_UP_AFTER:
        records.fail(record, ["the import did not come to its end within a day"])
        return
    try:
        counted = records.count_restart(record)
    except dynamo.ConditionFailed:
        return  # somebody else is about to do the same
    logger().warning("restarting an import", import_id=import_id, site_id=site_id)
    _start(site_id, import_id, _name(counted))


def _began(record: ImportRecord) -> datetime | None:
    """When its execution should have begun; ``None`` for an import that rightly waits for its file."""
    created = clock.from_timestamp(record.create_time)
    if record.source_url or record.status is not Status.PENDING:
        return created
    upload = objects.head(objects.upload_key(record.site_id, record.id))
    if upload:
        return upload["LastModified"]  # type: ignore[no-any-return]
    return created if clock.now() - created > _GIVEN_UP_AFTER else None


def _start(site_id: str, import_id: str, name: str) -> None:
    stepfunctions.start(settings().import_contacts_arn, name, {"site_id": site_id, "import_id": import_id})


def _name(record: ImportRecord) -> str:
    """The newest execution's."""
    return f"{record.id}-{record.restarts}" if record.restarts else record.id
