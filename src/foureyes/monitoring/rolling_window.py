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
    """The latest entries of a stream: at most ``max_entries``, none older than ``max_age_s``.

    Age is counted from the latest moment heard of, so that a clock set back forgets nothing and one set forward
    forgets only what looks old.

    Args:
        max_entries: entries kept, ≥ 1.
        max_age_s: how old they may be, seconds.
        entries: what to begin with, oldest first.
    """

    def __init__(self, *, max_entries: int, max_age_s: float, entries: Iterable[T] = ()) -> None:
        self._entries: deque[T] = deque(entries, maxlen=max_entries)
        self._max_age_s = max_age_s
        self._latest = max((entry.at for entry in self._entries), default=float("-inf"))

    def add(self, entry: T) -> None:
        """Takes the newest entry."""
        self._entries.append(entry)
        self._latest = max(self._latest, entry.at)
        while self._entries and self._entries[0].at < self._latest - self._max_age_s:
            self._entries.popleft()

    def entries(self, now: float | None = None) -> list[T]:
        """Oldest first; with ``now``, those that are not too old then."""
        latest = self._latest if now is None else max(self._latest, now)
        return [entry for entry in self._entries if entry.at >= latest - self._max_age_s]
