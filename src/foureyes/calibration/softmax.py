"""Softmax over classes, and the factor on logits that makes the labels most likely.

Classes are few and rows are many, so work is done on transposed chunks: reductions then run along the rows, and a
chunk stays in the processor's cache from one step to the next.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError

__all__ = ["best_sharpness", "row_chunks", "row_maxima", "softmax"]

Floats = NDArray[np.float64]

_CHUNK_NUMBERS = 1 << 15
_WARM_ROWS = 20_000
_SMALL_STEP = 1e-6  # relative; Newton squares it
_MAX_STEPS = 200
_IMPOSSIBLE = -1e300  # stands for a logit of -inf: its weight is 0, and 0 times this is 0


def softmax(logits: Floats) -> Floats:
    """(N, K) probabilities; a logit of −∞ gets 0. Every row needs a finite one."""
    e = np.exp(logits - row_maxima(logits)[:, None])
    e /= e.sum(axis=1, keepdims=True)
    return e


def row_maxima(logits: Floats) -> Floats:
    """(N,) the largest of every row."""
    out = np.empty(len(logits))
    for rows, chunk in row_chunks(logits):
        chunk.max(axis=0, out=out[rows])
    return out


def best_sharpness(logits: Floats, own: Floats) -> float:
    """The factor β > 0 on logits that minimises the mean log loss of the labels.

    The loss is convex in β: Newton's steps, kept within a bracket.

    Args:
        logits: (N, K), each row with a finite maximum.
        own: (N,) the label's logit, finite; somewhere below its row's maximum.

    Raises:
        InputError: the loss only rises with β, so that none above 0 is best.
    """
    if _slope_at_zero(logits, own) >= 0:
        raise InputError(
            "the scores do not favour the labels, so the best temperature is infinite: wanted classes and labels in "
            "the same order, and scores that are larger for likelier classes"
        )
    low, high, at = 0.0, np.inf, _warm_start(logits, own)
    for _ in range(_MAX_STEPS):
        slope, curvature = _derivatives(logits, own, at)
        low, high = (at, high) if slope < 0 else (low, at)
        after = at - slope / curvature if curvature > 0 else np.inf
        if not low < after < high:
            after = 2 * low if np.isinf(high) else (low + high) / 2
        if abs(after - at) <= _SMALL_STEP * at:
            return float(after)
        at = after
    return float(at)


def _warm_start(logits: Floats, own: Floats) -> float:
    """The solution on every k-th row where that has one, else 1."""
    if len(logits) <= 2 * _WARM_ROWS:
        return 1.0
    every = slice(None, None, len(logits) // _WARM_ROWS)
    few, their_own = np.ascontiguousarray(logits[every]), np.ascontiguousarray(own[every])
    solvable = (their_own < row_maxima(few)).any() and _slope_at_zero(few, their_own) < 0
    return best_sharpness(few, their_own) if solvable else 1.0


def _slope_at_zero(logits: Floats, own: Floats) -> float:
    """Derivative of the mean log loss just above β = 0: the mean over possible classes minus the label's, averaged."""
    if np.isfinite(logits.min()):
        return float(logits.mean() - own.mean())
    possible = np.isfinite(logits)
    return float((np.where(possible, logits, 0).sum(axis=1) / possible.sum(axis=1) - own).mean())


def _derivatives(logits: Floats, own: Floats, sharpness: float) -> tuple[float, float]:
    """First and second derivative of the mean log loss by β: E[z] − z_label and Var[z], averaged over rows."""
    slope = curvature = 0.0
    for rows, chunk in row_chunks(logits):
        top = chunk.max(axis=0)
        z = np.maximum(chunk - top, _IMPOSSIBLE)
        weight = np.exp(sharpness * z)
        total = weight.sum(axis=0)
        weight *= z
        mean = weight.sum(axis=0) / total
        weight *= z
        slope += float((mean - own[rows] + top).sum())
        curvature += float((weight.sum(axis=0) / total - mean * mean).sum())
    return slope / len(logits), curvature / len(logits)


def row_chunks(logits: Floats) -> Iterator[tuple[slice, Floats]]:
    """(K, m) copies of m rows at a time."""
    step = max(1, _CHUNK_NUMBERS // logits.shape[1])
    for start in range(0, len(logits), step):
        rows = slice(start, start + step)
        yield rows, logits[rows].T.copy()
