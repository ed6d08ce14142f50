"""One pass over a scored file, in the background: where every row stands, and every signal as a column.

The columns are kept in a cache, so that the next time a file opens at once; a file that has grown is read on from where the
pass ended, one that was written anew from its beginning. A large file is read by processes of their own, so that the page that
is looked at meanwhile does not wait for them. Start at :class:`FileIndex`.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.display import cause_of
from foureyes.errors import InputError
from foureyes.view.columns import GrowingColumns
from foureyes.view.index_chunk import INTEGERS, IndexChunk, RowProblem, VerifierRows, chunks_of, follow_parent, piece_of
from foureyes.view.index_place import IndexPlace
from foureyes.view.row_source import ScoredRows
from foureyes.view.scored_rows import RowReader, ScoredRow

__all__ = ["FileIndex"]

_SAVE_EVERY: Final = 20
_POLL_S: Final = 1.0
_LOOK_S: Final = 0.02
_PIECES_HERE: Final = 8
"""Pieces of a file that are read in this process; more are worth one of their own."""

_MOST_CAUSES: Final = 50
_OTHERS: Final = "others"

_MOST_PROCESSES: Final = 2
"""Each takes some 80 MB."""


@dataclass(slots=True)
class _Pass:
    """What stands beside the columns."""

    end: int = 0
    problems: dict[str, RowProblem] = field(default_factory=dict)
    verifiers: dict[str, VerifierRows] = field(default_factory=dict)

    def add(self, chunk: IndexChunk, first: int) -> None:
        """Takes a run of rows, the first of which has this number."""
        self.end = chunk.end
        for name, seen in chunk.verifiers.items():
            known = self.verifiers.setdefault(name, VerifierRows())
            known.scored += seen.scored
            known.tokens |= seen.tokens
        for place, why in chunk.problems:
            example = f"row {first + place + 1}: {why}"
            cause = cause_of(why)
            if cause not in self.problems and len(self.problems) >= _MOST_CAUSES:
                cause = _OTHERS
            self.problems.setdefault(cause, RowProblem(0, example)).rows += 1

    def to_dict(self) -> dict[str, Any]:
        problems = {cause: [p.rows, p.example] for cause, p in self.problems.items()}
        verifiers = {name: [v.scored, v.tokens] for name, v in self.verifiers.items()}
        return {"end": self.end, "problems": problems, "verifiers": verifiers}

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> _Pass:
        problems = {cause: RowProblem(*found) for cause, found in told["problems"].items()}
        return cls(told["end"], problems, {name: VerifierRows(*v) for name, v in told["verifiers"].items()})


class FileIndex:
    """The columns of a file.

    Args:
        source: the file.
        reader: makes rows of its records.
        cache: folder of all indexes; this one gets a folder in it.

    Attributes:
        columns: what is known so far.
        caught_up: whether the end of the file was reached once.
        error: what ended the pass, if anything did.
    """

    def __init__(self, source: ScoredRows, reader: RowReader, cache: Path) -> None:
        self.source, self.reader = source, reader
        path = source.path.resolve()
        name = hashlib.sha256(os.fsencode(path) + f"\0{reader.given}".encode()).hexdigest()[:24]
        self._place = IndexPlace(cache, name)
        self.columns = GrowingColumns(self._place.folder, INTEGERS)
        self._pass, self._known = _Pass(), source.identity()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"index of {path.name}", daemon=True)
        self.caught_up = False
        self.error = ""
        self._take_up()

    def start(self) -> None:
        """Begins the pass in the background; rows that are written later are added as they come."""
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Waits a while for the end of the pass; whether it has come, or an error."""
        ends = time.monotonic() + seconds
        while not self.ended and time.monotonic() < ends:
            time.sleep(min(_LOOK_S, seconds))
        return self.ended

    def close(self) -> None:
        """Ends the pass; what was read is kept."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._place.release()

    def build(self) -> None:
        """Reads on to the end of the file, now.

        Raises:
            InputError: it cannot be read.
        """
        if self._known != self.source.identity() or self.source.size() < self._pass.end:
            self._begin_anew()
        unsaved = 0
        for chunk in self._chunks():
            first = self.columns.rows
            self.columns.add(chunk.integers, chunk.floats, chunk.n)
            self._pass.add(chunk, first)
            unsaved += 1
            if unsaved == _SAVE_EVERY:
                self._save()
                unsaved = 0
            if self._stop.is_set():
                break
        if unsaved:
            self._save()
        self.caught_up = self.caught_up or not self._stop.is_set()

    @property
    def ended(self) -> bool:
        """Whether all that can be read is indexed: the end of the file was reached once, or an error came before it."""
        return self.caught_up or bool(self.error)

    @property
    def progress(self) -> float:
        """Share of the file that was read."""
        size = self.source.size()
        return min(self._pass.end / size, 1.0) if size else 1.0

    @property
    def problems(self) -> dict[str, RowProblem]:
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

    def rows(self, numbers: Sequence[int], *, tokens: bool = False) -> list[ScoredRow]:
        """Some rows, read from the file; what was seen at every token only where it is asked for."""
        at = self.columns["at"]
        records = self.source.records([int(at[n]) for n in numbers], numbers, tokens=tokens)
        return [self.reader.row(record) for record in records]

    def rows_that_may_hold(self, text: str, numbers: Sequence[int]) -> list[int]:
        """Of some rows those that are worth reading when a text is looked for, whatever its capitals."""
        at = self.columns["at"]
        may = self.source.holding(text, [int(at[n]) for n in numbers])
        return [number for number, holds in zip(numbers, may, strict=True) if holds]

    def _chunks(self) -> Iterable[IndexChunk]:
        pieces = self.source.pieces(self._pass.end)
        first = list(islice(pieces, _PIECES_HERE + 1))
        if len(first) > _PIECES_HERE:
            return self._chunks_elsewhere(chain(first, pieces))
        return chunks_of(self.source.scan(self._pass.end), self.reader)

    def _chunks_elsewhere(self, pieces: Iterable[tuple[int, int]]) -> Iterator[IndexChunk]:
        """Pieces read by other processes, in the order of the file."""
        processes = min(_MOST_PROCESSES, os.cpu_count() or 1)
        waiting: deque[Future[list[IndexChunk]]] = deque()
        with ProcessPoolExecutor(processes, get_context("spawn"), initializer=follow_parent) as pool:
            try:
                for start, end in pieces:
                    waiting.append(pool.submit(piece_of, self.source.path, self.reader.given, start, end))
                    if len(waiting) > 2 * processes:
                        yield from waiting.popleft().result()
                while waiting:
                    yield from waiting.popleft().result()
            except BrokenProcessPool as error:
                raise InputError(
                    f"a process that indexed {self.source.path} was ended by the system: {error}"
                ) from error
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _take_up(self) -> None:
        state = self.columns.state
        if self._goes_on(state):
            self._pass = _Pass.from_dict(state)
            self.caught_up = self._pass.end == self.source.size()
        else:
            self._begin_anew()

    def _goes_on(self, state: dict[str, Any]) -> bool:
        """Whether the file is the one of this state, the same or grown."""
        if state.get("identity") != self._known:
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
        except (InputError, OSError) as error:
            self.error = str(error)
        except BaseException as error:
            self.error = repr(error)
            raise

    def _save(self) -> None:
        self.columns.save(identity=self._known, modified=self._modified(), **self._pass.to_dict())
