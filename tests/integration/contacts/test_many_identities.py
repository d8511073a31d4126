"""A transaction takes 100 actions; a contact may have more identities than that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outreach import dynamo
from outreach.contacts import marks
from outreach.contacts.documents import key_of
from outreach.contacts.models import IdentityType
from outreach.settings import settings
from tests.integration.contacts import requests as api
from tests.integration.contacts.conftest import SITE
from tests.integration.contacts.requests import email, sms
from tests.integration.ticketing import steps
from tests.support import pipeline

MANY = 120
NUMBER = "+12125551200"
UNKNOWN = "f8383a83-48e9-4d0d-a3bd-fb19ce5c0000"
EMAILS = [email(f"tom{number}@example.com") for number in range(MANY)]


def mark_of(value: str) -> dict[str, Any] | None:
    return dynamo.get(settings().contacts_table, marks.key_of(SITE, (IdentityType.EMAIL, value)))


def leave_mark(kind: IdentityType, value: str) -> None:
    """What is left of a contact whose writer died before it wrote the document."""
    with marks.reserved(SITE, marks.MarkChanges((marks.MarkChange((kind, value), None, f"{UNKNOWN[:-4]}0001"),))):
        pass


def test_a_contact_with_many_identities_comes_and_goes() -> None:
    tom = api.created("Tom", *EMAILS)
    assert len(api.get(tom["id"]).body["contactIdentities"]) == MANY
    assert all(api.create("Tim", EMAILS[number]).status == 409 for number in (0, MANY // 2, MANY - 1))
    assert len(api.put(tom["id"], {"contactIdentities": EMAILS[:1]}).body["contactIdentities"]) == 1
    assert api.create("Tim", *EMAILS[1:]).status == 201
    assert api.delete(tom["id"]).status == 204
    assert api.create("Tim", EMAILS[0]).status == 201


@pytest.mark.parametrize("taken", [0, MANY // 2, MANY - 1])
def test_one_taken_identity_among_many_leaves_nothing_behind(taken: int) -> None:
    api.created("Owner", EMAILS[taken])
    assert api.create("Tom", *EMAILS).status == 409
    rest = [entry for number, entry in enumerate(EMAILS) if number != taken]
    assert [entry["value"] for entry in rest if mark_of(entry["value"])] == []


def test_what_a_crash_left_over_is_cleared_by_who_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tom = api.created("Tom", *EMAILS)
    monkeypatch.setattr(marks, "remove", lambda *_: None)  # the crash: the document is written, the last marks aren't removed
    api.put(tom["id"], {"contactIdentities": EMAILS[:1]})
    left_over = [entry for entry in EMAILS[1:] if mark_of(entry["value"])]
    assert left_over
    monkeypatch.setattr(marks, "is_leased", lambda _: False)  # a quarter of an hour later
    assert api.identify(left_over[0]["value"]).body == []
    assert api.create("Tim", left_over[0], left_over[-1]).status == 201
    assert api.create("Ted", left_over[-1]).status == 409


# Who may need a mark, beside who creates a contact.
NEEDING: dict[str, Callable[[], object]] = {
    "update": lambda: api.put(api.created("Tim")["id"], {"contactIdentities": [sms(NUMBER)]}),
    "reply": lambda: steps.reply(NUMBER),
}


@pytest.mark.parametrize("need", NEEDING.values(), ids=NEEDING)
def test_a_mark_of_a_contact_that_was_never_written_is_cleared(
    need: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.put_site()
    leave_mark(IdentityType.SMS, NUMBER)
    monkeypatch.setattr(marks, "is_leased", lambda _: False)
    need()
    assert len(api.identify(NUMBER).body) == 1


def test_a_reservation_is_respected_until_its_lease_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = (IdentityType.EMAIL, "tom@example.com")
    changes = marks.MarkChanges((marks.MarkChange(mark, None, f"{UNKNOWN[:-4]}0001"),))
    with marks.reserved(SITE, changes):
        assert api.create("Tim", email("tom@example.com")).status == 409
        monkeypatch.setattr(marks, "is_leased", lambda _: False)
        assert api.create("Tim", email("tom@example.com")).status == 201
    assert len(api.identify("tom@example.com").body) == 1, "the late writer must not take the mark of the new owner with it"


def test_a_mark_of_a_contact_that_changes_meanwhile_is_not_cleared() -> None:
    tom = api.created("Tom", email("tom@example.com"))
    key = key_of(SITE, tom["id"], settings().contact_shards)
    identity = tom["contactIdentities"][0]["id"]
    marks.clear(SITE, (IdentityType.EMAIL, "tom@example.com"), identity, unless_changed=key, version=7)
    assert len(api.identify("tom@example.com").body) == 1


def test_500_identities_are_the_limit() -> None:
    assert api.pointers(api.create("Tom", *[email(f"t{number}@b.co") for number in range(501)])) == ["/contactIdentities"]
