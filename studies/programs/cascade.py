"""A small writer's programs, and a larger one that is asked where they are doubted: calibration and cascade."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

import foureyes as fe
from foureyes.calibration import Combiner
from foureyes.calibration.choose import CONFIDENCE_KINDS, fit_kind
from foureyes.calibration.cross_validation import Folds, deal_folds, held_out, require_both_classes
from foureyes.calibration.direction import held_direction
from foureyes.calibration.warned import row_losses
from foureyes.cascade.curves import Curve, compare
from foureyes.cascade.lead import RouterLead, router_lead
from foureyes.cascade.routers import ThresholdRouter
from foureyes.choices import CalibratorKind
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.means import mean_interval
from foureyes.report.cascade import interval
from foureyes.report.study import Section, TextTable
from studies.programs.choosing import OWN
from studies.programs.doubts import Doubts, Flags, Floats

__all__ = ["PAPER", "Cascade", "calibration_section", "cascade_section", "published_of"]

FOLDS: Final = 5
FEWEST: Final = 10
"""Programs below which nothing is shown."""

FEWEST_TO_COMBINE: Final = 30
"""Right and wrong programs each, below which doubts are not combined."""

PAPER: Final = (("MBPP", 0.6897), ("GSM8K", 0.7593))
"""APGR of arXiv 2601.07965, the best calibrator, its own models."""


@dataclass(frozen=True, slots=True, eq=False)
class Cascade:
    """Programs of a small writer, and whether the large one's are right, a problem each."""

    doubts: Doubts
    large: Flags

    @property
    def possible(self) -> bool:
        """Whether there is a curve to draw."""
        return len(self.doubts.right) >= FEWEST and 0 < self.doubts.right.mean() < 1

    @property
    def enough(self) -> bool:
        """Whether there is something to combine: with fewer, folds differ by chance in their share of right ones, which turns curves round."""
        n_right = int(self.doubts.right.sum())
        return min(n_right, len(self.doubts.right) - n_right) >= FEWEST_TO_COMBINE


def calibration_section(of: Cascade) -> Section:
    """Every calibrator on every doubt, by cross-validation."""
    right = of.doubts.right
    rows: list[tuple[str, ...]] = []
    for name, doubt in of.doubts.values.items():
        area = fe.auroc(doubt, wrong=~right)
        confidence = np.exp(-doubt)
        fold = deal_folds(FOLDS, confidence)
        cells = name, interval(area.value, area.low, area.high)
        if why := _unfit(confidence, right, fold):
            rows.append((*cells, why, "–", "–", "–"))
            continue
        for kind in CONFIDENCE_KINDS:
            calibrated = held_out(partial(_calibrated, kind, confidence, right), fold)
            rows.append((*cells, kind, *_scores(calibrated, right)))
    columns = ("doubt", "AUROC of wrong", "calibrator", "log loss", "Brier", "ECE")
    note = (
        f"On rows not seen, {FOLDS} folds; exp(−doubt) is calibrated. The log loss of the share of right ones alone is {_chance(right):.3f}. "
        f"Intervals are 95 %, {len(right)} problems drawn anew, fits as they are; that of ECE allows for what chance adds to a binned error."
    )
    return Section("P(correct) of programs", (), (TextTable(columns, tuple(rows), note=note),))


def _unfit(confidence: Floats, right: Flags, fold: Folds) -> str:
    """Why no calibrator is fitted; empty where one can be."""
    try:
        require_both_classes(fold, right)
    except NotEnoughData:
        return "too few to fit"
    fitted_on = [np.ones(len(right), np.bool_), *(fold != k for k in np.unique(fold))]
    if any(_contradicted(confidence[rows], right[rows]) for rows in fitted_on):
        return "none: less doubted, less often right"
    return ""


def _contradicted(confidence: Floats, right: Flags) -> bool:
    """Whether being right falls with confidence by more than chance explains: no fit is made of such rows."""
    try:
        held_direction(confidence, right, "better", None, may_contradict=False)
    except InputError:  # which it raises for nothing else
        return True
    return False


def _calibrated(kind: CalibratorKind, confidence: Floats, right: Flags, where: Flags) -> Callable[[Flags], Floats]:
    fitted = fit_kind(kind, confidence[where], right[where], larger_is="better")
    return lambda unseen: fitted.predict_proba(confidence[unseen])


def _scores(confidence: Floats, right: Flags) -> tuple[str, ...]:
    """Log loss, Brier score and ECE with their intervals; a row is a problem."""
    loss = mean_interval("log loss", row_losses(confidence, right))
    squared, error = mean_interval("Brier score", np.square(confidence - right)), fe.ece(confidence, right)
    return tuple(interval(one.value, one.low, one.high) for one in (loss, squared, error))


def cascade_section(of: Cascade, writers: tuple[str, str], task: str) -> tuple[Section, list[str], dict[str, Curve]]:
    """The cascade by every doubt beside random and oracle, sentences on it, and its curves.

    Args:
        of: the programs.
        writers: the small one and the large one.
        task: whose problems these are, as :data:`PAPER` names it.
    """
    right = of.doubts.right
    reads: dict[str, Floats] = {name: np.exp(-doubt) for name, doubt in of.doubts.values.items()}
    means = {name: doubt for name, doubt in of.doubts.values.items() if name.endswith(": mean")}
    if of.enough and len(means) > 1:
        folds = deal_folds(FOLDS, next(iter(means.values())))
        reads["all, combined"] = held_out(partial(_combined, means, right), folds)
    routers = {name: (ThresholdRouter(), read) for name, read in reads.items()}
    curves = compare(routers, right, of.large)
    plain = routers.get(OWN)
    leads = {
        name: router_lead(one, plain, right, of.large)
        for name, one in routers.items()
        if plain is not None and one is not plain
    }
    rows = [_line(name, curve, leads.get(name)) for name, curve in curves.items()]
    rows += [(f"published, {published_of(name, task)}", f"{value:.4f}", "", "", "") for name, value in PAPER]
    columns = (
        "asks the larger one first where",
        "APGR",
        "over random",
        "over own mean log-prob",
        "escalated for half the gap",
    )
    small, large = writers
    note = (
        f"{small} alone has {right.mean():.1%} of {len(right)} right, {large} {of.large.mean():.1%}; only the small one "
        f"{curves['random'].only_small:.1%}. APGR with 95 % intervals, random is 0.5; leads in mean accuracy over all shares of "
        "escalation. A calibrator of one doubt keeps its order, and so its curve; a combination is fitted on other folds than it is judged on."
    )
    section = Section("A cascade", (), (TextTable(columns, tuple(rows), note=note),))
    return section, list(_findings(curves, leads)), curves


def published_of(name: str, task: str) -> str:
    """Of what a published figure is, beside those of a task."""
    return f"{name}, other models" if name == task else f"{name}, which is another task, other models"


def _combined(doubts: Mapping[str, Floats], right: Flags, where: Flags) -> Callable[[Flags], Floats]:
    fitted = Combiner.fit({name: doubt[where] for name, doubt in doubts.items()}, right[where])
    return lambda unseen: fitted.predict_proba({name: doubt[unseen] for name, doubt in doubts.items()})


def _chance(right: Flags) -> float:
    p = float(np.clip(np.mean(right), 1e-9, 1 - 1e-9))
    return float(-(p * np.log(p) + (1 - p) * np.log(1 - p)))


def _line(name: str, curve: Curve, lead: RouterLead | None) -> tuple[str, ...]:
    over = interval(curve.over_random, curve.over_random_low, curve.over_random_high, sign="+")
    more = "" if lead is None else interval(lead.over_random, lead.over_random_low, lead.over_random_high, sign="+")
    half = "–" if curve.cpt50 is None else f"{curve.cpt50:.0%}"
    return name, interval(curve.apgr, curve.low, curve.high), over, more, half


def _findings(curves: Mapping[str, Curve], leads: Mapping[str, RouterLead]) -> list[str]:
    tried = {name: curve for name, curve in curves.items() if name not in ("random", "oracle")}
    ahead = [name for name, curve in tried.items() if curve.over_random_low > 0]
    behind = [name for name, curve in tried.items() if curve.over_random_high < 0]
    if not leads:
        return [f"Cascade: surely above a random one by {_listed(ahead)}; below it by {_listed(behind)}."]
    better = [name for name, lead in leads.items() if lead.over_random_low > 0]
    worse = [name for name, lead in leads.items() if lead.over_random_high < 0]
    return [
        f"Cascade: surely above a random one by {_listed(ahead)}; below it by {_listed(behind)}.",
        f"Beside a threshold on the author's own mean log-prob, surely better: {_listed(better)}; worse: {_listed(worse)}.",
    ]


def _listed(names: list[str]) -> str:
    return "; ".join(names) or "none"
