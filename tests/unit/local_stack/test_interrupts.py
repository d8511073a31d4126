import os
import signal
from collections.abc import Iterator

import pytest
from local_stack.interrupts import ignore_interrupts, raise_on_interrupts

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_an_interrupt_ends_it_in_order_and_a_second_one_is_too_late(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise_on_interrupts()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)
    ignore_interrupts()
    os.kill(os.getpid(), number)


def test_what_the_parent_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise_on_interrupts()
    os.kill(os.getpid(), signal.SIGHUP)
