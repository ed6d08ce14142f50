"""Recognising rows without keeping them.

A fitted value must notice when it is judged on the rows that made it. It keeps no data, only a content hash of the
whole set and the hashes of a few of its rows; both are the same for any order of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foureyes.display import Result
from foureyes.errors import InputError

__all__ = ["Rows"]

Hashes = NDArray[np.uint64]

_SKETCHED = 128
_LEAST = 8
_ONCE = 0.9


@dataclass(frozen=True, slots=True, repr=False)
class Rows(Result):
    """A fingerprint of a set of rows, by which rows of a fit are recognised later.

    Attributes:
        n: how many.
        digest: content hash, 32 hexadecimal digits, independent of the order of the rows.
        sketch: hashes of at most 128 of the rows, ascending: those with the smallest hashes among rows that occur
            once. Empty where too few of the values are of one row only to tell rows apart by them.
    """

    n: int
    digest: str
    sketch: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not (isinstance(self.n, int) and isinstance(self.digest, str) and len(self.digest) == 32):
            raise InputError(f"rows are remembered by a count and 32 digits; got {self.n!r} and {self.digest!r}")

    @classmethod
    def of(cls, columns: Sequence[NDArray[np.generic]]) -> Rows:
        """Remembers the rows of these (N,) columns of numbers."""
        hashes = _row_hashes(columns)
        distinct, times = np.unique(_smallest(hashes, 4 * _SKETCHED), return_counts=True)
        once = distinct[times == 1]
        return cls(len(hashes), _digest(hashes), tuple(once[:_SKETCHED].tolist()) if _tellable(distinct, once) else ())

    def shared_with(self, columns: Sequence[NDArray[np.generic]]) -> bool:
        """Whether these columns are the remembered rows, or share at least half of the smaller set with them.

        Recognised for sure when they are the same set. A partial overlap is recognised from the sketch, so not where
        rows are few (fewer than 8 in the sketch's range) or their values coarse: equal scores are no proof of equal rows.
        """
        hashes = _row_hashes(columns)
        if self.n == len(hashes) and self.digest == _digest(hashes):
            return True
        if not self.sketch:
            return False
        near = _short(hashes)
        distinct, times = np.unique(near[near <= self.sketch[-1]], return_counts=True)
        if not _tellable(distinct, distinct[times == 1]):
            return False
        shared = len(np.intersect1d(distinct, np.array(self.sketch, dtype=np.uint64)))
        return shared >= max(_LEAST, min(len(distinct), len(self.sketch)) / 2)


def _tellable(distinct: Hashes, once: Hashes) -> bool:
    """Whether equal values mean equal rows: not where many values have come up twice, as then others do by chance.

    A few values that many rows share, a confidence of exactly 1 say, do no harm. With nine values in ten of one row only
    another sample of as many rows repeats a fifth of them.
    """
    return len(once) >= _LEAST and len(once) >= _ONCE * len(distinct)


def _row_hashes(columns: Sequence[NDArray[np.generic]]) -> Hashes:
    """One 64-bit hash a row."""
    hashes = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        # + 0.0 makes one zero of the two.
        hashes ^= (np.asarray(column, dtype=np.float64) + 0.0).view(np.uint64)
        _mix(hashes)
    return hashes


def _mix(h: Hashes) -> Hashes:
    """The finaliser of SplitMix64, in place."""
    h += np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        h ^= h >> np.uint64(shift)
        h *= np.uint64(factor)
    h ^= h >> np.uint64(31)
    return h


def _digest(hashes: Hashes) -> str:
    # Sums do not depend on the order. Two of them, of unrelated hashes, leave no room for accidents.
    return f"{int(hashes.sum()):016x}{int(_mix(hashes.copy()).sum()):016x}"


def _short(hashes: Hashes) -> Hashes:
    """53 bits, which every JSON reader keeps."""
    return hashes >> np.uint64(11)


def _smallest(hashes: Hashes, about: int) -> Hashes:
    if len(hashes) > 8 * about:
        hashes = hashes[hashes <= np.uint64((2**64 - 1) * about // len(hashes))]
    return np.sort(_short(hashes))[:about]
