"""Parsers of texts, files and webhooks accept or refuse any input, in limited time and with limited memory."""

from __future__ import annotations

import io
import json
import time
import tracemalloc
import zipfile
from collections import deque
from collections.abc import Callable
from types import ModuleType
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach import clock, parsing
from outreach.carriers import telnyx, twilio
from outreach.carriers.webhook_messages import CarrierWebhook
from outreach.contacts.filters import expression
from outreach.contacts.filters.schemas import FilterBody
from outreach.errors import ValidationFailed
from outreach.imports import file_reader
from outreach.imports.import_warnings import Warnings
from outreach.messages.models import MAX_TEMPLATE_CHARACTERS
from outreach.sending import templates
from tests.support.reliability_figures import tried

MB = 1 << 20
CREDENTIALS = {"token": "a-token", "api_key": "k", "public_key": "A" * 43 + "="}

words = st.sampled_from(["and", "or", "not", "(", ")", "1", "23", " ", "AND", "¼", "٣", "9" * 5000])
LIQUID = (
    "{{ }} {% %} name | upcase append:name if endif assign x = ' \" : , 1 .. [ ] case when capture endcapture raw "
    "times:9999999999 replace:'a','aaaaaaaa' date:'%s'"
)
liquid = st.sampled_from([*LIQUID.split(), " "])
moments = st.from_regex(r"[0-9]{1,5}-?W?[0-9]{0,3}-?[0-9]{0,3}[T ]?[0-9:.,]{0,15}(Z|[+-][0-9:.]{0,9})?", fullmatch=True)
json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9), lambda inner: st.lists(inner, max_size=3)
)


def read(parse: Callable[[], Any], *refusals: type[Exception]) -> Any:
    """The parsed value; ``None`` when the input is refused with an expected error."""
    tried["random inputs"] += 1
    try:
        return parse()
    except refusals:
        return None


@given(st.lists(words, max_size=30).map("".join) | st.text(max_size=60))
def test_a_filter_expression_is_parsed_or_refused(text: str) -> None:
    read(lambda: expression.parse(text), expression.ExpressionError)


@given(st.dictionaries(st.sampled_from(["filterConditions", "filterLogicalExpresssion", "filterConditionMetType"]), json_values))
def test_a_filter_is_parsed_or_refused(body: dict[str, Any]) -> None:
    read(lambda: FilterBody.model_validate(body).filter(), ValueError)


@given(moments | st.text(max_size=30) | json_values)
def test_a_time_is_parsed_or_refused(value: Any) -> None:
    if moment := read(lambda: parsing.parse_moment(value), ValueError):
        assert clock.from_timestamp(clock.timestamp(moment)).utcoffset() == moment.utcoffset()


@given(st.lists(liquid | st.text(max_size=3), max_size=40).map("".join))
def test_a_template_is_rendered_or_refused_in_limited_time_and_length(template: str) -> None:
    begin = time.process_time()
    text = read(lambda: templates.render(template, {"name": "Ada " * 20}), ValidationFailed)
    assert len(text or "") <= MAX_TEMPLATE_CHARACTERS * 8
    assert time.process_time() - begin < 5


TWILIO = ("MessageSid", "MessageStatus", "ErrorCode", "From", "To", "Body", "NumMedia", "MediaUrl0", "OptOutType")
forms = st.dictionaries(
    st.sampled_from(TWILIO), st.sampled_from(["failed", "9" * 400, "-1", "1", "STOP", ""]) | st.text(max_size=9)
)
payloads = st.fixed_dictionaries(
    {"event_type": st.sampled_from(["message.received", "message.finalized"]) | json_values},
    optional={
        "payload": st.dictionaries(
            st.sampled_from(["id", "to", "from", "text", "errors", "media", "autoresponse_type"]),
            json_values
            | st.just([{"status": "delivery_failed", "phone_number": "+1"}])
            | st.just({"phone_number": "+1"})
            | st.just([{"code": 40300}]),
        )
    },
)


@given(
    forms.map(lambda form: "&".join(f"{name}={value}" for name, value in form.items()).encode("utf-8", "replace")) | st.binary()
)
def test_a_twilio_webhook_is_parsed_or_refused(body: bytes) -> None:
    for parse in (twilio.parse_receipt, lambda body: twilio.parse_inbound(body, clock.now())):
        read(lambda parse=parse: parse(body), ValidationFailed)  # type: ignore[misc]


@given(payloads.map(lambda payload: json.dumps({"data": payload}).encode()) | st.binary())
def test_a_telnyx_webhook_is_parsed_or_refused(body: bytes) -> None:
    for parse in (telnyx.parse_receipt, lambda body: telnyx.parse_inbound(body, clock.now())):
        read(lambda parse=parse: parse(body), ValidationFailed)  # type: ignore[misc]


NAMES = [
    "telnyx-timestamp",
    "telnyx-signature-ed25519",
    "x-twilio-signature",
    "x-twilio-webhooks-signature-settings",
    "content-type",
]
VALUES = ["1" * 400, "1" * 5000, "-1", "AAAA", "algorithm=HMAC_SHA256,key=1", "=", "application/x-www-form-urlencoded"]


@pytest.mark.parametrize("carrier", [twilio, telnyx])
@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text(max_size=20)), st.binary(max_size=60))
def test_an_invalid_signature_is_refused(carrier: ModuleType, headers: dict[str, str], body: bytes) -> None:
    tried["random inputs"] += 1
    assert carrier.verify(CarrierWebhook("https://example.com/webhooks?bodySHA256=x", headers, body), CREDENTIALS) is False


@given(st.binary(max_size=300) | st.text(alphabet='a,;"\n\r\t\x00é', max_size=100).map(str.encode))
def test_a_file_is_read_or_refused(content: bytes) -> None:
    read(lambda: list(file_reader.open_file(io.BytesIO(content), Warnings()).rows), ValueError)


def workbook(sheet: str = "") -> bytes:
    """The bytes of a workbook; ``sheet`` replaces the XML of its worksheet."""
    original, result = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(original)
    with zipfile.ZipFile(original) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            is_sheet = name == "xl/worksheets/sheet1.xml" and sheet
            target.writestr(name, sheet if is_sheet else source.read(name))
    return result.getvalue()


@given(st.binary(min_size=1, max_size=40), st.integers(0, 5000))
def test_a_damaged_workbook_is_read_or_refused(noise: bytes, place: int) -> None:
    content = bytearray(workbook())
    content[place : place + len(noise)] = noise
    read(lambda: list(file_reader.open_file(io.BytesIO(content), Warnings()).rows), ValueError)


SPREADSHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
CELL = '<c r="{}" t="inlineStr"><is><t>{}</t></is></c>'
HOSTILE: dict[str, Callable[[], bytes]] = {
    "a billion laughs": lambda: workbook(
        f'<!DOCTYPE worksheet [<!ENTITY l0 "ha">{LAUGHS}]><worksheet {SPREADSHEET}><sheetData><row r="1">'
        + CELL.format("A1", "&l9;")
        + "</row></sheetData></worksheet>"
    ),
    "a line of 10 MB": lambda: b"name,email\n" + b"x," * 5_000_000,
    "a heading of 10 MB": lambda: b"x," * 5_000_000,
    "a row of many lines": lambda: b"name,email\n" + b'"a\n",' * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_made_to_exhaust_memory_is_refused(name: str) -> None:
    file = io.BytesIO(HOSTILE[name]())
    tracemalloc.start()
    try:
        with pytest.raises(ValueError):  # noqa: PT011 - the message does not matter
            deque(file_reader.open_file(file, Warnings()).rows, maxlen=0)
        assert tracemalloc.get_traced_memory()[1] < 128 * MB
    finally:
        tracemalloc.stop()


def test_a_row_number_beyond_the_limit_of_excel_ends_the_sheet() -> None:
    row = f'<row r="99999999">{CELL.format("A99999999", "x")}</row>'
    file = io.BytesIO(workbook(f"<worksheet {SPREADSHEET}><sheetData>{row}</sheetData></worksheet>"))
    assert sum(1 for _ in file_reader.open_file(file, Warnings()).rows) == 1_048_576
