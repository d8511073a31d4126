"""outreach-admin: the import of a file of contacts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from outreach_admin import contact_import

from tests.support.http_server import reply, serving
from tests.unit.outreach_admin.conftest import Run


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(contact_import, "_POLL_SECONDS", 0)
    path = tmp_path / "contacts.csv"
    path.write_text("name,email\nAda,ada@example.com\n")
    return path


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (1, 1)])
def test_import_uploads_the_file_and_follows_the_record(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failed: int, code: int
) -> None:
    monkeypatch.setattr(contact_import, "_POLL_SECONDS", 0)
    file = tmp_path / "contacts.csv"
    file.write_text("name,email\nAda,ada@example.com\n")
    states = [("pending", 0), ("running", 0), ("completed", 1)]
    warnings = [{"row": 2, "column": "email", "message": "was repaired"}]
    with serving(reply(200)) as bucket:
        answers = [
            {"id": "1", "status": status, "processedRows": rows, "totalRows": 1, "failedCount": failed, "uploadUrl": bucket.url}
            | {"warnings": warnings, "warningCount": 3}
            for status, rows in states
        ]
        headers = {"Content-Type": "application/json"}
        replies = (reply(200, json.dumps(answer).encode(), headers) for answer in answers)
        with serving(*replies, reply(200, b"name,email,importError\r\n")) as api:
            done = run("import", str(file), "--api-url", api.url, "--api-key", "a-key")
    assert (done.code, done.json["status"]) == (code, "completed")
    assert "Row 2, email: was repaired\n2 more warnings" in done.err
    failed_rows = tmp_path / "contacts.csv.failed.csv"
    assert failed_rows.exists() == bool(failed)
    assert not failed or failed_rows.read_bytes().startswith(b"name,email,importError")
    assert bucket.requests[0].body == file.read_bytes()
    assert "authorization" not in bucket.requests[0].headers
    assert {request.headers["authorization"] for request in api.requests} == {"Bearer a-key"}


def test_the_options_of_an_import_are_sent(run: Run, file: Path) -> None:
    record = {"id": "1", "status": "failed", "processedRows": 0, "totalRows": 0, "failedCount": 0}
    with serving(reply(200)) as bucket:
        answer = json.dumps({**record, "uploadUrl": bucket.url}).encode()
        with serving(reply(200, answer, {"Content-Type": "application/json"})) as api:
            options = ("--map", "Mobile Phone=SMS", "--map", "a=b=", "--encoding", "windows-1251", "--dry-run")
            assert run("import", str(file), "--api-url", api.url, "--api-key", "a-key", *options).code == 1
    sent = json.loads(api.requests[0].body)
    assert sent["columns"] == {"Mobile Phone": "SMS", "a=b": None}
    assert sent["fileName"] == file.name
    assert (sent["encoding"], sent["dryRun"], sent["duplicateControlOption"]) == ("windows-1251", True, "merge")


def test_a_mapping_without_a_field_is_refused(run: Run, file: Path) -> None:
    refused = run("import", str(file), "--api-url", "http://x.example", "--api-key", "a-key", "--map", "Mobile Phone")
    assert (refused.code, "HEADING=FIELD" in refused.err) == (2, True)


def test_a_refused_import_prints_the_reason(run: Run, file: Path) -> None:
    problem = reply(403, b'{"detail": "The API key does not allow this"}', {"Content-Type": "application/problem+json"})
    with serving(problem) as api:
        refused = run("import", str(file), "--api-url", api.url, "--api-key", "a-key")
    assert (refused.code, refused.err) == (1, "The API key does not allow this\n")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"id": "1", "status": "pending"}'])
def test_another_server_than_the_api_is_called_so(run: Run, file: Path, body: bytes) -> None:
    with serving(reply(200, body, {"Content-Type": "application/json"})) as server:
        failed = run("import", str(file), "--api-url", server.url, "--api-key", "a-key")
    assert (failed.code, failed.err) == (1, "The server's answer is no import record, so it is not the API. Check the URL.\n")


def test_an_empty_file_is_not_uploaded(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "empty.csv"
    file.touch()
    failed = run("import", str(file), "--api-url", "http://x.example", "--api-key", "a-key")
    assert (failed.code, failed.err) == (1, "The file is empty.\n")
