"""What label issues are: one of them, and a ranked list with the cut in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from foureyes.display import TableResult, plural
from foureyes.errors import InputError

__all__ = ["ExpertVote", "Issue", "Issues", "Method"]

Method: TypeAlias = Literal["pooled", "calibrated", "basic", "confident_learning"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

_COLUMNS = ("row", "given", "suggested", "score", "labels", "confidences")


@dataclass(frozen=True, slots=True)
class ExpertVote:
    """What one expert says instead of the given label, and with what probability."""

    expert: str
    label: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Issue:
    """A label that experts contradict.

    Attributes:
        row: its position in the data.
        given: the label it carries.
        suggested: for ``pooled`` the class that the pool holds most probable after the given one; else the label most
            experts name, among equals the one with the higher summed confidence.
        score: small = surely wrong. For ``pooled`` the pool's probability of the given label less that of the suggested one,
            from -1; for ``calibrated`` the smallest ``keep_top`` that still flags the row; for the other methods the mean
            probability that the experts give to the given label.
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
        n_rows: N, rows that were given, those without a label among them.
        n_classes: K, classes the experts know.
        experts: E names.
        row, given, suggested: (M,) integers.
        score: (M,) see :class:`Issue`.
        labels, confidences: (M, E) what each expert says, and with what probability.
        considered: E shares of all rows in which the expert was confident enough to be heard. Above ``keep_top``
            where confidences tie at the cut, as a tie is never split.
        weights: for ``pooled``, how much each expert counts; 0 for one that adds nothing to the others.
        cut: for ``pooled``, the lead from which a label is an issue.
        below: for ``pooled``, the rest of the list: labels that somebody contradicts, not surely enough to be issues.
        given_logs: for ``pooled``, (N,) the weighted log probability of every given label; ranks the labels that nobody contradicts.
        unlabelled: rows without a label, which were left out.
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
    weights: tuple[float, ...] = field(default=(), repr=False)
    cut: float | None = field(default=None, repr=False)
    below: Issues | None = field(default=None, repr=False)
    given_logs: NDArray[np.float32] | None = field(default=None, repr=False)
    unlabelled: Rows = field(default_factory=lambda: np.zeros(0, np.intp), repr=False)

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
        return replace(self, below=None, **{name: getattr(self, name)[places] for name in _COLUMNS})

    @property
    def n_unlabelled(self) -> int:
        """How many rows have no label."""
        return len(self.unlabelled)

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

    @property
    def whole(self) -> Issues:
        """The whole ranked list: these issues, and after the cut the labels :attr:`below` it."""
        if self.below is None:
            return self
        joined: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), getattr(self.below, name)]) for name in _COLUMNS
        }
        return replace(self, below=None, **joined)

    @property
    def ranked(self) -> Rows:
        """All rows with a label, the likeliest error first: the :attr:`whole` list, and after it what nobody contradicts.

        Raises:
            InputError: the method is not ``pooled``, which alone ranks every row.
        """
        if self.given_logs is None:
            raise InputError(f"only method 'pooled' ranks every row; these are issues of {self.method!r}")
        listed = self.whole.row
        others = np.ones(self.n_rows, np.bool_)
        others[listed] = others[self.unlabelled] = False
        rest = np.flatnonzero(others)
        return np.concatenate([listed, rest[np.argsort(self.given_logs[rest], kind="stable")]])

    @property
    def findings(self) -> tuple[str, ...]:
        """What was found and what was not flagged, a sentence each."""
        n, named = self.n_rows - self.n_unlabelled, " and ".join(self.experts)
        left_out = f"{plural(self.n_unlabelled, 'row')} without a label left out" if self.n_unlabelled else ""
        if self.below is None:
            first = f"{len(self):,} of {plural(n, 'label')} {_are(len(self))} contradicted by {named}"
            return tuple(filter(None, (first, left_out)))
        listed = len(self) + len(self.below)
        first = f"{listed:,} of {plural(n, 'label')} {_are(listed)} contradicted by {named}; {len(self):,} surely enough to be flagged"
        rest = (
            f"not flagged: {len(self.below):,} below the cut, listed after it, and {n - listed:,} that nobody contradicts; "
            "errors that every expert shares are among those"
        )
        return tuple(filter(None, (first, rest, left_out, self._unheard())))

    def _unheard(self) -> str:
        silent = [name for name, weight in zip(self.experts, self.weights, strict=True) if not weight]
        if not silent:
            return ""
        return f"{' and '.join(silent)} add{'s' * (len(silent) == 1)} nothing to the others and {_are(len(silent))} not counted"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"
