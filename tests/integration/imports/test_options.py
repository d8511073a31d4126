"""The options of an import: which column holds what, how numbers are read, and what would happen (docs/api.md, "Import")."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from outreach import phone_numbers
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.imports import file_splitter
from outreach.settings import settings
from outreach.sites import site_store
from outreach.sites.models import Site
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import SITE
from tests.integration.imports import file_requests
from tests.support.api_description import DESCRIPTION
from tests.support.functions import Answer, call

EXPORT = "Full name,E-mail 1 - Value,Phone 1 - Value,Shoe size\nAda,ada@b.co ::: ada@c.co,212-555-0123,39\n"
COLUMNS = {"full Name": "name", "E-mail 1 - Value": "email", "Phone 1 - Value": "SMS", "Shoe size": None}


def warnings(answer: Answer) -> list[tuple[int, str]]:
    """Row and column of each warning."""
    assert answer.body["warningCount"] == len(answer.body["warnings"])
    return [(warning["row"], warning["column"]) for warning in answer.body["warnings"]]


def tables() -> list[Any]:
    """The contacts table, without imports."""
    items = boto3.client("dynamodb").scan(TableName=settings().contacts_table)["Items"]
    return [item for item in items if not item["pk"]["S"].endswith("#IMPORTS")]


@pytest.mark.parametrize("is_form", [True, False])
def test_columns_say_what_the_columns_hold(is_form: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_form:
        answer = file_requests.upload(EXPORT, columns=COLUMNS)
    else:
        started = call("contacts/import_contacts", "POST", file_requests.IMPORT, {"size": len(EXPORT), "columns": COLUMNS})
        key = f"uploads/{SITE}/{started.body['id']}"
        boto3.client("s3").put_object(Bucket=settings().files_bucket, Key=key, Body=EXPORT.encode())
        answer = file_requests.record(started.body["id"])
    assert file_requests.counts(answer) == (1, 0, 0, 0)
    contact = file_requests.contact_with("ada@c.co")
    assert [identity["value"] for identity in contact["contactIdentities"]] == ["ada@b.co", "ada@c.co", "+12125550123"]


def test_an_unknown_column_is_named_with_a_suggestion_that_imports() -> None:
    refused = file_requests.upload(EXPORT)
    assert (refused.status, "Shoe size" in refused.body["detail"]) == (400, True)
    assert '"Phone 1 - Value": "SMS"' in refused.body["detail"]
    suggested = refused.body["suggestedColumns"]
    assert suggested == {"Full name": "name", "E-mail 1 - Value": "email", "Phone 1 - Value": "SMS"}
    assert set(refused.body) == set(DESCRIPTION["components"]["schemas"]["Problem"]["properties"])
    imported = file_requests.upload(EXPORT, columns=suggested, unknownColumns="ignore")
    assert file_requests.counts(imported) == (1, 0, 0, 0)
    assert imported.body["columns"] == {**suggested, "Shoe size": None}


@pytest.mark.parametrize(
    ("header", "columns", "message"),
    [
        ("name,email,Email", {}, "several columns with the heading email; rename or remove all but one of them"),
        ("name,Mail,mail", {"Mail": "email"}, "several columns with the heading Mail; rename or remove all but one of them"),
        ("name,City,email,Town", {"Town": "city"}, 'ignore the others: send columns with {"Town": null}'),
        ("name|email", {}, "begin the file with the line sep=|"),
        (
            "name,email,Kundennummer",
            {},
            'or send columns with {"Kundennummer": "<name of a field>"}; to ignore it, with {"Kundennummer": null}',
        ),
        ('name,email,"5"" size"', {}, 'to ignore it, with {"5\\" size": null}'),
    ],
)
def test_a_header_that_cannot_be_imported_is_400_and_says_how_to_mend_it(
    header: str, columns: dict[str, str], message: str
) -> None:
    answer = file_requests.upload(f"{header}\nAda,a,b,c\n", columns=columns)
    assert set(contact_requests.pointers(answer)) == {"/uploadFile"}
    assert message in answer.body["detail"]


def test_a_property_of_a_form_that_is_misspelt_is_400_and_nothing_is_imported() -> None:
    answer = file_requests.upload("name,email\nAda,ada@example.com\n", dryRunn=True)
    assert contact_requests.pointers(answer) == ["/dryRunn"]
    assert tables() == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"columns": "{"}, "/columns"),
        ({"columns": [1]}, "/columns"),
        ({"columns": {"a/b": "shoe size"}}, "/columns/a~1b"),
        ({"columns": {"a": "createTime"}}, "/columns/a"),
        ({"columns": {"a": 5}}, "/columns"),
        ({"unknownColumns": "drop"}, "/unknownColumns"),
        ({"phoneNumbers": "local"}, "/phoneNumbers"),
        ({"dryRun": "perhaps"}, "/dryRun"),
    ],
)
def test_an_option_that_makes_no_sense_is_400(fields: dict[str, Any], pointer: str) -> None:
    assert contact_requests.pointers(file_requests.upload(EXPORT, **fields)) == [pointer]
    assert tables() == []


def test_headings_that_do_not_fit_into_the_record_of_an_import_are_400() -> None:
    headings = ",".join(["name", *(f"{number}" + "\U0001f600" * 250 for number in range(500))])
    answer = file_requests.upload(f"{headings}\nAda\n", unknownColumns="ignore")
    assert answer.status == 400
    assert "the headings of the file have more than 60,000 bytes together" in answer.body["detail"]


def test_two_columns_for_one_field_are_400_unless_they_are_identities() -> None:
    answer = file_requests.upload("a,b,c\nTom,a@b.co,c@b.co\n", columns={"a": "name", "b": "email", "c": "email"})
    assert file_requests.counts(answer) == (1, 0, 0, 0)
    refused = file_requests.upload("a,b,email\nx,y,a@b.co\n", columns={"a": "city", "b": "city"})
    assert contact_requests.pointers(refused) == ["/uploadFile"]


def test_a_column_that_the_file_does_not_have_is_a_warning() -> None:
    answer = file_requests.upload("name,email\nTom,a@b.co\n", columns={"Mobile Phone": "SMS"})
    assert warnings(answer) == [(1, "Mobile Phone")]


@pytest.mark.parametrize(("number", "is_advised"), [("0171 1234567", True), ("+33 6 12 34", False)])
def test_the_warning_of_a_number_that_may_be_foreign_asks_for_the_country_code(number: str, is_advised: bool) -> None:
    answer = file_requests.upload(f"name,SMS\nTom,{number}\n")
    (warning,) = answer.body["warnings"]
    assert ("write it with + and the country code" in warning["message"]) == is_advised


@pytest.mark.parametrize(
    ("number_format", "expected"),
    [("national", "+494915123456789"), ("international", "+4915123456789"), (None, "4915123456789")],
)
def test_phone_numbers_decides_how_an_ambiguous_number_is_read(number_format: str | None, expected: str) -> None:
    site_store.put_site(Site(SITE, default_region="DE"))
    options = {"phoneNumbers": number_format} if number_format else {}
    answer = file_requests.upload("name,SMS\nTom,4915123456789\n", **options)
    assert file_requests.counts(answer) == (1, 0, 0, 0)
    assert contact_requests.identify(expected).body[0]["value"] == expected
    assert warnings(answer) == ([] if number_format else [(2, "SMS")])


def test_a_number_without_country_code_shows_what_would_be_valid() -> None:
    answer = file_requests.upload("name,SMS\nTom,447911123416\n")
    assert "+447911123416" in answer.body["warnings"][0]["message"]
    assert file_requests.contact_with("447911123416")["name"] == "Tom"


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ("First Name,Last Name,email\n Ada ,C41b,a@b.co\n", "Ada C41b"),
        ("lastName,email\nC41b,a@b.co\n", "C41b"),
        ("SMS,email\n+12125550144,a@b.co\n", "a@b.co"),
        ("externalID,SMS\n77,+12125550144\n", "+12125550144"),
        ("name,externalID\n,77\n", "77"),
    ],
)
def test_a_row_without_a_name_gets_the_best_one_it_has(rows: str, name: str) -> None:
    assert file_requests.counts(file_requests.upload(rows)) == (1, 0, 0, 0)
    assert [contact["name"] for contact in contact_requests.list_contacts("sortBy=name").body["contacts"]] == [name]


def test_a_merge_without_a_name_keeps_the_name() -> None:
    contact_requests.new_contact("Tom", contact_requests.email("a@b.co"))
    file_requests.upload("firstName,email\nThomas,a@b.co\n")
    assert file_requests.contact_with("a@b.co")["name"] == "Tom"


def test_people_who_share_a_placeholder_stay_different_people() -> None:
    answer = file_requests.upload("name,SMS,email\nA,n/a,a@b.co\nB,N/A,b@b.co\nC,-; ,c@b.co\n")
    assert file_requests.counts(answer) == (3, 0, 0, 0)
    assert warnings(answer) == [(2, "SMS"), (3, "SMS"), (4, "SMS")]


def test_a_dropped_extension_is_a_warning() -> None:
    answer = file_requests.upload("name,SMS\nA,+1 (212) 555-0110 ext. 9\n")
    assert "extension 9" in answer.body["warnings"][0]["message"]
    assert file_requests.contact_with("+12125550110")["name"] == "A"


def test_numbers_in_a_text_column_are_a_warning_if_no_row_has_a_number_to_text() -> None:
    answer = file_requests.upload("Name,Phone,Email\nAda,+1 212 555 0147,a@b.co\n")
    assert warnings(answer) == [(1, "Phone")]
    assert '{"Phone": "SMS"}' in answer.body["warnings"][0]["message"]
    assert warnings(file_requests.upload("Name,Phone,SMS\nBob,+1 212 555 0148,+1 212 555 0149\n")) == []


def test_only_the_first_warnings_are_shown_but_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outreach.imports.import_report.MAX_WARNINGS", 3)
    monkeypatch.setattr(file_splitter, "_ROWS_PER_CHUNK", 2)
    answer = file_requests.upload("name,SMS,email\n" + "".join(f"A,n/a,a{number}@b.co\n" for number in range(7)))
    assert [warning["row"] for warning in answer.body["warnings"]] == [2, 3, 4]
    assert answer.body["warningCount"] == 7


@pytest.mark.parametrize(("cell", "is_opted_out"), [("yes", True), ("TRUE", True), ("no", False), ("", False)])
@pytest.mark.parametrize("option", ["merge", "replace", "skip"])
def test_is_opted_out_adds_opt_outs_and_removes_none(cell: str, is_opted_out: bool, option: str) -> None:
    opt_outs.add(SITE, "+12125550111", Source.OPERATOR)
    contact_requests.new_contact("Tom", contact_requests.sms("+12125550111"), contact_requests.sms("+12125550112"))
    rows = f"name,SMS,isOptedOut\nTom,+12125550112,{cell}\nTim,+12125550111;,no\nNew,+12125550113,{cell}\n"
    assert file_requests.upload(rows, option).status == 200
    numbers = ["+12125550111", "+12125550112", "+12125550113"]
    assert opt_outs.opted_out_among(SITE, numbers) == (set(numbers) if is_opted_out else {"+12125550111"})


@pytest.mark.parametrize("option", ["merge", "replace", "skip"])
def test_is_opted_out_without_a_number_means_that_of_the_contact(option: str) -> None:
    contact_requests.new_contact("Tom", contact_requests.email("a@b.co"), contact_requests.sms("+12125550112"))
    assert file_requests.upload("name,email,isOptedOut\nTom,a@b.co,yes\n", option).status == 200
    assert opt_outs.opted_out_among(SITE, ["+12125550112"]) == {"+12125550112"}


@pytest.mark.parametrize("given", ["+33214561", "+33 214 561", "0033214561", "tel:+33214561", "+15005550000"])
def test_an_opt_out_is_stored_for_each_number_in_e164_form_valid_or_not(given: str) -> None:
    answer = file_requests.upload(f"name,SMS,isOptedOut\nTom,{given},yes\n")
    assert file_requests.counts(answer) == (1, 0, 0, 0)
    assert "isOptedOut" not in {warning["column"] for warning in answer.body["warnings"]}
    path = f"/contact/optOuts/{phone_numbers.read_international(given)}"
    assert call("contacts/get_opt_out", "GET", path).body["source"] == "import"


@pytest.mark.parametrize("option", ["merge", "replace", "skip"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_an_opt_out_that_cannot_be_stored_is_a_warning(option: str, dry_run: bool) -> None:
    contact_requests.new_contact("Old", contact_requests.email("old@x.example"))
    rows = "a,,a@x.example,yes\nb,12345,,yes\nc,,old@x.example,yes\nd,12345,,no\ne,12346;+12125550112,,yes\nf,+12122,,yes\n"
    answer = file_requests.upload(f"name,SMS,email,Is Opted Out\n{rows}", option, dryRun=dry_run)
    warnings = [warning for warning in answer.body["warnings"] if warning["column"] == "Is Opted Out"]
    assert [warning["row"] for warning in warnings] == [2, 3, 4, 6, 7]
    assert all("no opt-out was stored" in warning["message"] for warning in warnings)
    assert ["write the number with +" in warning["message"] for warning in warnings] == [True, True, True, True, False]
    stored = [opt_out.number for opt_out in opt_outs.list_opt_outs(SITE)]
    assert stored == ([] if dry_run else ["+12125550112"])


def test_an_opt_out_that_is_neither_yes_nor_no_fails_the_row() -> None:
    answer = file_requests.upload("name,SMS,isOptedOut\nTom,+12125550112,perhaps\n")
    assert file_requests.counts(answer) == (0, 0, 0, 1)
    assert answer.body["failedRows"][0]["errors"] == [{"column": "isOptedOut", "message": "must be yes or no"}]
    assert opt_outs.opted_out_among(SITE, ["+12125550112"]) == set()


ROWS = "name,email,SMS,isOptedOut\nTom,a@b.co,,\nTim,A@b.co;t@b.co,+12125550112,yes\nTed,t@b.co,,\nBad,none,,\nNew,n@b.co,n/a,\n"


@pytest.mark.parametrize("rows_per_chunk", [1, 2, 500])
@pytest.mark.parametrize("option", ["merge", "replace", "skip"])
def test_a_dry_run_tells_what_the_import_does_and_writes_nothing(
    option: str, rows_per_chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_splitter, "_ROWS_PER_CHUNK", rows_per_chunk)
    contact_requests.new_contact("Old", contact_requests.email("a@b.co"))
    before = tables()
    dry = file_requests.upload(ROWS, option, dryRun=True)
    assert tables() == before
    real = file_requests.upload(ROWS, option)
    same = (
        "createdCount",
        "updatedCount",
        "skippedCount",
        "failedCount",
        "failedRows",
        "warnings",
        "columns",
        "encoding",
        "delimiter",
    )
    assert {name: dry.body[name] for name in same} == {name: real.body[name] for name in same}
    assert (dry.body["dryRun"], real.body["dryRun"], real.body["rows"]) == (True, False, [])


def test_a_dry_run_shows_how_the_file_is_read() -> None:
    rows = "".join(f"N{number};n{number}@b.co\n" for number in range(20))
    answer = file_requests.upload(f"Name;E Mail\n{rows}", dryRun="true")
    assert (answer.body["delimiter"], answer.body["columns"]) == (";", {"Name": "name", "E Mail": "email"})
    assert answer.body["rows"][:1] == [{"row": 2, "values": {"Name": "N0", "E Mail": "n0@b.co"}}]
    assert len(answer.body["rows"]) == 10


def test_a_dry_run_counts_the_contacts_that_it_would_create_against_the_limit() -> None:
    site_store.put_site(Site(SITE, max_contacts=1))
    answer = file_requests.upload("name,email\nA,a@b.co\nB,b@b.co\n", dryRun=True)
    assert file_requests.counts(answer) == (1, 0, 0, 1)


def test_an_unexpected_error_fails_only_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    from outreach.contacts import validation

    new_contact = validation.new_contact

    def raise_unexpected(fields: Any, body: Any, *rest: Any) -> Any:
        if body.name == "B":
            raise RuntimeError("nobody expected this")
        return new_contact(fields, body, *rest)

    monkeypatch.setattr(validation, "new_contact", raise_unexpected)
    answer = file_requests.upload("name,email\nA,a@b.co\nB,b@b.co\nC,c@b.co\n")
    assert file_requests.counts(answer) == (2, 0, 0, 1)
    assert "nobody expected" not in str(answer.body["failedRows"])
