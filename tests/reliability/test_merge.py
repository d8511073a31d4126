"""A merge that crashes at any step is either complete or not done at all, and can be repeated."""

from __future__ import annotations

from itertools import count

from tests.integration.contacts import contact_requests
from tests.integration.contacts.contact_requests import sms
from tests.reliability.conftest import Systems
from tests.support.crash_points import Crash, dying_at
from tests.support.reliability_figures import tried

TOM, TIM = "+12125551200", "+12125551201"


def merge_crashing_at(step: int, into: str, other: str) -> bool:
    """Merge two contacts with a crash at a step; returns whether the merge ended without reaching the step."""
    try:
        with dying_at(step):
            contact_requests.merge(into, other)
    except Crash:
        return False
    return True


def identity_owners() -> set[str]:
    """The ids of the contacts that have the two numbers."""
    return {identity["contactId"] for number in (TOM, TIM) for identity in contact_requests.identify(number).body}


def test_a_merge_survives_a_crash_at_any_step(systems: Systems) -> None:
    for step in count(1):
        with systems():
            tom, tim = (contact_requests.new_contact(name, sms(number))["id"] for name, number in (("Tom", TOM), ("Tim", TIM)))
            is_done = merge_crashing_at(step, tom, tim)
            owners = identity_owners()
            assert owners in ({tom}, {tom, tim})
            # A repeated request does the merge, or answers that it is already done.
            assert contact_requests.merge(tom, tim).status == (204 if owners == {tom, tim} else 409)
            assert identity_owners() == {tom}
        if is_done:
            break
        tried["crash points of a merge"] += 1
    assert step > 3
