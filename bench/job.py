"""What a contender is told to load, and what it is once it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.pairs import TokenPair

__all__ = ["Contender", "ContenderJob", "warm"]

Read = Callable[[Sequence[TokenPair]], list[float]]


@dataclass(frozen=True, slots=True)
class ContenderJob:
    """What a contender is to load."""

    folder: Path
    dtype: str
    batch_size: int | None = None


@dataclass(frozen=True, slots=True)
class Contender:
    """A loaded contender.

    Attributes:
        read: does the work that is timed.
        likelihoods: ln p(answer | prompt) of each pair, in nats; the same function where the work includes it.
        prepare: warms up, or finds the best settings, on the pairs; returns what to tell of it in the report.
    """

    read: Callable[[Sequence[TokenPair]], object]
    likelihoods: Read
    prepare: Callable[[Sequence[TokenPair]], dict[str, Any]]


def warm(read: Read, **notes: Any) -> Contender:
    """A contender whose first pairs are read once before anything is timed."""

    def prepare(pairs: Sequence[TokenPair]) -> dict[str, Any]:
        read(pairs[:2])
        return notes

    return Contender(read, read, prepare)
