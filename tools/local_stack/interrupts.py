"""Ctrl-C, SIGTERM and the closing of the terminal: each ends the launcher in order."""

import signal

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def raise_on_interrupts() -> None:
    """From now on each of them raises KeyboardInterrupt, but for those that the launcher's own parent (``nohup``) ignores."""
    for number in _NUMBERS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def ignore_interrupts() -> None:
    """From now on nothing happens at them: a second Ctrl-C must not cut off the saving of the state."""
    for number in _NUMBERS:
        signal.signal(number, signal.SIG_IGN)
