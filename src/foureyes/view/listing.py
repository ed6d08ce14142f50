"""Rows in order: which fit, how they are sorted, and what is told of each in a list."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.report.cells import visible_text
from foureyes.types import Prompt
from foureyes.view.joining import Joints, Rows
from foureyes.view.ordering import ANY, Order, ranked, within
from foureyes.view.questions import RowsQuestion
from foureyes.view.scored_rows import ScoredRow
from foureyes.view.search import Search
from foureyes.view.viewed_file import ViewedFile, label_word, worst_end

__all__ = ["Listing", "ShownVerifier"]

_PREVIEW: Final = 300
_SEARCH_FIRST_S: Final = 0.3
"""Seconds an answer waits for a search that has just begun: a small file is then searched to its end."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ShownVerifier:
    """A file as one verifier saw it; the verifier is empty where the file has none."""

    file: ViewedFile
    verifier: str

    def values(self, signal: str) -> Floats:
        """(rows,) a signal, NaN where a row has none or nobody took it."""
        index = self.file.index
        if signal not in index.signals(self.verifier):
            return np.full(index.columns.rows, np.nan)
        return index.column(self.verifier, signal)


@dataclass(frozen=True, slots=True)
class _Beside:
    """The same answers elsewhere: their rows and their values, and how far ours are from them."""

    rows: Rows
    values: Floats
    difference: Floats


class Listing:
    """Lists rows of files.

    Args:
        joints: how files hang together.
    """

    def __init__(self, joints: Joints) -> None:
        self._joints = joints
        self._search: Search | None = None

    def close(self) -> None:
        """Ends a search."""
        if self._search is not None:
            self._search.stop()

    def rows(
        self, asked: RowsQuestion, part: ShownVerifier, beside: ShownVerifier | None, default_sort: str
    ) -> dict[str, Any]:
        """Some rows of a part.

        Args:
            asked: which.
            part: file and verifier.
            beside: another one, for a second value a row.
            default_sort: the signal where none is asked for.

        Raises:
            InputError: there is no such signal.
        """
        file = part.file
        # Looked up once, and before the rows: they may come to an end.
        used = asked.order if file.index.ended else "file"
        n = file.index.columns.rows
        signal = _signal(asked, part, default_sort)
        values = part.values(signal)[:n]
        other = None if beside is None else self._beside(signal, values, part, beside)
        order = self._order(replace(asked, order=used if signal else "file"), part, signal, other)
        order = order[order < n]
        fits, search = self._fits(asked, part, values)
        numbers = order if fits is None else order[fits[order]]
        shown = [int(number) for number in numbers[asked.offset : asked.offset + asked.limit]]
        told = _told(part, shown)
        for place, row in enumerate(told, start=asked.offset + 1):
            row |= {"place": place, "value": _number(values[row["row"]])}
            if other is not None:
                row["with"] = _with(other, row["row"])
        return {"total": len(numbers), "indexed": n, "order": used, "sort": signal, "search": search, "rows": told}

    def _beside(self, signal: str, values: Floats, part: ShownVerifier, beside: ShownVerifier) -> _Beside:
        rows = self._joints.rows(part.file, beside.file)[: len(values)]
        theirs = beside.values(signal)
        there = np.where((rows >= 0) & (rows < len(theirs)), rows, -1)
        known = np.append(theirs, np.nan)[there]
        return _Beside(there, known, values - known)

    def _order(self, asked: RowsQuestion, part: ShownVerifier, signal: str, other: _Beside | None) -> Order:
        if asked.by == "value" or asked.order == "file":
            return part.file.order(part.verifier, signal, asked.order)
        if other is None:
            raise InputError("by=difference wants with=FILE:VERIFIER")
        descending = (worst_end(signal) == "high") == (asked.order == "worst")
        return ranked(other.difference, descending=descending)

    def _fits(
        self, asked: RowsQuestion, part: ShownVerifier, values: Floats
    ) -> tuple[NDArray[np.bool_] | None, dict[str, Any] | None]:
        """Which rows fit, ``None`` for all of them; and how far the search for a text has come."""
        n = len(values)
        tests = []
        if asked.labels:
            tests.append(np.isin(part.file.said()[:n], asked.labels))
        if asked.tokens != ANY:
            tests.append(within(part.values("n_tokens")[:n], asked.tokens))
        if asked.signal != ANY:
            tests.append(within(values, asked.signal))
        search = None
        if asked.text:
            hits, search = self._searched(asked.text, part.file, n)
            tests.append(hits)
        return (np.logical_and.reduce(tests) if tests else None), search

    def _searched(self, text: str, file: ViewedFile, n: int) -> tuple[NDArray[np.bool_], dict[str, Any]]:
        if self._search is None or not self._search.of(file.index, text):
            self.close()
            self._search = Search(file.index, text)
            self._search.found()
            self._search.wait(_SEARCH_FIRST_S)
        rows, searched = self._search.found()
        if self._search.error:
            raise InputError(self._search.error)
        hits = np.zeros(n, np.bool_)
        hits[rows[rows < n]] = True
        complete = searched >= n and file.index.ended
        return hits, {"searched": min(searched, n), "of": n, "complete": complete}


def _signal(asked: RowsQuestion, part: ShownVerifier, default: str) -> str:
    """What is sorted by; empty where the part has no number yet."""
    known = part.file.index.signals(part.verifier)
    if not asked.sort:
        return default if default in known else next(iter(known), "")
    if asked.sort not in known:
        wanted = ", ".join(known) or "none yet"
        raise InputError(f"no signal {asked.sort!r:.60} of {part.verifier!r:.60}; there are {wanted}")
    return asked.sort


def _told(part: ShownVerifier, numbers: Sequence[int]) -> list[dict[str, Any]]:
    index = part.file.index
    columns = {name: part.values(name) for name in index.signals(part.verifier)}
    label, mine = index.columns["label"], part.file.mine()
    return [
        {
            "row": n,
            "where": row.record.place,
            "which": row.answer.which,
            **_words(row),
            "signals": {name: _number(column[n]) for name, column in columns.items() if name != "n_tokens"},
            "n_tokens": _number(columns["n_tokens"][n]) if "n_tokens" in columns else None,
            "label": label_word(int(label[n])),
            "mine": label_word(int(mine[n])),
            "problem": row.problem or _unscored(row, part.verifier),
        }
        for n, row in zip(numbers, index.rows(numbers), strict=True)
    ]


def _words(row: ScoredRow) -> dict[str, str]:
    exchange = row.exchange
    if exchange is None:
        return {"prompt": "", "answer": ""}
    previews = (_last_turn(exchange.prompt)[:_PREVIEW], exchange.answer[:_PREVIEW])
    return dict(zip(("prompt", "answer"), map(visible_text, previews), strict=True))


def _last_turn(prompt: Prompt) -> str:
    if isinstance(prompt, str):
        return prompt
    return prompt[-1].content if prompt else ""


def _unscored(row: ScoredRow, verifier: str) -> str:
    why = row.results.get(verifier, {}).get("unscored")
    return f"{why.get('reason')}: {why.get('detail', '')}".rstrip(": ") if isinstance(why, dict) else ""


def _with(other: _Beside, row: int) -> dict[str, Any]:
    found = int(other.rows[row])
    return {
        "row": None if found < 0 else found,
        "value": _number(other.values[row]),
        "difference": _number(other.difference[row]),
    }


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
