"""Creates expensive values once for all threads of a process: clients, connection pools, TLS contexts."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache, update_wrapper
from threading import RLock
from typing import Generic, TypeVar

T = TypeVar("T")


class _Once(Generic[T]):
    def __init__(self, make: Callable[..., T], size: int | None) -> None:
        update_wrapper(self, make)
        self._lock = RLock()
        self._cached = lru_cache(size)(make)

    def __call__(self, *arguments: Hashable) -> T:
        with self._lock:
            return self._cached(*arguments)

    def cache_clear(self) -> None:
        """Forget the values."""
        self._cached.cache_clear()


def once(make: Callable[..., T]) -> _Once[T]:
    """Make a value once for each combination of arguments, even when several threads need it at the same time.

    ``functools.cache`` makes it once for each of these threads.
    """
    return _Once(make, None)


def latest_only(make: Callable[..., T]) -> _Once[T]:
    """Like :func:`once`, but keep only the latest value."""
    return _Once(make, 1)
