"""What an index keeps of a run of rows, worked out from the rows alone, here or in a process of its own."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.view.row_source import LocatedRow
from foureyes.view.scored_rows import RowReader, ScoredRow, answer_key, numbers_of
from foureyes.view.sources import open_source

__all__ = [
    "INTEGERS",
    "NONE",
    "RIGHT",
    "UNSURE",
    "WRONG",
    "IndexChunk",
    "RowProblem",
    "VerifierRows",
    "chunks_of",
    "follow_parent",
    "piece_of",
]

NONE, WRONG, RIGHT, UNSURE = -1, 0, 1, 2
"""Labels as numbers of a column; a file itself says right, wrong or nothing."""

INTEGERS: Final[Mapping[str, type[np.generic]]] = {"at": np.int64, "key": np.uint64, "label": np.int8}
"""Columns that every row has: where it stands, hash of prompt and answer, label."""

_ROWS: Final = 2048


@dataclass(slots=True)
class RowProblem:
    """Rows that cannot be shown as they should be, of one kind."""

    rows: int
    example: str


@dataclass(slots=True)
class VerifierRows:
    """How many rows one verifier scored, and whether some row says what it saw at every token."""

    scored: int = 0
    tokens: bool = False


@dataclass(frozen=True, slots=True)
class IndexChunk:
    """A run of rows.

    Attributes:
        n: how many.
        end: where the pass goes on after it.
        integers: see :data:`INTEGERS`.
        floats: ``verifier NUL signal`` → (n,) values, NaN where a row has none.
        verifiers: those that some row speaks of.
        problems: (place in the run, why) of rows that cannot be shown.
    """

    n: int
    end: int
    integers: Mapping[str, NDArray[Any]]
    floats: Mapping[str, NDArray[np.float64]]
    verifiers: Mapping[str, VerifierRows]
    problems: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class _Row:
    """What is kept of a row: its tokens alone may take a thousand times as much."""

    at: int
    end: int
    key: int
    label: int
    problem: str
    numbers: Mapping[str, Mapping[str, float]]
    seen: Mapping[str, VerifierRows]


def chunks_of(found: Iterable[LocatedRow], reader: RowReader) -> Iterable[IndexChunk]:
    """Records in runs, lazily."""
    rows = (_kept(one, reader.row(one.record)) for one in found)
    while some := list(islice(rows, _ROWS)):
        yield _chunk(some)


def follow_parent() -> None:
    """Makes a process end with the one that began it, however that ended, and leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def piece_of(path: Path, given: Sequence[str], start: int, end: int) -> list[IndexChunk]:
    """The same of a piece of a file, for a process of its own.

    Args:
        path: of the file.
        given: how its rows are read, see :class:`~foureyes.view.scored_rows.RowReader`.
        start: where the piece begins, see :meth:`~foureyes.view.row_source.RowSource.pieces`.
        end: where it ends.
    """
    return list(chunks_of(open_source(path).scan(start, end), RowReader.again(given)))


def _kept(found: LocatedRow, row: ScoredRow) -> _Row:
    correct = row.answer.correct
    return _Row(
        at=found.at,
        end=found.end,
        key=answer_key(row),
        label=NONE if correct is None else int(correct),
        problem=row.problem,
        numbers={name: numbers_of(result) for name, result in row.results.items()},
        seen={name: _seen(result) for name, result in row.results.items()},
    )


def _seen(result: Mapping[str, Any]) -> VerifierRows:
    scored = bool(result) and result.get("unscored") is None
    return VerifierRows(int(scored), result.get("tokens") is not None)


def _chunk(rows: Sequence[_Row]) -> IndexChunk:
    names = dict.fromkeys(name for row in rows for name in row.seen)
    integers = {"at": [row.at for row in rows], "key": [row.key for row in rows], "label": [row.label for row in rows]}
    return IndexChunk(
        n=len(rows),
        end=rows[-1].end,
        integers={name: np.array(values, INTEGERS[name]) for name, values in integers.items()},
        floats={f"{name}\0{signal}": column for name in names for signal, column in _columns(rows, name)},
        verifiers={name: _together([row.seen[name] for row in rows if name in row.seen]) for name in names},
        problems=[(i, row.problem) for i, row in enumerate(rows) if row.problem],
    )


def _columns(rows: Sequence[_Row], verifier: str) -> Iterable[tuple[str, NDArray[np.float64]]]:
    numbers = [row.numbers.get(verifier, {}) for row in rows]
    for name in dict.fromkeys(name for row in numbers for name in row):
        yield name, np.array([row.get(name, np.nan) for row in numbers], np.float64)


def _together(seen: Sequence[VerifierRows]) -> VerifierRows:
    return VerifierRows(sum(one.scored for one in seen), any(one.tokens for one in seen))
