"""Scores of label quality of rows that carry several labels: cleanlab's ``multilabel_classification.rank``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from foureyes.compat.cleanlab._classes import ManyLabels, read_many
from foureyes.compat.cleanlab._rows import Floats
from foureyes.compat.cleanlab.rank import quality_of
from foureyes.errors import InputError

__all__ = ["get_label_quality_scores", "get_label_quality_scores_per_class"]

_DEFAULT: Final[Mapping[str, Any]] = {"method": "exponential_moving_average", "alpha": 0.8}


def get_label_quality_scores(
    labels: Any,
    pred_probs: Any,
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
    aggregator_kwargs: Mapping[str, Any] | None = None,
) -> Floats:
    """How good the labels of every row are together, in [0, 1].

    Args:
        labels: N lists of class indices; a list may be empty.
        pred_probs: (N, K) probabilities, each in [0, 1].
        method: the score of every class, see :func:`foureyes.compat.cleanlab.rank.get_label_quality_scores`.
        adjust_pred_probs: see there.
        aggregator_kwargs: how the scores of a row's classes become one: ``{"method":
            "exponential_moving_average", "alpha": 0.8}``, which walks from the best to the worst score, each time
            taking alpha of the new one (2 / (K + 1) where alpha is ``None``); ``{"method": "softmin", "temperature":
            0.1}``; or ``{"method": function}`` of (K,) scores.

    Raises:
        InputError: something of it cannot be used.

    Example:
        >>> get_label_quality_scores([[1], [0, 2]], np.array([[0.1, 0.9, 0.1], [0.4, 0.1, 0.9]])).round(3)
        array([0.9, 0.5])
    """
    return row_quality(read_many(labels, pred_probs), method, adjust=adjust_pred_probs, aggregator=aggregator_kwargs)


def get_label_quality_scores_per_class(
    labels: Any, pred_probs: Any, *, method: str = "self_confidence", adjust_pred_probs: bool = False
) -> Floats:
    """How good the answer of every row to every class is, in [0, 1].

    Args:
        labels: N lists of class indices; a list may be empty.
        pred_probs: (N, K) probabilities, each in [0, 1].
        method: see :func:`foureyes.compat.cleanlab.rank.get_label_quality_scores`.
        adjust_pred_probs: see there.

    Returns:
        (N, K) scores.

    Raises:
        InputError: something of it cannot be used.
    """
    return _per_class(read_many(labels, pred_probs), method, adjust=adjust_pred_probs)


def row_quality(many: ManyLabels, method: str, *, adjust: bool, aggregator: Mapping[str, Any] | None = None) -> Floats:
    """(N,) one score a row, see :func:`get_label_quality_scores`."""
    options = dict(aggregator or _DEFAULT)
    way = options.pop("method", "exponential_moving_average")
    scores = _per_class(many, method, adjust=adjust).astype(np.float64, copy=False)
    if callable(way):
        return np.array([way(row, **options) for row in scores])
    if way not in _WAYS:
        raise InputError(f"{way!r} is not a valid aggregation method: choose one of {', '.join(_WAYS)}")
    return _WAYS[way](scores, options)


def _per_class(many: ManyLabels, method: str, *, adjust: bool) -> Floats:
    return np.stack([quality_of(rows, method, adjust=adjust) for rows in many.classes()], axis=1)


def _moving_average(scores: Floats, options: Mapping[str, Any]) -> Floats:
    n_classes = scores.shape[1]
    alpha = options.get("alpha")
    share = 2 / (n_classes + 1) if alpha is None else float(alpha)
    if not 0 <= share <= 1:
        raise InputError(f"alpha must be in [0, 1]; got {alpha}")
    falling = np.sort(scores, axis=1)[:, ::-1]
    average: Floats = falling[:, 0].copy()
    for k in range(1, n_classes):
        average = share * falling[:, k] + (1 - share) * average
    return average


def _softmin(scores: Floats, options: Mapping[str, Any]) -> Floats:
    temperature = float(options.get("temperature", 0.1))
    if not temperature > 0:
        raise InputError(f"temperature must be above 0; got {temperature:g}")
    powers = np.exp(((1 - scores) - (1 - scores).max(axis=1, keepdims=True)) / temperature)
    weighted: Floats = (scores * powers / powers.sum(axis=1, keepdims=True)).sum(axis=1)
    return weighted


_WAYS: Final[dict[str, Callable[[Floats, Mapping[str, Any]], Floats]]] = {
    "exponential_moving_average": _moving_average,
    "softmin": _softmin,
}
