"""Programs as they were written, graded and read; each row is kept, so that a run that was stopped goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from foureyes.errors import BudgetSpent
from foureyes.models.catalog import open_reader, open_writer
from foureyes.models.roles import Sampling
from foureyes.study.tasks.code import code_places
from foureyes.study.tasks.grading import grade
from foureyes.study.tasks.items import TaskItem
from foureyes.types import Exchange, Reading, Unscored, Written
from studies.route.cache import Row, kept, rows_of, weights_of

__all__ = ["MAX_TOKENS", "SAMPLES", "Workshop"]

MAX_TOKENS: Final = 192
"""Most tokens of a program; a longer one is cut off, and fails."""

SAMPLES: Final = 4
_TEMPERATURE: Final = 0.8
"""Of samples, as the papers of HumanEval and MBPP draw many."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where programs are made.

    Attributes:
        folder: of the rows.
        items: questions by their ids, in order.
        seconds: of computing for each kind of row; what is not made by then is left out.
    """

    folder: Path
    items: Mapping[str, TaskItem]
    seconds: float

    def written(self, writer: str) -> dict[str, Row]:
        """The greedy program of each question."""
        return self._programs("written", writer, 16, Sampling(max_tokens=MAX_TOKENS))

    def sampled(self, writer: str) -> dict[str, Row]:
        """``SAMPLES`` programs of each question; a row has them in a list."""
        return self._programs(
            "sampled", writer, 4, Sampling(max_tokens=MAX_TOKENS, temperature=_TEMPERATURE, n=SAMPLES)
        )

    def read(self, reader: str, name: str, rows: Mapping[str, Row]) -> dict[str, Row]:
        """What a reader sees in the programs of some rows, which are called by a name."""
        asked = {one: (weights_of(reader), self.items[one].prompt, _texts(row)) for one, row in rows.items()}
        return self._kept(f"read-{name}-by-{reader}", 4, asked, lambda ids: self._look(reader, rows, ids))

    def _programs(self, kind: str, writer: str, batch: int, how: Sampling) -> dict[str, Row]:
        asked = {one: (weights_of(writer), item.prompt, item.problem, how) for one, item in self.items.items()}
        return self._kept(f"{kind}-{writer}", batch, asked, lambda ids: self._write(writer, ids, how))

    def _kept(
        self, name: str, batch: int, asked: Mapping[str, object], make: Callable[[Sequence[str]], list[Row]]
    ) -> dict[str, Row]:
        path, ends = self.folder / f"{name}.jsonl", time.monotonic() + self.seconds

        def within(some: Sequence[str]) -> list[Row]:
            if time.monotonic() >= ends:
                raise BudgetSpent("the time for these rows is over")
            return make(some)

        with suppress(BudgetSpent):
            kept(path, asked, within, batch=batch)
        return rows_of(path, asked)

    def _write(self, writer: str, ids: Sequence[str], how: Sampling) -> list[Row]:
        answers = _writer(writer).write([self.items[one].prompt for one in ids], how)
        return [
            {"programs": [_program(self.items[one], answer) for answer in several]}
            for one, several in zip(ids, answers, strict=True)
        ]

    def _look(self, reader: str, rows: Mapping[str, Row], ids: Sequence[str]) -> list[Row]:
        texts = [(one, program["text"]) for one in ids for program in rows[one]["programs"]]
        seen = iter(_reader(reader).read([Exchange(self.items[one].prompt, text) for one, text in texts]))
        return [{"readings": [_seen(next(seen)) for _ in rows[one]["programs"]]} for one in ids]


def _program(item: TaskItem, one: Written | Unscored) -> dict[str, Any]:
    if isinstance(one, Unscored):
        raise SystemExit(f"the writer did not answer {item.id}: {one.detail}")
    text = str(one.exchange.answer)
    right = grade(item, text) == "right"
    return {"text": text, "right": right, "cut": one.finish == "length", **_seen(one.reading)}


def _seen(one: Reading | Unscored | None) -> dict[str, Any]:
    """Surprise of every token, and which of them are of the code; none where there is no reading."""
    if not isinstance(one, Reading):
        return {"nll": None, "code": None}
    found = [(a, a + len(one.answer[a:b].rstrip())) for a, b in code_places(one.answer)]
    places = [(len(one.answer[:a].encode()), len(one.answer[:b].encode())) for a, b in found]
    inside = np.any([(one.spans[:, 0] < end) & (one.spans[:, 1] > start) for start, end in places], axis=0)
    return {"nll": [round(float(x), 4) for x in one.nll], "code": [int(x) for x in inside]}


def _texts(row: Row) -> list[str]:
    return [program["text"] for program in row["programs"]]


@cache
def _writer(name: str) -> Any:
    return open_writer(name)


@cache
def _reader(name: str) -> Any:
    return open_reader(name)
