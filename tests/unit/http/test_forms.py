"""Forms are parsed as the libraries of many languages write them (docs/api.md, "Import")."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from aws_lambda_powertools.event_handler.openapi.params import UploadFile

from outreach.errors import ValidationFailed
from outreach.http import forms
from outreach.imports.schemas import ImportBody

CONTENT = b"name,email\r\nAda,ada@example.com\r\n"
FILE = 'Content-Disposition: form-data; name="uploadFile"; filename="contacts.csv"'


def parse(
    *parts: tuple[str, bytes], content_type: str = "multipart/form-data; boundary=limit", end: bytes = b"--limit--\r\n"
) -> Any:
    body = b"".join(b"--limit\r\n%s\r\n\r\n%s\r\n" % (head.encode(), content) for head, content in parts)
    event = {"headers": {"content-type": content_type}, "body": base64.b64encode(body + end).decode(), "isBase64Encoded": True}
    return forms.parse(event, ImportBody, "uploadFile")


def errors(*parts: tuple[str, bytes], **options: Any) -> dict[str, str]:
    with pytest.raises(ValidationFailed) as raised:
        parse(*parts, **options)
    return {error.pointer: error.message for error in raised.value.errors}


@pytest.mark.parametrize(
    "head",
    [
        FILE,
        "Content-Disposition: form-data; name=uploadFile; filename=contacts.csv; filename*=utf-8''contacts.csv",
        'Content-Disposition: form-data; filename="contacts.csv"; name="uploadFile"',
        "Content-Disposition: form-data; name=\"uploadFile\"; filename*=utf-8''%C3%BC.csv",
        'Content-Disposition: form-data; name="uploadFile"; filename="a\\"b.csv"',
        'Content-Disposition: form-data; name="uploadFile"; filename="C:\\contacts.csv"',
        'content-disposition:form-data;name="uploadFile";filename="contacts.csv"',
        'Content-Type: text/csv\r\nContent-Disposition: form-data; name="UPLOADFILE"; filename="contacts.csv"',
        'Content-Disposition: form-data; name="uploadFile"',
    ],
)
def test_a_file_is_found_in_whatever_way_its_part_is_described(head: str) -> None:
    file = parse((head, CONTENT))["uploadFile"]
    assert isinstance(file, UploadFile)
    assert file.content == CONTENT


@pytest.mark.parametrize("content", [b"", b"\r\n", b"\x00\xff\r", CONTENT + b" --limit--\r\n", b"--limi", b"\r\n--"])
def test_the_content_of_a_file_is_kept_exactly(content: bytes) -> None:
    file = parse((FILE, content))["uploadFile"]
    assert file.content == content


def test_a_file_with_a_line_like_the_boundary_is_refused_and_not_cut() -> None:
    assert errors((FILE, CONTENT + b"--limitless,b@example.com\r\n")) == {"": "is not a valid multipart/form-data form"}


def test_a_url_and_an_empty_choice_of_a_browser_are_no_files() -> None:
    head = 'Content-Disposition: form-data; name="uploadFile"'
    assert parse((head, b"HTTPS://example.com/a.csv")) == {"uploadFile": "HTTPS://example.com/a.csv"}
    assert parse((f'{head}; filename=""', b"")) == {"uploadFile": None}


def test_an_option_is_a_text_even_if_it_is_sent_as_a_file() -> None:
    head = 'Content-Disposition: form-data; name="dryRun"; filename="blob"\r\nContent-Type: application/json'
    assert parse((head, b"true")) == {"dryRun": "true"}


def test_the_type_of_a_file_is_kept_with_its_charset() -> None:
    head = f"{FILE}\r\nContent-Type: text/csv; charset=windows-1251"
    assert parse((head, CONTENT))["uploadFile"].content_type == "text/csv; charset=windows-1251"


def test_an_unknown_or_repeated_property_is_named() -> None:
    known = ('Content-Disposition: form-data; name="dryRun"', b"true")
    found = errors(known, known, ('Content-Disposition: form-data; name="dry/Run"', b"true"), (FILE, CONTENT))
    assert found["/dryRun"] == "must be given once"
    assert found["/dry~1Run"].startswith("is not a property of this form, which has uploadFile, ")


def test_a_text_that_is_not_utf_8_is_named() -> None:
    assert errors(('Content-Disposition: form-data; name="encoding"', b"\xc3\x28")) == {"/encoding": "is not UTF-8"}


@pytest.mark.parametrize(
    "options",
    [
        {"content_type": "multipart/form-data"},
        {"content_type": "multipart/form-data; boundary=other"},
        {"content_type": "multipart/form-data; boundary="},
        {"end": b""},
        {"end": b"--limit\r\n"},
        {"end": b"--limit\r\nContent-Disposition: attachment; x=y\r\n\r\nz\r\n--limit--\r\n"},
        {"end": b"--limit\r\nX: y\r\n\r\nz\r\n--limit--\r\n"},
        {"end": b"--limit\r\nX: " + b"y" * 10_000 + b"\r\n\r\nz\r\n--limit--\r\n"},
        {"end": b"--limit\r\nContent-Disposition: form-data; name=size\r\n\r\nz\r\n" * 500 + b"--limit--\r\n"},
        {"end": b"--limit\nContent-Disposition: form-data; name=size\n\nz\n--limit--\n"},
    ],
)
def test_a_malformed_form_is_refused(options: dict[str, Any]) -> None:
    assert errors((FILE, CONTENT), **options) == {"": "is not a valid multipart/form-data form"}
