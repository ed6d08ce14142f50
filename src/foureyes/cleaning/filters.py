"""cleanlab's seven filters and three rankings, for one expert, with the same rows as result.

Every filter but the two ``low_…`` ones also lets a row go when the expert's most probable class is the given label.

Source: cleanlab 2.9, ``cleanlab.filter.find_label_issues``; Northcutt, Jiang & Chuang, JAIR 2021.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from foureyes.cleaning.experts import Experts
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.label_noise import class_thresholds, confident_labels
from foureyes.maths.label_pruning import (
    confident_joint,
    largest_margins,
    lowest,
    lowest_given,
    margins,
    quotas,
    weighted_entropies,
)

__all__ = ["FilterBy", "RankBy", "filter_mask", "rank_rows"]

FilterBy: TypeAlias = Literal[
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
]
RankBy: TypeAlias = Literal["self_confidence", "normalized_margin", "confidence_weighted_entropy"]

Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]


def filter_mask(experts: Experts, filter_by: FilterBy) -> Mask:
    """Applies one of cleanlab's filters: (N,) true where it finds a label issue.

    Raises:
        InputError: the filter is unknown, or there is more than one expert.
        NotEnoughData: fewer than two classes have rows.
    """
    if filter_by not in get_args(FilterBy):
        raise InputError(f"filter_by must be one of {', '.join(get_args(FilterBy))}; got {filter_by!r}")
    if len(experts.names) > 1:
        raise InputError(f"cleanlab's filters take one expert; got {len(experts.names)}: use method= for several")
    if np.all(experts.labels == experts.labels[0]):
        raise NotEnoughData(f"label issues need rows of at least two classes; got only class {experts.labels[0]}")
    if filter_by == "predicted_neq_given":
        return _contradicted_rows(experts)
    if filter_by == "confident_learning":
        return _off_diagonal(experts)
    if filter_by == "low_self_confidence":
        return _lowest(experts.opinions[0].given, int(_off_diagonal(experts).sum()))
    if filter_by == "low_normalized_margin":
        return _lowest(margins(experts.labels, experts.probs[0]), int(_off_diagonal(experts).sum()))
    return _prune(experts, filter_by) & _contradicted_rows(experts)


def rank_rows(experts: Experts, rows: Rows, rank_by: RankBy) -> Rows:
    """Rows in order of label quality, the worst first.

    Raises:
        InputError: the score is unknown.
    """
    if rank_by not in get_args(RankBy):
        raise InputError(f"return_indices_ranked_by must be one of {', '.join(get_args(RankBy))}; got {rank_by!r}")
    if rank_by == "self_confidence":
        quality = experts.opinions[0].given[rows]
    elif rank_by == "normalized_margin":
        quality = margins(experts.labels, experts.probs[0], rows)
    else:
        quality = weighted_entropies(experts.labels, experts.probs[0], rows)
    return rows[np.argsort(quality)]


def _contradicted_rows(experts: Experts) -> Mask:
    mask: Mask = experts.opinions[0].label != experts.labels
    return mask


def _thresholds(experts: Experts) -> NDArray[np.float64]:
    return class_thresholds(experts.labels, experts.opinions[0].given, experts.n_classes)


def _off_diagonal(experts: Experts) -> Mask:
    mask = np.zeros(len(experts.labels), np.bool_)
    rows = experts.contradicted()
    believed = confident_labels(experts.probs[0], _thresholds(experts), rows)
    mask[rows[(believed >= 0) & (believed != experts.labels[rows])]] = True
    return mask


def _prune(experts: Experts, filter_by: FilterBy) -> Mask:
    probs, given = experts.probs[0], experts.opinions[0].given
    believed = confident_labels(probs, _thresholds(experts))
    quota = quotas(confident_joint(experts.labels, believed, experts.n_classes))
    if filter_by == "prune_by_class":
        return lowest_given(experts.labels, given, quota)
    by_rate = largest_margins(experts.labels, probs, given, quota, suspects=experts.contradicted())
    return by_rate & lowest_given(experts.labels, given, quota) if filter_by == "both" else by_rate


def _lowest(quality: NDArray[np.floating], n: int) -> Mask:
    mask = np.zeros(len(quality), np.bool_)
    mask[lowest(quality, n)] = True
    return mask
