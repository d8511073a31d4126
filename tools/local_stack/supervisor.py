"""Runs a command, and ends it when the process that has started it ends, even by SIGKILL: standard input ends then.

Usage: python supervisor.py COMMAND [ARGUMENT ...]
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

# Long enough for the local AWS to save a large state.
STOP_TIMEOUT_SECONDS = 60


def main() -> int:
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    threading.Thread(target=_kill_all_at_end_of_input, args=(process,), daemon=True).start()
    status = process.wait()
    if _is_alone.is_set():
        threading.Event().wait()  # for the other thread to kill this process with the rest
    return status if status >= 0 else 128 - status


_is_alone = threading.Event()


def _kill_all_at_end_of_input(process: "subprocess.Popen[bytes]") -> None:
    """Stop the command in order, then kill what is left of the process group, this process included."""
    while os.read(0, 1):
        pass
    _is_alone.set()
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
