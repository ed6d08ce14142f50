"""A time series of decisions in buckets of equal width, for plots, in memory that does not grow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.monitoring.observation import Observation

__all__ = ["Bucket", "Timeline"]

_SMOOTHED: Final = 5


@dataclass(slots=True)
class Bucket:
    """Counts and sums over one span of time."""

    start: float
    decisions: int = 0
    passed: int = 0
    undecided: int = 0
    compared: int = 0
    differing: int = 0
    votes: int = 0
    errors: int = 0
    stated: int = 0
    confidence: float = 0.0
    read: int = 0
    log_cmp: float = 0.0

    def add(self, o: Observation) -> None:
        """Counts one decision in."""
        self.decisions += 1
        self.passed += o.safe
        self.undecided += not o.consensus
        differing = o.disagreement
        self.compared += differing is not None
        self.differing += bool(differing)
        self.votes += len(o.opinions)
        self.stated += o.confidence is not None
        self.confidence += o.confidence or 0.0
        for opinion in o.opinions:
            self.errors += opinion.verdict == "error"
            if opinion.log_cmp is not None:
                self.read += 1
                self.log_cmp += opinion.log_cmp


_SUMS: Final = tuple(entry.name for entry in fields(Bucket) if entry.name != "start")


class Timeline:
    """The latest ``buckets`` spans of ``bucket_s`` seconds.

    What is older than all of them when it arrives is left out; what is merely late goes into its own span.

    Args:
        bucket_s: seconds a span.
        buckets: spans kept.
    """

    def __init__(self, *, bucket_s: float, buckets: int) -> None:
        self._width = bucket_s
        self._most = buckets
        self._buckets: dict[int, Bucket] = {}

    def add(self, o: Observation) -> None:
        """Counts one decision in."""
        number = math.floor(o.at / self._width)
        bucket = self._buckets.get(number) or self._open(number)
        if bucket is not None:
            bucket.add(o)

    def columns(self, now: float) -> dict[str, Any]:
        """Aligned columns, oldest first, one entry a span up to ``now``.

        Counts are of the span. Rates and means are of it and the four before it, as one span may hold a handful of
        decisions; they are ``None`` where nothing was seen.
        """
        end = max(math.floor(now / self._width), max(self._buckets, default=0))
        rows = [self._at(number) for number in range(end - self._most + 1, end + 1)]
        smooth = [_summed(rows[max(0, i - _SMOOTHED + 1) : i + 1]) for i in range(len(rows))]
        return {
            "smoothed": _SMOOTHED,
            "bucket_s": self._width,
            "start": [row.start for row in rows],
            "decisions": [row.decisions for row in rows],
            "passed": [row.passed for row in rows],
            "held": [row.decisions - row.passed - row.undecided for row in rows],
            "undecided": [row.undecided for row in rows],
            "flag_rate": [_ratio(row.decisions - row.passed, row.decisions) for row in smooth],
            "disagreement": [_ratio(row.differing, row.compared) for row in smooth],
            "verifier_errors": [_ratio(row.errors, row.votes) for row in smooth],
            "confidence": [_ratio(row.confidence, row.stated) for row in smooth],
            "log_cmp": [_ratio(row.log_cmp, row.read) for row in smooth],
        }

    def state(self) -> list[dict[str, Any]]:
        """All sums as plain JSON values."""
        return [asdict(bucket) for bucket in self._buckets.values()]

    def restore(self, state: list[Mapping[str, Any]]) -> None:
        """Takes back what :meth:`state` gave.

        Raises:
            InputError: not such a state.
        """
        try:
            buckets = [Bucket(**bucket) for bucket in state]
        except TypeError as error:
            raise InputError(f"not a timeline: {error}") from error
        self._buckets = {round(bucket.start / self._width): bucket for bucket in buckets[-self._most :]}

    def _open(self, number: int) -> Bucket | None:
        """A new span, in place of those that are too old beside it; ``None`` where it is too old itself."""
        last = max(self._buckets, default=number)
        if number <= last - self._most:
            return None
        for old in [n for n in self._buckets if n <= number - self._most]:
            del self._buckets[old]
        return self._buckets.setdefault(number, Bucket(number * self._width))

    def _at(self, number: int) -> Bucket:
        return self._buckets.get(number) or Bucket(number * self._width)


def _summed(rows: Sequence[Bucket]) -> Bucket:
    """All of them in one, starting with the first."""
    total = Bucket(rows[0].start)
    for row in rows:
        for name in _SUMS:
            setattr(total, name, getattr(total, name) + getattr(row, name))
    return total


def _ratio(part: float, whole: int) -> float | None:
    return part / whole if whole else None
