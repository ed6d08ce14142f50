"""Columns of numbers on disk that grow at their end, one file each.

A column that first appears in a later row is NaN in the rows before it. What was added is there for readers at once; how many
rows are whole stands in the folder's ``index.json``, which is replaced after the columns were written, so that a pass that was
killed goes on from the last whole state. Start at :class:`GrowingColumns`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.tables.saving import write_text

__all__ = ["FORMAT", "STATE", "Extent", "GrowingColumns"]

FORMAT: Final = 1
"""Raised whenever a column means something else than before, so that older folders are made anew."""

STATE: Final = "index.json"
"""File in the folder that says how many rows are whole."""


@dataclass(slots=True)
class Extent:
    """Least and largest number of a column, and how many rows have one."""

    low: float = float("inf")
    high: float = float("-inf")
    count: int = 0

    def add(self, values: NDArray[np.float64]) -> None:
        """Takes more values; NaN is none."""
        there = values[~np.isnan(values)]
        if there.size:
            self.low, self.high = min(self.low, float(there.min())), max(self.high, float(there.max()))
            self.count += there.size


class GrowingColumns:
    """The columns of one file.

    Args:
        folder: where they are kept; what is there is taken up if its state can be read and is of this format.
        integers: columns of whole numbers, with their types; every row has them. All others are float64.

    Attributes:
        rows: how many rows are whole.
        generation: goes up whenever everything is thrown away.
        extents: of the float columns, in the order they appeared.
        state: whatever else was saved with the rows.
    """

    def __init__(self, folder: Path, integers: Mapping[str, type[np.generic]]) -> None:
        self._folder, self._integers = folder, dict(integers)
        self.rows = 0
        self.generation = 0
        self.extents: dict[str, Extent] = {}
        self.state: dict[str, Any] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._take_up()

    def __contains__(self, name: str) -> bool:
        return name in self.extents or name in self._integers

    def __getitem__(self, name: str) -> NDArray[Any]:
        """(rows,) values, mapped from disk."""
        rows = self.rows
        kind = self._kind(name)
        if not rows:
            return np.zeros(0, kind)
        return np.memmap(self._path(name), dtype=kind, mode="r", shape=(rows,))

    def add(
        self, integers: Mapping[str, Sequence[int] | NDArray[Any]], floats: Mapping[str, NDArray[np.float64]], n: int
    ) -> None:
        """Adds n rows; float columns that are left out are NaN there."""
        for name, values in integers.items():
            self._append(name, np.asarray(values, self._integers[name]))
        for name, column in floats.items():
            if name not in self.extents:
                self._begin(name)
            self._append(name, column)
            self.extents[name].add(column)
        for name in self.extents.keys() - floats.keys():
            self._append(name, np.full(n, np.nan))
        self.rows += n

    def save(self, **state: Any) -> None:
        """Makes what was added last."""
        self.state = state
        extents = {name: [e.low, e.high, e.count] for name, e in self.extents.items()}
        told = {"format": FORMAT, "rows": self.rows, "extents": extents, "state": state}
        write_text(self._folder / STATE, json.dumps(told))

    def clear(self) -> None:
        """Throws everything away."""
        self.generation += 1
        self.rows, self.extents, self.state = 0, {}, {}
        for path in self._folder.iterdir():
            path.unlink()

    def _take_up(self) -> None:
        path = self._folder / STATE
        try:
            told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        except ValueError:  # a disk that lost it: the index is made anew
            told = {}
        if told.get("format") != FORMAT:
            self.clear()
            return
        self.rows, self.state = told["rows"], told["state"]
        self.extents = {name: Extent(*numbers) for name, numbers in told["extents"].items()}
        for name in (*self._integers, *self.extents):
            path, size = self._path(name), self.rows * np.dtype(self._kind(name)).itemsize
            if not path.exists() or path.stat().st_size < size:
                self.clear()
                return
            with path.open("r+b") as file:
                file.truncate(size)

    def _kind(self, name: str) -> type[np.generic]:
        return self._integers.get(name, np.float64)

    def _path(self, name: str) -> Path:
        if name in self._integers:
            return self._folder / f"{name}.column"
        return self._folder / f"{list(self.extents).index(name)}.column"

    def _begin(self, name: str) -> None:
        """A new column; those who look for it while it is made find it whole or not at all."""
        (self._folder / f"{len(self.extents)}.column").write_bytes(np.full(self.rows, np.nan).tobytes())
        self.extents[name] = Extent()

    def _append(self, name: str, values: NDArray[Any]) -> None:
        with self._path(name).open("ab") as file:
            file.write(values.tobytes())
