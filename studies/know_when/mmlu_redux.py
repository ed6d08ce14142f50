"""MMLU-Redux: wrong answers in MMLU, found by a panel of fourteen language models. Every question was checked by people."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

import foureyes as fe
from foureyes.cleaning.panel import letter_indices, letter_probs, panel_probs
from foureyes.cleaning.stopping import precision_curve
from studies.know_when.intervals import Floats, halves
from studies.know_when.label_errors import COMPARISON, Checked, Compared, calibrated_probs, judged
from studies.know_when.published_data import PublishedData
from studies.know_when.values import Cell, FigureTable, PaperClaim, Question, RunSettings, StudyPart

__all__ = ["agreement", "study"]

FILE = "mmlu_redux/mmlu_redux_14llm.csv.gz"
SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_OTHER_COLUMNS = 8
_AT_LEAST = 0.26  # of four options the one that was named stays the most probable, however little it is believed


def study(store: PublishedData, plan: RunSettings) -> StudyPart:
    """The panel as one expert, and as fourteen who must all contradict the answer."""
    rows = store.rows(FILE)
    names = list(rows[0])[_OTHER_COLUMNS:]
    letters = {name: [row[name] for row in rows] for name in names}
    given = letter_indices([row["given_answer"] for row in rows], 4)
    kinds = np.array([row["error_type"] for row in rows])
    panel = {"panel": panel_probs(letters, 4)}
    each = {
        name: letter_probs(letters[name], 4, confidences=c) for name, c in _confidences(letters, given, plan).items()
    }
    ways = {
        "panel as one expert": (panel, {"panel": calibrated_probs(given, panel["panel"], plan.seed)}),
        "every model contradicts": ({n: letter_probs(letters[n], 4) for n in names}, each),
    }
    done: dict[str, Compared] = {}
    for truth, wrong in (("wrong_groundtruth", kinds == "wrong_groundtruth"), ("any error", kinds != "ok")):
        data = Checked(given, panel["panel"], np.arange(len(rows)), wrong)
        done |= {f"{way}, {truth}": judged(data, raw, stated, plan) for way, (raw, stated) in ways.items()}
    return StudyPart(
        title="MMLU-Redux: a panel of 14 language models",
        claims=_claims(done),
        tables=(_table(done), _stops(given, ways["panel as one expert"][1], kinds == "wrong_groundtruth")),
        notes=(
            (
                "Letters only, no confidences: a model's confidence is the share of the other models that chose its letter, "
                "through Platt fitted on the other half of the questions. Uncalibrated, each letter counts as certain; then "
                'Confident Learning over 14 models and "every model contradicts" are the same rule.'
            ),
            (
                "All 5 700 questions were checked, so precision and detection are those of the data. The models are strong and "
                "may know MMLU by heart, wrong answers included."
            ),
        ),
    )


def agreement(chosen: NDArray[np.intp]) -> Floats:
    """(M, N) share of the other models that chose the same option; 0 for a model that chose none."""
    same = (chosen[:, None, :] == chosen[None, :, :]).sum(axis=1) - 1
    share: Floats = np.where(chosen >= 0, same / (len(chosen) - 1), 0.0)
    return share


def _confidences(letters: Mapping[str, list[str]], given: NDArray[np.intp], plan: RunSettings) -> dict[str, Floats]:
    chosen = np.array([letter_indices(said, 4) for said in letters.values()])
    one, other = halves(len(given), plan.seed)
    stated = {}
    for name, share, said in zip(letters, agreement(chosen), chosen, strict=True):
        confidence = np.empty(len(given))
        for fit, use in ((one, other), (other, one)):
            confidence[use] = fe.Platt.fit(share[fit], said[fit] == given[fit]).predict_proba(share[use])
        stated[name] = np.maximum(confidence, _AT_LEAST)
    return stated


def _table(done: Mapping[str, Compared]) -> FigureTable:
    title = "Precision over all questions, at the largest detection both methods reach"
    rows = [(name, *result.cells) for name, result in done.items()]
    return FigureTable(title, ("experts, what counts as wrong", *COMPARISON), rows)


def _stops(given: NDArray[np.intp], stated: Mapping[str, Floats], wrong: NDArray[np.bool_]) -> FigureTable:
    issues = fe.find_label_issues(given, dict(stated), method="calibrated", keep_top=1.0)
    points = precision_curve(issues, np.arange(len(given)), wrong, grid=SHARES)
    rows: list[tuple[Cell, ...]] = [
        (f"{point.keep_top:.0%}", point.flagged, point.wrong, point.precision or 0.0, point.low, point.detected or 0.0)
        for point in points
    ]
    columns = ("most confident rows heard", "flagged", "wrong", "precision", "bounded below by", "detected")
    return FigureTable("The panel as one expert, wrong_groundtruth: precision against detection", columns, rows)


def _claims(done: Mapping[str, Compared]) -> list[PaperClaim]:
    return [
        PaperClaim(
            Question.CLEANING,
            f"Calibrated ensemble beats Confident Learning: MMLU-Redux, {name}",
            "ImageNet, flags of one method only: .665 against .537",
            result.ahead,
            "precision at equal detection",
            in_paper_terms=f"{result.ours.value:.4f} against {result.theirs.value:.4f}",
        )
        for name, result in done.items()
        if name.endswith("wrong_groundtruth")
    ]
