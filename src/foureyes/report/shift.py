"""The table of one calibrator on several files, say one as it was fitted for and others shifted further and further."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration import CalibrationReport, Threshold
from foureyes.maths.bounds import clopper_pearson
from foureyes.report.study import TextTable

__all__ = ["LetThrough", "ShiftRow", "severity_table"]


@dataclass(frozen=True, slots=True)
class LetThrough:
    """What a threshold does to the rows of one file.

    Attributes:
        n: rows let through.
        share: of all rows.
        wrong, low, high: share of wrong answers among them, with its exact 95 % interval; ``None`` where none is let through.
    """

    n: int
    share: float
    wrong: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, threshold: Threshold, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> LetThrough:
        """Counts the rows of a file: confidences (N,) and whether each answer is right."""
        passed = threshold.lets_through(confidence)
        n, wrong = int(passed.sum()), int((passed & ~right).sum())
        low, high = clopper_pearson(wrong, n) if n else (None, None)
        return cls(n, n / len(right), wrong / n if n else None, low, high)


@dataclass(frozen=True, slots=True, eq=False)
class ShiftRow:
    """One file.

    Attributes:
        file: its name.
        n_left_out: rows that lack a score or a label.
        report: measures of the calibrator on the others.
        let_through: what the threshold does to them; ``None`` where none was given.
    """

    file: str
    n_left_out: int
    report: CalibrationReport
    let_through: LetThrough | None = None

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        passed = None if self.let_through is None else asdict(self.let_through)
        return {
            "file": self.file,
            "n_left_out": self.n_left_out,
            "report": self.report.to_dict(),
            "let_through": passed,
        }


def severity_table(rows: Sequence[ShiftRow]) -> TextTable:
    """A line a file: how right the answers are, how right they are said to be, and how well the doubtful ones are found."""
    promised = [row for row in rows if row.let_through is not None]
    columns = (
        "file",
        "rows",
        "accuracy",
        "confidence",
        "ECE",
        "Brier",
        "AUROC",
        *(["let through", "wrong among them"] if promised else []),
    )
    note = (
        "ECE and AUROC with 95 % intervals; confidence is the mean of what is claimed, to be read beside the accuracy."
    )
    return TextTable(columns, tuple(map(_cells, rows)), "One calibrator on several files", note)


def _cells(row: ShiftRow) -> tuple[str, ...]:
    found = row.report
    area = "one class only" if found.auroc is None else _interval(found.auroc.value, found.auroc.low, found.auroc.high)
    error = _interval(found.ece.value, found.ece.low, found.ece.high)
    cells = (
        row.file,
        f"{found.n:,}",
        f"{found.accuracy:.1%}",
        f"{found.mean_confidence:.1%}",
        error,
        f"{found.brier.value:.3f}",
        area,
    )
    return (*cells, *(_passed(row.let_through) if row.let_through else ()))


def _passed(found: LetThrough) -> tuple[str, str]:
    if found.wrong is None or found.low is None or found.high is None:
        return "none", "–"
    return f"{found.share:.1%}", f"{found.wrong:.1%} [{found.low:.1%}, {found.high:.1%}]"


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
