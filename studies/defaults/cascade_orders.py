"""Orders of escalation fitted on some rows of a pair of models, and what they gain on others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

import foureyes as fe
from foureyes.cascade.question_router import QuestionRouter
from foureyes.cascade.routers import Order
from studies.defaults.cascade_sets import CascadeSet, Flags, Floats

__all__ = ["BASE", "DEFAULT", "NAMES", "Gain", "gain_of", "log_odds", "orders", "surest"]

Rows: TypeAlias = NDArray[np.intp]

BASE: Final = "threshold on the raw confidence"
DEFAULT: Final = "unimodal, with outcomes (default with --correct)"
NAMES: Final = (
    BASE,
    "threshold on Platt's confidence",
    "threshold on the isotonic confidence",
    "advantage of confidences in 15 bins (published)",
    "advantage of accuracies in 15 bins (published)",
    "isotonic advantage in 15 bins, threshold inside",
    "unimodal (default)",
    DEFAULT,
    "surest of both, calibrated",
    "ridge on the question's words",
    "threshold on Platt's confidence, direction left to the rows (before)",
)


@dataclass(frozen=True, slots=True, eq=False)
class Gain:
    """Mean accuracy above a random router's over all shares of escalation.

    Attributes:
        value: the gain.
        of_rows: (N,) its first-order change per row, so that a bootstrap draws sums instead of orders.
    """

    value: float
    of_rows: Floats


def orders(found: CascadeSet, pair: tuple[int, int], fit: Rows, test: Rows, words: Floats | None) -> dict[str, Floats]:
    """(N,) priorities on the test rows, by name."""
    raw = found.confidence[list(pair)]
    right = found.right[list(pair)]
    platt = np.array([_stated(fe.Platt, raw[m], right[m], fit) for m in (0, 1)])
    isotonic = np.array([_isotonic(raw[m], right[m], fit) for m in (0, 1)])
    correct = (right[0, fit], right[1, fit])
    made = {NAMES[0]: -raw[0, test], NAMES[1]: -platt[0, test], NAMES[2]: -isotonic[0, test]}
    bins = min(15, len(fit))
    fitted: tuple[tuple[str, Floats, Order], ...] = (
        (NAMES[3], platt, "confidence"),
        (NAMES[4], platt, "accuracy"),
        (NAMES[5], isotonic, "confidence"),
        (NAMES[6], platt, "unimodal"),
        (NAMES[7], platt, "unimodal"),
    )
    for name, stated, order in fitted:
        outcomes = None if name in (NAMES[3], NAMES[5], NAMES[6]) else correct
        router = fe.AdvantageRouter.fit(
            stated[0, fit],
            stated[1, fit],
            bins=bins,
            order=order,
            correct=outcomes,
        )
        made[name] = router.priority(stated[0, test])
    free = fe.Platt.fit(log_odds(raw[0, fit]), right[0, fit])
    made[NAMES[10]] = -free.predict_proba(log_odds(raw[0, test]))
    made[NAMES[5]] = _then(made[NAMES[5]], -raw[0, test])
    if words is not None and (correct[0] != correct[1]).sum() >= 20:
        made[NAMES[9]] = QuestionRouter.fit(words[fit], *correct).priority(words[test])
    return made


def surest(found: CascadeSet, pair: tuple[int, int], fit: Rows, test: Rows) -> Mapping[str, Flags]:
    """(N,) whether the surer one of both answers is right on the test rows, by how confidences are calibrated."""
    raw, right = found.confidence[list(pair)], found.right[list(pair)]
    platt = np.array([_stated(fe.Platt, raw[m], right[m], fit) for m in (0, 1)])
    isotonic = np.array([_isotonic(raw[m], right[m], fit) for m in (0, 1)])
    kinds = {"raw": raw, "Platt": platt, "isotonic": isotonic}
    return {name: np.where(c[1, test] >= c[0, test], right[1, test], right[0, test]) for name, c in kinds.items()}


def gain_of(priority: Floats, small: Flags, large: Flags) -> Gain:
    """The gain of an order, exactly, with what each row adds to it.

    With d the right answers won on a row and r the share escalated before it, the gain is the mean of d(½ - r).
    """
    n, won = len(small), large.astype(np.float64) - small
    tier = np.unique(-priority, return_inverse=True)[1]
    size, total = np.bincount(tier), np.bincount(tier, weights=won)
    before = (np.cumsum(size) - size / 2)[tier] / n
    behind = (total.sum() - np.cumsum(total) + total / 2)[tier] / n
    value = float((won * (0.5 - before)).mean())
    return Gain(value, won * (0.5 - before) + 0.5 * won.mean() - behind - 2 * value)


def log_odds(confidence: Floats) -> Floats:
    """Natural logarithm of p/(1-p), of p within a hundred-millionth of 0 and 1."""
    inside = np.clip(confidence, 1e-8, 1 - 1e-8)
    return np.asarray(np.log(inside) - np.log1p(-inside), np.float64)


def _stated(kind: type[fe.Platt], raw: Floats, right: Flags, fit: Rows) -> Floats:
    return kind.fit(log_odds(raw[fit]), right[fit], larger_is="better").predict_proba(log_odds(raw))


def _isotonic(raw: Floats, right: Flags, fit: Rows) -> Floats:
    return fe.Isotonic.fit(log_odds(raw[fit]), right[fit], larger_is="better").predict_proba(log_odds(raw))


def _then(first: Floats, second: Floats) -> Floats:
    """An order by one priority, equal ones by another."""
    both = np.stack([first, second], axis=1)
    return np.unique(both, axis=0, return_inverse=True)[1].ravel().astype(np.float64)
