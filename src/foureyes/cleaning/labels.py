"""Finds the labels that experts contradict, ranked, with reasons and a suggestion.

By default the experts are pooled into one: each counts as much as it helps to tell the labels, see
:mod:`foureyes.maths.label_pool`, and a label is an issue where the pool puts another class far before it. The other methods
share an older principle: a label is an issue when *every* expert says so. ``basic`` takes its most probable class,
``calibrated`` only where it is among the most confident, and ``confident_learning`` where a class reaches that class's
own mean confidence.

A newcomer starts at :func:`find_label_issues`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, get_args, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.cleaning.experts import Experts, PredProbs
from foureyes.cleaning.filters import FilterBy, RankBy, filter_mask, rank_rows
from foureyes.cleaning.inputs import InputScale
from foureyes.cleaning.issues import Issues, Method
from foureyes.cleaning.sanity import require_sane
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.label_noise import TOLERANCE, chosen, class_thresholds, confident_labels, levels
from foureyes.maths.label_pool import pool_weights, pooled_leads

__all__ = ["DEFAULT_CUT", "DEFAULT_KEEP_TOP", "find_label_issues"]

DEFAULT_CUT: Final = 0.5
DEFAULT_KEEP_TOP: Final = 0.3

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@overload
def find_label_issues(
    labels: ArrayLike,
    pred_probs: PredProbs,
    *,
    method: Method = ...,
    cut: float | None = ...,
    keep_top: float | None = ...,
    classes: Sequence[str] | None = ...,
    scale: InputScale = ...,
    check: bool = ...,
    filter_by: None = ...,
    return_indices_ranked_by: None = ...,
) -> Issues: ...
@overload
def find_label_issues(
    labels: ArrayLike,
    pred_probs: PredProbs,
    *,
    method: Method = ...,
    cut: float | None = ...,
    keep_top: float | None = ...,
    classes: Sequence[str] | None = ...,
    scale: InputScale = ...,
    check: bool = ...,
    filter_by: FilterBy,
    return_indices_ranked_by: None = ...,
) -> NDArray[np.bool_]: ...
@overload
def find_label_issues(
    labels: ArrayLike,
    pred_probs: PredProbs,
    *,
    method: Method = ...,
    cut: float | None = ...,
    keep_top: float | None = ...,
    classes: Sequence[str] | None = ...,
    scale: InputScale = ...,
    check: bool = ...,
    filter_by: FilterBy | None = ...,
    return_indices_ranked_by: RankBy,
) -> Rows: ...
def find_label_issues(  # noqa: PLR0913 - each by its name
    labels: ArrayLike,
    pred_probs: PredProbs,
    *,
    method: Method = "pooled",
    cut: float | None = None,
    keep_top: float | None = None,
    classes: Sequence[str] | None = None,
    scale: InputScale = "auto",
    check: bool = True,
    filter_by: FilterBy | None = None,
    return_indices_ranked_by: RankBy | None = None,
) -> Issues | NDArray[np.bool_] | Rows:
    """Labels that experts contradict, the surest first.

    With a given label y and an expert's probabilities p, a label is an issue when

    * ``pooled``: the experts together hold another class more probable than y by ``cut`` or more. Together: a product of their
      probabilities with the weights under which the given labels are most probable, so that an expert that is often wrong and
      sure counts little. What somebody contradicts less surely is ranked after the cut, in :attr:`Issues.below`;
    * ``basic``: every expert holds some other class more probable than y (by more than 1e-6);
    * ``calibrated``: that, and each one's confidence max p is among the ``keep_top`` share of all its rows. A smaller share
      is more precise and detects less; :mod:`foureyes.cleaning.stopping` finds the share for a wanted precision;
    * ``confident_learning``: that, and the class Confident Learning believes in is not y. It believes in the one
      class with p_j ≥ t_j, t_j the mean of p_j over rows labelled j; if several reach it, in the most probable class.

    Calls written for cleanlab work unchanged: with ``filter_by`` or ``return_indices_ranked_by`` the result is what
    cleanlab returns, a mask or ranked indices, for one expert. Without them the default is ``pooled``, not cleanlab's.
    :mod:`foureyes.compat.cleanlab` takes all of its arguments.

    Args:
        labels: (N,) the labels in question: integers 0 … K-1, or names with ``classes``. Rows whose label is ``None``, NaN, -1
            or empty are left out and counted.
        pred_probs: (N, K) probabilities or logits of one expert, a list of such arrays, or a mapping from experts' names to
            them. Out-of-sample (see :func:`foureyes.cleaning.folds.out_of_fold`), or the method sees what a model learned
            by heart. May be memory-mapped.
        method: what makes a label an issue.
        cut: for ``pooled``, in (0, 1]; 0.5 by default, as ``python -m studies.defaults --only cleaning`` chose it.
        keep_top: for ``calibrated``, in (0, 1]; 0.3 by default.
        classes: K names in the order of the columns; by default those of a data frame's columns.
        scale: what ``pred_probs`` holds; ``"auto"`` takes a matrix with negative numbers for logits.
        check: whether experts whose columns seem to stand in another order, or who are the labels themselves, are refused.
        filter_by: one of cleanlab's filters.
        return_indices_ranked_by: one of cleanlab's scores; its ``filter_by`` is ``"prune_by_noise_rate"`` by default.

    Returns:
        The issues; for a cleanlab call a mask (N,) or an array of row indices, the worst first.

    Raises:
        InputError: shapes disagree, labels are of no class (all are told), a row is not a distribution, columns and labels are
            in different orders, an option is unknown or does not go with another; for ``confident_learning``, a class has no row.
        NotEnoughData: no rows, or ``keep_top`` of them is less than one.

    Example:
        >>> sure = np.array([[0.9, 0.1], [0.2, 0.8], [0.97, 0.03], [0.6, 0.4]])
        >>> [issue.reason for issue in find_label_issues([0, 1, 1, 1], sure)]
        ['not 1: pred_probs says 0 (0.97)']

    Source: Hao et al., arXiv 2601.07965, section 5; Northcutt, Jiang & Chuang, JAIR 2021; Genest & Zidek, Statistical Science 1986.
    """
    _require_options(method, cut, keep_top)
    experts = Experts.read(labels, pred_probs, classes=classes, scale=scale)
    if filter_by is None and return_indices_ranked_by is None:
        if check:
            require_sane(experts, classes)
        return _placed(_issues(experts, method, cut, keep_top), experts)
    if method != "pooled":
        raise InputError(f"give either method or cleanlab's filter_by, not both; got method={method!r}")
    mask = filter_mask(experts, filter_by or "prune_by_noise_rate")
    if return_indices_ranked_by is None:
        return (
            mask if experts.rows is None else np.bincount(experts.rows[mask], minlength=experts.n_rows).astype(np.bool_)
        )
    ranked = rank_rows(experts, np.flatnonzero(mask), return_indices_ranked_by)
    return ranked if experts.rows is None else experts.rows[ranked]


def _require_options(method: Method, cut: float | None, keep_top: float | None) -> None:
    if method not in get_args(Method):
        raise InputError(f"method must be one of {', '.join(get_args(Method))}; got {method!r}")
    if cut is not None and method != "pooled":
        raise InputError(f"cut belongs to method 'pooled'; got {method!r}")
    if keep_top is not None and method != "calibrated":
        raise InputError(f"keep_top belongs to method 'calibrated'; got {method!r}")
    if cut is not None and not 0 < cut <= 1:
        raise InputError(f"cut must be a difference of probabilities in (0, 1]; got {cut:g}")
    if keep_top is not None and not 0 < keep_top <= 1:
        raise InputError(f"keep_top must be a share of the rows in (0, 1]; got {keep_top:g}")


def _issues(experts: Experts, method: Method, cut: float | None, keep_top: float | None) -> Issues:
    if method == "pooled":
        return _pooled(experts, DEFAULT_CUT if cut is None else cut)
    if method == "calibrated":
        return _calibrated(experts, DEFAULT_KEEP_TOP if keep_top is None else keep_top)
    if method == "basic":
        return _build_issues(experts, method, experts.contradicted())
    return _confident(experts)


def _placed(issues: Issues, experts: Experts) -> Issues:
    """The issues, by the numbers of the rows that were given."""
    if experts.rows is None:
        return issues
    below = None if issues.below is None else _placed(issues.below, experts)
    missing = np.setdiff1d(np.arange(experts.n_rows), experts.rows)
    logs = issues.given_logs
    if logs is not None:
        logs = np.zeros(experts.n_rows, np.float32)
        logs[experts.rows] = issues.given_logs
    rows = experts.rows[issues.row]
    return replace(issues, row=rows, n_rows=experts.n_rows, unlabelled=missing, below=below, given_logs=logs)


def _pooled(experts: Experts, cut: float) -> Issues:
    weights = pool_weights(experts.labels, experts.probs)
    if not weights.any():
        raise InputError(
            f"no expert tells the labels better than chance ({', '.join(experts.names)}): are their columns and the labels in the same order?"
        )
    heard = [(probs, weight) for probs, weight in zip(experts.probs, weights, strict=True) if weight]
    rows = experts.contradicted_by_any(weights > 0)
    leads, others = pooled_leads(experts.labels, [probs for probs, _ in heard], weights[weights > 0], rows)
    listed = _build_issues(experts, "pooled", rows, score=leads, suggested=others)
    flagged = listed.score <= -cut + TOLERANCE
    stated: dict[str, Any] = {
        "weights": tuple(weights.tolist()),
        "cut": cut,
        "given_logs": experts.given_logs(weights),
    }
    return replace(listed.take(flagged), below=replace(listed.take(~flagged), **stated), **stated)


def _calibrated(experts: Experts, keep_top: float) -> Issues:
    n = len(experts.labels)
    if keep_top * n < 1:
        raise NotEnoughData(
            f"keep_top {keep_top:g} of {n} rows is no row; got {n}, wanted {int(np.ceil(1 / keep_top))}"
        )
    rows = experts.contradicted()
    level = np.max([levels(view.confidence, rows) for view in experts.opinions], axis=0)
    within = level <= keep_top
    considered = tuple(_share_considered(view.confidence, keep_top) for view in experts.opinions)
    return _build_issues(experts, "calibrated", rows[within], score=level[within], considered=considered)


def _share_considered(confidence: NDArray[Any], keep_top: float) -> float:
    """The share of rows at or above the cut, ties included."""
    last = max(0, len(confidence) - int(keep_top * len(confidence) + 1e-9))
    return float((confidence >= np.partition(confidence, last)[last]).mean())


def _confident(experts: Experts) -> Issues:
    counts = np.bincount(experts.labels, minlength=experts.n_classes)
    if not counts.all():
        empty = ", ".join(map(str, np.flatnonzero(counts == 0)[:5]))
        raise InputError(
            f"Confident Learning needs a row of every class; got none of class {empty}: drop these columns, or call "
            'with filter_by="confident_learning", which never suggests them'
        )
    rows = experts.contradicted()
    said: list[NDArray[np.int32]] = []
    for view, probs in zip(experts.opinions, experts.probs, strict=True):
        thresholds = class_thresholds(experts.labels, view.given, experts.n_classes)
        said.append(confident_labels(probs, thresholds, rows))
    against = np.column_stack(said)
    blamed = ((against >= 0) & (against != experts.labels[rows, None])).all(axis=1)
    return _build_issues(experts, "confident_learning", rows[blamed], against=against[blamed])


def _build_issues(
    experts: Experts,
    method: Method,
    rows: Rows,
    *,
    score: Floats | None = None,
    against: NDArray[np.int32] | None = None,
    suggested: NDArray[np.int32] | None = None,
    considered: tuple[float, ...] | None = None,
) -> Issues:
    """The issues of some rows in order of score; experts say ``against``, by default their most probable class."""
    if against is None:
        against = np.column_stack([view.label[rows] for view in experts.opinions])
        confidences = np.column_stack([view.confidence[rows] for view in experts.opinions])
    else:
        said = zip(experts.probs, against.T, strict=True)
        confidences = np.column_stack([chosen(probs, rows, labels) for probs, labels in said])
    given: Floats = np.array([view.given[rows] for view in experts.opinions], np.float64).mean(axis=0)
    by = given if score is None else score
    order = np.lexsort((rows, given, by))
    return Issues(
        method=method,
        n_rows=len(experts.labels),
        n_classes=experts.n_classes,
        experts=experts.names,
        row=rows[order],
        given=experts.labels[rows[order]].astype(np.int32),
        suggested=(_plurality(against, confidences) if suggested is None else suggested)[order],
        score=by[order],
        labels=against[order],
        confidences=confidences[order].astype(np.float64),
        considered=considered or (1.0,) * len(experts.names),
    )


def _plurality(labels: NDArray[np.int32], confidences: NDArray[Any]) -> NDArray[np.int32]:
    """(M,) the label most experts name; summed confidence, then the order of the experts, breaks ties."""
    same = labels[:, :, None] == labels[:, None, :]
    votes, weight = same.sum(axis=2), (same * confidences[:, None, :]).sum(axis=2)
    most = np.where(votes == votes.max(axis=1, keepdims=True), weight, -1.0).argmax(axis=1)
    suggested: NDArray[np.int32] = labels[np.arange(len(labels)), most]
    return suggested
