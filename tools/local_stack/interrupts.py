"""Handles Ctrl-C, SIGTERM and SIGHUP, so that the launcher always stops its children in order."""

import signal

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def raise_on_interrupts() -> None:
    """Raise KeyboardInterrupt at the first of these signals, except at SIGHUP under ``nohup``, which ignores it.

    A shell starts background commands of a script with SIGINT ignored. The stack handles it there, too, and stops.
    """
    is_under_nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    for signal_number in _SIGNALS:
        if not (signal_number == signal.SIGHUP and is_under_nohup):
            signal.signal(signal_number, _interrupt)


def ignore_interrupts() -> None:
    """Ignore these signals, so that a second Ctrl-C cannot interrupt the saving of the state."""
    for signal_number in _SIGNALS:
        signal.signal(signal_number, signal.SIG_IGN)


def _interrupt(*_: object) -> None:
    # At once: a second signal may follow before anybody has caught the exception.
    ignore_interrupts()
    raise KeyboardInterrupt
