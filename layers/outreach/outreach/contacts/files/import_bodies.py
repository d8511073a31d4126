"""Imports as they travel."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import UploadFile
from pydantic import BeforeValidator, Field

from outreach import parsing, wire
from outreach.contacts.files.objects import MAX_UPLOAD_BYTES
from outreach.contacts.files.records import Duplicates, ImportRecord
from outreach.contacts.files.status import Status


def _file_or_url(value: Any) -> Any:
    return value if isinstance(value, UploadFile) else wire.none_if_blank(value) and parsing.parse_url(value)


class ImportBody(wire.Request):
    """What is to be imported: a file, the URL of one, or the size of one that will be uploaded."""

    upload_file: Annotated[UploadFile | str | None, BeforeValidator(_file_or_url)] = None
    size: Annotated[wire.Integer, Field(ge=1, le=MAX_UPLOAD_BYTES)] | None = None
    duplicate_control_option: Annotated[
        Duplicates, BeforeValidator(lambda value: wire.one_of(*Duplicates)(value) if value else Duplicates.MERGE)
    ] = Duplicates.MERGE


class ImportResponse(wire.Response):
    """An import; ``uploadUrl`` is where one that waits for its file takes it."""

    id: str
    status: Status
    processed_rows: int
    total_rows: int | None
    created_count: int
    updated_count: int
    skipped_count: int
    failed_count: int
    failed_rows: list[dict[str, Any]]
    errors: list[str]
    upload_url: str | None

    @classmethod
    def of(cls, record: ImportRecord, failed_rows: list[dict[str, Any]], upload_url: str | None = None) -> ImportResponse:
        return cls(
            id=record.id,
            status=record.status,
            processed_rows=record.processed_rows,
            total_rows=record.total_rows,
            created_count=record.created,
            updated_count=record.updated,
            skipped_count=record.skipped,
            failed_count=record.failed,
            failed_rows=failed_rows,
            errors=list(record.errors),
            upload_url=upload_url,
        )
