"""Which rows carry a wrong label: cleanlab's ``filter``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from foureyes.compat.cleanlab._classes import read_many
from foureyes.compat.cleanlab._masks import Pruning, issue_mask
from foureyes.compat.cleanlab._rows import GivenRows, Mask, Places, read_rows
from foureyes.compat.cleanlab.multilabel_classification.filter import find_label_issues as find_multilabel_issues
from foureyes.compat.cleanlab.rank import ordered
from foureyes.maths.label_pruning import calibrated_joint, quotas
from foureyes.maths.row_blocks import row_blocks

__all__ = ["find_label_issues", "find_label_issues_using_argmax_confusion_matrix", "find_predicted_neq_given"]


def find_label_issues(  # noqa: PLR0913 - cleanlab's signature
    labels: Any,
    pred_probs: Any,
    *,
    return_indices_ranked_by: str | None = None,
    rank_by_kwargs: Mapping[str, Any] | None = None,
    filter_by: str = "prune_by_noise_rate",
    frac_noise: float = 1.0,
    num_to_remove_per_class: Any = None,
    min_examples_per_class: int = 1,
    confident_joint: Any = None,
    n_jobs: int | None = None,
    verbose: bool = False,
    low_memory: bool = False,
    multi_label: bool = False,
) -> Mask | Places:
    """Rows that likely carry a wrong label, by cleanlab's methods and defaults.

    :func:`foureyes.find_label_issues` has a default of its own and says who disagrees with a label; this one gives
    cleanlab's answers to cleanlab's calls.

    Args:
        labels: (N,) integers 0 … K-1: a list, an array, a pandas series; N lists of them with ``multi_label``.
        pred_probs: (N, K) probabilities, each in [0, 1], out of sample. May be memory-mapped.
        return_indices_ranked_by: a score to order the rows by, see
            :func:`foureyes.compat.cleanlab.rank.get_label_quality_scores`; a mask is returned by default.
        rank_by_kwargs: further arguments of the score: ``adjust_pred_probs``.
        filter_by: which rows. The first five never take one whose given label is most probable (within 1e-6).

            * ``"prune_by_noise_rate"``: for every pair of labels as many as the confident joint counts, those with the
              largest margin first;
            * ``"prune_by_class"``: for every label as many as the joint counts off its diagonal, those that give it the
              lowest probability first;
            * ``"both"``: those that both find;
            * ``"confident_learning"``: those that the joint counts off its diagonal;
            * ``"predicted_neq_given"``: all whose most probable class is another;
            * ``"low_normalized_margin"``, ``"low_self_confidence"``: those with the lowest score, as many as
              ``"confident_learning"`` finds.
        frac_noise: share of the rows otherwise found, for the two ``prune_…`` ones and ``"both"``.
        num_to_remove_per_class: (K,) rows to find for every class, or one number for all, for the same three. With
            ``"prune_by_noise_rate"`` they are counted by the class that rows are believed to be.
        min_examples_per_class: rows of every label that keep it at least, for the same three.
        confident_joint: (K, K) counts, see :func:`foureyes.compat.cleanlab.count.compute_confident_joint`, for the
            same three; counted from the rows by default.
        n_jobs: accepted and ignored: one thread does it.
        verbose: accepted and ignored: nothing is printed.
        low_memory: as ``filter_by="low_self_confidence"``, which is what cleanlab did with it. Memory is bounded
            either way.
        multi_label: rows carry several labels; use :mod:`foureyes.compat.cleanlab.multilabel_classification.filter`.

    Returns:
        (N,) mask, or (M,) row indices, the worst first; of equal scores the one first that NumPy's sort puts first.

    Raises:
        InputError: something of it cannot be used. It is a ``ValueError``.

    Warns:
        UserWarning: an option that the filter does not look at was given, or rows do not sum to one.
        DeprecationWarning: for ``multi_label``, as by cleanlab.

    Example:
        >>> sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.1, 0.9], [0.95, 0.05]])
        >>> find_label_issues([0, 0, 1, 1, 1], sure, return_indices_ranked_by="self_confidence")
        array([4])

    Source: Northcutt, Jiang & Chuang, JAIR 2021; the documentation and the results of cleanlab 2.9.
    """
    if multi_label:
        warnings.warn(
            "multi_label=True goes away: use multilabel_classification.filter.find_label_issues",
            DeprecationWarning,
            stacklevel=2,
        )
        return find_multilabel_issues(
            labels,
            pred_probs,
            return_indices_ranked_by,
            rank_by_kwargs,
            filter_by,
            frac_noise,
            num_to_remove_per_class,
            min_examples_per_class,
            confident_joint,
            n_jobs,
            verbose,
            low_memory,
        )
    rows = read_rows(labels, pred_probs)
    pruning = Pruning(frac_noise, num_to_remove_per_class, min_examples_per_class, confident_joint)
    mask = issue_mask(rows, "low_self_confidence", Pruning()) if low_memory else issue_mask(rows, filter_by, pruning)
    return mask if return_indices_ranked_by is None else ordered(rows, mask, return_indices_ranked_by, rank_by_kwargs)


def find_predicted_neq_given(labels: Any, pred_probs: Any, *, multi_label: bool = False) -> Mask:
    """Rows whose most probable class is not the given label; of equal ones the first counts.

    Args:
        labels: (N,) integers 0 … K-1; N lists of them with ``multi_label``.
        pred_probs: (N, K) probabilities, each in [0, 1].
        multi_label: rows carry several labels; one is found if some class is more probable than not and missing, or
            less probable than not and there.

    Raises:
        InputError: something of it cannot be used.
    """
    if not multi_label:
        return _differs(read_rows(labels, pred_probs))
    mask: Mask = np.any([_differs(rows) for rows in read_many(labels, pred_probs).classes()], axis=0)
    return mask


def find_label_issues_using_argmax_confusion_matrix(
    labels: Any, pred_probs: Any, *, calibrate: bool = True, filter_by: str = "prune_by_noise_rate"
) -> Mask:
    """What :func:`find_label_issues` finds with the plain confusion matrix in the place of the confident joint.

    Args:
        labels: (N,) integers 0 … K-1.
        pred_probs: (N, K) probabilities, each in [0, 1].
        calibrate: scales every row of the matrix to the number of rows of its label.
        filter_by: see :func:`find_label_issues`.

    Raises:
        InputError: something of it cannot be used.
    """
    rows = read_rows(labels, pred_probs)
    k = rows.n_classes
    cells = rows.labels * k + _most_probable(rows)
    confusion = np.bincount(cells, minlength=k * k).reshape(k, k)
    joint = calibrated_joint(confusion, rows.counts) if calibrate else confusion
    return issue_mask(rows, filter_by, Pruning(joint=joint))


def _keep_at_least_n_per_class(prune_count_matrix: Any, n: int, *, frac_noise: float = 1.0) -> Any:
    """Quotas by (true, given) label, under the name by which cleanlab's own tests call them."""
    return quotas(np.asarray(prune_count_matrix).T, least=n, share=frac_noise).T


def _reduce_prune_counts(prune_count_matrix: Any, frac_noise: float = 1.0) -> Any:
    """The same without a least number of rows."""
    return _keep_at_least_n_per_class(prune_count_matrix, np.iinfo(np.int64).min, frac_noise=frac_noise)


def _differs(rows: GivenRows) -> Mask:
    mask: Mask = _most_probable(rows) != rows.labels
    return mask


def _most_probable(rows: GivenRows) -> Places:
    found = np.empty(len(rows.labels), np.intp)
    for where, block in row_blocks(rows.probs):
        found[where] = block.argmax(axis=1)
    return found
