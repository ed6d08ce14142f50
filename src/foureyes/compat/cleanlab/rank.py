"""Scores of label quality, and orders by them: cleanlab's ``rank``.

A score is in [0, 1]; low means that the given label is likely wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.compat.cleanlab._ensemble import member_weights
from foureyes.compat.cleanlab._joint import thresholds_of
from foureyes.compat.cleanlab._quality import label_quality
from foureyes.compat.cleanlab._rows import Floats, GivenRows, Places, read_rows
from foureyes.errors import InputError

__all__ = [
    "find_top_issues",
    "get_confidence_weighted_entropy_for_each_label",
    "get_label_quality_ensemble_scores",
    "get_label_quality_scores",
    "get_normalized_margin_for_each_label",
    "get_self_confidence_for_each_label",
    "order_label_issues",
]

_SEARCHED: Final = (1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 2e2)


def get_label_quality_scores(
    labels: Any, pred_probs: Any, *, method: str = "self_confidence", adjust_pred_probs: bool = False
) -> Floats:
    """How good every label is, in [0, 1].

    Args:
        labels: (N,) integers 0 … K-1.
        pred_probs: (N, K) probabilities.
        method: ``"self_confidence"`` is p(given); ``"normalized_margin"`` is (p(given) - max p(other) + 1) / 2;
            ``"confidence_weighted_entropy"`` is ln(1 + e) / e of e = normalised entropy / p(given).
        adjust_pred_probs: subtracts every class's mean self-confidence first, so that classes of which the model is
            seldom sure are not blamed for it.

    Raises:
        InputError: labels or probabilities cannot be used, the method is unknown, or cannot be adjusted.

    Example:
        >>> get_label_quality_scores([0, 1], np.array([[0.9, 0.1], [0.8, 0.2]]))
        array([0.9, 0.2])
    """
    return quality_of(read_rows(labels, pred_probs, one_class=True), method, adjust=adjust_pred_probs)


def get_self_confidence_for_each_label(labels: Any, pred_probs: Any) -> Floats:
    """The probability of every given label.

    Args:
        labels: (N,) integers 0 … K-1.
        pred_probs: (N, K) probabilities.

    Raises:
        InputError: labels or probabilities cannot be used.
    """
    return _plain_quality(labels, pred_probs, "self_confidence")


def get_normalized_margin_for_each_label(labels: Any, pred_probs: Any) -> Floats:
    """The probability of every given label above that of the best other one, moved into [0, 1].

    Args:
        labels: (N,) integers 0 … K-1.
        pred_probs: (N, K) probabilities.

    Raises:
        InputError: labels or probabilities cannot be used.
    """
    return _plain_quality(labels, pred_probs, "normalized_margin")


def get_confidence_weighted_entropy_for_each_label(labels: Any, pred_probs: Any) -> Floats:
    """The entropy of every row over the probability of its given label, turned so that low is bad.

    Args:
        labels: (N,) integers 0 … K-1.
        pred_probs: (N, K) probabilities.

    Raises:
        InputError: labels or probabilities cannot be used.
    """
    return _plain_quality(labels, pred_probs, "confidence_weighted_entropy")


def get_label_quality_ensemble_scores(
    labels: Any,
    pred_probs_list: Sequence[Any],
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
    weight_ensemble_members_by: str = "accuracy",
    custom_weights: Any = None,
    log_loss_search_T_values: Sequence[float] = _SEARCHED,  # noqa: N803 - cleanlab's name
    verbose: bool = True,  # noqa: ARG001 - cleanlab's argument
) -> Floats:
    """How good every label is by several models' probabilities: a weighted sum of each model's scores.

    Args:
        labels: (N,) integers 0 … K-1.
        pred_probs_list: one (N, K) matrix for every model.
        method: see :func:`get_label_quality_scores`.
        adjust_pred_probs: see :func:`get_label_quality_scores`.
        weight_ensemble_members_by: ``"uniform"``; ``"accuracy"``, in proportion to how often a model's most probable
            class is the given label; ``"log_loss_search"``, exp(-T × its log loss) with the T whose mixture of the
            probabilities has the lowest log loss; or ``"custom"``.
        custom_weights: one for every model, used as they are; for ``"custom"``.
        log_loss_search_T_values: what is tried for T.
        verbose: accepted and ignored; nothing is printed.

    Raises:
        InputError: labels, probabilities or weights cannot be used; or no model is right in any row, so that there are
            no weights by accuracy.
    """
    if not isinstance(pred_probs_list, list | tuple) or not len(pred_probs_list):
        raise InputError(
            f"pred_probs_list must be a list with a matrix for every model; got {type(pred_probs_list).__name__}"
        )
    if custom_weights is not None and weight_ensemble_members_by != "custom":
        raise InputError(
            'custom_weights go with weight_ensemble_members_by="custom"; got '
            f"weight_ensemble_members_by={weight_ensemble_members_by!r}"
        )
    members = [read_rows(labels, probs, one_class=True) for probs in pred_probs_list]
    weights = member_weights(members, weight_ensemble_members_by, custom_weights, log_loss_search_T_values)
    scores = (quality_of(rows, method, adjust=adjust_pred_probs) for rows in members)
    total: Floats = sum(weight * score for weight, score in zip(weights, scores, strict=True))
    return total


def order_label_issues(
    label_issues_mask: Any,
    labels: Any,
    pred_probs: Any,
    *,
    rank_by: str = "self_confidence",
    rank_by_kwargs: Mapping[str, Any] | None = None,
) -> Places:
    """The rows of a mask, the worst label first.

    Args:
        label_issues_mask: (N,) true for the rows wanted.
        labels: (N,) integers 0 … K-1.
        pred_probs: (N, K) probabilities.
        rank_by: ``method`` of :func:`get_label_quality_scores`.
        rank_by_kwargs: further arguments of it: ``adjust_pred_probs``.

    Returns:
        (M,) row indices; of equal scores the one first that NumPy's default sort puts first.

    Raises:
        InputError: something of it cannot be used.
    """
    rows = read_rows(labels, pred_probs, one_class=True)
    mask = np.asarray(label_issues_mask)
    if mask.dtype != np.bool_ or mask.shape != (len(rows.labels),):
        raise InputError(
            f"label_issues_mask must be true or false for each of the {len(rows.labels)} rows; got {mask.dtype} of "
            f"shape {mask.shape}"
        )
    return ordered(rows, mask, rank_by, rank_by_kwargs)


def find_top_issues(quality_scores: Any, *, top: int = 10) -> Places:
    """The rows with the lowest scores, the lowest first.

    Args:
        quality_scores: (N,) scores.
        top: how many; all if there are fewer.

    Example:
        >>> find_top_issues(np.array([0.3, 0.1, 0.2]), top=2)
        array([1, 2])
    """
    return np.asarray(quality_scores).argsort()[:top]


def ordered(rows: GivenRows, mask: NDArray[np.bool_], rank_by: str, options: Mapping[str, Any] | None) -> Places:
    """The rows of a mask in order of quality, the worst first.

    Raises:
        InputError: the score is unknown, or takes no such option.
    """
    adjust = adjustment(options)
    places = np.flatnonzero(mask)
    if adjust or rank_by != "self_confidence":
        quality = quality_of(rows, rank_by, adjust=adjust)[places]
    else:
        quality = rows.given[places]
    return places[np.argsort(quality)]


def adjustment(options: Mapping[str, Any] | None) -> bool:
    """``adjust_pred_probs`` of ``rank_by_kwargs``.

    Raises:
        InputError: there are other options.
    """
    others = sorted(set(options or {}) - {"adjust_pred_probs"})
    if others:
        raise InputError(f"rank_by_kwargs may hold adjust_pred_probs; got {', '.join(map(repr, others))}")
    return bool((options or {}).get("adjust_pred_probs", False))


def quality_of(rows: GivenRows, method: str, *, adjust: bool) -> Floats:
    """(N,) a score of every row.

    Raises:
        InputError: the method is unknown, or cannot be adjusted.
    """
    if adjust and method == "confidence_weighted_entropy":
        raise InputError("adjust_pred_probs is not supported for confidence_weighted_entropy")
    return label_quality(rows.labels, rows.probs, method, thresholds=thresholds_of(rows) if adjust else None)


def _plain_quality(labels: Any, pred_probs: Any, method: str) -> Floats:
    return quality_of(read_rows(labels, pred_probs, one_class=True), method, adjust=False)
