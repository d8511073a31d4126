"""A row that raises an error nobody expected fails alone, wherever the error comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from outreach.contacts import contact_documents, contact_store, identity_uniqueness, validation
from outreach.contacts.identity_uniqueness import IdentityKey
from outreach.imports.import_row import ImportRow
from outreach.imports.row_parser import RowParser
from tests.integration.contacts import contact_requests
from tests.integration.contacts.contact_requests import email
from tests.integration.imports import file_requests

POISON = "poison@example.com"
FILE = "name,email\n" + "".join(f"N{n},{f'n{n}@example.com' if n != 7 else POISON}\n" for n in range(20))
ITEM_TOO_LARGE = ClientError(
    {
        "Error": {"Code": "TransactionCanceledException", "Message": "Item size has exceeded the maximum"},
        "CancellationReasons": [{"Code": "ValidationError"}],
    },
    "TransactWriteItems",
)
INVALID_KEY = ClientError({"Error": {"Code": "ValidationException", "Message": "Size of hashkey has exceeded"}}, "BatchGetItem")
ERRORS = [RuntimeError(POISON), RecursionError(), ITEM_TOO_LARGE, INVALID_KEY, ParamValidationError(report=POISON)]


def failing_parser(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    parse = RowParser.parse

    def fail(parser: RowParser, row: Mapping[str, str]) -> Any:
        if POISON in row.values():
            raise error
        return parse(parser, row)

    monkeypatch.setattr(RowParser, "parse", fail)


def poison_key(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    item_key = identity_uniqueness.item_key

    def fail(site_id: str, key: IdentityKey) -> Any:
        if POISON in key:
            raise error
        return item_key(site_id, key)

    monkeypatch.setattr(identity_uniqueness, "item_key", fail)


def poison_validation(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    to_body = ImportRow.to_body

    def fail(row: ImportRow, *arguments: Any, **options: Any) -> Any:
        if POISON in row.cells.values():
            raise error
        return to_body(row, *arguments, **options)

    monkeypatch.setattr(ImportRow, "to_body", fail)


def poison_write(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    commit = contact_store.commit

    def fail(*changes: Any, **options: Any) -> Any:
        if any(POISON in str(change) for change in changes):
            raise error
        return commit(*changes, **options)

    monkeypatch.setattr(contact_store, "commit", fail)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("poison", [failing_parser, poison_key, poison_validation, poison_write])
def test_a_poisonous_row_fails_alone_and_its_values_are_not_logged(
    poison: Any, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    poison(monkeypatch, error)
    answer = file_requests.upload(FILE)
    assert file_requests.counts(answer) == (19, 0, 0, 1)
    assert [row["row"] for row in answer.body["failedRows"]] == [9]
    logged = str([vars(record) for record in caplog.records])
    assert ("cannot be imported" in logged, POISON in logged) == (True, False)


def test_a_contact_that_cannot_be_read_fails_only_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    contact_requests.new_contact("Damaged", email(POISON))
    contact_requests.new_contact("N3", email("n3@example.com"))
    from_item = contact_documents.contact_of

    def fail(site_id: str, item: Mapping[str, Any]) -> Any:
        if POISON in str(item):
            raise ValueError("damaged")
        return from_item(site_id, item)

    monkeypatch.setattr(contact_store, "contact_of", fail)
    assert file_requests.counts(file_requests.upload(FILE)) == (18, 1, 0, 1)


def test_a_transient_error_is_raised_so_that_the_chunk_is_imported_again(monkeypatch: pytest.MonkeyPatch) -> None:
    throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "GetItem")

    def fail(*_: Any) -> Any:
        raise throttled

    monkeypatch.setattr(validation, "new_contact", fail)
    assert file_requests.upload(FILE).status == 503  # in AWS, the state machine repeats the step
