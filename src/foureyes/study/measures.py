"""Measures of one cell: ranking, calibration, cascades, combinations, each with its interval and its denominator.

Rows that are graded and scored count; how many are not, and why, stands beside. Where there is nothing to measure, one
class only, say, there is :class:`MissingFigure` with the reason and no number. Resampling goes by question throughout.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration import Combiner, Gain, Platt, held_out_gain
from foureyes.cascade.curves import Curve, cascade_curve
from foureyes.cascade.routers import ThresholdRouter
from foureyes.errors import NotEnoughData
from foureyes.maths.agreement import MissAgreement, miss_agreement
from foureyes.maths.difference import Difference, paired_difference
from foureyes.maths.flips import FlipShare
from foureyes.maths.ranking import Auroc, auroc
from foureyes.maths.reliability import Ece, ece
from foureyes.maths.risk_coverage import Aurc, aurc
from foureyes.maths.within_question import WithinQuestionAuroc, within_question
from foureyes.study.cells import Cell, SignalValues
from foureyes.types import Unscored

__all__ = [
    "CONFIDENCE",
    "CalibrationFigures",
    "LabelGain",
    "MissingFigure",
    "Quadrants",
    "RankingFigures",
    "accuracy",
    "calibrate_signal",
    "cascade_figures",
    "combine_signals",
    "compare_signals",
    "gain_by_labels",
    "quadrants",
    "rank_signal",
    "shared_misses",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CONFIDENCE: Final[Mapping[str, Callable[[Floats], Floats]]] = {
    "log_cmp": lambda u: np.exp(-u),
    "log_g_ppl": lambda u: np.exp(-u),
    "p_option": lambda u: 1 - u,
    "p_true": lambda u: 1 - u,
    "mean_token_prob": lambda u: 1 - u,
    "v_agree": lambda u: 1 - u,
}
"""Signals that state a probability as they are, and which: what an error of calibration *before* can be measured of."""

_FOLDS: Final = 5
_AREA_DRAWS: Final = 200  # each draw of a risk-coverage area passes over all rows
_LABEL_DRAWS: Final = 20


@dataclass(frozen=True, slots=True)
class MissingFigure:
    """Why a figure is not there."""

    why: str


Figure = TypeVar("Figure")
Maybe: TypeAlias = Figure | MissingFigure


@dataclass(frozen=True, slots=True)
class RankingFigures:
    """How well one signal finds wrong answers.

    Attributes:
        auroc: over all rows.
        within: within questions; missing where each question has one answer, or all answers agree.
        aurc: area under the risk-coverage curve.
        n: rows that count.
        unscored: rows without the signal, by reason.
        unparseable: rows whose answer could not be graded.
    """

    auroc: Maybe[Auroc]
    within: Maybe[WithinQuestionAuroc]
    aurc: Maybe[Aurc]
    n: int
    unscored: Mapping[str, int]
    unparseable: int


@dataclass(frozen=True, slots=True)
class Quadrants:
    """Who was right: (generator, verifier) in every combination, and rows without a verdict on one of them."""

    both: int
    generator_only: int
    verifier_only: int
    neither: int
    left_out: int

    @property
    def n(self) -> int:
        """Rows with both verdicts."""
        return self.both + self.generator_only + self.verifier_only + self.neither


@dataclass(frozen=True, slots=True)
class CalibrationFigures:
    """Calibration of one signal, fitted on one half of the questions and measured on the other.

    Attributes:
        before: error of the probability that the signal states as it is; missing where it states none.
        after: of a Platt line fitted on the other half.
        elsewhere: of a Platt line fitted on another task, by that task.
    """

    before: Maybe[Ece]
    after: Maybe[Ece]
    elsewhere: Mapping[str, Maybe[Ece]]


@dataclass(frozen=True, slots=True)
class LabelGain:
    """What a combination of signals gains over the best single one with so many labels.

    Attributes:
        n: labelled rows it was fitted on.
        gain: mean log loss saved on rows not seen, nats; below 0 the combination is worse.
        low, high: of the middle 90 % of the draws of labelled rows: the luck of which are labelled, not of the rest.
    """

    n: int
    gain: float
    low: float
    high: float


def attempt(measure: Callable[[], Figure]) -> Maybe[Figure]:
    """The figure, or why there is none."""
    try:
        return measure()
    except NotEnoughData as error:
        return MissingFigure(str(error))


def accuracy(cell: Cell) -> Maybe[FlipShare]:
    """Share of all answers graded right; what could not be parsed is in the denominator."""
    return attempt(lambda: FlipShare.of(int(cell.right.sum()), len(cell.answers)))


def rank_signal(cell: Cell, signal: SignalValues) -> RankingFigures:
    """AUROC, AUROC within questions and AURC of one signal on one cell."""
    u, there = signal.numbers()
    keep = there & cell.graded
    u, wrong, groups = u[keep], ~cell.right[keep], _renumbered(cell.groups[keep])
    several = len(groups) > len(set(groups.tolist()))
    return RankingFigures(
        attempt(lambda: auroc(u, wrong=wrong, groups=groups if several else None)),
        attempt(lambda: within_question(u, wrong, groups)) if several else MissingFigure("one answer a question"),
        attempt(lambda: aurc(u, wrong=wrong, draws=_AREA_DRAWS)) if len(u) else MissingFigure("no rows"),
        int(keep.sum()),
        Counter(value.reason for value in signal.values if isinstance(value, Unscored)),
        int((~cell.graded).sum()),
    )


def quadrants(cell: Cell, verifier: str) -> Maybe[Quadrants]:
    """Generator right or wrong by verifier right or wrong, on the same questions."""
    grades = (cell.verified or {}).get(verifier)
    if grades is None:
        return MissingFigure("the verifier gave no answers of its own")
    known = cell.graded & np.array([grade != "unparseable" for grade in grades], np.bool_)
    right = np.array([grade == "right" for grade in grades], np.bool_)
    mine, its = cell.right[known], right[known]
    return Quadrants(
        int((mine & its).sum()),
        int((mine & ~its).sum()),
        int((~mine & its).sum()),
        int((~mine & ~its).sum()),
        int((~known).sum()),
    )


def cascade_figures(cell: Cell, signal: SignalValues) -> Maybe[Curve]:
    """The cascade from the generator to the verifier, by this signal: the least confident first."""
    grades = (cell.verified or {}).get(signal.model)
    if grades is None:
        return MissingFigure("the verifier gave no answers of its own")
    u, there = signal.numbers()
    right = np.array([grade == "right" for grade in grades], np.bool_)
    if not there.any():
        return MissingFigure("no row is scored")
    return attempt(lambda: cascade_curve(-u[there], cell.right[there], right[there], ThresholdRouter()))


def shared_misses(cell: Cell, one: SignalValues, other: SignalValues) -> Maybe[MissAgreement]:
    """How often two signals let the same wrong answers through, each flagging as many answers as are wrong."""
    u, v = one.numbers(), other.numbers()
    keep = u[1] & v[1] & cell.graded
    wrong = ~cell.right[keep]
    if not wrong.any() or wrong.all():
        return MissingFigure("all answers are right, or all wrong")
    share = float(wrong.mean())
    missed = [values[0][keep] < np.quantile(values[0][keep], 1 - share) for values in (u, v)]
    return attempt(lambda: miss_agreement(missed[0][wrong], missed[1][wrong]))


def compare_signals(cell: Cell, better: Sequence[SignalValues], than: Sequence[SignalValues]) -> Maybe[Difference]:
    """AUROC of one side less that of the other, on the rows that have all signals; several are combined first."""
    columns = [signal.numbers() for signal in (*better, *than)]
    keep = np.logical_and.reduce([there for _, there in columns]) & cell.graded
    wrong, groups = ~cell.right[keep], _renumbered(cell.groups[keep])
    sides = [[u[keep] for u, _ in columns[: len(better)]], [u[keep] for u, _ in columns[len(better) :]]]

    def measure() -> Difference:
        one, other = (_combined_side(side, ~wrong, groups) for side in sides)
        return paired_difference(one, other, wrong, groups=groups)

    return attempt(measure)


def combine_signals(cell: Cell, signals: Sequence[SignalValues]) -> Maybe[Gain]:
    """What a calibrated combination of signals adds to the best of them, on questions not seen."""
    columns, right, groups = _common_rows(cell, signals)
    return attempt(lambda: held_out_gain(columns, right, folds=_folds_by_question(groups)))


def calibrate_signal(
    cell: Cell, signal: SignalValues, elsewhere: Mapping[str, tuple[Cell, SignalValues]]
) -> CalibrationFigures:
    """Calibration before, after, and with the fit of another task."""
    u, right, half = _halves(cell, signal)
    stated = CONFIDENCE.get(signal.name)
    return CalibrationFigures(
        attempt(lambda: _ece_of(stated(u[half]), right[half])) if stated else MissingFigure("it states no probability"),
        attempt(lambda: _ece_of(Platt.fit(u[~half], right[~half]).predict_proba(u[half]), right[half])),
        {task: attempt(partial(_transferred, there, u[half], right[half])) for task, there in elsewhere.items()},
    )


def gain_by_labels(cell: Cell, signals: Sequence[SignalValues], sizes: Sequence[int], *, seed: int) -> list[LabelGain]:
    """The gain of a combination by the number of labels it was fitted on.

    Questions are drawn, the combination and each single signal fitted on them, and all are judged on the others; the
    single one is the best *by the drawn rows*, as it would be for whoever has these labels only.
    """
    columns, right, groups = _common_rows(cell, signals)
    rng, found = np.random.default_rng(seed), []
    for n in sizes:
        gains = [
            gain for _ in range(_LABEL_DRAWS) if (gain := _gain_of_draw(columns, right, groups, n, rng)) is not None
        ]
        if gains:
            low, high = np.quantile(gains, (0.05, 0.95))
            found.append(LabelGain(n, float(np.mean(gains)), float(low), float(high)))
    return found


def _gain_of_draw(
    columns: Mapping[str, Floats], right: Bools, groups: NDArray[np.int64], n: int, rng: np.random.Generator
) -> float | None:
    """``None`` where the draw cannot be fitted: one class only, or nothing left to judge on."""
    order = rng.permutation(int(groups.max()) + 1) if len(groups) else np.empty(0, np.int64)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    fit = place[groups] < n
    if (~fit).sum() < n // 4 or right[fit].all() or not right[fit].any():
        return None
    together = Combiner.fit({name: column[fit] for name, column in columns.items()}, right[fit])
    alone = {name: Platt.fit(column[fit], right[fit]) for name, column in columns.items()}
    best = min(alone, key=lambda name: _loss(alone[name].predict_proba(columns[name][fit]), right[fit]))
    single = _loss(alone[best].predict_proba(columns[best][~fit]), right[~fit])
    return single - _loss(together.predict_proba({name: c[~fit] for name, c in columns.items()}), right[~fit])


def _loss(confidence: Floats, right: Bools) -> float:
    return float(-np.log(np.where(right, confidence, 1 - confidence)).mean())


def _common_rows(cell: Cell, signals: Sequence[SignalValues]) -> tuple[dict[str, Floats], Bools, NDArray[np.int64]]:
    numbers = [signal.numbers() for signal in signals]
    keep = np.logical_and.reduce([there for _, there in numbers]) & cell.graded
    columns = {signal.key: u[keep] for signal, (u, _) in zip(signals, numbers, strict=True)}
    return columns, cell.right[keep], _renumbered(cell.groups[keep])


def _combined_side(side: Sequence[Floats], right: Bools, groups: NDArray[np.int64]) -> Floats:
    """The signal of a side of one; of more, the cross-fitted confidence of being wrong."""
    if len(side) == 1:
        return side[0]
    folds = _folds_by_question(groups)
    columns = {str(i): column for i, column in enumerate(side)}
    found = np.empty(len(right))
    for fold in range(int(folds.max()) + 1):
        unseen = folds == fold
        fitted = Combiner.fit({name: column[~unseen] for name, column in columns.items()}, right[~unseen])
        found[unseen] = -fitted.predict_proba({name: column[unseen] for name, column in columns.items()})
    return found


def _folds_by_question(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Folds that keep questions whole, dealt out in the order of the questions."""
    if not len(groups):
        raise NotEnoughData("a fit needs rows that are graded and scored; got none")
    return groups % _FOLDS


def _halves(cell: Cell, signal: SignalValues) -> tuple[Floats, Bools, Bools]:
    """Values and correctness of the rows that count, and which half of the questions each is of."""
    u, there = signal.numbers()
    keep = there & cell.graded
    groups = _renumbered(cell.groups[keep])
    return u[keep], cell.right[keep], groups % 2 == 1


def _transferred(there: tuple[Cell, SignalValues], u: Floats, right: Bools) -> Ece:
    other, its_right, _ = _halves(*there)
    return _ece_of(Platt.fit(other, its_right).predict_proba(u), right)


def _ece_of(confidence: Floats, right: Bools) -> Ece:
    if not len(right):
        raise NotEnoughData("an error of calibration needs rows; got none")
    return ece(np.clip(confidence, 0.0, 1.0), right)


def _renumbered(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same groups, numbered without gaps in the order they appear."""
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(int(group), len(numbers)) for group in groups], np.int64)
