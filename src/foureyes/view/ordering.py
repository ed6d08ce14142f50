"""Which rows fit, and in which order: over columns, never over rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Final, Generic, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["ANY", "Bounds", "Direction", "Order", "Recent", "ranked", "within"]

Direction: TypeAlias = Literal["worst", "best", "file"]
Order: TypeAlias = NDArray[np.uint32]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bounds:
    """A closed range; ``None`` for no end. A row without the number is outside of any that has an end."""

    low: float | None = None
    high: float | None = None


ANY: Final = Bounds()
"""No bounds."""


def ranked(values: NDArray[np.float64], *, descending: bool) -> Order:
    """Numbers of rows by their values, equal ones in the order of the file; rows without a value last.

    Example:
        >>> ranked(np.array([1.0, np.nan, 3.0, 3.0]), descending=True).tolist()
        [2, 3, 0, 1]
    """
    turned = -values if descending else np.asarray(values)
    return turned.argsort(kind="stable").astype(np.uint32)


def within(values: NDArray[np.float64], bounds: Bounds) -> NDArray[np.bool_]:
    """(n,) which values are in range."""
    inside = np.ones(len(values), np.bool_)
    if bounds.low is not None:
        inside &= values >= bounds.low
    if bounds.high is not None:
        inside &= values <= bounds.high
    return inside


class Recent(Generic[T]):
    """The last few things that were worked out, by what they were worked out from.

    Args:
        most: how many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most, self._kept, self._lock = most, OrderedDict[Hashable, T](), Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing for a key, made if it is not there; one at a time."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
                if len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]
