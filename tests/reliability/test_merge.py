"""A merge that is broken off anywhere has happened as a whole or not at all, and can be asked for again."""

from __future__ import annotations

from itertools import count

from tests.integration.contacts import requests as api
from tests.integration.contacts.requests import sms
from tests.reliability.conftest import Worlds
from tests.support.crashes import Crash, dying_at
from tests.support.figures import tried

TOM, TIM = "+12125551200", "+12125551201"


def merged_or_dead(into: str, other: str, step: int) -> bool:
    """Whether the merge came to its end."""
    try:
        with dying_at(step):
            api.merge(into, other)
    except Crash:
        return False
    return True


def test_a_merge_survives_a_death_at_any_step(worlds: Worlds) -> None:
    for step in count(1):
        with worlds():
            tom, tim = (api.created(name, sms(number))["id"] for name, number in (("Tom", TOM), ("Tim", TIM)))
            is_done = merged_or_dead(tom, tim, step)
            holders = {found["contactId"] for number in (TOM, TIM) for found in api.identify(number).body}
            assert holders in ({tom}, {tom, tim})
            # Somebody who asks again is told that it is done, or gets it done.
            assert api.merge(tom, tim).status == (204 if holders == {tom, tim} else 409)
            assert {found["contactId"] for number in (TOM, TIM) for found in api.identify(number).body} == {tom}
        if is_done:
            break
        tried["crash points of a merge"] += 1
    assert step > 3
