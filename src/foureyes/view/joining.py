"""Which row of one file is the same answer as which row of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foureyes.view.ordering import Recent
from foureyes.view.viewed_file import ViewedFile

__all__ = ["Joints", "Rows", "by_key"]

Rows = NDArray[np.int64]


def by_key(keys: NDArray[np.uint64], others: NDArray[np.uint64]) -> Rows:
    """(n,) for every key the place of the same one among others: at its own place if it stands there, else the first; −1 for none.

    The key 0 says that prompt and answer could not be read, and is like no other.

    Example:
        >>> by_key(np.array([7, 8, 0, 9], np.uint64), np.array([9, 8, 0], np.uint64)).tolist()
        [-1, 1, -1, 0]
    """
    if not len(others):
        return np.full(len(keys), -1, np.int64)
    order = np.argsort(others, kind="stable")
    place = np.minimum(np.searchsorted(others, keys, sorter=order), len(others) - 1)
    found = np.where(others[order[place]] == keys, order[place], -1).astype(np.int64)
    n = min(len(keys), len(others))
    own = np.arange(n)
    found[:n] = np.where(keys[:n] == others[:n], own, found[:n])
    found[keys == 0] = -1
    return found


class Joints:
    """Joins files in pairs, and remembers it."""

    def __init__(self) -> None:
        self._kept: Recent[tuple[Rows, str]] = Recent(4)

    def rows(self, file: ViewedFile, other: ViewedFile) -> Rows:
        """(rows,) the row of the other file that is the same answer; −1 where there is none."""
        return self._joined(file, other)[0]

    def how(self, file: ViewedFile, other: ViewedFile) -> str:
        """``"prompt and answer"``; ``"place"`` where the files have no answer in common."""
        return self._joined(file, other)[1]

    def _joined(self, file: ViewedFile, other: ViewedFile) -> tuple[Rows, str]:
        key = (id(file), file.state, id(other), other.state)
        return self._kept.get(key, lambda: _join(file, other))


def _join(file: ViewedFile, other: ViewedFile) -> tuple[Rows, str]:
    n, m = file.index.columns.rows, other.index.columns.rows
    if file is other:
        return np.arange(n), "prompt and answer"
    found = by_key(file.index.columns["key"][:n], other.index.columns["key"][:m])
    if (found >= 0).any():
        return found, "prompt and answer"
    places = np.arange(n)
    return np.where(places < m, places, -1), "place"
