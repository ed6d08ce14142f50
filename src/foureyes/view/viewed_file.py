"""One file as it is looked at: its index, and what people said of its rows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.signals.catalog import signal as catalogued
from foureyes.view.file_index import FileIndex
from foureyes.view.index_chunk import NONE, RIGHT, UNSURE, WRONG
from foureyes.view.labels import Labels
from foureyes.view.ordering import Direction, Order, Recent, ranked

__all__ = ["LABELS", "LABEL_NUMBERS", "ViewedFile", "label_word", "worst_end"]

LABELS: Final = {RIGHT: "right", WRONG: "wrong", UNSURE: "unsure", NONE: "none"}
LABEL_NUMBERS: Final = {word: number for number, word in LABELS.items()}


def label_word(number: int) -> str | None:
    """A label of a column as a word; ``None`` where there is none."""
    return None if number == NONE else LABELS[number]


def worst_end(name: str) -> str:
    """Which end of a signal is the worst: ``"high"`` or ``"low"``; the high one of signals nobody registered."""
    try:
        return "low" if catalogued(name).larger_is == "better" else "high"
    except InputError:
        return "high"


def _title(name: str) -> tuple[str, str]:
    if name == "n_tokens":
        return "tokens of the answer", "tokens"
    try:
        found = catalogued(name)
    except InputError:
        return name, ""
    return found.title, found.unit


class ViewedFile:
    """A file, its columns and its labels.

    Args:
        index: of the file.
        labels: what people said; shared by all files that are looked at together.
    """

    def __init__(self, index: FileIndex, labels: Labels) -> None:
        self.index, self._labels = index, labels
        self._orders: Recent[Order] = Recent(6)
        self._marks: Recent[NDArray[np.int8]] = Recent(1)

    @property
    def name(self) -> str:
        """Of the file, without its folder."""
        return self.index.source.path.name

    @property
    def state(self) -> tuple[int, int]:
        """Changes whenever there are other rows."""
        return self.index.columns.generation, self.index.columns.rows

    def order(self, verifier: str, signal: str, direction: Direction) -> Order:
        """Numbers of all rows."""
        rows = self.index.columns.rows
        if direction == "file":
            return np.arange(rows, dtype=np.uint32)
        descending = (worst_end(signal) == "high") == (direction == "worst")
        key = (self.state, verifier, signal, descending)
        return self._orders.get(key, lambda: ranked(self.index.column(verifier, signal)[:rows], descending=descending))

    def mine(self) -> NDArray[np.int8]:
        """(rows,) what people said of each row."""
        rows = self.index.columns.rows
        return self._marks.get((self.state, self._labels.version), lambda: self._placed(rows)[:rows])

    def said(self) -> NDArray[np.int8]:
        """(rows,) what people said of each row, or else the file."""
        mine = self.mine()
        return np.where(mine == NONE, self.index.columns["label"][: len(mine)], mine)

    def worse_than(self, verifier: str, signal: str, value: float) -> float | None:
        """Share of the rows with this number that are not as bad as a value; ``None`` where nobody took it."""
        if signal not in self.index.signals(verifier):
            return None
        values = self.index.column(verifier, signal)
        known = int(np.count_nonzero(~np.isnan(values)))
        better = values < value if worst_end(signal) == "high" else values > value
        return int(np.count_nonzero(better)) / known if known else None

    def key(self, row: int) -> str:
        """Hash of a row's prompt and answer, as decisions name it."""
        return f"{int(self.index.columns['key'][row]):016x}"

    def matched(self) -> int:
        """Decisions that are about a row of this file."""
        return int((self.mine() != NONE).sum())

    def to_dict(self) -> dict[str, Any]:
        """As ``/api/file`` tells it."""
        index = self.index
        caught_up = index.caught_up  # looked up once, and before the rows: they may come to an end
        rows = index.columns.rows
        counts = np.bincount(self.said().astype(np.int64) + 1, minlength=4)
        problems = [{"cause": c, "rows": p.rows, "example": p.example} for c, p in index.problems.items()]
        return {
            "name": self.name,
            "rows": rows if caught_up else None,
            "indexed": rows,
            "progress": index.progress,
            "caught_up": caught_up,
            "error": index.error,
            "problems": problems,
            "verifiers": [
                {"name": name, "scored": seen.scored, "tokens": seen.tokens, "signals": self._signals(name)}
                for name, seen in index.verifiers.items()
            ],
            "labels": {word: int(counts[number + 1]) for number, word in LABELS.items()},
        }

    def _signals(self, verifier: str) -> list[dict[str, Any]]:
        told = []
        for name in self.index.signals(verifier):
            title, unit = _title(name)
            extent = self.index.columns.extents[f"{verifier}\0{name}"]
            ends = {"low": extent.low, "high": extent.high} if extent.count else {"low": None, "high": None}
            told.append({"name": name, "title": title, "unit": unit, "worst": worst_end(name), **ends})
        return told

    def _placed(self, rows: int) -> NDArray[np.int8]:
        """Decisions by row, those whose hash is that of the row."""
        marks = np.full(rows, NONE, np.int8)
        decisions = [d for d in list(self._labels.last.values()) if d.row < rows]
        if decisions:
            numbers = np.array([d.row for d in decisions])
            same = self.index.columns["key"][numbers] == np.array([int(d.answer, 16) for d in decisions], np.uint64)
            labels = np.array([LABEL_NUMBERS[d.label or "none"] for d in decisions], np.int8)
            marks[numbers[same]] = labels[same]
        return marks
