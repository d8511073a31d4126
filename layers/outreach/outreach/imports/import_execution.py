"""Executions of the state machine ``import_contacts``: at most one runs for each import; the sweep restarts a failed one."""

from __future__ import annotations

from datetime import datetime, timedelta

from outreach import clock, s3, stepfunctions
from outreach.http.job_status import JobStatus
from outreach.imports import import_objects, import_records
from outreach.imports.import_records import ImportRecord
from outreach.observability import logger
from outreach.repeated_failures import report_given_up
from outreach.settings import settings

# How long an import may take to start before it is checked.
_CHECK_AFTER = timedelta(minutes=2)
# Long after every transient failure and after the upload URL has expired.
_FAIL_AFTER = timedelta(days=1)


def start(site_id: str, import_id: str) -> None:
    """Start an import's execution; a repeated call changes nothing."""
    _start(site_id, import_id, import_id)


def start_undo(record: ImportRecord) -> None:
    """Start the execution that undoes an import; a repeated call changes nothing."""
    _start(record.site_id, record.id, _execution_name(record))


def repair(site_id: str, import_id: str) -> None:
    """Restart an import whose execution failed or never started; the sweep calls this for every unfinished import."""
    record = import_records.get(site_id, import_id)
    started = _expected_start(record)
    if started is None or clock.now() - started < _CHECK_AFTER:
        return
    if stepfunctions.is_running(settings().import_contacts_arn, _execution_name(record)):
        return
    if clock.now() - clock.from_timestamp(record.undo_time or record.create_time) > _FAIL_AFTER:
        _fail(record)
        return
    restarted = import_records.count_restart(record)
    if restarted is None:
        return  # another sweep restarts it
    logger().warning("restarting import", import_id=import_id, site_id=site_id)
    _start(site_id, import_id, _execution_name(restarted))


def _fail(record: ImportRecord) -> None:
    reason = (
        "the undo did not finish within a day; some contacts are restored, the others are not. Request the undo again"
        if record.undo_time
        else "the import did not finish within a day; start it again"
    )
    import_records.mark_failed(record, [reason])
    report_given_up("import", reason, import_id=record.id, site_id=record.site_id)


def _expected_start(record: ImportRecord) -> datetime | None:
    """Return when the execution should have started; ``None`` while the import still waits for its upload."""
    created = clock.from_timestamp(record.undo_time or record.create_time)
    if record.source_url or record.status is not JobStatus.PENDING:
        return created
    upload = s3.files().head(import_objects.upload_key(record.site_id, record.id))
    if upload:
        return upload["LastModified"]  # type: ignore[no-any-return]
    return created if clock.now() - created > _FAIL_AFTER else None


def _start(site_id: str, import_id: str, name: str) -> None:
    stepfunctions.start(settings().import_contacts_arn, name, {"site_id": site_id, "import_id": import_id})


def _execution_name(record: ImportRecord) -> str:
    """Return the name of the import's latest execution."""
    name = f"{record.id}-undo" if record.undo_time else record.id
    return f"{name}-{record.restarts}" if record.restarts else name
