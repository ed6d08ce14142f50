"""The table of one calibrator on several files, say one as it was fitted for and others shifted further and further."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration import CalibrationReport, DataShift, Threshold
from foureyes.errors import InputError
from foureyes.maths.betting import mean_upper
from foureyes.maths.bounds import clopper_pearson
from foureyes.report.study import TextTable

__all__ = ["LetThrough", "PromiseState", "PromiseTried", "ShiftRow", "severity_table"]

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

PromiseState: TypeAlias = Literal["kept", "broken", "undecided"]
"""Of a promise on rows with labels: the interval of its risk lies within the limit, above it, or holds it."""

_TAIL: Final = 0.025  # on each side of the interval
_RISKS: Final = {"mean_cost": "mean cost", "false_block_rate": "right ones blocked"}


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
    def of(cls, threshold: Threshold, confidence: Floats, right: Bools) -> LetThrough:
        """Counts the rows of a file: confidences (N,) and whether each answer is right."""
        passed = threshold.lets_through(confidence)
        return cls(int(passed.sum()), float(passed.mean()), *_rate(~right[passed]))


@dataclass(frozen=True, slots=True)
class PromiseTried:
    """What becomes of a promise on the rows of one file.

    Attributes:
        risk, low, high: what was promised to stay within the limit, with its 95 % interval; ``None`` where no row counts.
        state: what that says of the promise.
        shift: whether the rows are like those it was made on; ``None`` where the threshold does not say.
    """

    risk: float | None
    low: float | None
    high: float | None
    state: PromiseState
    shift: DataShift | None

    @classmethod
    def of(cls, threshold: Threshold, confidence: Floats, right: Bools, cost: Floats | None) -> PromiseTried:
        """Tries it on labelled rows that do not hang together, at least one.

        Raises:
            InputError: a promised cost without costs, or with costs above the worst.
        """
        risk, low, high = _risk(threshold, confidence, right, cost)
        within = high is not None and high <= threshold.limit
        state: PromiseState = "kept" if within else "undecided"
        if low is not None and low > threshold.limit:
            state = "broken"
        return cls(risk, low, high, state, None if threshold.made_on is None else threshold.compare(confidence))

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        shift = self.shift and {**asdict(self.shift), "differs": self.shift.differs}
        return {**asdict(self), "shift": shift}


@dataclass(frozen=True, slots=True, eq=False)
class ShiftRow:
    """One file.

    Attributes:
        file: its name.
        n_left_out: rows that lack a score or a label.
        report: measures of the calibrator on the others.
        let_through: what the threshold does to them; ``None`` where none was given.
        promise: what becomes of its promise; ``None`` likewise.
    """

    file: str
    n_left_out: int
    report: CalibrationReport
    let_through: LetThrough | None = None
    promise: PromiseTried | None = None

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "file": self.file,
            "n_left_out": self.n_left_out,
            "report": self.report.to_dict(),
            "let_through": None if self.let_through is None else asdict(self.let_through),
            "promise": self.promise and self.promise.to_dict(),
        }


def severity_table(rows: Sequence[ShiftRow], threshold: Threshold | None = None) -> TextTable:
    """A line a file: accuracy, what is claimed, how well doubtful answers are found, and what becomes of a promise.

    Args:
        rows: one a file.
        threshold: whose promise was tried on them, if one was.
    """
    risk = [] if threshold is None or threshold.risk == "error_rate" else [_RISKS[threshold.risk]]
    promised = [] if threshold is None else ["let through", "wrong among them", *risk, "promise", "made for such data?"]
    columns = ("file", "rows", "accuracy", "confidence", "ECE", "Brier", "AUROC", *promised)
    note = (
        "ECE and AUROC with 95 % intervals; confidence is the mean of what is claimed, to be read beside the accuracy."
    )
    if threshold is not None:
        note += (
            f" A promise is kept or broken where the 95 % interval of its risk lies on one side of its limit, "
            f"{threshold.limit:.3g}; the last column tests at level 0.01 whether confidences are spread as they were."
        )
    return TextTable(
        columns, tuple(_cells(row, risk=bool(risk)) for row in rows), "One calibrator on several files", note
    )


def _cells(row: ShiftRow, *, risk: bool) -> tuple[str, ...]:
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
    passed = _passed(row.let_through) if row.let_through else ()
    return (*cells, *passed, *(_tried(row.promise, risk=risk) if row.promise else ()))


def _passed(found: LetThrough) -> tuple[str, str]:
    if found.wrong is None or found.low is None or found.high is None:
        return "none", "–"
    return f"{found.share:.1%}", f"{found.wrong:.1%} [{found.low:.1%}, {found.high:.1%}]"


def _tried(found: PromiseTried, *, risk: bool) -> tuple[str, ...]:
    if found.risk is None or found.low is None or found.high is None:
        value = "–"
    else:
        value = _interval(found.risk, found.low, found.high)
    return (*([value] if risk else []), found.state, _likeness(found.shift))


def _likeness(shift: DataShift | None) -> str:
    if shift is None:
        return "not known"
    return f"{'no' if shift.differs else 'no sign against it'}, p = {shift.p_value:.2g}"


def _risk(
    threshold: Threshold, confidence: Floats, right: Bools, cost: Floats | None
) -> tuple[float | None, float | None, float | None]:
    passed = threshold.lets_through(confidence)
    if threshold.risk == "error_rate":
        return _rate(~right[passed])
    if threshold.risk == "false_block_rate":
        return _rate(~passed[right])
    if cost is None or threshold.worst_cost is None:
        raise InputError("this threshold promises a cost: say with --cost FIELD what letting an answer through costs")
    paid, worst = cost[passed], threshold.worst_cost
    if not len(paid):
        return None, None, None
    if paid.min() < 0 or paid.max() > worst:
        raise InputError(
            f"costs must lie in [0, {worst:g}], as when it was promised; got {paid.min():g} to {paid.max():g}"
        )
    low = worst * (1 - mean_upper(1 - paid / worst, _TAIL))
    return float(paid.mean()), low, worst * mean_upper(paid / worst, _TAIL)


def _rate(events: Bools) -> tuple[float | None, float | None, float | None]:
    if not len(events):
        return None, None, None
    k, n = int(events.sum()), len(events)
    return k / n, *clopper_pearson(k, n, 1 - 2 * _TAIL)


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
