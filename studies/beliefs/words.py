"""Words for people: does a phrase mean what its confidence says? Published confidences, no model is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration import Platt
from foureyes.calibration.phrases import IPCC
from foureyes.maths.flips import FlipShare
from foureyes.report.study import Section, TextTable
from foureyes.study.sections.formatting import share
from studies.beliefs.part import Part

__all__ = ["Phrased", "phrased", "words_part"]

MODELS = ("Llama-7b", "Llama3-70b", "gpt-4-turbo")
FILE = "llm_mcq_confidence/arc_first_prompt.npz"


@dataclass(frozen=True, slots=True)
class Phrased:
    """The answers that one phrase was shown with.

    Attributes:
        model: whose answers.
        how: confidence ``"as given"`` or ``"calibrated"``.
        phrase: of the IPCC's scale.
        bounds: what it stands for.
        right: share of them that is right.
    """

    model: str
    how: str
    phrase: str
    bounds: tuple[float, float]
    right: FlipShare

    @property
    def verdict(self) -> str:
        """Whether the share is inside the bounds, as far as its interval says."""
        low, high = self.bounds
        if self.right.high < low:
            return "too strong"
        if self.right.low > high:
            return "too weak"
        return "holds" if low <= self.right.low and self.right.high <= high else "not decided"


def phrased(data: Path) -> list[Phrased]:
    """Every phrase of every model, on the half of the questions that the calibrator has not seen."""
    stored = np.load(data / FILE)
    names = [str(name) for name in stored["models"]]
    found = []
    for model in (name for name in names if name.lower() in {one.lower() for one in MODELS}):
        row = names.index(model)
        sure, right = stored["msp"][row].astype(float), stored["grade"][row] == 1
        there = np.isfinite(sure)
        sure, right = np.clip(sure[there], 0, 1), right[there]
        fit = np.arange(len(sure)) % 2 == 0
        calibrated = Platt.fit(sure[fit], right[fit]).predict_proba(sure[~fit])
        for how, confidence in (("as given", sure[~fit]), ("calibrated", calibrated)):
            found += _of_phrases(model, how, confidence, right[~fit])
    return found


def _of_phrases(model: str, how: str, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> list[Phrased]:
    said = np.array([IPCC.phrase(one) for one in confidence])
    ends = (0.0, *IPCC.cuts, 1.0)
    return [
        Phrased(
            model,
            how,
            phrase,
            (ends[i], ends[i + 1]),
            FlipShare.of(int(right[said == phrase].sum()), int((said == phrase).sum())),
        )
        for i, phrase in enumerate(IPCC.phrases)
        if (said == phrase).any()
    ]


def words_part(found: list[Phrased]) -> Part:
    """Table and findings."""
    columns = ("model", "confidence", "phrase", "stands for", "answers", "right", "verdict")
    rows = tuple(
        (
            one.model,
            one.how,
            one.phrase,
            "{:.2f} to {:.2f}".format(*one.bounds),
            str(one.right.n),
            share(one.right),
            one.verdict,
        )
        for one in found
    )
    about = (
        "The phrase shown with an answer is that of the IPCC's scale for its confidence: the model's own on ARC (Plaut et al. 2024), as given, and after "
        "Platt on the other half of the questions. A phrase holds where the whole interval of the share right lies within what it stands for."
    )
    findings = []
    for how in ("as given", "calibrated"):
        of = [one for one in found if one.how == how]
        counts = {
            said: sum(one.verdict == said for one in of) for said in ("holds", "not decided", "too strong", "too weak")
        }
        findings.append(
            f"Phrases for confidences {how}: "
            + ", ".join(f"{said} {n}" for said, n in counts.items())
            + f", of {len(of)}."
        )
    missing = (
        "How likely people take an answer to be right after reading its phrase: the human half of the calibration gap (arXiv 2401.13835) needs "
        "their guesses, which are not among the data at hand."
    )
    return Part(Section("Words for people", (about,), (TextTable(columns, rows),)), tuple(findings), (missing,))
