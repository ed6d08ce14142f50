"""Promises about a whole route: of what it returns as good enough, at most a stated share is wrong.

A common cut on P(correct) is tried from the strictest to the loosest: a writer's answer is returned where its confidence reaches
the cut, else the next writer is asked, and the last one abstains. The cuts are fixed before a label is seen, and each is tested
with an exact binomial test by the fallback procedure of :mod:`foureyes.calibration.promises`: the chance that any cut is accepted
whose error rate lies above the limit is at most δ. The loosest accepted one returns most and escalates least.

Source: Angelopoulos et al., Learn then Test, 2021; Wiens & Dmitrienko 2005 (fallback).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.cascade import ConfidenceGate, Policy
from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.json_text import parsed_json
from foureyes.maths.bounds import binomial_p, clopper_pearson
from foureyes.maths.columns import fraction
from foureyes.maths.fallback import last_rejected

__all__ = ["RoutePromise", "common_cut", "labels_needed", "promise_route", "strongest_promise"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_STEPS_AN_OCTAVE: Final = 4
_STRICTEST, _LOOSEST = -8, 4
_STARTS: Final = {-8: 1 / 16, -4: 1 / 16, -2: 1 / 8, -1: 1 / 8, 0: 1 / 2, 1: 1 / 16, 2: 1 / 16}
_LADDER: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
_FORMAT: Final = "foureyes.route_promise"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True, repr=False)
class RoutePromise(Result):
    """What a route promises of the answers that it returns as good enough.

    Attributes:
        cut: answers are returned from this confidence on.
        limit: share of wrong answers that is not exceeded.
        delta: chance, over the draw of the labelled requests, that it is exceeded all the same.
        n: labelled requests it was made on.
        returned: of those, how many a writer's answer would have been returned for.
        wrong: of those, how many wrongly.
        coverage_low, coverage_high: exact 95 % interval of the share that will be returned.
        signal, reader: what the confidences are made of: the signal's name, and the reader's fingerprint.
        reference: writer to the confidences, in the labelled requests, that it is asked for under this promise.
        right_means: what counted as right, in words.
    """

    cut: float
    limit: float
    delta: float
    n: int
    returned: int
    wrong: int
    coverage_low: float
    coverage_high: float
    signal: str
    reader: str
    reference: Mapping[str, tuple[float, ...]]
    right_means: str = "right"

    @property
    def coverage(self) -> float:
        """Share of the labelled requests that are answered."""
        return self.returned / self.n

    @property
    def statement(self) -> str:
        """The promise in words."""
        return (
            f"Of the answers that this route returns as good enough, at most {self.limit:.3g} are not {self.right_means}, with "
            f"probability {1 - self.delta:.3g} over the {self.n:,} labelled requests, for requests drawn like those."
        )

    def to_json(self) -> str:
        """As a JSON object that :meth:`from_json` reads back to an equal value."""
        return json.dumps({"format": _FORMAT, "version": _VERSION, **asdict(self)}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> RoutePromise:
        """Reads what :meth:`to_json` wrote.

        Raises:
            InputError: not such JSON.
        """
        try:
            fields = parsed_json(text)
            if (fields.pop("format"), fields.pop("version")) != (_FORMAT, _VERSION):
                raise InputError(f"wanted {_FORMAT} version {_VERSION}")
            reference = {str(name): tuple(map(float, seen)) for name, seen in fields["reference"].items()}
            found = cls(**{**fields, "reference": reference})
            numbers = (found.cut, found.limit, found.delta, found.coverage_low, found.coverage_high)
            if not all(0 <= value <= 1 for value in (*numbers, *(c for seen in reference.values() for c in seen))):
                raise InputError("its cut, shares and confidences lie in [0, 1]")
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputError(f"not the promise of a route: {error}") from error
        return found


def common_cut(cut: float, n_writers: int) -> Policy:
    """Answers from this confidence on, asks the next writer below it, and abstains after the last."""
    on = ConfidenceGate((cut,), ("escalate", "answer"))
    return Policy((*[on] * (n_writers - 1), ConfidenceGate((cut,), ("abstain", "answer"))))


def promise_route(
    confidences: Mapping[str, Floats],
    correct: Sequence[Flags],
    *,
    limit: float,
    delta: float,
    source: tuple[str, str],
    right_means: str = "right",
) -> RoutePromise:
    """The loosest common cut at which, of what the route returns, at most ``limit`` is wrong.

    Args:
        confidences: (N,) P(correct) a writer, the cheapest first, of labelled requests that nothing was fitted on.
        correct: (N,) whether each writer's answer is right, in the same order.
        limit: largest share of wrong answers, in (0, 1).
        delta: accepted chance that the labelled requests mislead, in (0, 1).
        source: the signal's name, and the reader's fingerprint.
        right_means: what counts as right, in words.

    Raises:
        InputError: a share outside (0, 1).
        NotEnoughData: no cut can be promised; ``needed`` says how many labelled requests would probably do.
    """
    limit, delta = fraction("limit", limit), fraction("delta", delta)
    columns = list(confidences.values())
    n = len(columns[0])
    levels = _levels(limit)
    counted = [_counted(cut, columns, correct) for cut, _ in levels]
    accepted = _accepted(counted, [share for _, share in levels], limit, delta)
    if accepted is None:
        raise _too_few(counted, levels, limit, delta, n)
    cut, (returned, wrong) = levels[accepted][0], counted[accepted]
    stage = common_cut(cut, len(columns)).simulate(columns).stage
    low, high = clopper_pearson(returned, n)
    return RoutePromise(
        cut=cut,
        limit=limit,
        delta=delta,
        n=n,
        returned=returned,
        wrong=wrong,
        coverage_low=low,
        coverage_high=high,
        signal=source[0],
        reader=source[1],
        reference={
            writer: tuple(column[stage >= place].tolist()) for place, (writer, column) in enumerate(confidences.items())
        },
        right_means=right_means,
    )


def strongest_promise(confidences: Mapping[str, Floats], correct: Sequence[Flags], *, delta: float) -> float | None:
    """The least of some round limits that could be promised on these labels; ``None`` where none can.

    It looks at the labels several times, so it is advice for what to ask next, not a promise.
    """
    columns = list(confidences.values())
    for limit in _LADDER:
        levels = _levels(limit)
        counted = [_counted(cut, columns, correct) for cut, _ in levels]
        if _accepted(counted, [share for _, share in levels], limit, delta) is not None:
            return limit
    return None


def labels_needed(limit: float, delta: float) -> int:
    """Labelled requests without which no promise can be made: half of them fit calibrators, and none of the others errs.

    Example:
        >>> labels_needed(0.05, 0.05)
        144
    """
    fraction("limit", limit), fraction("delta", delta)
    return 2 * math.ceil(math.log(max(_STARTS.values()) * delta) / math.log1p(-limit))


def _levels(limit: float) -> list[tuple[float, float]]:
    """Cuts from the strictest, with the share of δ that each owns."""
    steps = range(_STRICTEST * _STEPS_AN_OCTAVE, _LOOSEST * _STEPS_AN_OCTAVE + 1)
    errors = ((limit * 2 ** (k / _STEPS_AN_OCTAVE), k) for k in steps)
    starts = {octave * _STEPS_AN_OCTAVE: share for octave, share in _STARTS.items()}
    return [(1 - error, starts.get(k, 0.0)) for error, k in errors if error < 1]


def _counted(cut: float, columns: Sequence[Floats], correct: Sequence[Flags]) -> tuple[int, int]:
    """How many requests are answered at a cut, and how many of them wrongly."""
    done = common_cut(cut, len(columns)).simulate(columns)
    right = np.choose(done.stage, [column.astype(np.intp) for column in correct]).astype(np.bool_)
    return int(done.answered.sum()), int((done.answered & ~right).sum())


def _accepted(counted: Sequence[tuple[int, int]], shares: Sequence[float], limit: float, delta: float) -> int | None:
    """Place of the loosest accepted cut."""

    def rejects(place: int, level: float) -> bool:
        returned, wrong = counted[place]
        return returned > 0 and binomial_p(wrong, returned, limit) <= level

    return last_rejected(shares, delta, rejects)


def _too_few(
    counted: Sequence[tuple[int, int]], levels: Sequence[tuple[float, float]], limit: float, delta: float, n: int
) -> NotEnoughData:
    """What to say where no cut is accepted: how many labels would do, if more of them look like these."""
    factors = [
        factor
        for (returned, wrong), (_, share) in zip(counted, levels, strict=True)
        if share and (factor := _factor(returned, wrong, limit, share * delta)) is not None
    ]
    needed = math.ceil(2 * n * min(factors)) if factors else None
    more = (
        f"about {needed:,} labelled requests would do, if more of them look like these"
        if needed
        else "even the surest answers are wrong too often, so no number of labels would do with these confidences"
    )
    return NotEnoughData(f"{n:,} labels cannot keep a promise of at most {limit:g} wrong: {more}", needed=needed)


def _factor(returned: int, wrong: int, limit: float, level: float) -> float | None:
    """How many times as many labels a cut needs, at the error rate that it shows; half an error stands for none."""
    rate = max(wrong, 0.5) / returned if returned else limit
    if rate >= limit:
        return None
    for factor in np.geomspace(1, 1000, 61).tolist():
        n = round(returned * factor)
        if binomial_p(round(rate * n), n, limit) <= level:
            return float(factor)
    return None
