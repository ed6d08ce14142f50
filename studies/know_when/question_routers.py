"""RouteLLM's MMLU: what a router that sees the question only makes of Mixtral 8x7B and GPT-4.

Correctness and question texts are all there is, no confidences: the calibrated cascade cannot be run here. What can be
is its rival, a learned router, for the level the paper compares with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.cascade.curves import Curve, compare
from foureyes.cascade.question_router import QuestionRouter, hashed_words
from studies.know_when.intervals import Floats, halves
from studies.know_when.published_data import PublishedData
from studies.know_when.values import Figure, FigureTable, PaperClaim, Question, RunSettings, StudyPart

__all__ = ["SubjectRouter", "study"]

FILE = "routellm_mmlu/mmlu_correctness.csv.gz"


class SubjectRouter:
    """Escalates the subjects first in which the large model gained most on other questions."""

    def __init__(self, subjects: Sequence[str], right: NDArray[np.bool_]) -> None:
        """From (N,) subjects and (N, 2) flags of the small and the large model."""
        of, gain = np.asarray(subjects), right[:, 1].astype(np.float64) - right[:, 0]
        self._overall = float(gain.mean())
        self._gain = {str(subject): float(gain[of == subject].mean()) for subject in np.unique(of)}

    def priority(self, read: Any, /) -> Floats:
        """(N,) gain of each question's subject; of an unknown one, the overall gain."""
        return np.array([self._gain.get(str(subject), self._overall) for subject in read])


def study(store: PublishedData, plan: RunSettings) -> StudyPart:
    """Fits both routers on half of the questions."""
    rows = store.rows(FILE)
    right = np.array([[r["mixtral_8x7b_correct"] == "1", r["gpt4_1106_correct"] == "1"] for r in rows])
    subjects, words = np.array([r["subject"] for r in rows]), hashed_words([r["prompt"] for r in rows])
    fit, test = halves(len(rows), plan.seed)
    learned = QuestionRouter.fit(words[fit], right[fit, 0], right[fit, 1])
    curves = compare(
        {
            "ridge on words": (learned, words[test]),
            "subject": (SubjectRouter(subjects[fit].tolist(), right[fit]), subjects[test]),
        },
        right[test, 0],
        right[test, 1],
        interval=(plan.level, plan.draws, plan.seed),
    )
    return StudyPart(
        title="RouteLLM's MMLU: Mixtral 8x7B → GPT-4",
        claims=_claims(curves["ridge on words"]),
        tables=(
            FigureTable(
                "Routers that see the question only, other half",
                ("router", "APGR", "CPT(50)", "CPT(80)"),
                _rows(curves),
            ),
        ),
        notes=(
            (
                "No confidences are published for these answers, so the calibrated cascade is not run on them. The questions "
                "are read as hashed words and fitted by ridge regression, where RouteLLM uses an embedding model, matrix "
                "factorisation and preference data."
            ),
        ),
    )


def _area(curve: Curve, above: float = 0.0) -> Figure:
    if curve.apgr is None or curve.low is None or curve.high is None:
        raise ValueError("Mixtral is not behind GPT-4 in these rows, so there is no gap to recover")
    return Figure(curve.apgr - above, curve.low - above, curve.high - above, curve.n, "rows")


def _rows(curves: dict[str, Curve]) -> list[tuple[str | Figure | float, ...]]:
    return [(name, _area(curve), curve.cpt50 or 0.0, curve.cpt80 or 0.0) for name, curve in curves.items()]


def _claims(learned: Curve) -> list[PaperClaim]:
    paper = "RouteLLM-MF .5497 on MMLU, so .0497"
    return [
        PaperClaim(
            Question.ORDERING,
            "A learned router that sees the question only beats a random one",
            paper,
            _area(learned, 0.5),
            "APGR above 0.5",
            in_paper_terms=f"APGR {learned.apgr:.4f}",
        )
    ]
