"""Several experts as one: a weighted product of their probabilities, with the weights that fit the given labels best.

q(j | x) ∝ ∏ pₑ(j | x)^βₑ, βₑ ≥ 0. With one expert β is an inverse temperature. With several, an expert that is often wrong and
sure of it counts little, and one that only repeats another counts for nothing. Labels that are wrong are few or random enough to
move βₑ towards less confidence only.

Start at :func:`pool_weights`, then :func:`pooled_leads`.

Source: Genest & Zidek, Combining Probability Distributions, Statistical Science 1986 (logarithmic opinion pool); Heskes, NIPS 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.row_blocks import copy_rows, row_blocks

__all__ = ["FLOOR", "pool_weights", "pooled_leads"]

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]
Matrix = NDArray[Any]

FLOOR = 1e-6
_MOST_ROWS = 20_000
_MOST_NUMBERS = 1_000_000
_PRIOR_ROWS = 5.0
_LARGEST = 4.0
_STEPS = 60
_SETTLED = 1e-6


def pool_weights(labels: Labels, probs: Sequence[Matrix], *, seed: int = 0) -> Floats:
    """How much each expert counts: the weights under which the given labels are most probable.

    They are fitted on at most 20,000 rows chosen at random, and drawn towards 1 / E as five more rows would draw them.

    Args:
        labels: (N,) given labels, N ≥ 1.
        probs: E matrices (N, K).
        seed: of the choice of rows.

    Returns:
        (E,) in [0, 4].
    """
    n, n_experts = len(labels), len(probs)
    wanted = min(_MOST_ROWS, max(100, _MOST_NUMBERS // (n_experts * probs[0].shape[1])))
    rows = np.arange(n)
    if wanted < n:
        rows = np.sort(np.random.default_rng(seed).choice(n, wanted, replace=False))
    logs = np.stack([np.log(np.maximum(copy_rows(matrix, rows), FLOOR), dtype=np.float64) for matrix in probs])
    return _fitted(logs, logs[:, np.arange(len(rows)), labels[rows]])


def pooled_leads(
    labels: Labels, probs: Sequence[Matrix], weights: Floats, rows: NDArray[np.intp]
) -> tuple[Floats, NDArray[np.int32]]:
    """How far the pool puts the given label before any other class, and which other comes next.

    Args:
        labels: (N,) given labels.
        probs: E matrices (N, K).
        weights: (E,) from :func:`pool_weights`.
        rows: (M,) the rows asked about.

    Returns:
        (M,) q(given) - max q(other), in [-1, 1], below 0 where another class is more probable; (M,) that other class.
    """
    leads, others = np.empty(len(rows), np.float64), np.empty(len(rows), np.int32)
    for parts in zip(*(row_blocks(matrix, rows) for matrix in probs), strict=True):
        where = parts[0][0]
        pool = _pooled([np.log(np.maximum(block, FLOOR)) for _, block in parts], weights)
        own = np.arange(len(pool)), labels[rows[where]]
        given = pool[own]
        pool[own] = -1.0
        others[where] = pool.argmax(axis=1)
        leads[where] = given - pool[own[0], others[where]]
    return leads, others


def _pooled(logs: Sequence[Matrix] | Matrix, weights: Floats) -> Floats:
    """(N, K) the pool's probabilities."""
    scores: Floats = sum(weight * log for weight, log in zip(weights, logs, strict=True))
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


def _fitted(logs: Floats, own: Floats) -> Floats:
    """Newton's steps on the weights that are not held at an end; the loss is convex."""
    start = np.full(len(logs), 1 / len(logs))
    weights, loss = start, _loss(logs, own, start, start)
    for _ in range(_STEPS):
        slope, curvature = _derivatives(logs, own, weights, start)
        free = ((weights > 0) | (slope < 0)) & ((weights < _LARGEST) | (slope > 0))
        step = np.zeros_like(weights)
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], slope[free])
        weights, loss, moved = _shortened(logs, own, start, weights, step, loss)
        if moved < _SETTLED:
            break
    return np.where(weights < 1e-3, 0.0, weights)


def _shortened(
    logs: Floats, own: Floats, start: Floats, weights: Floats, step: Floats, loss: float
) -> tuple[Floats, float, float]:
    """The longest of a step's halves that does not raise the loss; where it led, the loss there, how far it moved."""
    for halvings in range(30):
        there = np.clip(weights - step / 2**halvings, 0.0, _LARGEST)
        if (lower := _loss(logs, own, there, start)) <= loss:
            return there, lower, float(np.abs(there - weights).max())
    return weights, loss, 0.0


def _loss(logs: Floats, own: Floats, weights: Floats, start: Floats) -> float:
    scores = np.tensordot(weights, logs, 1)
    highest = scores.max(axis=1)
    total = np.log(np.exp(scores - highest[:, None]).sum(axis=1)) + highest
    drawn = _PRIOR_ROWS / 2 * ((weights - start) ** 2).sum()
    return float((total - weights @ own).sum() + drawn)


def _derivatives(logs: Floats, own: Floats, weights: Floats, start: Floats) -> tuple[Floats, Floats]:
    pool = _pooled(logs, weights)
    means = (logs * pool).sum(axis=2)
    centred = ((logs - means[:, :, None]) * np.sqrt(pool)).reshape(len(logs), -1)
    slope = (means - own).sum(axis=1) + _PRIOR_ROWS * (weights - start)
    return slope, centred @ centred.T + _PRIOR_ROWS * np.eye(len(logs))
