"""Learns a route from its log and a few labels: a calibrator for each writer, and the policy for a promise or a budget.

Half of the labelled requests fit the calibrators, a random one; the other half chooses the policy and makes the promise, so that
no row judges what it made. See docs/route.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration import Platt, Source, fit_best
from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.calibration.choose import fit_kind
from foureyes.cascade import Policy
from foureyes.cascade.chain_curves import Chain, ChainCurve, chain_curve
from foureyes.cascade.points import ChainPoint, best_policy, evaluate_chain
from foureyes.choices import CalibratorKind
from foureyes.display import plural
from foureyes.errors import InputError, NotEnoughData
from foureyes.route.joint import Known, RouteCalibrator, confidences_of
from foureyes.route.joint_fit import choose_joint
from foureyes.route.learning_rows import LearningRows
from foureyes.route.promised import RoutePromise, common_cut, labels_needed, promise_route, strongest_promise

__all__ = ["LearnedRoute", "Wanted", "learn_route", "writer_calibrator"]

Floats = NDArray[np.float64]

_FOR_A_CHOICE = 100
"""Labels of a writer from which on several kinds of calibrator are tried; fewer fit a line."""
_LEAST_A_BIN = 10
_MOST_BINS = 15


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a route is to keep: a promise or a budget.

    Args:
        promise: largest share of wrong answers among those that are returned, in (0, 1).
        budget: largest mean cost of a request, in the route's currency, > 0.
        delta: accepted chance that the labelled requests mislead, in (0, 1).
        seed: of the halves.
        right_means: what the labels call right, in words.

    Raises:
        InputError: not one of the two, or a value outside its range.
    """

    promise: float | None = None
    budget: float | None = None
    delta: float = 0.05
    seed: int = 0
    right_means: str = "right"

    def __post_init__(self) -> None:
        if (self.promise is None) == (self.budget is None):
            raise InputError(f"wanted a promise or a budget; got {self.promise} and {self.budget}")
        if self.budget is not None and not 0 < self.budget < np.inf:
            raise InputError(f"a budget is a mean cost a request, above 0; got {self.budget}")


@dataclass(frozen=True, slots=True, eq=False)
class LearnedRoute:
    """What was learnt of a route's log.

    Attributes:
        writers: names, the cheapest first.
        source: the signal, and the reader's fingerprint.
        calibrators: writer to its own.
        reasons: writer to why it is of this kind.
        policy: when each writer's answer is returned.
        point: what the policy costs and brings on the labelled requests that it was chosen on.
        promise: what may be promised of it; ``None`` for a budget.
        curve: accuracy at every cost of chains between the writers, and the writers alone.
        n_fitted, n_judged: labelled requests that the calibrators were fitted on, and that the policy was chosen on.
        left_out: requests that did not count, in words, with how many.
    """

    writers: tuple[str, ...]
    source: Source
    calibrators: Mapping[str, RouteCalibrator]
    reasons: Mapping[str, str]
    policy: Policy
    point: ChainPoint
    promise: RoutePromise | None
    curve: ChainCurve
    n_fitted: int
    n_judged: int
    left_out: Mapping[str, int]


def learn_route(rows: LearningRows, wanted: Wanted) -> LearnedRoute:
    """Fits calibrators and chooses a policy.

    Args:
        rows: labelled requests for which every writer was asked.
        wanted: the promise or the budget.

    Raises:
        InputError: a calibrator contradicts what is known of the signal, or no policy is within the budget.
        NotEnoughData: too few labels, or all of them alike; the message says how many would do, and what could be promised now.
    """
    _require_labels(rows, wanted)
    fitting, judging = rows.halves(wanted.seed)
    chosen = _fitted(fitting)
    calibrators = {writer: calibrator for writer, (calibrator, _) in chosen.items()}
    fitted, judged = (_confidences(calibrators, half) for half in (fitting, judging))
    curve = _curve(fitting, judging, fitted, judged)
    promise = None
    if wanted.promise is None:
        policy = _within(curve, wanted.budget or 0.0)
    else:
        promise = _promised(judged, judging, wanted)
        policy = common_cut(promise.cut, len(rows.writers))
    return LearnedRoute(
        writers=rows.writers,
        source=rows.source,
        calibrators=calibrators,
        reasons={writer: why for writer, (_, why) in chosen.items()},
        policy=policy,
        point=evaluate_chain(policy, list(judged.values()), judging.correct, judging.costs),
        promise=promise,
        curve=curve,
        n_fitted=len(fitting),
        n_judged=len(judging),
        left_out=rows.left_out,
    )


def _require_labels(rows: LearningRows, wanted: Wanted) -> None:
    least = 4 * _LEAST_A_BIN if wanted.promise is None else labels_needed(wanted.promise, wanted.delta)
    if len(rows) >= least:
        return
    what = "a budget" if wanted.promise is None else f"a promise of at most {wanted.promise:g} wrong"
    raise NotEnoughData(
        f"{what} needs at least {plural(least, 'request')} labelled for every writer, more where answers are wrong; got "
        f"{len(rows):,}{_now(rows, wanted)}",
        needed=least,
    )


def _now(rows: LearningRows, wanted: Wanted) -> str:
    """What could be promised with the labels there are, as the end of a sentence."""
    if wanted.promise is None:
        return ""
    try:
        fitting, judging = rows.halves(wanted.seed)
        calibrators = {writer: calibrator for writer, (calibrator, _) in _fitted(fitting).items()}
        limit = strongest_promise(_confidences(calibrators, judging), judging.correct, delta=wanted.delta)
    except NotEnoughData:
        limit = None
    return _could(limit)


def _could(limit: float | None) -> str:
    return "; with these, none" if limit is None else f"; with these, about {limit:g} could be promised now"


def _fitted(rows: LearningRows) -> dict[str, tuple[RouteCalibrator, str]]:
    """A calibrator for each writer, and why it is of this kind."""
    last = len(rows.writers) - 1
    chosen = {}
    for place, (writer, signal, correct) in enumerate(zip(rows.writers, rows.signals, rows.correct, strict=True)):
        seen = ~np.isnan(signal)
        known, right = rows.known(place).taken(seen), correct[seen]
        always = place == last and len(right) > 0 and right.all()  # by agreement it is so by definition
        chosen[writer] = (
            _always_right(known.signal, rows.source) if always else writer_calibrator(writer, known, right, rows.source)
        )
    return chosen


def _always_right(signal: Floats, source: Source) -> tuple[RouteCalibrator, str]:
    """One P(correct) for every answer, by the rule of succession: no signal can tell right from wrong where nothing was wrong."""
    n = len(signal)
    share = (n + 1) / (n + 2)
    line = Platt.fit(signal, np.full(n, share), source=source)
    flat = replace(line, slope=0.0, intercept=math.log(n + 1))
    return flat, f"platt: {share:.3f} for every answer, as all {n:,} are right"


def writer_calibrator(
    writer: str, known: Known, right: NDArray[np.bool_], source: Source
) -> tuple[RouteCalibrator, str]:
    """The calibrator of one writer, and why it is of this kind.

    Args:
        writer: its name.
        known: of its labelled answers that were read.
        right: (N,) whether each is right.
        source: the signal, and the reader's fingerprint.

    Raises:
        NotEnoughData: all of them are right, or all wrong.
    """
    n_right, n = int(right.sum()), len(right)
    if n_right in (0, n):
        raise NotEnoughData(
            f"{writer}: a calibrator learns from right and wrong answers; got {n_right:,} right of {n:,} labelled in its half"
        )
    if min(n_right, n - n_right) < _LEAST_A_BIN or n < _FOR_A_CHOICE:
        line = Platt.fit(known.signal, right, source=source)
        return line, f"platt: a line, as {n_right:,} right and {n - n_right:,} wrong are few"
    choice = fit_best(known.signal, right, source=source)
    kind: CalibratorKind = choice.calibrator.kind  # type: ignore[assignment]  # what fit_best tries, it names so

    def alone(x: Floats, outcome: NDArray[np.bool_]) -> ScoreCalibrator:
        return fit_kind(kind, x, outcome, larger_is=choice.calibrator.larger_is, source=source)

    joint = choose_joint(known, right, alone, source, least=_FOR_A_CHOICE)
    said = f"{choice.reason}; {joint.reason}" if joint.reason else choice.reason
    return (choice.calibrator if joint.calibrator is None else joint.calibrator), said


def _confidences(calibrators: Mapping[str, RouteCalibrator], rows: LearningRows) -> dict[str, Floats]:
    """P(correct) a writer; 0 where the reader could not tell, so that such an answer is never taken for good."""
    found = {}
    for place, (writer, calibrator) in enumerate(calibrators.items()):
        known = rows.known(place)
        seen = ~np.isnan(known.signal)
        found[writer] = np.zeros(len(seen))
        found[writer][seen] = confidences_of(calibrator, known.taken(seen))
    return found


def _curve(
    fitting: LearningRows, judging: LearningRows, fitted: Mapping[str, Floats], judged: Mapping[str, Floats]
) -> ChainCurve:
    bins = max(2, min(_MOST_BINS, len(fitting) // _LEAST_A_BIN))
    chain = Chain.fit(list(fitted.values()), fitting.costs, bins=bins)
    return chain_curve(chain, list(judged.values()), judging.correct, judging.costs, unit=judging.unit)


def _within(curve: ChainCurve, budget: float) -> Policy:
    return best_policy(curve.points, cost=budget)


def _promised(judged: Mapping[str, Floats], judging: LearningRows, wanted: Wanted) -> RoutePromise:
    try:
        return promise_route(
            judged,
            judging.correct,
            limit=wanted.promise or 0.0,
            delta=wanted.delta,
            source=(judging.source.signal, judging.source.model),
            right_means=wanted.right_means,
        )
    except NotEnoughData as error:
        now = _could(strongest_promise(judged, judging.correct, delta=wanted.delta))
        raise NotEnoughData(f"{error}{now}", needed=error.needed) from error
