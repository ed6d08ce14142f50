"""Entropy of a distribution, and bounds on it when only its most likely tokens were seen.

Everything is in nats. Arrays go in, arrays of the same leading shape come out; nothing is ever NaN. Start at
:func:`entropy_interval`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.errors import InputError

__all__ = ["EntropyInterval", "entropy_interval"]

_EXCESS = 1e-2
"""How far above 1 seen probabilities may sum: servers print rounded log-probabilities, none is off by this much."""


@dataclass(frozen=True, slots=True, eq=False)
class EntropyInterval:
    """Bounds on the entropy of T distributions of which only a part was seen.

    Attributes:
        low, high: (T,) nats, 0 ≤ low ≤ high ≤ ln V; equal where nothing is missing.
        missing: (T,) probability that was not seen, in [0, 1].
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    missing: NDArray[np.float64]


def entropy_interval(seen: ArrayLike, vocabulary: int, *, largest_unseen: ArrayLike | None = None) -> EntropyInterval:
    """Bounds the entropy of distributions over V tokens from the log-probabilities of some of them.

    With H_k = −Σ p ln p over what was seen, r = 1 − Σ p what was not, and c the most that one unseen token can have::

        H_k + r ln(1 / min(c, r))  ≤  H  ≤  H_k + r ln((V − k) / r)

    The lower end is a missing mass heaped on as few tokens as c allows, the upper end one spread evenly over all that
    were not seen. Both close in on H_k as r → 0. H_k by itself is not an entropy and not a useful bound.

    Args:
        seen: (T, K) natural-log probabilities, ≤ 0. Rows that show fewer than K tokens are padded with −inf.
        vocabulary: V, number of tokens in the vocabulary; an upper bound does, as the interval widens with ln V only.
        largest_unseen: (T,) natural-log probability that no unseen token exceeds. Left out, ``seen`` holds the most
            likely tokens of each row, so that its smallest entry is such a bound; 0 states that nothing is known.

    Returns:
        The interval and the missing mass of every row.

    Raises:
        InputError: a value is NaN or above 0, a row is empty or sums to more than 1, or shows more than V tokens.

    Example:
        >>> top2 = np.log([[0.5, 0.25]])
        >>> bounds = entropy_interval(top2, vocabulary=6)
        >>> [round(float(x[0]), 4) for x in (bounds.low, bounds.high, bounds.missing)]
        [1.0397, 1.3863, 0.25]

    Source: the grouping property of entropy, Shannon 1948, §6; the lower end uses Σ p ln(1/p) ≥ r ln(1/c) when p ≤ c.
    """
    logs = np.atleast_2d(np.asarray(seen, dtype=np.float64))
    shown = np.isfinite(logs)
    count = shown.sum(axis=1)
    _require_distributions(logs, count, vocabulary)
    p = np.exp(logs)
    partial = -(p * np.where(shown, logs, 0.0)).sum(axis=1)
    missing = np.where(count == vocabulary, 0.0, np.clip(1.0 - p.sum(axis=1), 0.0, 1.0))
    cap = np.where(shown, p, np.inf).min(axis=1) if largest_unseen is None else np.exp(np.asarray(largest_unseen))
    ceiling = max(math.log(vocabulary), 0.0)
    low = np.clip(partial + _missing_entropy(missing, 1.0 / np.minimum(cap, np.maximum(missing, 1e-300))), 0.0, ceiling)
    high = partial + _missing_entropy(missing, np.maximum(vocabulary - count, 1) / np.maximum(missing, 1e-300))
    return EntropyInterval(low, np.clip(high, low, ceiling), missing)


def _missing_entropy(mass: NDArray[np.float64], tokens: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy that a mass contributes when it is spread evenly over so many tokens' worth of probability each."""
    spread: NDArray[np.float64] = np.where(mass > 0, mass * np.log(tokens), 0.0)
    return spread


def _require_distributions(logs: NDArray[np.float64], count: NDArray[np.int64], vocabulary: int) -> None:
    if np.isnan(logs).any() or (logs > _EXCESS).any():
        worst = logs[np.isnan(logs) | (logs > _EXCESS)][0]
        raise InputError(f"log-probabilities must be ≤ 0; got {worst}")
    if (count == 0).any() or (count > vocabulary).any():
        raise InputError(f"a row must show 1 to {vocabulary} tokens; got {count.min()} to {count.max()}")
    total = np.exp(logs).sum(axis=1).max()
    if total > 1 + _EXCESS:
        raise InputError(f"probabilities must sum to at most 1; got {total:.4f}")
