"""Rows whose prompt or answer holds a text, found in the background: one pass over the file, in its order.

A search goes on as long as somebody asks for it, and ends when it has been to the end of what is indexed, when another takes
its place, or when nobody asked for a while. Start at :class:`Search`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.types import text_of
from foureyes.view.file_index import FileIndex
from foureyes.view.scored_rows import ScoredRow

__all__ = ["Search"]

_CHUNK: Final = 1024
_AT_ONCE: Final = 64
_FORSAKEN_S: Final = 20.0
"""Seconds without a question after which a search ends; it goes on with the next one."""


class Search:
    """One text in one file.

    Args:
        index: of the file.
        text: what to look for, whatever its capitals.
    """

    def __init__(self, index: FileIndex, text: str) -> None:
        self._index, self._text = index, text.casefold()
        self._generation = index.columns.generation
        self._hits: list[int] = []
        self._searched = 0
        self._asked = time.monotonic()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.error = ""

    def of(self, index: FileIndex, text: str) -> bool:
        """Whether this is the search for that."""
        same = self._index is index and self._generation == index.columns.generation
        return same and self._text == text.casefold()

    def found(self) -> tuple[NDArray[np.int64], int]:
        """(n,) the rows found so far, and how many were searched; goes on with the search where it rests."""
        self._asked = time.monotonic()
        with self._lock:
            resting = self._thread is None or not self._thread.is_alive()
            if resting and self._searched < self._index.columns.rows and not self.error:
                self._thread = threading.Thread(target=self._run, name="search", daemon=True)
                self._thread.start()
            return np.array(self._hits, np.int64), self._searched

    def stop(self) -> None:
        """Ends it."""
        self._stopped.set()

    def wait(self, seconds: float) -> None:
        """Gives it a little time, so that a small file is searched before the first answer."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        while self._searched < self._index.columns.rows and not self._stopped.is_set():
            if time.monotonic() - self._asked > _FORSAKEN_S:
                return
            numbers = range(self._searched, min(self._searched + _CHUNK, self._index.columns.rows))
            try:
                hits = self._hits_in(numbers)
            except InputError as error:
                self.error = str(error)
                return
            with self._lock:
                self._hits += hits
                self._searched = numbers.stop

    def _hits_in(self, numbers: Sequence[int]) -> list[int]:
        """A few rows at a time: with their tokens they may be large."""
        worth = self._index.rows_that_may_hold(self._text, numbers)
        runs = [worth[i : i + _AT_ONCE] for i in range(0, len(worth), _AT_ONCE)]
        return [n for run in runs for n, row in zip(run, self._index.rows(run), strict=True) if self._holds(row)]

    def _holds(self, row: ScoredRow) -> bool:
        exchange = row.exchange
        if exchange is None:
            return False
        return self._text in exchange.answer.casefold() or self._text in text_of(exchange.prompt).casefold()
