"""Files as people really have them (``cases/``), each with its right outcome (docs/api.md, "Import")."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from outreach.sites import site_store
from outreach.sites.models import Site
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import SITE
from tests.integration.imports import file_requests
from tests.support.functions import call

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """The right outcome of a file.

    Attributes:
        counts: created, updated, skipped and failed rows.
        region: the site's default region.
        fields: the custom fields that the site has: definitions by name.
        form: properties of the request beside the file.
        media_type: the media type of the file's part.
        format: the encoding and the delimiter that the file is read with; ``None`` if they do not matter.
        failed: row and column of each error.
        warnings: row and column of each warning.
        contacts: what contacts have, by name: values of identities and custom fields by their names. Other contacts may have the
            same name.
    """

    counts: tuple[int, int, int, int]
    region: str = "US"
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    media_type: str | None = None
    format: tuple[str, str] | None = None
    failed: tuple[tuple[int, str], ...] = ()
    warnings: tuple[tuple[int, str], ...] = ()
    contacts: tuple[tuple[str, Mapping[str, Any]], ...] = ()


TEXT = {"type": "text"}
INTEGER = {"type": "integer"}


def options(*values: str) -> dict[str, Any]:
    return {"type": "dropdownlist", "fieldOptions": [{"value": value} for value in values]}


def zone(name: str) -> Mapping[str, Any]:
    return {"timeZone": name}


CASES = {
    # Values.
    "placeholders.csv": Case(
        (3, 0, 0, 0),
        warnings=((2, "SMS"), (3, "SMS"), (4, "SMS")),
        contacts=(
            ("Ada C11", {"SMS": [], "email": ["ada.c11@example.com"]}),
            ("Bob C11", {"SMS": [], "email": ["bob.c11@example.com"]}),
            ("Cyd C11", {"SMS": [], "email": ["cyd.c11@example.com"]}),
        ),
    ),
    "external_id_null.csv": Case(
        (2, 0, 0, 0),
        warnings=((2, "externalID"), (3, "externalID")),
        contacts=(("Ada C71", {"externalID": []}), ("Bob C71", {"externalID": []})),
    ),
    "external_id_rounded.csv": Case((0, 0, 0, 2), failed=((2, "externalID"), (3, "externalID"))),
    "annotation.csv": Case((0, 0, 0, 3), failed=((2, "SMS"), (3, "SMS"), (4, "SMS"))),
    "float.csv": Case(
        (3, 0, 0, 0),
        contacts=(
            ("A C16", {"SMS": ["+12125550116"]}),
            ("B C16", {"SMS": ["+491711234567"]}),
            ("C C16", {"SMS": ["+12125550117"]}),
        ),
    ),
    "de_float.csv": Case(
        (3, 0, 0, 1),
        region="DE",
        failed=((5, "SMS"),),
        contacts=(
            ("A C73", {"SMS": ["+491711234567"]}),
            ("B C73", {"SMS": ["+491711234568"]}),
            ("C C73", {"SMS": ["+491711234569"]}),
        ),
    ),
    "prefix.csv": Case(
        (4, 0, 0, 0),
        warnings=((3, "SMS"),),
        contacts=(
            ("A C15", {"SMS": ["+447911123415"]}),
            ("B C15", {"SMS": ["447911123416"]}),
            ("C C15", {"SMS": ["+447911123417"]}),
            ("D C15", {"SMS": ["+447911123418"]}),
        ),
    ),
    "several.csv": Case(
        (3, 0, 0, 3),
        failed=((3, "SMS"), (4, "SMS"), (5, "SMS")),
        contacts=(
            ("G C17", {"SMS": ["+12125550117", "+12125550118"]}),
            ("N C17", {"SMS": ["+12125550125", "+12125550126"]}),
            ("P C17", {"SMS": ["+12125550127", "+12125550128"]}),
        ),
    ),
    "spaces.csv": Case(
        (4, 0, 0, 0),
        contacts=(
            ("A C35", {"city": "Bergen"}),
            ("B C35", {"city": "Bergen"}),
            ("C C35", {"city": "Bergen"}),
            ("D C35", {"city": "Ber\u00a0gen"}),
        ),
    ),
    "zwsp_text.csv": Case(
        (3, 0, 0, 0),
        contacts=(("A C75", {"city": "Tromsø"}), ("B C75", {"city": "Tromsø"}), ("C C75", {"city": "Tromsø"})),
    ),
    "email_zwsp.csv": Case((1, 1, 0, 0), contacts=(("Ada C08b", {"email": ["c08b@example.com"]}),)),
    "extensions.csv": Case(
        (1, 1, 0, 0),
        warnings=((2, "SMS"), (3, "SMS")),
        contacts=(("Bob C10 (ext 10)", {"SMS": ["+12125550110"]}),),
    ),
    "nfd.csv": Case(
        (2, 0, 0, 0),
        contacts=(
            ("Zo\u00eb C36", {"email": ["nfc.c36@example.com"], "city": "M\u00fcnchen"}),
            ("Zo\u00eb C36", {"email": ["nfd.c36@example.com"], "city": "M\u00fcnchen"}),
        ),
    ),
    "nfd_heading.csv": Case((1, 0, 0, 0), fields={"Gr\u00f6ße": TEXT}, contacts=(("A C36c", {"Gr\u00f6ße": "42"}),)),
    "nfd_option.csv": Case(
        (2, 0, 0, 0),
        fields={"drink": options("Caf\u00e9", "Straße")},
        contacts=(("A C36d", {"drink": "Caf\u00e9"}), ("B C36d", {"drink": "Straße"})),
    ),
    "ints.csv": Case(
        (2, 0, 0, 2),
        fields={"score": INTEGER},
        failed=((3, "score"), (4, "score")),
        contacts=(("A C32", {"score": 3}), ("D C32", {"score": 3})),
    ),
    "tz.csv": Case(
        (7, 0, 0, 6),
        failed=tuple((row, "timeZone") for row in (6, 7, 9, 12, 13, 14)),
        contacts=(
            ("P0 C49", zone("America/New_York")),
            ("P1 C49", zone("America/New_York")),
            ("P2 C49", zone("Asia/Kolkata")),
            ("P3 C49", zone("Europe/Kyiv")),
            ("P6 C49", zone("America/Panama")),
            ("P8 C49", zone("Etc/GMT-2")),
            ("P9 C49", zone("Europe/Berlin")),
        ),
    ),
    # Files.
    "windows1251_declared.csv": Case(
        (1, 0, 0, 0),
        media_type="text/csv; charset=windows-1251",
        format=("windows-1251", ";"),
        contacts=(("Иван C04", {"email": ["c04b@example.com"], "city": "Москва"}),),
    ),
    "gbk.csv": Case((1, 0, 0, 0), format=("gb18030", ","), contacts=(("王伟 C04c", {"city": "北京"}),)),
    "double_bom.csv": Case((1, 0, 0, 0), format=("utf-8", ","), contacts=(("Ada C05", {"email": ["c05@example.com"]}),)),
    "joined.csv": Case(
        (2, 0, 0, 0),
        contacts=(("Ada C06", {"email": ["c06@example.com"]}), ("Bob C06", {"email": ["c06b@example.com"]})),
    ),
    "zwsp_heading.csv": Case((1, 0, 0, 0), contacts=(("Ada C07b", {"email": ["c07b@example.com"]}),)),
    "sep_line.csv": Case((1, 0, 0, 0), format=("utf-8", ";"), contacts=(("Ada C01", {"email": ["c01@example.com"]}),)),
    "quoted_semicolon.csv": Case((1, 0, 0, 0), format=("utf-8", ";"), contacts=(("Ada C52b", {"city": "Oslo, Norway"}),)),
    "hidden_old.xlsx": Case((1, 0, 0, 0), warnings=((1, ""),), contacts=(("New C21b", {"email": ["new.c21b@example.com"]}),)),
    "zip_format.xlsx": Case(
        (1, 0, 0, 0),
        fields={"rating": {"type": "float"}},
        warnings=((2, "SMS"),),
        contacts=(("Ada C22", {"postalOrZipCode": "02134", "rating": 0.25, "SMS": ["02125550133"]}),),
    ),
    "formula_uncached.xlsx": Case(
        (1, 0, 0, 0),
        warnings=((2, "city"), (2, "SMS")),
        contacts=(("Ada C23", {"SMS": [], "city": None, "email": ["c23@example.com"]}),),
    ),
    "phone_date.xlsx": Case(
        (2, 0, 0, 0),
        warnings=((2, "SMS"), (3, "SMS")),
        contacts=(
            ("Ada C24b", {"SMS": [], "email": ["a.c24b@example.com"]}),
            ("Bob C24b", {"SMS": [], "email": ["b.c24b@example.com"]}),
        ),
    ),
    "na_errors.xlsx": Case(
        (3, 0, 0, 0),
        warnings=((2, "SMS"), (3, "SMS"), (4, "SMS")),
        contacts=(("Ada C12", {"SMS": []}), ("Bob C12", {"SMS": []}), ("Cyd C12", {"SMS": []})),
    ),
    "x000d.xlsx": Case((1, 0, 0, 0), contacts=(("Ada C26", {"description": "Line 1\r\nLine 2"}),)),
    "empty_fill.xlsx": Case((1, 0, 0, 0), format=("", ""), contacts=(("Ada C27", {"email": ["c27@example.com"]}),)),
    "calc.xlsx": Case(
        (3, 0, 0, 0),
        warnings=((1, ""), (1, ""), (3, "city")),
        contacts=(
            ("Ada C70", {"SMS": ["+14155550170"], "postalOrZipCode": "01067", "city": "Bad Ems"}),
            ("Bob C71", {"SMS": ["+4915123456771"], "postalOrZipCode": "00501", "city": None}),
            ("Cem C72", {"SMS": ["+14155550172"], "city": "Line one\nLine two"}),
        ),
    ),
    "strict.xlsx": Case((1, 0, 0, 0), contacts=(("Ada C28", {"email": ["c28@example.com"]}),)),
    "names.csv": Case(
        (21, 0, 0, 0), contacts=(("Åsa", {"SMS": ["+14155550104"]}), ("Robert'); DROP TABLE", {})), warnings=((17, "name"),)
    ),
}


def contacts() -> list[dict[str, Any]]:
    answer = contact_requests.list_contacts("pageSize=0")
    assert answer.status == 200, answer.body
    listed: list[dict[str, Any]] = answer.body["contacts"]
    return listed


def summary(contact: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """The values of identities and custom fields that a case names."""
    identities: dict[str, list[str]] = {}
    for identity in contact["contactIdentities"]:
        identities.setdefault(identity["contactIdentityType"], []).append(identity["value"])
    return {
        name: identities.get(name, []) if isinstance(expected, list) else contact["customFields"].get(name)
        for name, expected in properties.items()
    }


def run(name: str) -> dict[str, Any]:
    """Import the file of a case, and return the record."""
    case = CASES[name]
    site_store.put_site(Site(SITE, default_region=case.region))
    for field_name, definition in case.fields.items():
        assert contact_requests.create_field(name=field_name, **definition).status == 201
    answer = file_requests.upload((FOLDER / name).read_bytes(), name=name, media_type=case.media_type, **case.form)
    assert answer.status == 200, answer.body
    record: dict[str, Any] = answer.body
    return record


def places(entries: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(entry["row"], entry["column"]) for entry in entries]


@pytest.mark.parametrize("name", CASES)
def test_a_file_has_its_right_outcome(name: str) -> None:
    case = CASES[name]
    record = run(name)
    failed = [(row["row"], error["column"]) for row in record["failedRows"] for error in row["errors"]]
    assert failed == list(case.failed)
    assert tuple(record[count] for count in file_requests.COUNTS) == case.counts
    listed = contacts()
    for contact_name, expected in case.contacts:
        found = [summary(contact, expected) for contact in listed if contact["name"] == contact_name]
        assert expected in found, contact_name
    assert places(record["warnings"]) == list(case.warnings)
    assert case.format in (None, (record["encoding"] or "", record["delimiter"] or ""))


REFUSED = {
    "swallow.csv": "line 4, of a cell that begins in line 2",
    "stray_quote.csv": "text after the closing quotation mark in line 4",
    "old.xls": "is an old (.xls) or password-protected Excel file",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_malformed_file_is_refused_as_a_whole(name: str) -> None:
    answer = file_requests.upload((FOLDER / name).read_bytes(), name=name)
    assert (answer.status, contact_requests.pointers(answer)) == (400, ["/uploadFile"])
    assert REFUSED[name] in answer.body["detail"]
    assert contacts() == []


def test_every_case_is_tried() -> None:
    elsewhere = {"google_old.csv", "outlook.csv", "first_last.csv", "numbers_only.csv", "phone_column.csv"}
    assert {path.name for path in FOLDER.iterdir()} == {*CASES, *REFUSED, *elsewhere}


def test_an_ambiguous_file_requires_an_encoding() -> None:
    content = "name,email\nŁódź,s@example.com\n".encode("iso8859-2")
    assert "set `encoding`" in file_requests.upload(content).body["detail"]
    assert file_requests.upload(content, encoding="iso-8859-2").status == 200
    assert [contact["name"] for contact in contacts()] == ["Łódź"]


@pytest.mark.parametrize("name", ["koi8-r", "macintosh", "cp500"])
def test_headings_that_a_wrong_encoding_garbles_are_blamed_on_the_encoding(name: str) -> None:
    content = "имя,email\nИван,ivan@b.co\n".encode("windows-1251")
    answer = file_requests.upload(content, columns={"имя": "name"}, encoding=name)
    assert answer.status == 400
    assert "set `encoding` to the file's real encoding" in answer.body["errors"][-1]["message"]
    answer = file_requests.upload(content, columns={"имя": "name"}, encoding="CP-1251")
    assert file_requests.counts(answer) == (1, 0, 0, 0)


@pytest.mark.parametrize("content", ["имя,email\nИван,ivan@b.co\n".encode(), b"nom,email\nLuc,luc@b.co\n"])
def test_headings_that_are_read_rightly_are_not_blamed_on_the_encoding(content: bytes) -> None:
    assert "`encoding`" not in file_requests.upload(content).body["detail"]


def test_the_charset_of_the_forms_part_names_the_encoding() -> None:
    content = "name,email\nŁódź,s@example.com\n".encode("iso8859-2")
    answer = file_requests.upload(content, media_type='Text/CSV; Charset="ISO-8859-2"', encoding="windows-1252")
    assert (answer.status, answer.body["encoding"]) == (200, "iso-8859-2")
    assert [contact["name"] for contact in contacts()] == ["Łódź"]


@pytest.mark.parametrize(
    "send",
    [
        lambda **options: file_requests.upload("name,email\n", **options),
        lambda **options: file_requests.upload(codecs.BOM_UTF8 + b"name,email\n", **options),
        lambda **options: call("contacts/import_contacts", "POST", file_requests.IMPORT, {"size": 20, **options}),
    ],
    ids=["text", "byte order mark", "later"],
)
def test_an_unknown_encoding_is_400_however_the_file_is_sent(send: Callable[..., Any]) -> None:
    assert contact_requests.pointers(send(encoding="martian")) == ["/encoding"]


@pytest.mark.parametrize(("name", "city", "count"), [("spaces.csv", "Bergen", 3), ("zwsp_text.csv", "Tromsø", 3)])
@pytest.mark.parametrize("spelling", ["{}", " {}\u200b", "\ufeff{}"])
def test_a_condition_finds_every_spelling_of_a_city(name: str, city: str, count: int, spelling: str) -> None:
    run(name)
    condition = {"fieldName": "city", "operator": "Is", "value": spelling.format(city), "order": 1}
    answer = contact_requests.query({"filterConditions": [condition]})
    assert (answer.status, answer.body["total"]) == (200, count)


def test_numbers_that_start_with_the_country_code_are_valid_if_the_request_says_so() -> None:
    file_requests.upload((FOLDER / "prefix.csv").read_bytes(), phoneNumbers="international")
    numbers = {contact["name"]: summary(contact, {"SMS": []})["SMS"] for contact in contacts()}
    assert numbers["B C15"] == ["+447911123416"]


def test_names_sort_next_to_their_spelling_without_accents() -> None:
    run("names.csv")
    answer = contact_requests.list_contacts("sortBy=name&pageSize=0")
    names = [contact["name"] for contact in answer.body["contacts"]]
    assert names.index("Émile") - names.index("emil") == 1
    assert names.index("andrew") - names.index("André") == 1
    assert names.index("a+b plus") < names.index("Åsa") < names.index("Back\\slash")
    assert names.index("O'Brien") < names.index("Øyvind") < names.index("q?x")
