"""Request and response models of the import endpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

import orjson
from aws_lambda_powertools.event_handler.openapi.params import UploadFile
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from outreach import parsing, text, wire
from outreach.errors import ValidationFailed
from outreach.http.job_status import JobStatus
from outreach.imports import encoding_names, import_report
from outreach.imports.columns import MAX_COLUMNS, MAX_HEADING
from outreach.imports.import_objects import MAX_UPLOAD_BYTES
from outreach.imports.import_options import DuplicateOption, ImportOptions, UnknownColumns
from outreach.imports.import_records import ImportRecord
from outreach.phone_numbers import NumberFormat

# An import's item holds them twice: as they were given, and as they were understood.
_MAX_COLUMNS_BYTES = 100_000
_COLUMNS = 'must be a JSON object from column headings to field names or null, such as {"Mobile Phone": "SMS", "Notes": null}'


def _file_or_url(value: Any) -> Any:
    return value if isinstance(value, UploadFile) else parsing.parse_url(value)


def _columns(value: Any) -> Any:
    """Parse ``columns``. A form field holds it as JSON text."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        try:
            value = parsing.parse_json(value)
        except ValidationFailed as error:
            raise ValueError(_COLUMNS) from error
    if not isinstance(value, Mapping) or not all(name is None or isinstance(name, str) for name in value.values()):
        raise ValueError(_COLUMNS)
    return {text.normalise(heading): name for heading, name in value.items()}


def _require_storable(columns: dict[str, str | None]) -> dict[str, str | None]:
    if len(orjson.dumps(columns)) > _MAX_COLUMNS_BYTES:
        raise ValueError(f"must have at most {_MAX_COLUMNS_BYTES:,} bytes of JSON")
    return columns


def _require_known_encoding(name: str) -> str:
    encoding_names.codec_of(name)
    return name


def _choice(*choices: str, default: str | None = None) -> BeforeValidator:
    return wire.blank_as(default, wire.one_of(*choices))


def _base_name(path: str) -> str:
    """Return the name of a file as one line without folders, cleaned and cut: no name is a reason to refuse a file."""
    line = " ".join(text.normalise(text.without_controls(path)).split())
    return re.split(r"[/\\]", line)[-1].strip()[: text.MAX_NAME].strip()


Heading = Annotated[str, StringConstraints(max_length=MAX_HEADING)]


class ImportBody(wire.Request):
    """An import: a file, its URL, or the size of a file that the client uploads later; and how its rows are imported."""

    upload_file: Annotated[UploadFile | str | None, wire.blank_as(None, _file_or_url)] = None
    file_name: Annotated[str, StringConstraints(max_length=text.MAX_NAME), AfterValidator(_base_name)] | None = None
    size: Annotated[wire.Integer, Field(ge=1, le=MAX_UPLOAD_BYTES)] | None = None
    duplicate_control_option: Annotated[DuplicateOption, _choice(*DuplicateOption, default=DuplicateOption.MERGE)] = (
        DuplicateOption.MERGE
    )
    columns: Annotated[
        dict[Heading, Heading | None],
        BeforeValidator(_columns),
        Field(max_length=MAX_COLUMNS),
        AfterValidator(_require_storable),
    ] = Field(default_factory=dict)
    unknown_columns: Annotated[UnknownColumns, _choice(*UnknownColumns, default=UnknownColumns.ERROR)] = UnknownColumns.ERROR
    phone_numbers: Annotated[NumberFormat | None, _choice(*NumberFormat)] = None
    encoding: Annotated[
        Annotated[str, StringConstraints(max_length=40), AfterValidator(_require_known_encoding)] | None,
        BeforeValidator(wire.none_if_blank),
    ] = None
    dry_run: Annotated[wire.Flag, wire.blank_as(False)] = False

    def options(self, *encodings: str) -> ImportOptions:
        """Return the options of the import.

        Args:
            encodings: the encodings that the request names elsewhere, more reliable than its ``encoding``.
        """
        return ImportOptions(
            duplicates=self.duplicate_control_option,
            columns=self.columns,
            unknown_columns=self.unknown_columns,
            phone_numbers=self.phone_numbers,
            encodings=tuple(filter(None, [*encodings, self.encoding])),
            is_dry_run=self.dry_run,
        )

    def name_of_file(self) -> str:
        """Return ``fileName``, or else the name of the form's file or the last segment of the URL; empty if there is none."""
        if self.file_name:
            return self.file_name
        if isinstance(self.upload_file, UploadFile):
            return _base_name(self.upload_file.filename or "")
        return _base_name(unquote(urlsplit(self.upload_file or "").path))


class ImportSummary(wire.Response):
    """An import in a list."""

    id: str
    status: JobStatus
    create_time: str
    file_name: str | None
    dry_run: bool
    processed_rows: int
    total_rows: int | None
    created_count: int
    updated_count: int
    skipped_count: int
    failed_count: int
    warning_count: int
    encoding: str | None
    delimiter: str | None
    columns: dict[str, str | None]
    errors: list[str]

    @classmethod
    def of(cls, record: ImportRecord) -> ImportSummary:
        return cls(**_summary(record))


class ImportsResponse(wire.PagedResponse):
    contact_import_records: list[ImportSummary]


class UndoResponse(wire.Response):
    """What became of the contacts of an import that was undone."""

    deleted: int
    restored: int
    kept: int


class ImportResponse(ImportSummary):
    """An import; ``upload_url`` is set when it waits for the client to upload its file."""

    failed_rows: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    suggested_columns: dict[str, str | None]
    upload_url: str | None

    @classmethod
    def of(cls, record: ImportRecord, upload_url: str | None = None, *, max_rows_bytes: int | None = None) -> ImportResponse:
        """Build the response for an import, with what its objects say about the rows.

        Args:
            max_rows_bytes: how large the failed rows, and the warnings, may be; ``None`` for no limit. The first ones are kept.
        """
        return cls(
            **_summary(record),
            failed_rows=import_report.first_rows_within(import_report.failed_rows(record), max_rows_bytes),
            warnings=import_report.first_rows_within(import_report.warnings(record), max_rows_bytes),
            rows=import_report.first_rows(record) if record.options.is_dry_run else [],
            suggested_columns=dict(record.suggested_columns),
            upload_url=upload_url,
        )


def _summary(record: ImportRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "status": record.status,
        "create_time": record.create_time,
        "file_name": record.file_name or None,
        "dry_run": record.options.is_dry_run,
        "processed_rows": record.processed_rows,
        "total_rows": record.total_rows,
        "created_count": record.created,
        "updated_count": record.updated,
        "skipped_count": record.skipped,
        "failed_count": record.failed,
        "warning_count": import_report.warning_count(record),
        "encoding": record.encoding or None,
        "delimiter": record.delimiter or None,
        "columns": dict(record.columns),
        "errors": list(record.errors),
    }
