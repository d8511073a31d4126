"""Finds free ports."""

from __future__ import annotations

import random
import socket

# Below the ports that systems give to outgoing connections (from 32768 on Linux and 49152 elsewhere), which any process may take
# before a stack listens there, or while it restarts.
_PORTS = range(15_000, 32_000)
_taken: set[int] = set()


def free_port() -> int:
    """A port of the loopback interface that no process listens on; never the same one twice.

    Processes choose at random, so that the stacks of several test runs do not get in each other's way.
    """
    # Not the generator of the tests, which plugins may seed.
    choose = random.SystemRandom()
    while True:
        port = choose.choice(_PORTS)
        if port not in _taken and _is_free(port):
            _taken.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
