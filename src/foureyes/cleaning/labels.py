"""Finds the labels that every expert contradicts, ranked, with reasons and a suggestion.

Three methods share one principle: *a label is an issue when every expert says so*. They differ in when an expert says
so: ``basic`` takes its most probable class, ``calibrated`` only where it is among the most confident, and
``confident_learning`` where a class reaches that class's own mean confidence.

A newcomer starts at :func:`find_label_issues`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.cleaning.experts import Experts, PredProbs
from foureyes.cleaning.filters import FilterBy, RankBy, filter_mask, rank_rows
from foureyes.display import TableResult
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.label_noise import chosen, class_thresholds, confident_labels, levels

__all__ = ["ExpertVote", "Issue", "Issues", "Method", "find_label_issues"]

Method: TypeAlias = Literal["calibrated", "basic", "confident_learning"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class ExpertVote:
    """What one expert says instead of the given label, and with what probability."""

    expert: str
    label: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Issue:
    """A label that every expert contradicts.

    Attributes:
        row: its position in the data.
        given: the label it carries.
        suggested: the label most experts name; among equals the one with the higher summed confidence.
        score: small = surely wrong. For ``calibrated`` the smallest ``keep_top`` that still flags the row; for the
            other methods the mean probability that the experts give to the given label.
        agreement: share of the experts that name ``suggested``.
        votes: what each expert says.
    """

    row: int
    given: int
    suggested: int
    score: float
    agreement: float
    votes: tuple[ExpertVote, ...]

    @property
    def reason(self) -> str:
        """Who disagrees, and how confidently, as a sentence."""
        return self.explain()

    def explain(self, classes: Sequence[str] | None = None) -> str:
        """The reason, with the names of the classes where they are known.

        Args:
            classes: K names in the order of the columns.

        Example:
            >>> Issue(0, 5, 3, 0.1, 1.0, (ExpertVote("resnet", 3, 0.98), ExpertVote("lenet", 3, 0.81))).explain()
            'not 5: resnet says 3 (0.98), lenet says 3 (0.81)'
        """
        named = [str(label) if classes is None else classes[label] for label in (self.given, *self._labels)]
        said = zip(self.votes, named[1:], strict=True)
        return f"not {named[0]}: " + ", ".join(f"{v.expert} says {name} ({v.confidence:.2f})" for v, name in said)

    @property
    def _labels(self) -> tuple[int, ...]:
        return tuple(vote.label for vote in self.votes)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Issues(TableResult, Sequence[Issue]):
    """Label issues, the surest first; a sequence of :class:`Issue` over columns of M rows and E experts.

    Attributes:
        method: how they were found.
        n_rows: N, rows that were looked at.
        n_classes: K, classes the experts know.
        experts: E names.
        row, given, suggested: (M,) integers.
        score: (M,) see :class:`Issue`.
        labels, confidences: (M, E) what each expert says, and with what probability.
        considered: E shares of all rows in which the expert was confident enough to be heard. Above ``keep_top``
            where confidences tie at the cut, as a tie is never split.
    """

    method: Method
    n_rows: int
    n_classes: int
    experts: tuple[str, ...]
    row: Rows
    given: NDArray[np.int32]
    suggested: NDArray[np.int32]
    score: Floats
    labels: NDArray[np.int32]
    confidences: Floats
    considered: tuple[float, ...]

    def columns(self) -> dict[str, Any]:
        """One row an issue: its place, labels and score, and what each expert says."""
        said = {f"{name} says": self.labels[:, e] for e, name in enumerate(self.experts)}
        sure = {f"{name} is sure": self.confidences[:, e] for e, name in enumerate(self.experts)}
        return {"row": self.row, "given": self.given, "suggested": self.suggested, "score": self.score, **said, **sure}

    def __len__(self) -> int:
        return len(self.row)

    @overload
    def __getitem__(self, index: int) -> Issue: ...
    @overload
    def __getitem__(self, index: slice) -> Issues: ...
    def __getitem__(self, index: int | slice) -> Issue | Issues:
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        said = zip(self.experts, self.labels[index].tolist(), self.confidences[index].tolist(), strict=True)
        suggested = int(self.suggested[index])
        return Issue(
            row=int(self.row[index]),
            given=int(self.given[index]),
            suggested=suggested,
            score=float(self.score[index]),
            agreement=float((self.labels[index] == suggested).mean()),
            votes=tuple(ExpertVote(*vote) for vote in said),
        )

    def __iter__(self) -> Iterator[Issue]:
        return (self[i] for i in range(len(self)))

    def take(self, places: NDArray[Any]) -> Issues:
        """The issues at some places of this list: integers, or a mask of M truth values."""
        columns = ("row", "given", "suggested", "score", "labels", "confidences")
        return replace(self, **{name: getattr(self, name)[places] for name in columns})

    @property
    def agreed(self) -> Issues:
        """Those for which all experts name the same other label."""
        return self.take((self.labels == self.labels[:, :1]).all(axis=1))

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(N,) true where a row is an issue."""
        mask = np.zeros(self.n_rows, np.bool_)
        mask[self.row] = True
        return mask


@overload
def find_label_issues(
    labels: ArrayLike,
    pred_probs: PredProbs,
    *,
    method: Method = ...,
    keep_top: float = ...,
    filter_by: None = ...,
    return_indices_ranked_by: None = ...,
) -> Issues: ...
@overload
def find_label_issues(
    labels: ArrayLike,
    pred_probs: PredProbs,
    *,
    method: Method = ...,
    keep_top: float = ...,
    filter_by: FilterBy,
    return_indices_ranked_by: None = ...,
) -> NDArray[np.bool_]: ...
@overload
def find_label_issues(
    labels: ArrayLike,
    pred_probs: PredProbs,
    *,
    method: Method = ...,
    keep_top: float = ...,
    filter_by: FilterBy | None = ...,
    return_indices_ranked_by: RankBy,
) -> Rows: ...
def find_label_issues(
    labels: ArrayLike,
    pred_probs: PredProbs,
    *,
    method: Method = "calibrated",
    keep_top: float = 0.3,
    filter_by: FilterBy | None = None,
    return_indices_ranked_by: RankBy | None = None,
) -> Issues | NDArray[np.bool_] | Rows:
    """Labels that every expert contradicts, the surest first.

    With a given label y and an expert's probabilities p, the expert says that y is wrong when

    * ``basic``: some other class is more probable than y (by more than 1e-6);
    * ``calibrated``: that, and its confidence max p is among the ``keep_top`` share of all its rows. A smaller share
      is more precise and detects less; :mod:`foureyes.cleaning.stopping` finds the share for a wanted precision;
    * ``confident_learning``: that, and the class Confident Learning believes in is not y. It believes in the one
      class with p_j ≥ t_j, t_j the mean of p_j over rows labelled j; if several reach it, in the most probable class.

    Calls written for cleanlab work unchanged: with ``filter_by`` or ``return_indices_ranked_by`` the result is what
    cleanlab returns, a mask or ranked indices, for one expert.

    Args:
        labels: (N,) integers 0 … K-1, the labels in question.
        pred_probs: (N, K) probabilities of one expert, a list of such arrays, or a mapping from experts' names to
            them. Out-of-sample (see :func:`foureyes.cleaning.folds.out_of_fold`) and calibrated, or the method sees
            what a model learned by heart. May be memory-mapped.
        method: when an expert says that a label is wrong.
        keep_top: for ``calibrated``, in (0, 1].
        filter_by: one of cleanlab's filters.
        return_indices_ranked_by: one of cleanlab's scores; its ``filter_by`` is ``"prune_by_noise_rate"`` by default.

    Returns:
        The issues; for a cleanlab call a mask (N,) or an array of row indices, the worst first.

    Raises:
        InputError: shapes disagree, a label is out of range, a row is not a distribution (logits are named as such),
            an option is unknown or does not go with another; for ``confident_learning``, a class has no row.
        NotEnoughData: no rows, or ``keep_top`` of them is less than one.

    Example:
        >>> sure = np.array([[0.9, 0.1], [0.2, 0.8], [0.97, 0.03], [0.6, 0.4]])
        >>> [issue.reason for issue in find_label_issues([0, 1, 1, 1], sure)]
        ['not 1: pred_probs says 0 (0.97)']

    Source: Hao et al., arXiv 2601.07965, section 5; Northcutt, Jiang & Chuang, JAIR 2021.
    """
    if filter_by is None and return_indices_ranked_by is None:
        return _issues(Experts.read(labels, pred_probs), method, keep_top)
    if method != "calibrated":
        raise InputError(f"give either method or cleanlab's filter_by, not both; got method={method!r}")
    experts = Experts.read(labels, pred_probs)
    mask = filter_mask(experts, filter_by or "prune_by_noise_rate")
    if return_indices_ranked_by is None:
        return mask
    return rank_rows(experts, np.flatnonzero(mask), return_indices_ranked_by)


def _issues(experts: Experts, method: Method, keep_top: float) -> Issues:
    if method == "calibrated":
        return _calibrated(experts, keep_top)
    if method == "basic":
        return _build_issues(experts, method, experts.contradicted())
    if method == "confident_learning":
        return _confident(experts)
    raise InputError(f"method must be one of {', '.join(get_args(Method))}; got {method!r}")


def _calibrated(experts: Experts, keep_top: float) -> Issues:
    n = len(experts.labels)
    if not 0 < keep_top <= 1:
        raise InputError(f"keep_top must be a share of the rows in (0, 1]; got {keep_top:g}")
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
        suggested=_plurality(against, confidences)[order],
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
