"""How candidates do on rows that they have not seen, and which of them is worth its freedom.

Candidates are compared by cross-validated log loss, which is proper and punishes false certainty. More flexible ones
must earn their place: the simplest is taken whose loss is within one or two standard errors of the best one's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.warned import mean_error
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import Outcomes, group_ids, same_length
from foureyes.maths.reliability import ece

__all__ = [
    "Flags",
    "Folds",
    "HeldOut",
    "Trial",
    "deal_folds",
    "held_out",
    "reason",
    "require_both_classes",
    "simplest",
    "trials",
]

Floats = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Folds: TypeAlias = NDArray[np.intp]

ENOUGH: Final = 5
"""Right and wrong answers, each, from which on candidates can be compared in the usual five folds."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How one candidate did on rows it had not seen.

    Attributes:
        kind: the candidate.
        nll: mean log loss, nats; of the classes, where it gives a distribution over them.
        excess: how much more than the best candidate's.
        excess_error: standard error of that difference, row by row; 0 for the best itself.
        brier: mean Brier score of its confidence.
        ece: expected calibration error, :data:`~foureyes.maths.reliability.ECE_BINS` equal-count bins.
    """

    kind: str
    nll: float
    excess: float
    excess_error: float
    brier: float
    ece: float


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What one candidate said of every row without having seen it.

    Attributes:
        losses: (N,) log loss.
        confidence: (N,) P(correct).
        right: (N,) what came of the row.
    """

    losses: Floats
    confidence: Floats
    right: Outcomes


def deal_folds(asked: int | ArrayLike, order_by: Floats) -> Folds:
    """(N,) fold of every row.

    Args:
        asked: how many, or each row's own.
        order_by: (N,) rows are dealt out in this order, so no seed is involved.

    Raises:
        InputError: fewer than two, or as many as rows are not.
        NotEnoughData: all rows are in one.
    """
    if isinstance(asked, int):
        if asked < 2:
            raise InputError(f"folds must be at least 2; got {asked}")
        # By score only: dealing out each class evenly would make every fold repeat the noise of the others, and
        # flexible candidates would be rewarded for learning it.
        fold = np.empty(len(order_by), dtype=np.intp)
        fold[np.argsort(order_by, kind="stable")] = np.arange(len(order_by)) % asked
    else:
        fold = group_ids("folds", asked)
        same_length(folds=fold, scores=order_by)
    if not len(fold) or not fold.any():
        raise NotEnoughData(f"cross-validation needs rows in at least two folds; got {len(fold)} in one")
    return fold


def require_both_classes(fold: Folds, right: Outcomes) -> None:
    """Refuses folds of which one holds all the wrong answers, or all the right ones: nothing is left to learn from.

    Raises:
        NotEnoughData: says how many there are and what to do.
    """
    n = np.bincount(fold)
    n_right = np.bincount(fold, right)
    for name, counts in (("right", n_right), ("wrong", n - n_right)):
        total = float(counts.sum())
        alone = int(np.argmax(counts))
        if counts[alone] >= total * (1 - 1e-12):
            raise NotEnoughData(
                f"comparing candidates needs right and wrong answers outside every fold; got {total:g} {name} of "
                f"{len(fold):,}, all in fold {alone}: label answers until {ENOUGH} or more are {name}, or fit one kind "
                "without comparing (LogOddsPlatt.fit or Platt.fit, --kind platt), and read it as a guess",
                needed=math.ceil(ENOUGH * len(fold) / total) if total else None,
            )


def held_out(fit: Callable[[Flags], Callable[[Flags], Floats]], fold: Folds) -> Floats:
    """(N, …) what fits on the other folds say of every row."""
    said = {k: fit(fold != k)(fold == k) for k in np.unique(fold).tolist()}
    out = np.empty((len(fold), *next(iter(said.values())).shape[1:]))
    for k, part in said.items():
        out[fold == k] = part
    return out


def trials(found: Mapping[str, HeldOut]) -> tuple[Trial, ...]:
    """The figures of every candidate."""
    best = min((said.losses for said in found.values()), key=lambda losses: float(losses.mean()))
    return tuple(
        Trial(
            kind,
            nll=float(said.losses.mean()),
            excess=float((said.losses - best).mean()),
            excess_error=mean_error(said.losses - best),
            brier=float((np.square(said.confidence - said.right) + _spread(said.right)).mean()),
            ece=ece(said.confidence, said.right).value,
        )
        for kind, said in found.items()
    )


def _spread(right: Outcomes) -> Floats:
    share = right.astype(np.float64, copy=False)
    return np.asarray(share * (1 - share))


def simplest(found: Sequence[Trial], place: Mapping[str, int], *, errors: int = 1) -> Trial:
    """The simplest within so many standard errors of the best.

    Args:
        found: every candidate.
        place: of each kind, the simplest first.
        errors: how many. One takes, of five candidates on few rows, what chance put first.

    Source: Hastie, Tibshirani & Friedman 2009, §7.10 (one standard error).
    """
    near = [trial for trial in found if trial.excess <= errors * trial.excess_error]
    return min(near, key=lambda trial: place[trial.kind])


def reason(chosen: Trial, found: Sequence[Trial], *, errors: int = 1) -> str:
    """Why it was chosen, in words; ``errors`` as for :func:`simplest`."""
    within = "one standard error" if errors == 1 else f"{errors} standard errors"
    best = min(found, key=lambda trial: trial.nll)
    if len(found) == 1:
        return f"{chosen.kind}: the only candidate, held-out log loss {chosen.nll:.4f}"
    if chosen is best:
        return f"{chosen.kind}: lowest held-out log loss, {chosen.nll:.4f}, and none simpler comes within {within}"
    return (
        f"{chosen.kind}: held-out log loss {chosen.nll:.4f}, within {within} ({errors * chosen.excess_error:.4f}) of the "
        f"lowest ({best.kind}, {best.nll:.4f}), and simpler"
    )
