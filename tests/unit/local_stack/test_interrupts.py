import os
import signal
from collections.abc import Iterator

import pytest
from local_stack.interrupts import raise_on_interrupts

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _restore_handlers() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_raises_keyboard_interrupt_and_the_others_are_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise_on_interrupts()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_never_interrupts_the_handling_of_the_first(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise_on_interrupts()
    handled = False
    try:
        os.kill(os.getpid(), number)
    except KeyboardInterrupt:
        os.kill(os.getpid(), signal.SIGTERM)
        handled = True
    assert handled


def test_a_signal_that_the_parent_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise_on_interrupts()
    os.kill(os.getpid(), signal.SIGHUP)
