"""AUROC of many signals on the same resamples of the same rows.

:func:`~foureyes.maths.ranking.auroc` gives one signal its interval. A study of many readers needs every signal on the *same*
draws, so that differences, and means over pairs, can be taken draw by draw: hundreds of signals times a thousand draws. Here a
signal is ranked once, and a draw is a column of weights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import flags, real, same_length

__all__ = ["resampled_auroc", "row_weights", "running_sums", "stratified_auroc"]

Floats = NDArray[np.float64]
Weights = NDArray[np.float32]

_EXACT: int = 1 << 24
"""Up to here a float32 counts without rounding."""

_WIDE: int = 64


def row_weights(groups: NDArray[np.intp], draws: int, rng: np.random.Generator) -> Weights:
    """How often each row is in each draw, where whole groups are drawn with replacement.

    Args:
        groups: (N,) numbers 0 … G−1, which rows hang together.
        draws: D.
        rng: where the randomness comes from.

    Returns:
        (N, D + 1): the rows as they are first, a column of ones, then the draws.
    """
    n_groups = int(groups.max()) + 1
    drawn = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), draws).T
    return np.concatenate([np.ones((n_groups, 1)), drawn], axis=1).astype(np.float32)[groups]


def resampled_auroc(uncertainty: ArrayLike, *, wrong: ArrayLike, weights: Weights) -> Floats:
    """The AUROC of "wrong" under each of many weightings of the rows, from one sort.

    A tie counts half. Memory is one float32 a right answer and draw.

    Args:
        uncertainty: (N,) larger = more likely wrong; infinities are allowed, NaN is not.
        wrong: (N,) booleans or 0/1.
        weights: (N, D) counts, such as those of :func:`row_weights`.

    Returns:
        (D,) areas; NaN in draws that hold one class only.

    Raises:
        InputError: lengths differ, NaN, or so many rows that counts would be rounded.
        NotEnoughData: only one class is present.

    Example:
        >>> twice = np.array([[1, 1], [1, 2], [1, 1], [1, 0]], np.float32)
        >>> resampled_auroc([0.1, 0.4, 0.35, 0.8], wrong=[0, 0, 1, 1], weights=twice).round(3).tolist()
        [0.75, 0.333]

    Source: Hanley & McNeil 1982.
    """
    u, is_wrong = real("uncertainty", uncertainty), flags("wrong", wrong)
    n = same_length(uncertainty=u, wrong=is_wrong)
    if weights.ndim != 2 or len(weights) != n:
        raise InputError(f"wanted weights of {n} rows by draws; got the shape {weights.shape}")
    if n * float(weights.max(initial=0)) > _EXACT:
        raise InputError(f"wanted at most {_EXACT} counted rows; got up to {n * float(weights.max()):g}")
    bad, good = np.flatnonzero(is_wrong), np.flatnonzero(~is_wrong)
    if not len(bad) or not len(good):
        raise NotEnoughData(f"an AUROC needs a wrong and a right answer; got {len(bad)} wrong and {len(good)} right")
    good = good[np.argsort(u[good], kind="stable")]
    below = running_sums(weights, good)
    first, last = (np.searchsorted(u[good], u[bad], side=side) for side in ("left", "right"))
    beaten = below[first] + below[last]
    in_order = np.einsum("nd,nd->d", weights[bad], beaten, dtype=np.float64, casting="safe") / 2
    pairs = weights[bad].sum(axis=0, dtype=np.float64) * below[-1]
    found: Floats = np.divide(in_order, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
    return found


def stratified_auroc(uncertainty: ArrayLike, *, wrong: ArrayLike, strata: ArrayLike, weights: Weights) -> Floats:
    """The same over pairs of a wrong and a right answer of one stratum only, say of questions of like difficulty.

    Args:
        uncertainty: (N,) as in :func:`resampled_auroc`.
        wrong: (N,) booleans or 0/1.
        strata: (N,) values; rows with equal ones are compared.
        weights: (N, D) counts.

    Returns:
        (D,) areas; NaN in draws without such a pair.

    Raises:
        InputError: as :func:`resampled_auroc`.

    Example:
        >>> one = np.ones((4, 1), np.float32)
        >>> stratified_auroc([1, 2, 8, 9], wrong=[0, 1, 0, 1], strata=[0, 0, 1, 1], weights=one).tolist()
        [1.0]
    """
    u, is_wrong, of = real("uncertainty", uncertainty), flags("wrong", wrong), np.asarray(strata)
    same_length(uncertainty=u, wrong=is_wrong, strata=of)
    won, total = np.zeros(weights.shape[1]), np.zeros(weights.shape[1])
    for stratum in np.unique(of):
        keep = of == stratum
        bad, drawn = is_wrong[keep], weights[keep]
        if bad.all() or not bad.any():
            continue
        n_wrong = bad @ drawn.astype(np.float64)
        n_pairs = n_wrong * (drawn.sum(axis=0, dtype=np.float64) - n_wrong)
        won += np.nan_to_num(resampled_auroc(u[keep], wrong=bad, weights=drawn)) * n_pairs
        total += n_pairs
    found: Floats = np.divide(won, total, out=np.full_like(won, np.nan), where=total > 0)
    return found


def running_sums(weights: Weights, order: NDArray[np.intp]) -> Weights:
    """The weight of the first rows of an order, however many are taken.

    Args:
        weights: (N, D) counts.
        order: (R,) numbers of rows.

    Returns:
        (R + 1, D): of the first 0 … R rows.

    Example:
        >>> running_sums(np.array([[1], [2], [4]], np.float32), np.array([2, 0])).ravel().tolist()
        [0.0, 4.0, 5.0]
    """
    sums = np.zeros((len(order) + 1, weights.shape[1]), np.float32)
    if weights.shape[1] < _WIDE:
        np.cumsum(weights[order], axis=0, out=sums[1:])
        return sums
    for place, row in enumerate(order):  # on wide rows four times as fast as ``cumsum`` along the first axis
        np.add(sums[place], weights[row], out=sums[place + 1])
    return sums
