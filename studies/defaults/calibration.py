"""Are calibrate's defaults the best choice? Log loss and calibration error on rows not seen, set by set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final

import numpy as np

from foureyes.calibration import held_out_gain
from foureyes.report.study import Section, TextTable
from studies.defaults.calibration_candidates import DEFAULT, absent_rivals
from studies.defaults.calibration_sets import UNSUITABLE, ClassSet, ScoreSet, class_sets, score_sets, signal_sets
from studies.defaults.calibration_trials import SIZES, Size, Tally, judge_classes, judge_scores
from studies.defaults.section import StudyPlan

__all__ = ["section"]

_WORKERS: Final = 2
_FITS_OF_A_SET: Final = 14
_RIDGES: Final = (0.0, 0.1, 1.0, 10.0)
_NOTE: Final = (
    "Mean over the sets of the log loss (nats, clipped at 1e-6) and of the calibration error (15 equal-count bins). "
    "Better and worse: sets on which the default's log loss is lower or higher with a 95 % interval that excludes 0; "
    "whole questions are drawn, all models on them together. The interval is of the rows judged, for these fits; on 50 rows "
    "another draw of the rows fitted on moves a loss by more."
)


def section(plan: StudyPlan) -> Section:
    """Measures the defaults of calibrate."""
    scores, classes = list(score_sets(plan.data)), list(class_sets(plan.data))
    with ProcessPoolExecutor(_WORKERS) as pool:
        of_scores = _flat(pool.map(_scores, scores, [plan] * len(scores)))
        of_classes = _flat(pool.map(_classes, classes, [plan] * len(classes)))
    tables = [
        *_tables(of_scores, "A stated confidence"),
        *_tables(of_classes, "Class scores"),
        _combining(plan),
        _losing([*of_scores, *of_classes]),
    ]
    method = (
        "Candidates are fitted on n rows and judged on the others; random splits keep all rows of one question on one side. "
        f"{UNSUITABLE}"
    )
    paragraphs = (
        method,
        *_absent(),
        _refusals([*of_scores, *of_classes]),
    )
    return Section("Calibration", paragraphs, tuple(tables))


def _scores(scores: ScoreSet, plan: StudyPlan) -> list[Tally]:
    return list(judge_scores(scores, plan, _splits(plan, len(scores.confidence))))


def _classes(classes: ClassSet, plan: StudyPlan) -> list[Tally]:
    return list(judge_classes(classes, plan, _splits(plan, len(classes.scores))))


def _splits(plan: StudyPlan, models: int) -> int:
    """Fewer where many models are measured in each."""
    return max(1, min(plan.splits, _FITS_OF_A_SET * plan.splits // 20 // models))


def _flat(found: Iterable[list[Tally]]) -> list[Tally]:
    return [tally for tallies in found for tally in tallies if tally.losses]


def _tables(tallies: Sequence[Tally], what: str) -> list[TextTable]:
    """A line a candidate: at each size its losses, and on how many sets the default is better or worse."""
    names = list(dict.fromkeys(name for tally in tallies for name in tally.losses))
    columns = ("", *(f"n = {size}" if size != "half" else "half of the rows" for size in SIZES))
    losses = [(name, *(_cell(tallies, name, size) for size in SIZES)) for name in names]
    verdicts = [(name, *(_verdict(tallies, name, size) for size in SIZES)) for name in names if name != DEFAULT]
    return [
        TextTable(columns, tuple(losses), f"{what}: log loss / calibration error on rows not seen", _NOTE),
        TextTable(
            columns,
            tuple(verdicts),
            f"{what}: log loss of the alternative minus the default's; sets on which the default is better / worse",
        ),
    ]


def _cell(tallies: Sequence[Tally], name: str, size: Size) -> str:
    there = [tally for tally in tallies if tally.size == size and name in tally.losses]
    if not there:
        return ""
    loss, error = np.mean([(tally.mean(name), float(np.mean(tally.eces[name]))) for tally in there], axis=0)
    return f"{loss:.4f} / {error:.4f}"


def _verdict(tallies: Sequence[Tally], name: str, size: Size) -> str:
    found = [tally.excess[name] for tally in tallies if tally.size == size and name in tally.excess]
    if not found:
        return ""
    better, worse = sum(low > 0 for _, low, _ in found), sum(high < 0 for _, _, high in found)
    return f"{np.mean([mean for mean, _, _ in found]):+.4f}; {better} / {worse} of {len(found)}"


def _losing(tallies: Sequence[Tally]) -> TextTable:
    """The strongest alternative wherever one beats the default."""
    rows = []
    for tally in tallies:
        name, (mean, low, high) = min(tally.excess.items(), key=lambda one: one[1][2])
        if high < 0:
            rows.append((tally.set, str(tally.size), name, f"{mean:+.4f} [{low:+.4f}, {high:+.4f}]"))
    caption = f"Where an alternative beat the default: {len(rows)} of {len(tallies)} fits of a set"
    return TextTable(
        ("set", "n", "the strongest alternative", "its log loss minus the default's"), tuple(rows), caption
    )


def _refusals(tallies: Sequence[Tally]) -> str:
    why: dict[str, int] = {}
    for tally in tallies:
        for reason in tally.refused:
            kind = (
                "one class only, or all of one in a fold" if "answers" in reason else "larger is not better in the fit"
            )
            why[kind] = why.get(kind, 0) + 1
    told = ", ".join(f"{kind}: {n}" for kind, n in why.items()) or "never"
    return f"Fits that were refused, and count for nobody: {told}."


def _absent() -> tuple[str, ...]:
    absent = absent_rivals()
    return (f"**Not installed, left out: {', '.join(absent)}** (bench/requirements-rivals.txt).",) if absent else ()


def _combining(plan: StudyPlan) -> TextTable:
    """What two signals gain over the best of them at each ridge."""
    rows = []
    for name, signals, right in signal_sets(plan.data):
        gains = [held_out_gain(signals, right, ridge=ridge) for ridge in _RIDGES]
        rows.append((name, *(f"{gain.gain:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]" for gain in gains)))
    return TextTable(
        ("", *(f"ridge {ridge:g}" for ridge in _RIDGES)),
        tuple(rows),
        "Combining two signals: nats a row saved over the best alone, held out",
        "The default ridge is 1.",
    )
