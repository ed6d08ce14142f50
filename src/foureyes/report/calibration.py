"""The calibration report: a calibrator's measures on rows it has not seen, as lines of text and as a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from markupsafe import Markup

from foureyes.calibration import CalibrationReport, PromiseTable, Threshold
from foureyes.maths.reliability import ECE_BINS
from foureyes.report import page
from foureyes.report.diagrams import reliability_diagram
from foureyes.report.promises import achievable_table

__all__ = ["CalibrationFindings", "MeasureLine", "calibration_page", "measures"]


@dataclass(frozen=True, slots=True)
class CalibrationFindings:
    """A calibrator's measures on held-out rows, before and after.

    Attributes:
        kind: of the calibrator.
        scores: what it calibrates, in words.
        n_fitted: rows it was fitted on.
        n_left_out: rows of the file that lack a score or a label.
        after: measures of its confidences.
        before: measures of the scores themselves, where they are confidences; else ``None``.
        threshold: a promise made on the same rows, if one was asked for.
        achievable: the promises that can be kept where the one asked for cannot; ``None`` elsewhere.
        direction_note: what has to be said first of a fit that was accepted against the catalogue of signals.
    """

    kind: str
    scores: str
    n_fitted: int
    n_left_out: int
    after: CalibrationReport
    before: CalibrationReport | None
    threshold: Threshold | None = None
    achievable: PromiseTable | None = None
    direction_note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        promised = self.threshold and {
            **asdict(self.threshold),
            "statement": self.threshold.statement,
            "assumes": self.threshold.assumes,
        }
        return {
            **({"direction_note": self.direction_note} if self.direction_note else {}),
            "kind": self.kind,
            "scores": self.scores,
            "n_fitted": self.n_fitted,
            "n_left_out": self.n_left_out,
            "before": self.before and self.before.to_dict(),
            "after": self.after.to_dict(),
            "promise": promised,
            "achievable": self.achievable and self.achievable.columns(),
            **({"labels_needed": self.achievable.needed} if self.achievable else {}),
        }


@dataclass(frozen=True, slots=True)
class MeasureLine:
    """A line of the table: a measure, its value before and after (empty where there is none), what it means."""

    name: str
    before: str
    after: str
    meaning: str


def measures(judged: CalibrationFindings) -> list[MeasureLine]:
    """The table of measures.

    Args:
        judged: the calibrator.

    Returns:
        One entry a measure; the same words on a terminal and on the page.
    """
    before = dict(_values(judged.before)) if judged.before else {}
    return [MeasureLine(name, before.get(name, ""), value, _MEANINGS[name]) for name, value in _values(judged.after)]


def calibration_page(judged: CalibrationFindings) -> str:
    """The calibration report as an HTML page.

    Args:
        judged: what to show.

    Returns:
        A whole document, self-contained; the same for the same argument.

    Raises:
        ConfigError: matplotlib, which draws the pictures, is not installed.
    """
    return page.render(
        "calibration.html",
        judged=judged,
        measures=measures(judged),
        ece=f"{judged.after.ece.value:.3f}",
        chance=f"{judged.after.ece.chance:.3f}",
        before=judged.before and _drawn(judged.before, "before"),
        after=_drawn(judged.after, "after"),
        bins=[_bin(row) for row in judged.after.reliability.rows()],
        statement=judged.threshold and judged.threshold.statement,
        assumes=judged.threshold and judged.threshold.assumes,
        achievable=judged.achievable and achievable_table(judged.achievable),
        achievable_words=judged.achievable and judged.achievable.statement,
        coverage=judged.threshold and f"{judged.threshold.coverage:.0%}",
    )


_MEANINGS = {
    "ECE": f"mean gap between confidence and accuracy, {ECE_BINS} equal-count bins; 0 is best",
    "ECE by chance": "what a perfectly calibrated model of this size would show",
    "Largest gap": "of any of these bins (MCE); read it beside the bin's count",
    "Brier score": "mean squared error of the confidence; lower is better",
    "Brier skill": "1 = perfect, 0 = no better than always saying the accuracy",
    "Log loss": "nats; lower is better",
    "AUROC": "how well low confidence finds wrong answers; 0.5 = chance",
    "AURC": "mean share of wrong answers while the least confident are rejected one by one; lower is better",
    "PRR": "the same as a ratio: 1 = perfect order, 0 = no order",
    "Mean confidence": "what is claimed",
    "Accuracy": "what is so",
}


def _values(found: CalibrationReport) -> Iterator[tuple[str, str]]:
    error, skill, area, rejected = found.ece, found.brier.skill, found.auroc, found.aurc
    yield "ECE", f"{error.value:.3f} [{error.low:.3f}, {error.high:.3f}]"
    yield "ECE by chance", f"{error.chance:.3f}"
    yield "Largest gap", f"{found.mce:.3f}"
    yield "Brier score", f"{found.brier.value:.3f}"
    yield "Brier skill", "undefined" if skill is None else f"{skill:.3f}".replace("-", "−")
    yield "Log loss", f"{found.nll:.3f}"
    yield "AUROC", "one class only" if area is None else f"{area.value:.3f} [{area.low:.3f}, {area.high:.3f}]"
    yield "AURC", f"{rejected.value:.3f} [{rejected.low:.3f}, {rejected.high:.3f}]"
    yield "PRR", "undefined" if rejected.prr is None else f"{rejected.prr:.3f}".replace("-", "−")
    yield "Mean confidence", f"{found.mean_confidence:.3f}"
    yield "Accuracy", f"{found.accuracy:.3f}"


def _drawn(found: CalibrationReport, name: str) -> Markup:
    return Markup(reliability_diagram(found.reliability, name))  # noqa: S704 - drawn by us, no text from outside in it


def _bin(row: dict[str, Any]) -> dict[str, str]:
    return {
        "span": f"{row['lower']:.3f}–{row['upper']:.3f}",
        "n": f"{row['n']:,}",
        "confidence": f"{row['confidence']:.3f}",
        "accuracy": f"{row['accuracy']:.3f}",
        "interval": f"{row['accuracy_low']:.3f}–{row['accuracy_high']:.3f}",
    }
