"""One pass over a scored file, in the background: where every row stands, and every signal as a column.

The columns are kept in a cache, so that the next time a file opens at once; a file that has grown is read on from where the
pass ended, one that was written anew from its beginning. Start at :class:`FileIndex`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.view.columns import Columns
from foureyes.view.row_source import Found, RowSource
from foureyes.view.scored_rows import RowReader, ScoredRow, answer_key, numbers_of

__all__ = ["NONE", "RIGHT", "UNSURE", "WRONG", "FileIndex", "Problem", "VerifierRows"]

NONE, WRONG, RIGHT, UNSURE = -1, 0, 1, 2
"""Labels as numbers of a column; a file itself says right, wrong or nothing."""

_CHUNK: Final = 2048
_SAVE_EVERY: Final = 20
_POLL_S: Final = 1.0
_INTEGERS: Final[dict[str, type[np.generic]]] = {
    "at": np.int64,
    "key": np.uint64,
    "label": np.int8,
}


@dataclass(slots=True)
class Problem:
    """Rows that cannot be shown as they should be, of one kind."""

    rows: int
    example: str


@dataclass(slots=True)
class VerifierRows:
    """How many rows one verifier scored, and whether some row says what it saw at every token."""

    scored: int = 0
    tokens: bool = False


@dataclass(slots=True)
class _Pass:
    """What stands beside the columns."""

    end: int = 0
    problems: dict[str, Problem] = field(default_factory=dict)
    verifiers: dict[str, VerifierRows] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        problems = {cause: [p.rows, p.example] for cause, p in self.problems.items()}
        verifiers = {name: [v.scored, v.tokens] for name, v in self.verifiers.items()}
        return {"end": self.end, "problems": problems, "verifiers": verifiers}

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> _Pass:
        problems = {cause: Problem(*found) for cause, found in told["problems"].items()}
        return cls(told["end"], problems, {name: VerifierRows(*v) for name, v in told["verifiers"].items()})


class FileIndex:
    """The columns of a file.

    Args:
        source: the file.
        answers: makes rows of its records.
        cache: folder of all indexes; this one gets a folder in it.

    Attributes:
        columns: what is known so far.
        caught_up: whether the end of the file was reached once.
        error: what ended the pass, if anything did.
    """

    def __init__(self, source: RowSource, answers: RowReader, cache: Path) -> None:
        self.source, self.answers = source, answers
        path = source.path.resolve()
        name = hashlib.sha256(f"{path}\0{answers.given}".encode()).hexdigest()[:24]
        self.columns = Columns(cache / name, _INTEGERS)
        self._pass, self._known = _Pass(), source.identity()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"index of {path.name}", daemon=True)
        self.caught_up = False
        self.error = ""
        self._take_up()

    def start(self) -> None:
        """Begins the pass in the background; rows that are written later are added as they come."""
        self._thread.start()

    def close(self) -> None:
        """Ends the pass; what was read is kept."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def build(self) -> None:
        """Reads on to the end of the file, now."""
        if self._known != self.source.identity() or self.source.size() < self._pass.end:
            self._begin_anew()
        chunks, found = 0, self.source.scan(self._pass.end)
        while not self._stop.is_set() and (chunk := list(islice(found, _CHUNK))):
            self._add(chunk)
            chunks += 1
            if chunks % _SAVE_EVERY == 0:
                self._save()
        if chunks:
            self._save()
        self.caught_up = self.caught_up or not self._stop.is_set()

    @property
    def progress(self) -> float:
        """Share of the file that was read."""
        size = self.source.size()
        return min(self._pass.end / size, 1.0) if size else 1.0

    @property
    def problems(self) -> dict[str, Problem]:
        """Rows that cannot be shown as they should be, by cause."""
        return dict(self._pass.problems)

    @property
    def verifiers(self) -> dict[str, VerifierRows]:
        """By their names, in the order they appeared."""
        return dict(self._pass.verifiers)

    def signals(self, verifier: str) -> list[str]:
        """The numbers that some row has of a verifier."""
        split = (name.partition("\0") for name in list(self.columns.extents))
        return [signal for name, _, signal in split if name == verifier]

    def column(self, verifier: str, signal: str) -> NDArray[np.float64]:
        """(rows,) one number of every row, NaN where it has none."""
        return self.columns[f"{verifier}\0{signal}"]

    def rows(self, numbers: Sequence[int], *, results: bool = False) -> list[ScoredRow]:
        """Some rows, read from the file."""
        at = self.columns["at"]
        records = self.source.records([int(at[n]) for n in numbers], numbers, results=results)
        return [self.answers.row(record) for record in records]

    def _take_up(self) -> None:
        state = self.columns.state
        if self._goes_on(state):
            self._pass = _Pass.from_dict(state)
            self.caught_up = self._pass.end == self.source.size()
        else:
            self._begin_anew()

    def _goes_on(self, state: dict[str, Any]) -> bool:
        """Whether the file is the one of this state, the same or grown."""
        if state.get("identity") != self.source.identity():
            return False
        size = self.source.size()
        return bool(size > state["end"] or (size == state["end"] and self._modified() == state["modified"]))

    def _modified(self) -> int:
        return self.source.path.stat().st_mtime_ns

    def _begin_anew(self) -> None:
        self.columns.clear()
        self._pass, self._known = _Pass(), self.source.identity()
        self.caught_up = False

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self.build()
                self._stop.wait(_POLL_S)
        except InputError as error:
            self.error = str(error)

    def _add(self, chunk: Sequence[Found]) -> None:
        rows = [self.answers.row(one.record) for one in chunk]
        numbers = [self._numbers(row) for row in rows]
        integers = {
            "at": [one.at for one in chunk],
            "key": [answer_key(row) for row in rows],
            "label": [NONE if row.answer.correct is None else int(row.answer.correct) for row in rows],
        }
        names = dict.fromkeys(name for row in numbers for name in row)
        self._count(rows)
        self.columns.add(integers, {name: _column(numbers, name) for name in names}, len(rows))
        self._pass.end = chunk[-1].end

    def _numbers(self, row: ScoredRow) -> dict[str, float]:
        found: dict[str, float] = {}
        for verifier, result in row.results.items():
            seen = self._pass.verifiers.setdefault(verifier, VerifierRows())
            seen.scored += result.get("unscored") is None
            seen.tokens |= result.get("tokens") is not None
            found |= {f"{verifier}\0{name}": value for name, value in numbers_of(result).items()}
        return found

    def _count(self, rows: Iterable[ScoredRow]) -> None:
        for i, row in enumerate(rows, start=self.columns.rows + 1):
            if row.problem:
                cause = row.problem.partition(":")[0][:80]
                seen = self._pass.problems.setdefault(cause, Problem(0, f"row {i}: {row.problem}"))
                seen.rows += 1

    def _save(self) -> None:
        self.columns.save(identity=self._known, modified=self._modified(), **self._pass.to_dict())


def _column(rows: Sequence[dict[str, float]], name: str) -> NDArray[np.float64]:
    """(n,) one number of every row, NaN where it has none."""
    return np.array([row.get(name, np.nan) for row in rows], np.float64)
