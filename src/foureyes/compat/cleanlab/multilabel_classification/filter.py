"""Which rows that carry several labels carry wrong ones: cleanlab's ``multilabel_classification.filter``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.compat.cleanlab._classes import ManyLabels, class_joints, read_many
from foureyes.compat.cleanlab._masks import Pruning, issue_mask
from foureyes.compat.cleanlab._rows import Mask, Places
from foureyes.compat.cleanlab.multilabel_classification.rank import row_quality
from foureyes.compat.cleanlab.rank import adjustment, ordered
from foureyes.errors import InputError
from foureyes.maths.label_pruning import lowest

__all__ = ["find_label_issues", "find_multilabel_issues_per_class"]

_LOWEST = {"low_self_confidence": "self_confidence", "low_normalized_margin": "normalized_margin"}


def find_label_issues(  # noqa: PLR0913, PLR0917 - cleanlab's signature
    labels: Any,
    pred_probs: Any,
    return_indices_ranked_by: str | None = None,
    rank_by_kwargs: Mapping[str, Any] | None = None,
    filter_by: str = "prune_by_noise_rate",
    frac_noise: float = 1.0,
    num_to_remove_per_class: Any = None,
    min_examples_per_class: int = 1,
    confident_joint: Any = None,
    n_jobs: int | None = None,  # noqa: ARG001 - cleanlab's argument
    verbose: bool = False,  # noqa: ARG001, FBT001, FBT002
    low_memory: bool = False,  # noqa: FBT001, FBT002
) -> Mask | Places:
    """Rows of which the answer to some class is likely wrong.

    Args:
        labels: N lists of class indices; a list may be empty.
        pred_probs: (N, K) probabilities, each in [0, 1]; rows need not sum to one.
        return_indices_ranked_by: a score to order the rows by, see
            :func:`foureyes.compat.cleanlab.rank.get_label_quality_scores`; a mask is returned by default.
        rank_by_kwargs: further arguments of the score: ``adjust_pred_probs``.
        filter_by: see :func:`foureyes.compat.cleanlab.filter.find_label_issues`. The two ``low_…`` ones take the rows
            with the lowest scores of their labels together, as many as ``"confident_learning"`` finds.
        frac_noise: see there.
        num_to_remove_per_class: (K,) rows to blame for every class.
        min_examples_per_class: see there; of the rows with a class and of those without it.
        confident_joint: (K, 2, 2) counts of every class; counted from the rows by default, and where it has another
            shape, with a warning.
        n_jobs: accepted and ignored: one thread does it.
        verbose: accepted and ignored: nothing is printed.
        low_memory: takes, for every class, as many of the lowest self-confidences as ``"confident_learning"`` finds
            (cleanlab, which estimates them in batches, may take a few more or less); ``filter_by`` and what goes with
            it are not looked at. Memory is bounded either way.

    Returns:
        (N,) mask, or (M,) row indices, the worst first.

    Raises:
        InputError: something of it cannot be used.

    Example:
        >>> probs = np.array([[0.9, 0.2], [0.8, 0.1], [0.2, 0.9], [0.1, 0.8], [0.95, 0.1]])
        >>> find_label_issues([[0], [0], [1], [1], [1]], probs, return_indices_ranked_by="self_confidence")
        array([4])
    """
    many = read_many(labels, pred_probs)
    pruning = Pruning(frac_noise, num_to_remove_per_class, min_examples_per_class, confident_joint)
    if filter_by in _LOWEST and not low_memory:
        mask = _lowest(many, _LOWEST[filter_by])
    else:
        mask = np.any(_class_masks(many, filter_by, pruning, low_memory=low_memory), axis=0)
    if return_indices_ranked_by is None:
        return mask
    quality = row_quality(many, return_indices_ranked_by, adjust=adjustment(rank_by_kwargs))
    places = np.flatnonzero(mask)
    return places[np.argsort(quality[places])]


def find_multilabel_issues_per_class(  # noqa: PLR0913, PLR0917 - cleanlab's signature
    labels: Any,
    pred_probs: Any,
    return_indices_ranked_by: str | None = None,
    rank_by_kwargs: Mapping[str, Any] | None = None,
    filter_by: str = "prune_by_noise_rate",
    frac_noise: float = 1.0,
    num_to_remove_per_class: Any = None,
    min_examples_per_class: int = 1,
    confident_joint: Any = None,
    n_jobs: int | None = None,  # noqa: ARG001 - cleanlab's argument
    verbose: bool = False,  # noqa: ARG001, FBT001, FBT002
    low_memory: bool = False,  # noqa: FBT001, FBT002
) -> Mask | tuple[list[Places], list[NDArray[np.int64]], list[NDArray[Any]]]:
    """Rows and classes for which the answer is likely wrong.

    Args: as of :func:`find_label_issues`.

    Returns:
        (N, K) mask. With ``return_indices_ranked_by`` three lists with an entry a class: row indices, the worst
        first; (N,) ones and zeros, whether a row carries the class; and (N, 2) probabilities that it does not and does.

    Raises:
        InputError: something of it cannot be used.
    """
    many = read_many(labels, pred_probs)
    pruning = Pruning(frac_noise, num_to_remove_per_class, min_examples_per_class, confident_joint)
    masks = _class_masks(many, filter_by, pruning, low_memory=low_memory)
    if return_indices_ranked_by is None:
        return np.stack(masks, axis=1)
    everything = list(many.classes())
    return (
        [
            ordered(rows, mask, return_indices_ranked_by, rank_by_kwargs)
            for rows, mask in zip(everything, masks, strict=True)
        ],
        [rows.labels for rows in everything],
        [rows.probs for rows in everything],
    )


def _class_masks(many: ManyLabels, filter_by: str, pruning: Pruning, *, low_memory: bool) -> list[Mask]:
    if low_memory:
        if filter_by != "prune_by_noise_rate":
            warnings.warn(f"filter_by={filter_by!r} is not looked at with low_memory=True", stacklevel=3)
        return [issue_mask(rows, "low_self_confidence", Pruning()) for rows in many.classes()]
    each = _prunings(pruning, many.n_classes)
    return [issue_mask(rows, filter_by, asked) for rows, asked in zip(many.classes(), each, strict=True)]


def _prunings(pruning: Pruning, n_classes: int) -> list[Pruning]:
    """The options of every class."""
    joints = _joints(pruning.joint, n_classes)
    if pruning.wanted is None:
        return [replace(pruning, joint=joint) for joint in joints]
    wanted = np.asarray(pruning.wanted, np.float64)
    if wanted.shape != (n_classes,):
        raise InputError(
            f"num_to_remove_per_class must be one number for each of the {n_classes} classes; got {pruning.wanted!r}"
        )
    return [replace(pruning, joint=joint, wanted=[number, 0]) for joint, number in zip(joints, wanted, strict=True)]


def _joints(joint: Any, n_classes: int) -> list[Any]:
    if joint is not None and np.shape(joint) != (n_classes, 2, 2):
        warnings.warn(
            f"confident_joint must have shape {(n_classes, 2, 2)} for rows with several labels; got {np.shape(joint)}: "
            "it is counted from the rows instead",
            stacklevel=5,
        )
        return [None] * n_classes
    return [None] * n_classes if joint is None else list(class_joints(joint, n_classes))


def _lowest(many: ManyLabels, method: str) -> Mask:
    found = np.any([issue_mask(rows, "confident_learning", Pruning()) for rows in many.classes()], axis=0)
    mask = np.zeros(len(found), np.bool_)
    mask[lowest(row_quality(many, method, adjust=False), int(found.sum()))] = True
    return mask
