"""The report of label issues: the ranked list, and its precision where labels were verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from foureyes.cleaning.counting import ErrorEstimate
from foureyes.cleaning.issues import Issue, Issues
from foureyes.cleaning.stopping import StopPoint
from foureyes.report import page
from foureyes.report.drawing import INK, LINE, MUTED, RIGHT, WRONG, canvas, svg

__all__ = ["CleaningFindings", "MeasuredPrecision", "MethodPoint", "ShownIssue", "cleaning_page", "issue_of"]

_LISTED: Final = 500
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class MethodPoint:
    """A method without a share to choose: rows flagged, and precision and detection where they are defined."""

    method: str
    flagged: int
    precision: float | None
    detected: float | None


@dataclass(frozen=True, slots=True)
class MeasuredPrecision:
    """Precision against detection on verified rows: the calibrated method by share, others as points."""

    points: tuple[StopPoint, ...]
    others: tuple[MethodPoint, ...]
    n_verified: int
    n_wrong: int


@dataclass(frozen=True, slots=True, eq=False)
class CleaningFindings:
    """Label issues, and how precise they are where labels were verified.

    Attributes:
        issues: ranked.
        keep_top: the share of the calibrated method; ``None`` for the others.
        classes: K names; ``None`` where indices are all there is.
        items: N things to show of the rows; ``None`` for nothing.
        measured: with verified labels only.
        estimate: how many labels are wrong in all; with verified labels only.
    """

    issues: Issues
    keep_top: float | None
    classes: tuple[str, ...] | None
    items: Sequence[Any] | None
    measured: MeasuredPrecision | None
    estimate: ErrorEstimate | None = None

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object, every issue included."""
        return {
            "method": self.issues.method,
            "keep_top": self.keep_top,
            "experts": list(self.issues.experts),
            "n_rows": self.issues.n_rows,
            "classes": self.classes,
            "n_unlabelled": self.issues.n_unlabelled,
            "cut": self.issues.cut,
            "weights": list(self.issues.weights),
            "findings": list(self.issues.findings),
            "issues": self._listed(self.issues),
            "below_cut": [] if self.issues.below is None else self._listed(self.issues.below),
            "measured": self.measured and asdict(self.measured),
            "estimate": self.estimate and asdict(self.estimate),
        }

    def _listed(self, issues: Issues) -> list[dict[str, Any]]:
        return [asdict(issue) | {"reason": issue.explain(self.classes)} for issue in issues]


@dataclass(frozen=True, slots=True)
class ShownIssue:
    """An issue as text."""

    row: str
    score: str
    given: str
    suggested: str
    reason: str
    item: str


def issue_of(issue: Issue, found: CleaningFindings) -> ShownIssue:
    """One issue in words, its classes by name where they are known."""
    names = found.classes
    item = "" if found.items is None else str(found.items[issue.row])
    return ShownIssue(
        f"{issue.row}",
        f"{issue.score:.3g}",
        str(issue.given) if names is None else names[issue.given],
        str(issue.suggested) if names is None else names[issue.suggested],
        issue.explain(names),
        item if len(item) <= _LONGEST else f"{item[:_LONGEST]} …",
    )


def cleaning_page(found: CleaningFindings) -> str:
    """The page as HTML: the ranked list with the cut in it, at most 500 of it, the surest first.

    Args:
        found: what to show.

    Returns:
        A whole document, self-contained; the same for the same argument.

    Raises:
        ConfigError: matplotlib, which draws the picture, is not installed.
    """
    whole = found.issues.whole
    return page.render(
        "cleaning.html",
        found=found,
        n_issues=len(found.issues),
        n_listed=len(whole),
        issues=[issue_of(issue, found) for issue in whole[:_LISTED]],
        picture=found.measured and Markup(_precision_detection(found.measured)),  # noqa: S704 - drawn by us
        points=[_point(point) for point in found.measured.points] if found.measured else [],
        others=[_other(point) for point in found.measured.others] if found.measured else [],
    )


def _precision_detection(measured: MeasuredPrecision) -> str:
    seen = [(p.detected, p.precision, p.low) for p in measured.points if None not in (p.detected, p.precision)]
    detected, precision, low = np.array(seen, np.float64).reshape(-1, 3).T
    with canvas((6.4, 3.9), "precision") as (figure, axes):
        axes.fill_between(detected, low, precision, color=RIGHT, alpha=0.15, linewidth=0)
        axes.plot(detected, precision, color=RIGHT, marker="o", markersize=4, label="calibrated, by share")
        for point, marker in zip(measured.others, ("s", "D", "v"), strict=False):
            if point.precision is not None and point.detected is not None:
                name = point.method.replace("_", " ")
                axes.plot(
                    point.detected,
                    point.precision,
                    marker,
                    markersize=9,
                    markerfacecolor="none",
                    color=WRONG,
                    label=name,
                )
        rate = measured.n_wrong / measured.n_verified if measured.n_verified else 0
        axes.axhline(rate, color=MUTED, linewidth=1, linestyle=(0, (3, 3)), label="wrong among the verified")
        axes.set(
            xlim=(0, 1.02),
            ylim=(0, 1.02),
            xlabel="share of verified label errors detected",
            ylabel="precision of the flags",
        )
        axes.grid(color=LINE, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, labelcolor=INK, loc="best", fontsize=9.5)
        return svg(figure, "Precision of the flags against the share of label errors detected")


def _point(point: StopPoint) -> dict[str, str]:
    return {
        "share": f"{point.keep_top:g}",
        "flagged": f"{point.flagged:,}",
        "verified": f"{point.verified:,}",
        "wrong": f"{point.wrong:,}",
        "precision": _percent(point.precision),
        "low": f"{point.low:.1%}",
        "detected": _percent(point.detected),
    }


def _other(point: MethodPoint) -> dict[str, str]:
    return {
        "method": point.method.replace("_", " "),
        "flagged": f"{point.flagged:,}",
        "precision": _percent(point.precision),
        "detected": _percent(point.detected),
    }


def _percent(share: float | None) -> str:
    return "none verified" if share is None else f"{share:.1%}"
