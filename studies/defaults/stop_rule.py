"""How far down a list of suspect labels to go: the rule of cleaning beside others, where every label's truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np

import foureyes as fe
from foureyes.cleaning.stopping import StopPoint, keep_top_for, precision_curve
from foureyes.errors import NotEnoughData
from foureyes.maths.bounds import binomial_p, clopper_pearson
from foureyes.report.study import TextTable
from studies.defaults.cleaning_sets import PARTLY, LabelSet, label_sets
from studies.defaults.section import StudyPlan

__all__ = ["RULES", "stop_table"]

Rule: TypeAlias = Callable[[Sequence[StopPoint], float], StopPoint | None]

VERIFIED: Final = (50, 100, 300)
WANTED: Final = (0.5, 0.7, 0.9)
_DELTA: Final = 0.05


def stop_table(plan: StudyPlan) -> TextTable:
    """Rows flagged and promises of precision broken, by every rule on the same verified rows.

    Args:
        plan: splits of it are draws of verified rows.
    """
    sets = [data for data in label_sets(plan.data, plan.seed) if data.kind != PARTLY]
    tried = {n: [drawn for data in sets for drawn in _draws(data, n, plan)] for n in VERIFIED}
    rows = [
        (f"{name}, {n} verified", *_cells([drawn[name] for drawn in draws], [drawn[_OURS] for drawn in draws]))
        for n, draws in tried.items()
        for name in RULES
    ]
    note = (
        f"{len(sets)} sets whose every label is known ({', '.join(data.name for data in sets)}); precision wanted "
        f"{', '.join(map(str, WANTED))}; δ = {_DELTA}; {plan.splits} draws of verified flags each. Flagged: share of all rows "
        "that the experts contradict; broken: the precision of what is flagged lies below the one wanted."
    )
    columns = ("rule", "flagged", "ours to this", "broken, of all draws")
    return TextTable(columns, tuple(rows), "The stop rule of cleaning", note)


def _cells(found: Sequence[tuple[float, bool]], ours: Sequence[tuple[float, bool]]) -> tuple[str, ...]:
    flagged, mine = (float(np.mean([share for share, _ in some])) for some in (found, ours))
    broken = sum(is_broken for _, is_broken in found)
    low, high = clopper_pearson(broken, len(found))
    ratio = f"{mine / flagged:.2f} ×" if flagged else "–"
    return f"{flagged:.3f}", ratio, f"{broken / len(found):.1%} [{low:.1%}, {high:.1%}]"


def _draws(data: LabelSet, n: int, plan: StudyPlan) -> Iterator[Mapping[str, tuple[float, bool]]]:
    issues = fe.find_label_issues(data.labels, dict(data.experts), method="calibrated", keep_top=1.0)
    wrong = np.zeros(len(data.labels), np.bool_)
    wrong[data.rows] = data.wrong
    flagged = issues.row[np.isin(issues.row, data.rows)]
    if len(flagged) < n:
        return
    truth = {point.keep_top: point for point in precision_curve(issues, flagged, wrong[flagged])}
    for draw in range(plan.splits):
        rows = np.random.default_rng([plan.seed, draw, n]).choice(flagged, n, replace=False)
        points = precision_curve(issues, rows, wrong[rows], delta=_DELTA)
        for wanted in WANTED:
            chosen = {name: rule(points, wanted) for name, rule in RULES.items()}
            yield {name: _judged(point, truth, wanted, len(flagged)) for name, point in chosen.items()}


def _judged(
    chosen: StopPoint | None, truth: Mapping[float, StopPoint], wanted: float, n_flagged: int
) -> tuple[float, bool]:
    if chosen is None:
        return 0.0, False
    true = truth[chosen.keep_top]
    return true.verified / n_flagged, (true.precision or 0.0) < wanted


def _ours(points: Sequence[StopPoint], wanted: float) -> StopPoint | None:
    try:
        return keep_top_for(points, wanted)
    except NotEnoughData:
        return None


def _each_alone(points: Sequence[StopPoint], wanted: float) -> StopPoint | None:
    """The largest share whose bound reaches the precision, all twenty bounds holding together: Bonferroni."""
    return next((point for point in reversed(points) if point.low >= wanted), None)


def _in_order(points: Sequence[StopPoint], wanted: float) -> StopPoint | None:
    """From the strictest share with ten verified flags on, each at all of δ, until one fails."""
    found = None
    for point in points:
        if point.verified < _FIRST:
            continue
        if binomial_p(point.verified - point.wrong, point.verified, 1 - wanted) > _DELTA:
            break
        found = point
    return found


def _seen(points: Sequence[StopPoint], wanted: float) -> StopPoint | None:
    """The largest share whose verified flags show the precision: promises nothing."""
    return next((point for point in reversed(points) if (point.precision or 0.0) >= wanted), None)


_FIRST: Final = 10
_OURS: Final = "**ours: fallback**"

RULES: Final[Mapping[str, Rule]] = {
    _OURS: _ours,
    "every bound alone (before)": _each_alone,
    "fixed sequence from ten flags on": _in_order,
    "no test, promises nothing": _seen,
}
