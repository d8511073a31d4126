"""When AWS refuses a call, the API answers 503, and a client that comes back does nothing twice (docs/api.md, "Errors")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest

from outreach import clock
from outreach.events import webhook_store
from tests.support.api_requests import CASES, Case, filled, resources_of_the_site, snapshot
from tests.support.crash_points import Calls, Fault
from tests.support.functions import Answer, call
from tests.support.pipeline import SITE

# Done by themselves when the refused call comes after the object exists.
DONE_LATER = {"campaigns/{campaign}:send": 200, ":test": 200, "/outreach/messages": 201, "contacts:import": 202}
OUTBOUND = next(case for case in CASES if case.request == "POST /outboundunichannel/messages")
SEND = next(case for case in CASES if case.request.endswith("{campaign}:send"))
SCHEDULED = Case(
    "POST /outreach/campaigns",
    "outreach/create_campaign",
    "outreach:write",
    201,
    {
        "name": "Hello",
        "channel": "sms",
        "channelAccountId": "{account}",
        "message": "Hello",
        "scheduledStartTime": clock.timestamp(clock.now() + timedelta(days=1)),
    },
)


def answers(case: Case, names: dict[str, str]) -> Iterator[Answer]:
    """The answers to a request of which AWS refuses the first call, the second one, and so on."""
    for refused in count(1):
        calls = Calls(lambda step, refused=refused: Fault.REFUSED if step == refused else None)  # type: ignore[misc]
        with calls.invocation():
            answer = case.ask(names, site_id=SITE)
        if not calls.injected:
            return
        yield answer


def test_a_refused_call_is_503_with_retry_after(served: str) -> None:
    names, seen = resources_of_the_site(), 0
    for case in CASES:
        later = next((status for end, status in DONE_LATER.items() if case.request == f"POST {end}" or end in case.request), None)
        for answer in answers(case, names):
            seen += 1
            if answer.status == 503 and case is OUTBOUND and answer.body["code"] == "carrier_unavailable":
                assert "Retry-After" not in answer.headers
            elif answer.status == 503:
                assert (answer.body["code"], answer.headers["Retry-After"]) == ("unavailable", "5"), case
            else:
                assert answer.status == later, case
    assert seen > 300


@pytest.mark.parametrize(
    ("case", "kept"),
    [
        (SCHEDULED, "CAMPAIGN#"),
        (SEND, "RECORD#"),
        (next(case for case in CASES if case.request.endswith("{campaign}:test")), "MessagesTable"),
        (next(case for case in CASES if case.request == "POST /outreach/messages"), "MessagesTable"),
        (next(case for case in CASES if case.request == "POST /contact/contacts:import"), "#IMPORTS"),
        (OUTBOUND, "MessagesTable"),
    ],
    ids=str,
)
def test_a_client_that_comes_back_does_not_do_it_twice(served: str, case: Case, kept: str) -> None:
    names = resources_of_the_site()

    def objects() -> int:
        return len([key for key in snapshot(SITE) if kept in key])

    before = objects()
    for answer in answers(case, names):
        after = objects()
        assert after == before + ("Retry-After" not in answer.headers), answer
        before = after


@pytest.mark.parametrize("case", [SCHEDULED, SEND, OUTBOUND], ids=str)
def test_a_request_with_a_key_succeeds_in_the_end(served: str, case: Case) -> None:
    names = resources_of_the_site()
    url = case.request.partition(" ")[2].format(**names)
    for refused in range(1, 5):
        with Calls(lambda step, refused=refused: Fault.REFUSED if step == refused else None).invocation():  # type: ignore[misc]
            answer = call(case.path, "POST", url, filled(case.body, names), headers={"Idempotency-Key": "k"})
        assert (answer.status, answer.body["code"]) == (503, "unavailable")
    assert call(case.path, "POST", url, filled(case.body, names), headers={"Idempotency-Key": "k"}).status in (200, 201)


def test_a_secret_of_a_webhook_is_made_only_if_it_is_shown(served: str) -> None:
    names = resources_of_the_site()
    create = next(case for case in CASES if case.request == "POST /outreach/webhooks")
    rotate = next(case for case in CASES if case.request.endswith(":rotateSecret"))
    for case in (create, rotate):
        assert {answer.status for answer in answers(case, names)} == {503}
    first, second = webhook_store.list_webhooks(SITE)
    assert (len(first.secrets), len(second.secrets)) == (2, 1)
