"""Published answers with ten more samples of their author, each known to be right or wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from foureyes.types import Exchange

__all__ = ["SETS", "SampledAnswer", "load"]

SETS: Final = {
    "HotpotQA": "sac3/hotpotQA_250_eval_labeled-SC.json",
    "NQ": "sac3/nq_open_250_eval_labeled-SC.json",
}
"""Files below the folder of the data, SAC3 (Zhang et al. 2023, arXiv 2311.01740)."""


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
    """The answers of one set, in the order of the file."""
    return list(_answers(json.loads((folder / SETS[name]).read_text(encoding="utf-8"))))


def _answers(rows: list[dict[str, Any]]) -> Iterator[SampledAnswer]:
    for row in rows:
        said = row["generated_answer"]
        answer = said[0] if isinstance(said, list) else said
        question = row["question"]
        yield SampledAnswer(
            question,
            Exchange(question, answer),
            str(row["label"]) == "False",
            tuple(row["self_evaluations"]),
            tuple(row["perb_evaluations"]),
        )
