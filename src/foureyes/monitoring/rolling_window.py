"""A rolling window over a stream, bounded by number and by age: all that the monitor keeps besides sums."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

__all__ = ["RollingWindow", "Timestamped"]


class Timestamped(Protocol):
    """Anything with a time stamp."""

    @property
    def at(self) -> float:
        """Seconds since 1970."""
        ...


T = TypeVar("T", bound=Timestamped)


class RollingWindow(Generic[T]):
    """At most ``most`` entries, none older than ``seconds``.

    Age is counted from the latest moment heard of, so that a clock set back forgets nothing and one set forward
    forgets only what looks old.

    Args:
        most: entries kept, ≥ 1.
        seconds: how old they may be.
        entries: what to begin with, oldest first.
    """

    def __init__(self, *, most: int, seconds: float, entries: Iterable[T] = ()) -> None:
        self._entries: deque[T] = deque(entries, maxlen=most)
        self._seconds = seconds
        self._latest = max((entry.at for entry in self._entries), default=float("-inf"))

    def add(self, entry: T) -> None:
        """Takes the newest entry."""
        self._entries.append(entry)
        self._latest = max(self._latest, entry.at)
        while self._entries and self._entries[0].at < self._latest - self._seconds:
            self._entries.popleft()

    def entries(self, now: float | None = None) -> list[T]:
        """Oldest first; with ``now``, those that are not too old then."""
        latest = self._latest if now is None else max(self._latest, now)
        return [entry for entry in self._entries if entry.at >= latest - self._seconds]
