"""Handles Ctrl-C, SIGTERM and SIGHUP, so that the launcher always stops its children in order."""

import signal

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def raise_on_interrupts() -> None:
    """Raise KeyboardInterrupt at the first of these signals, except at those that the parent process (``nohup``) ignores."""
    for signal_number in _SIGNALS:
        if signal.getsignal(signal_number) is not signal.SIG_IGN:
            signal.signal(signal_number, _interrupt)


def ignore_interrupts() -> None:
    """Ignore these signals, so that a second Ctrl-C cannot interrupt the saving of the state."""
    for signal_number in _SIGNALS:
        signal.signal(signal_number, signal.SIG_IGN)


def _interrupt(*_: object) -> None:
    # At once: a second signal may follow before anybody has caught the exception.
    ignore_interrupts()
    raise KeyboardInterrupt
