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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_counts_also_in_the_background_of_a_script_whose_shell_ignores_it(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise_on_interrupts()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)


def test_a_closed_terminal_stays_ignored_under_nohup() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise_on_interrupts()
    os.kill(os.getpid(), signal.SIGHUP)
