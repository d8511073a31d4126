"""Taking an import back (docs/api.md, "Import")."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from outreach import clock
from outreach.consent import opt_outs
from outreach.contacts import contact_store
from outreach.imports import file_splitter, import_execution
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import OTHER_SITE, SITE
from tests.integration.contacts.contact_requests import email, sms
from tests.integration.imports import file_requests
from tests.support import functions
from tests.support.crash_points import Crash, dying_at


def everyone() -> list[dict[str, Any]]:
    contacts: list[dict[str, Any]] = contact_requests.list_contacts("sortBy=id&pageSize=0").body["contacts"]
    return contacts


def counts(import_id: str) -> tuple[int, int, int]:
    """The numbers of deleted, restored and kept contacts, which a second request answers again."""
    answer, again = file_requests.undo(import_id), file_requests.undo(import_id)
    assert (answer.status, again.status) == (200, 200), answer.body
    assert again.body == answer.body
    assert file_requests.record(import_id).body["status"] == "undone"
    return answer.body["deleted"], answer.body["restored"], answer.body["kept"]


ROWS = """\
name,email,SMS,city
Tom 2,tom@b.co;t@b.co,,Rome
New,new@b.co,,
Tom 3,t@b.co,+12125550123,Oslo
Bad,none,,
New 2,new@b.co,,
"""


@pytest.fixture(params=[1, 2, 500])
def _chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_splitter, "_ROWS_PER_CHUNK", request.param)


@pytest.mark.usefixtures("_chunks")
@pytest.mark.parametrize("option", ["merge", "replace", "skip"])
def test_an_undo_deletes_what_was_created_and_restores_what_was_changed(option: str) -> None:
    contact_requests.new_contact("Tom", email("tom@b.co", name="home"), sms("+12125550199"), customFields={"company": "C"})
    contact_requests.new_contact("Tim", email("tim@b.co"))
    before = everyone()
    import_id = file_requests.upload(ROWS, option).body["id"]
    assert everyone() != before
    expected = {"merge": (1, 1, 0), "replace": (1, 1, 0), "skip": (2, 0, 0)}
    assert counts(import_id) == expected[option]
    assert everyone() == before


def test_created_contacts_are_deleted_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    import_id = file_requests.upload("email\na@b.co\nb@b.co\n").body["id"]
    meeting, commit = Barrier(2, timeout=10), contact_store.commit

    def commit_together(*changes: contact_store.ContactChange) -> None:
        meeting.wait()
        commit(*changes)

    monkeypatch.setattr(contact_store, "commit", commit_together)
    assert counts(import_id) == (2, 0, 0)


def test_contacts_that_changed_since_are_kept() -> None:
    contact_requests.new_contact("Tom", email("tom@b.co"))
    contact_requests.new_contact("Tim", email("tim@b.co"))
    contact_requests.new_contact("Ted", email("ted@b.co"))
    rows = "name,email\nTom 2,tom@b.co\nTim 2,tim@b.co\nTed,ted@b.co\nNew,new@b.co\nNew,old@b.co\nGone,gone@b.co\n"
    import_id = file_requests.upload(rows).body["id"]
    for address in ("tom@b.co", "new@b.co", "ted@b.co"):
        contact_requests.put(file_requests.contact_with(address)["id"], {"customFields": {"city": "Oslo"}})
    contact_requests.delete(file_requests.contact_with("gone@b.co")["id"])
    # Tom and New have changed. The import has not changed Ted, and Gone is gone.
    assert counts(import_id) == (1, 1, 2)
    names = sorted(contact["name"] for contact in everyone())
    assert names == ["New", "Ted", "Tim", "Tom 2"]


def test_a_contact_that_was_merged_since_is_kept() -> None:
    ted = contact_requests.new_contact("Ted", email("ted@b.co"))
    tim = contact_requests.new_contact("Tim", email("tim@b.co"))
    import_id = file_requests.upload("name,email\nNew,new@b.co\nTim 2,tim@b.co\nOther,other@b.co\n").body["id"]
    new = file_requests.contact_with("new@b.co")
    for merged in (new, tim):
        contact_requests.merge(ted["id"], merged["id"])
    assert counts(import_id) == (1, 0, 2)
    assert [contact["name"] for contact in everyone()] == ["Ted"]
    assert {identity["value"] for identity in everyone()[0]["contactIdentities"]} == {"ted@b.co", "new@b.co", "tim@b.co"}


def test_a_contact_that_changed_while_it_was_imported_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_splitter, "_ROWS_PER_CHUNK", 1)
    tom = contact_requests.new_contact("Tom", email("tom@b.co"))
    split = functions.load("workers/import_rows")
    monkeypatch.setattr(split, "time_left", lambda *_: lambda: _change_city(tom["id"]))
    import_id = file_requests.upload("name,email\nTom 2,tom@b.co\nTom 3,tom@b.co\n").body["id"]
    assert counts(import_id) == (0, 0, 1)
    assert contact_requests.get(tom["id"]).body["name"] == "Tom 3"


def _change_city(contact_id: str) -> bool:
    contact_requests.put(contact_id, {"customFields": {"city": "Oslo"}})
    return False


def test_a_contact_whose_identity_another_one_has_now_is_kept() -> None:
    contact_requests.new_contact("Tom", email("tom@b.co"), email("t@b.co"))
    import_id = file_requests.upload("name,email\nTom 2,tom@b.co\n", "replace").body["id"]
    contact_requests.new_contact("Ted", email("t@b.co"))
    assert counts(import_id) == (0, 0, 1)


def test_imports_can_be_undone_in_sequence() -> None:
    before = contact_requests.new_contact("Tom", email("tom@b.co"))
    first = file_requests.upload("name,email\nTom 2,tom@b.co\nNew,new@b.co\n").body["id"]
    second = file_requests.upload("name,email\nTom 3,tom@b.co\nNew 2,new@b.co\n").body["id"]
    assert counts(second) == (0, 2, 0)
    assert counts(first) == (1, 1, 0)
    assert everyone() == [before]


def test_an_undo_of_the_earlier_import_keeps_what_the_later_one_wrote() -> None:
    first = file_requests.upload("name,email\nTom,tom@b.co\nNew,new@b.co\n").body["id"]
    file_requests.upload("name,email\nTom 2,tom@b.co\n")
    assert counts(first) == (1, 0, 1)


def test_opt_outs_of_an_import_stay() -> None:
    import_id = file_requests.upload("name,SMS,isOptedOut\nTom,+12125550123,yes\n").body["id"]
    assert counts(import_id) == (1, 0, 0)
    assert opt_outs.opted_out_among(SITE, ["+12125550123"]) == {"+12125550123"}


def test_what_cannot_be_undone_is_409(monkeypatch: pytest.MonkeyPatch) -> None:
    dry_run = file_requests.upload("name,email\nTom,tom@b.co\n", dryRun=True).body["id"]
    old = file_requests.upload("name,email\nTom,tom@b.co\n").body["id"]
    assert file_requests.undo(old, OTHER_SITE).status == 404
    with monkeypatch.context() as not_started:
        not_started.setattr(import_execution, "start", lambda *_: None)
        not_started.setattr(functions.load("contacts/import_contacts"), "WAIT_SECONDS", 0)
        pending = file_requests.upload("name,email\nTom,tom@b.co\n").body["id"]
    assert [file_requests.undo(import_id).status for import_id in (dry_run, pending)] == [409, 409]
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=30, hours=1))
    assert file_requests.undo(old).body["code"] == "invalid_state"


@pytest.fixture
def _no_executions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_execution, "start", lambda *_: None)
    monkeypatch.setattr(import_execution, "start_undo", lambda *_: None)
    for name in ("import_contacts", "act_on_import_record"):
        monkeypatch.setattr(functions.load(f"contacts/{name}"), "WAIT_SECONDS", 0)
    monkeypatch.setattr(file_splitter, "_ROWS_PER_CHUNK", 2)


def run(import_id: str) -> None:
    """Run the state machine's steps until the import, or its undo, is over."""
    step = {"site_id": SITE, "import_id": import_id}
    outcome = functions.invoke("workers/split_import", step)["outcome"]
    while outcome == "running":
        outcome = functions.invoke("workers/import_rows", step)["outcome"]


@pytest.mark.usefixtures("_no_executions")
@pytest.mark.parametrize("crashes_in", ["import", "undo"])
def test_an_undo_is_complete_wherever_the_import_or_the_undo_crashed(crashes_in: str) -> None:
    contact_requests.new_contact("Tom", email("tom@b.co"))
    before = everyone()
    rows = "name,email\nTom 2,tom@b.co\nNew,n@b.co\nTom 3,tom@b.co\n"
    for call_number in range(1, 120):
        import_id = file_requests.upload(rows).body["id"]
        is_finished = _dies(call_number, import_id) if crashes_in == "import" else False
        run(import_id)
        assert file_requests.undo(import_id).status == 202
        if crashes_in == "undo":
            is_finished = _dies(call_number, import_id)
        run(import_id)
        assert file_requests.undo(import_id).body == {"deleted": 1, "restored": 1, "kept": 0}, call_number
        assert everyone() == before
        if is_finished:
            return
    raise AssertionError("the last call was not reached")


def _dies(call_number: int, import_id: str) -> bool:
    """Run the steps and crash at a call; return whether they finished before."""
    try:
        with dying_at(call_number):
            run(import_id)
    except Crash:
        return False
    return True


@pytest.mark.usefixtures("_no_executions")
def test_the_sweep_finishes_an_undo(monkeypatch: pytest.MonkeyPatch) -> None:
    import_id = file_requests.upload("name,email\nNew,n@b.co\n").body["id"]
    run(import_id)
    assert file_requests.undo(import_id).status == 202
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=23))
    assert functions.invoke("workers/sweep", {})["failed"] == 0
    assert file_requests.undo(import_id).body == {"deleted": 1, "restored": 0, "kept": 0}


@pytest.mark.usefixtures("_no_executions")
def test_an_undo_that_never_finishes_is_given_up_after_a_day_and_can_be_requested_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import_id = file_requests.upload("name,email\nNew,n@b.co\n").body["id"]
    run(import_id)
    assert file_requests.undo(import_id).status == 202
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=1, minutes=3))
    functions.invoke("workers/sweep", {})
    record = file_requests.record(import_id).body
    assert (record["status"], "did not finish within a day" in record["errors"][0]) == ("failed", True)
    assert capsys.readouterr().out.count('"WorkGivenUp":[1.0]') == 1
    file_requests.undo(import_id)
    run(import_id)
    assert file_requests.undo(import_id).body == {"deleted": 1, "restored": 0, "kept": 0}
