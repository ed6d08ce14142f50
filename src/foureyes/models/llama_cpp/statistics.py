"""Statistics of rows of logits with numpy, as :mod:`foureyes.models.head` takes them with torch, by the same formulas.

The vocabulary is walked in tiles that stay in the processor's cache; over a tile maxima and sums are float32, added up over
the tiles in float64.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.models.formatting import Ints
from foureyes.models.item_reading import TokenStatistics

__all__ = ["statistics_of"]

WIDTH: Final = 4096
"""Columns per tile, however many the rows, so that sums are taken in one order."""

_NOTHING: Final = np.float32(-200)
"""Its exponential is 0 in float32, and 0 times it is a number, as 0 times −∞ is not."""

Floats = NDArray[np.float32]


def statistics_of(logits: Floats, rows: Ints, tokens: Ints, *, top_k: int = 0) -> TokenStatistics:
    """Reads M tokens off R rows of logits.

    Args:
        logits: (R, V) float32.
        rows: (M,) which row predicts each token.
        tokens: (M,) the actual tokens.
        top_k: how many of the most likely tokens to keep.
    """
    top, total, weighted = _sums(logits)
    log_total = np.log(total)
    log_z = top + log_total
    actual = logits[rows, tokens]
    top_ids = _best(logits, top_k)
    top_logprobs = np.take_along_axis(logits, top_ids, 1).astype(np.float64) - log_z[:, None]
    return TokenStatistics(
        nll=np.maximum(log_z[rows] - actual, 0.0),
        logit=actual.astype(np.float64),
        rank=1 + np.array([np.count_nonzero(logits[row] > one) for row, one in zip(rows, actual, strict=True)]),
        entropy=np.maximum(log_total - weighted / total, 0.0)[rows],
        top1=np.minimum(1.0 / total, 1.0)[rows],
        top_ids=top_ids[rows],
        top_logprobs=np.minimum(top_logprobs, 0.0)[rows],
    )


def _sums(logits: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Per row the maximum M, Σ exp(x − M) and Σ exp(x − M)·(x − M)."""
    top = logits.max(1)
    total, weighted = (np.zeros(len(logits), np.float64) for _ in range(2))
    with np.errstate(invalid="ignore"):  # what is no number is found in what comes out
        for first in range(0, logits.shape[1], WIDTH):
            centred = np.maximum(logits[:, first : first + WIDTH] - top[:, None], _NOTHING)
            terms = np.exp(centred)
            total += terms.sum(1)
            weighted += np.multiply(terms, centred, out=terms).sum(1)
    return top.astype(np.float64), total, weighted


def _best(logits: Floats, k: int) -> Ints:
    """The columns of the k largest of each row, best first."""
    if not k:
        return np.empty((len(logits), 0), np.int64)
    k = min(k, logits.shape[1])
    columns = np.argpartition(logits, -k, axis=1)[:, -k:]
    order = np.argsort(-np.take_along_axis(logits, columns, 1), axis=1, kind="stable")
    return np.take_along_axis(columns, order, 1)
