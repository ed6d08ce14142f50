"""Cascades of language models: every pair with a gap, and pairs of about equal ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import get_args

import numpy as np

from studies.know_when.cascades import ORDERS, Cascade, CascadePair, cascade, same_size
from studies.know_when.intervals import Floats, figure_over_rows, mean_over_models, mean_over_rows
from studies.know_when.language import TASKS, Kind, PromptedTask, pairs, settings
from studies.know_when.published_data import PublishedData
from studies.know_when.values import NO_FIGURE, Cell, Figure, FigureTable, PaperClaim, Question, RunSettings, StudyPart

__all__ = ["PairResult", "pair_results", "study"]

GAP = 0.05
SAME = 0.02
FAMILIES = (
    ("Llama3-8b", "Llama3-70b"),
    ("Llama-7b", "Llama-70b"),
    ("Yi-6b", "Yi-34b"),
    ("Mistral", "Mixtral"),
    ("gpt-3.5-turbo", "gpt-4-turbo"),
)
PAPER_BINS = {5: ".6917", 15: ".7013", 50: ".7044", 100: ".7035"}
WIDTHS = ((0.05, 0.10), (0.10, 0.20), (0.20, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class PairResult:
    """A pair of models under one task and prompt.

    Attributes:
        task: which.
        members: numbers of (small, large).
        gap: accuracy of the large one less that of the small one where it was fitted.
        done: the cascade on the other half.
        gained: what the cascade gains over the better model there, row by row.
    """

    task: str
    members: tuple[int, int]
    gap: float
    done: Cascade
    gained: Floats


def study(store: PublishedData, plan: RunSettings) -> StudyPart:
    """Pairs are chosen by their gap on the half that everything is fitted on."""
    found = settings(store, plan)
    everyone = [pair for setting in found for pair in pair_results(setting, plan.bins)]
    wide = [pair for pair in everyone if pair.gap > GAP and _has_gap(pair)]
    near = [pair for pair in everyone if pair.gap <= SAME]
    over = _Means(plan, len(found[0].models))
    left_out = sum(pair.gap > GAP for pair in everyone) - len(wide)
    return StudyPart(
        title="14 language models: cascades",
        claims=_claims(over, wide, near),
        tables=() if plan.claims_only else _tables(over, found, wide, near),
        notes=(
            (
                f"Pairs with a gap above {GAP:.0%} on the half that was fitted on; {left_out} of them had none on the other "
                "half, where APGR is not defined, and are left out. On MMLU the two Llama 3 models meet only each other."
            ),
            ("The claims are for Platt, the paper's choice for language models; a table shows other calibrators."),
            (
                "Platt keeps the order of the confidences, so calibrated and uncalibrated cascades have the same bins and "
                "differ only in the order in which these are escalated. The exception is a model whose confidence is higher "
                f"where it is wrong: Platt turns its order round ({_turned(found)} calibrators)."
            ),
            (
                "These intervals draw the 14 models. They say how far a mean over pairs would move with other models like "
                "these, not how sure one pair's figure is; that is in the table of families, where rows are drawn."
            ),
        ),
    )


def _tables(
    over: _Means, found: Sequence[PromptedTask], wide: Sequence[PairResult], near: Sequence[PairResult]
) -> tuple[FigureTable, ...]:
    return (
        _areas(over, wide),
        _orders(over, wide),
        _equals(over, near, over.plan),
        _by_calibrator(over, found),
        _by_bins(over, found),
        _families(found, over.plan),
    )


def pair_results(
    setting: PromptedTask, bins: int, *, only: Collection[tuple[int, int]] | None = None, kind: Kind = "platt"
) -> list[PairResult]:
    """Every pair of models of a setting that may be compared, or some of them."""
    stated = np.array([setting.stated(m, kind) for m in range(len(setting.models))])
    made = []
    for i, j in (both for both in pairs(setting) if only is None or both in only):
        pair = CascadePair(
            (setting.msp[i], setting.msp[j]), (stated[i], stated[j]), (setting.right[i], setting.right[j])
        )
        fit, test = pair.take(setting.fit), pair.take(setting.test)
        done = cascade(fit, test, bins)
        made.append(PairResult(setting.task, (i, j), fit.gap, done, same_size(fit, test, bins)))
    return made


def _turned(found: Sequence[PromptedTask]) -> str:
    slopes = [setting.platt(m).slope for setting in found for m in range(len(setting.models))]
    return f"{sum(slope < 0 for slope in slopes)} of {len(slopes)}"


def _has_gap(pair: PairResult) -> bool:
    small, large = pair.done.right
    return bool(large.mean() > small.mean())


@dataclass(frozen=True, slots=True)
class _Means:
    """Means over pairs, with intervals over models."""

    plan: RunSettings
    n_models: int

    def of(self, values: Sequence[float], some: Sequence[PairResult]) -> Figure:
        return mean_over_models(
            values,
            np.array([pair.members for pair in some]),
            unit=f"pairs of {self.n_models} models",
            **self.plan.bootstrap,
            n_models=self.n_models,
        )

    def area(self, order: str, some: Sequence[PairResult]) -> Figure:
        return self.of([pair.done.area(order) for pair in some], some)

    def ahead(self, order: str, other: str, some: Sequence[PairResult]) -> Figure:
        return self.of([pair.done.area(order) - pair.done.area(other) for pair in some], some)


def _areas(over: _Means, wide: Sequence[PairResult]) -> FigureTable:
    rows: list[tuple[Cell, ...]] = []
    for task in TASKS:
        some = [pair for pair in wide if pair.task == task]
        if some:
            oracle = float(np.mean([pair.done.area("oracle") for pair in some]))
            rows.append((task, len(some), *(over.area(order, some) for order in ORDERS), oracle))
    columns = ("task", "pairs", *(f"APGR {order}" for order in ORDERS), "oracle")
    return FigureTable("Mean APGR of pairs with a gap, other half (random is 0.5)", columns, rows)


def _orders(over: _Means, wide: Sequence[PairResult]) -> FigureTable:
    rows: list[tuple[Cell, ...]] = []
    for low, high in WIDTHS:
        some = [pair for pair in wide if low < pair.gap <= high]
        if some:
            differ = [pair.done.reversed_bins > 0 for pair in some]
            far = [abs(b.done.area("calibrated") - b.done.area("threshold")) > 0.01 for b in some]
            rows.append(
                (
                    f"{low:.0%} to {high:.0%}",
                    len(some),
                    float(np.mean(differ)),
                    float(np.mean(far)),
                    over.ahead("calibrated", "threshold", some),
                    over.ahead("accuracy", "threshold", some),
                )
            )
    columns = (
        "gap",
        "pairs",
        "share with another order than the threshold's",
        "share with APGR more than .01 apart",
        "APGR, confidence advantage less threshold",
        "accuracy advantage less threshold",
    )
    return FigureTable("When the three orderings differ", columns, rows)


def _equals(over: _Means, near: Sequence[PairResult], plan: RunSettings) -> FigureTable:
    rows: list[tuple[Cell, ...]] = []
    for task in TASKS:
        some = [pair for pair in near if pair.task == task]
        if some:
            gains = [mean_over_rows(pair.gained, **replace(plan, draws=plan.draws // 5).bootstrap) for pair in some]
            rows.append(
                (
                    task,
                    len(some),
                    over.of([float(pair.gained.mean()) for pair in some], some),
                    sum(gain.value > 0 for gain in gains),
                    sum(gain.low > 0 for gain in gains),
                    sum(gain.high < 0 for gain in gains),
                )
            )
    columns = ("task", "pairs", "mean gain over the better one", "above it", "clearly above", "clearly below")
    return FigureTable(f"Pairs within {SAME:.0%}: accuracy of the cascade less that of the better model", columns, rows)


def _by_calibrator(over: _Means, found: Sequence[PromptedTask]) -> FigureTable:
    rows: list[tuple[Cell, ...]] = []
    for kind in get_args(Kind):
        everyone = [pair for setting in found for pair in pair_results(setting, over.plan.bins, kind=kind)]
        wide = [pair for pair in everyone if pair.gap > GAP and _has_gap(pair)]
        if wide:
            ahead = [over.ahead("calibrated", other, wide) for other in ("uncalibrated", "threshold")]
            rows.append((kind, over.area("calibrated", wide), *ahead))
    columns = ("calibrator", "APGR calibrated", "less uncalibrated", "less a threshold on the same confidence")
    return FigureTable("All pairs with a gap, by calibrator", columns, rows)


def _by_bins(over: _Means, found: Sequence[PromptedTask]) -> FigureTable:
    rows: list[tuple[Cell, ...]] = []
    for bins, paper in PAPER_BINS.items():
        everyone = [pair for s in found if s.task == "mmlu" for pair in pair_results(s, bins)]
        wide = [pair for pair in everyone if pair.gap > GAP and _has_gap(pair)]
        if wide:
            rows.append((bins, over.area("calibrated", wide), over.area("threshold", wide), paper))
    columns = ("bins", "APGR calibrated", "APGR threshold", "the paper's MMLU")
    return FigureTable("MMLU by number of bins", columns, rows)


def _families(found: Sequence[PromptedTask], plan: RunSettings) -> FigureTable:
    rows: list[tuple[Cell, ...]] = []
    for setting in (s for s in found if s.task == "mmlu" and s.prompt == "first"):
        numbers = {name: m for m, name in enumerate(setting.models)}
        wanted = {(numbers[a], numbers[b]): f"{a} → {b}" for a, b in FAMILIES if {a, b} <= numbers.keys()}
        for pair in pair_results(setting, plan.bins, only=wanted):
            done = pair.done
            areas = [figure_over_rows(partial(done.area, o), done.n, **plan.bootstrap) for o in ORDERS]
            rows.append((wanted[pair.members], pair.gap, *areas))
    columns = ("small → large", "gap", *(f"APGR {order}" for order in ORDERS))
    return FigureTable(
        "Nearest to the paper's pairs: one family, MMLU, first prompt; the paper has APGR .7013", columns, rows
    )


def _mmlu(wide: Sequence[PairResult], *orders: str) -> str:
    """Mean APGR on the task of the paper's figure."""
    some = [pair for pair in wide if pair.task == "mmlu"]
    if not some:
        return ""
    areas = (np.mean([pair.done.area(order) for pair in some]) for order in orders)
    return f"MMLU, {len(some)} pairs: APGR {' → '.join(f'{area:.4f}' for area in areas)}"


def _claims(over: _Means, wide: Sequence[PairResult], near: Sequence[PairResult]) -> list[PaperClaim]:
    claims = []
    if wide:
        above = over.of([pair.done.area("calibrated") - 0.5 for pair in wide], wide)
        claims = [
            PaperClaim(
                Question.ORDERING,
                "A calibrated cascade beats a random one: language models",
                "APGR .7013 on MMLU, so .2013",
                above,
                "APGR above 0.5",
                in_paper_terms=_mmlu(wide, "calibrated"),
            ),
            PaperClaim(
                Question.CALIBRATED,
                "A calibrated cascade beats an uncalibrated one: language models",
                "MMLU .7013 with the best calibrator",
                over.ahead("calibrated", "uncalibrated", wide),
                "APGR, difference",
                in_paper_terms=_mmlu(wide, "uncalibrated", "calibrated"),
            ),
            PaperClaim(
                Question.ORDERING,
                "Ordering by calibrated advantage beats the plain threshold: language models",
                NO_FIGURE,
                over.ahead("calibrated", "threshold", wide),
                "APGR, difference",
                in_paper_terms=_mmlu(wide, "threshold", "calibrated"),
            ),
        ]
    if near:
        gain = over.of([float(pair.gained.mean()) for pair in near], near)
        says = "A cascade of two about equal language models beats both"
        claims.append(PaperClaim(Question.SAME_SIZE, says, NO_FIGURE, gain, "accuracy over the better one"))
    return claims
