"""The seven filters of one label a row."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from foureyes.compat.cleanlab._joint import off_diagonal, square_joint, thresholds_of
from foureyes.compat.cleanlab._rows import GivenRows, Mask
from foureyes.errors import InputError
from foureyes.maths.label_noise import confident_labels
from foureyes.maths.label_pruning import (
    Joint,
    confident_joint,
    largest_margins,
    lowest,
    lowest_given,
    margins,
    quotas,
    quotas_of,
)

__all__ = ["FilterBy", "Pruning", "issue_mask"]

FilterBy: TypeAlias = Literal[
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
]

_PRUNES = ("prune_by_noise_rate", "prune_by_class", "both")


@dataclass(frozen=True, slots=True, eq=False)
class Pruning:
    """How much the three pruning filters prune.

    Attributes:
        frac_noise: share of the rows otherwise blamed.
        wanted: rows to blame of every class, or one number for all.
        least: rows of every class that keep their label at least.
        joint: (K, K) confident joint; counted from the rows by default.
    """

    frac_noise: float = 1.0
    wanted: Any = None
    least: int = 1
    joint: Any = None


def issue_mask(rows: GivenRows, filter_by: str, pruning: Pruning) -> Mask:
    """(N,) true where a filter finds a label issue.

    Raises:
        InputError: the filter is unknown, or an option does not go with it.

    Warns:
        UserWarning: an option that the filter does not look at was given, or a label has too few rows to be looked at.
    """
    _require_options(filter_by, pruning)
    if filter_by == "predicted_neq_given":
        return rows.suspect
    if filter_by in _PRUNES:
        return _prune(rows, filter_by, pruning) & rows.suspect
    mask = off_diagonal(rows)
    if filter_by == "confident_learning":
        return mask
    quality = rows.given if filter_by == "low_self_confidence" else margins(rows.labels, rows.probs)
    marked = np.zeros(len(mask), np.bool_)
    marked[lowest(quality, int(mask.sum()))] = True
    return marked


def _require_options(filter_by: str, pruning: Pruning) -> None:
    if filter_by not in get_args(FilterBy):
        raise InputError(f"filter_by must be one of {', '.join(get_args(FilterBy))}; got {filter_by!r}")
    if filter_by in _PRUNES:
        return
    if pruning.wanted is not None:
        raise InputError(
            f"num_to_remove_per_class is not supported with filter_by={filter_by!r}: it goes with {_PRUNES}"
        )
    if pruning.frac_noise != 1.0:
        warnings.warn(f"frac_noise is not looked at with filter_by={filter_by!r}: it goes with {_PRUNES}", stacklevel=4)
    if pruning.joint is not None and filter_by == "confident_learning":
        warnings.warn(
            "confident_joint is not looked at with filter_by='confident_learning', which counts it from the labels",
            stacklevel=4,
        )


def _prune(rows: GivenRows, filter_by: str, pruning: Pruning) -> Mask:
    few = np.flatnonzero((rows.counts > 0) & (rows.counts <= max(pruning.least, 1)))
    if len(few):
        warnings.warn(
            f"{len(few)} of {rows.n_classes} labels have so few rows that none of them is called wrong "
            f"(min_examples_per_class={pruning.least}): " + ", ".join(map(str, few[:10])),
            stacklevel=5,
        )
    quota = _quota(rows, pruning)
    if filter_by == "prune_by_class":
        return lowest_given(rows.labels, rows.given, quota, least=pruning.least)
    by_rate = largest_margins(
        rows.labels, rows.probs, rows.given, quota, suspects=np.flatnonzero(rows.suspect), least=pruning.least
    )
    if filter_by == "both":
        by_rate &= lowest_given(rows.labels, rows.given, quota, least=pruning.least)
    return by_rate


def _quota(rows: GivenRows, pruning: Pruning) -> Joint:
    if pruning.joint is None:
        believed = confident_labels(rows.probs, thresholds_of(rows))
        joint = confident_joint(rows.labels, believed, rows.n_classes)
    else:
        joint = square_joint(pruning.joint, rows.n_classes)
    quota = quotas(joint, least=pruning.least, share=pruning.frac_noise)
    return quota if pruning.wanted is None else quotas_of(quota, rows.counts, _wanted(pruning.wanted, rows.n_classes))


def _wanted(wanted: Any, n_classes: int) -> NDArray[np.float64]:
    numbers = np.asarray(wanted, np.float64)
    if numbers.ndim > 1 or (numbers.ndim == 1 and len(numbers) != n_classes):
        raise InputError(
            f"num_to_remove_per_class must be one number, or one for each of the {n_classes} classes; got {wanted!r}"
        )
    return np.broadcast_to(numbers, n_classes)
