"""The sample contacts."""

from __future__ import annotations

import csv
import io

import phonenumbers
from carrier_simulator.outcomes import OUTCOMES
from demo import sample
from demo.checks import EXPECTATIONS

from outreach.campaigns.schemas import CampaignBody
from scripts import make_sample_contacts

E2E_CONTACTS = 100


def test_the_file_is_up_to_date_with_its_script() -> None:
    assert sample.FILE.read_bytes().decode() == make_sample_contacts.text()


def test_the_sample_is_large_and_varied() -> None:
    rows = sample.rows(10_000)
    assert len(rows) >= 500
    assert len({row["countryOrRegion"] for row in rows}) >= 20
    assert all(row["name"] and row["city"] and row["company"] for row in rows)
    assert any(not row["SMS"] for row in rows)
    assert any(not row["email"] for row in rows)
    assert all(row["SMS"] or row["email"] for row in rows)


def test_numbers_are_valid_and_unique() -> None:
    numbers = [row["SMS"] for row in sample.rows(10_000) if row["SMS"]]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number


def test_numbers_with_special_outcomes_are_fictitious() -> None:
    special = [row["SMS"] for row in sample.rows(10_000) if row["SMS"][-4:] in OUTCOMES]
    assert all(number[:2] == "+1" and number[5:8] == "555" for number in special)
    assert len({number[2:5] for number in special}) > 1


def test_the_first_contacts_cover_every_outcome_and_both_results_of_the_filter() -> None:
    rows = sample.rows(E2E_CONTACTS)
    assert {row["SMS"][-4:] for row in rows if sample.matches(row)} >= set(OUTCOMES)
    assert 0 < sum(map(sample.matches, rows)) < len(rows)
    assert any(sample.matches(row) and not row["SMS"] for row in rows)


def test_every_simulated_outcome_has_an_expectation() -> None:
    assert EXPECTATIONS.keys() == OUTCOMES.keys()


def test_the_imported_text_contains_the_rows() -> None:
    assert list(csv.DictReader(io.StringIO(sample.text(E2E_CONTACTS), newline=""))) == sample.rows(E2E_CONTACTS)


def test_rows_are_those_of_the_file() -> None:
    assert list(csv.DictReader(io.StringIO(make_sample_contacts.text(), newline=""))) == sample.rows(10_000)


def test_the_campaign_is_valid() -> None:
    body = CampaignBody.model_validate(sample.campaign("647277e8-06a5-4eec-ba66-1cdd617dc778", "http://127.0.0.1:1/"))
    assert len(body.filter().conditions) == 2
