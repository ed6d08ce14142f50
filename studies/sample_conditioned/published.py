"""Published answers with ten more samples of their author, each known to be right or wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foureyes.types import Exchange
from studies.sac3 import SETS, found_wrong

__all__ = ["SETS", "SampledAnswer", "load", "n_unlabelled"]


@dataclass(frozen=True, slots=True)
class SampledAnswer:
    """A published answer and what else was drawn.

    Attributes:
        question: what was asked.
        exchange: the question and the answer under scrutiny.
        wrong: whether people found it wrong.
        own: more answers of its author to the same question.
        reworded: its answers to the question in other words.
    """

    question: str
    exchange: Exchange
    wrong: bool
    own: tuple[str, ...]
    reworded: tuple[str, ...]


def load(folder: Path, name: str) -> list[SampledAnswer]:
    """The answers of one set that have a label, in the order of the file."""
    return list(_answers(_rows(folder, name)))


def n_unlabelled(folder: Path, name: str) -> int:
    """How many answers of one set have no label that says right or wrong."""
    return sum(found_wrong(row["label"]) is None for row in _rows(folder, name))


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((folder / SETS[name]).read_text(encoding="utf-8"))
    return rows


def _answers(rows: list[dict[str, Any]]) -> Iterator[SampledAnswer]:
    for row in rows:
        wrong = found_wrong(row["label"])
        if wrong is None:
            continue
        said = row["generated_answer"]
        answer = said[0] if isinstance(said, list) else said
        question = row["question"]
        yield SampledAnswer(
            question,
            Exchange(question, answer),
            wrong,
            tuple(row["self_evaluations"]),
            tuple(row["perb_evaluations"]),
        )
