"""Weights of several models' scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.compat.cleanlab._rows import GivenRows
from foureyes.errors import InputError
from foureyes.maths.label_noise import TOLERANCE
from foureyes.maths.row_blocks import row_blocks

__all__ = ["member_weights"]

Weights = NDArray[np.float64]


def member_weights(members: Sequence[GivenRows], weight_by: str, custom: Any, temperatures: Sequence[float]) -> Weights:
    """One weight for every model.

    Raises:
        InputError: there is no such way of weighting, the caller's weights do not fit, or no model is ever right.
    """
    ways: dict[str, Callable[[], Weights]] = {
        "uniform": lambda: np.full(len(members), 1 / len(members)),
        "accuracy": lambda: _by_accuracy(members),
        "log_loss_search": lambda: _by_log_loss(members, temperatures),
        "custom": lambda: _custom(members, custom),
    }
    if weight_by not in ways:
        raise InputError(f"{weight_by!r} is not a valid weight_ensemble_members_by: choose one of {', '.join(ways)}")
    return ways[weight_by]()


def _custom(members: Sequence[GivenRows], custom: Any) -> Weights:
    weights = np.asarray([] if custom is None else custom, np.float64)
    if weights.shape != (len(members),) or not np.isfinite(weights).all():
        raise InputError(f"custom_weights must be one number for each of the {len(members)} models; got {custom!r}")
    return weights


def _by_accuracy(members: Sequence[GivenRows]) -> Weights:
    right = np.array([(rows.probs.argmax(axis=1) == rows.labels).mean() for rows in members])
    if not right.sum():
        raise InputError(
            "no model's most probable class is the given label in any row: there are no weights by accuracy"
        )
    weights: Weights = right / right.sum()
    return weights


def _by_log_loss(members: Sequence[GivenRows], temperatures: Sequence[float]) -> Weights:
    losses = np.array([_log_loss([rows], np.ones(1)) for rows in members])
    tried = [_softmax(-temperature * losses) for temperature in temperatures]
    return min(tried, key=lambda weights: _log_loss(members, weights))


def _log_loss(members: Sequence[GivenRows], weights: Weights) -> float:
    """Of a weighted mean of some models' probabilities, each at least 1e-6, in rows that sum to one again."""
    labels, total = members[0].labels, 0.0
    for blocks in zip(*(row_blocks(rows.probs) for rows in members), strict=True):
        where = blocks[0][0]
        mixed = sum(weight * block for weight, (_, block) in zip(weights, blocks, strict=True))
        mixed = np.clip(mixed, TOLERANCE, None)
        total -= float(np.log(mixed[np.arange(len(mixed)), labels[where]] / mixed.sum(axis=1)).sum())
    return total / len(labels)


def _softmax(scores: Weights) -> Weights:
    powers = np.exp(scores)
    weights: Weights = powers / powers.sum()
    return weights
