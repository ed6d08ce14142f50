"""One correctness model for the answers of many models: what does their name add to the question? (GCM)."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.difference import Difference, paired_difference
from foureyes.maths.ranking import Auroc, auroc
from foureyes.report.study import Section, TextTable
from foureyes.signals.history import Case, cross_fitted
from foureyes.signals.history import Part as Sees
from foureyes.study.sections.formatting import interval
from foureyes.types import Exchange
from studies.beliefs.part import Part, verdict

__all__ = ["Authors", "authors", "authors_part"]

FILE: Final = "mmlu_redux/mmlu_redux_14llm.csv.gz"
_FIRST_MODEL: Final = 8
"""Column of the first model's letters."""

SEES: Final[dict[str, tuple[Sees, ...]]] = {
    "the author's name": ("author",),
    "the question": ("question",),
    "both": ("question", "author"),
}


@dataclass(frozen=True, slots=True)
class Authors:
    """What correctness models make of answers that they have not seen.

    Attributes:
        n_questions, n_models: answers are of all of these models to each of these questions.
        left_out: questions in which people found an error.
        areas: AUROC of "wrong" by what the model sees.
        lead: of both over the question alone.
    """

    n_questions: int
    n_models: int
    left_out: int
    areas: dict[str, Auroc]
    lead: Difference


def authors(data: Path, every: int) -> Authors:
    """Every Nth question of MMLU-Redux in which people found no error, with the letters of all its models."""
    with gzip.open(data / FILE, "rt", encoding="utf-8", newline="") as file:
        columns, *lines = csv.reader(file)
    models = columns[_FIRST_MODEL:]
    rows = [dict(zip(columns, line, strict=True)) for line in lines[::every]]
    sound = [row for row in rows if row["error_type"] == "ok"]
    cases, right, group = [], [], []
    for number, row in enumerate(sound):
        for model in models:
            cases.append(Case(Exchange(f"{row['subject']} {row['question']}", row[model] or "-"), author=model))
            right.append(row[model] == row["given_answer"])
            group.append(number)
    correct, groups = np.array(right), np.array(group)
    doubts: dict[str, NDArray[np.float64]] = {
        what: cross_fitted(cases, correct, sees=sees) for what, sees in SEES.items()
    }
    areas = {what: auroc(doubt, wrong=~correct, groups=groups) for what, doubt in doubts.items()}
    lead = paired_difference(doubts["both"], doubts["the question"], ~correct, groups=groups)
    return Authors(len(sound), len(models), len(rows) - len(sound), areas, lead)


def authors_part(found: Authors) -> Part:
    """Table and findings."""
    table = TextTable(
        ("the model sees", "AUROC of wrong"), tuple((what, interval(area)) for what, area in found.areas.items())
    )
    about = (
        f"Letters of {found.n_models} large models to {found.n_questions} questions of MMLU-Redux ({found.left_out} in which people found an error are "
        "left out). A correctness model learns from answers to other questions "
        "whether one is right, from the words of the question, from the name of who answered, or both; it never sees the answer (GCM, arXiv "
        "2509.24988). Five folds by question, questions drawn again."
    )
    said = (
        f"The author's name added to the question: {verdict(found.lead)}, {found.lead.value:+z.3f} [{found.lead.low:+z.3f}, {found.lead.high:+z.3f}] AUROC; "
        f"both together {interval(found.areas['both'])}."
    )
    return Part(Section("The author's name in a correctness model", (about,), (table,)), (said,))
