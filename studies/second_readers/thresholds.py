"""A threshold chosen on one author's answers, kept for another's: does the promised share of errors hold?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.resampled_auroc import Weights, running_sums
from studies.know_when.values import Figure, FigureTable
from studies.published_study import DecidedClaim, StudyChapter, stated
from studies.second_readers.pairs import Bools, Floats, ReaderPairs, figure_of

__all__ = ["chapter"]

_ALLOWED: Final = 0.05


def chapter(pairs: ReaderPairs) -> StudyChapter:
    """Thresholds on the reader's surprise, and on own entropy, from every author to every other."""
    far = {name: _distances(pairs, moved=name == "moved") for name in ("moved", "kept")}
    claims = [
        DecidedClaim(
            "A threshold on CMP keeps its share of errors better than one on own entropy, moved to another author",
            far["moved"].figure(far["moved"].own - far["moved"].cmp),
            "distance from the share allowed, own entropy less CMP",
        ),
        DecidedClaim(
            "On CMP, moving to another author costs nothing",
            far["moved"].figure(far["kept"].cmp - far["moved"].cmp),
            "distance from the share allowed, on the same author less on another",
        ),
    ]
    rows = [
        (judged, one.figure(one.cmp), one.figure(one.own))
        for judged, one in (("another author's answers", far["moved"]), ("the same author's answers", far["kept"]))
    ]
    table = FigureTable(
        f"How far the share of errors among accepted answers is from the {_ALLOWED:.0%} allowed, mean of the distance",
        ("judged on", "threshold on CMP", "threshold on own entropy"),
        rows,
    )
    found = (
        f"A threshold for {_ALLOWED:.0%} of errors, moved to another author, misses by {stated(rows[0][1])} on CMP and by {stated(rows[0][2])} on own entropy.",
    )
    notes = (
        (
            f"The threshold accepts as many answers as keep the share of errors at {_ALLOWED:.0%} on even-numbered questions of one author; it is "
            "judged on the odd-numbered questions of another. The reader is at least as accurate as both authors. Intervals draw questions, with "
            "the threshold chosen anew on each draw, and models. A distance has no sign, so chance in a draw adds to it: of the distances "
            "themselves the interval reaches further up than down."
        ),
    )
    return StudyChapter("Thresholds moved from one author to another", found, claims, [table], notes)


@dataclass(frozen=True, slots=True, eq=False)
class _Distances:
    """How far shares of errors are from the one allowed, means over triples: (D+1,) on CMP and on own entropy."""

    cmp: Floats
    own: Floats
    n: int

    def figure(self, drawn: Floats) -> Figure:
        return figure_of(drawn, self.n, "triples")


def _distances(pairs: ReaderPairs, *, moved: bool) -> _Distances:
    """Over reader, author of the threshold and author judged, weighted by how often these models are drawn.

    The reader is at least as accurate as both authors and neither of them; the two are one author where nothing is moved.
    """
    options = pairs.options
    own = _moved(options.entropy, ~options.right, pairs)
    sums, totals, n = np.zeros((2, pairs.weights.shape[1])), np.zeros(pairs.weights.shape[1]), 0
    for reader in range(len(options.models)):
        authors = np.flatnonzero((pairs.gap[:, reader] >= 0) & pairs.apart[:, reader])
        if not len(authors):
            continue
        surprise = np.stack([options.surprise(reader, int(a)) for a in authors])
        shares = _moved(surprise, ~options.right[authors], pairs), own[np.ix_(authors, authors)]
        there = np.isfinite(shares[0]) & np.isfinite(shares[1]) & _chosen(len(authors), moved=moved)[:, :, None]
        counts = pairs.models[:, authors].T
        both = counts[:, None] * (counts[None] if moved else 1.0)
        weights = there * both * pairs.models[:, reader]
        for side, share in enumerate(shares):
            sums[side] += (weights * np.abs(np.where(there, share, 0.0) - _ALLOWED)).sum(axis=(0, 1))
        totals += weights.sum(axis=(0, 1))
        n += int(there[:, :, 0].sum())
    cmp, doubt = np.divide(sums, totals, out=np.full_like(sums, np.nan), where=totals > 0)
    return _Distances(cmp, doubt, n)


def _chosen(n_authors: int, *, moved: bool) -> Bools:
    same = np.eye(n_authors, dtype=np.bool_)
    return ~same if moved else same


def _moved(u: Floats, wrong: Bools, pairs: ReaderPairs) -> Floats:
    """(A, A, D+1) share of errors among accepted answers: threshold of the row's author, answers of the column's; NaN where none is."""
    fit = pairs.options.question % 2 == 0
    thresholds = np.stack([_threshold(u[a, fit], wrong[a, fit], pairs.weights[fit]) for a in range(len(u))])
    judged = [_share(u[a, ~fit], wrong[a, ~fit], pairs.weights[~fit], thresholds) for a in range(len(u))]
    return np.stack(judged, axis=1)


def _threshold(u: Floats, wrong: Bools, weights: Weights) -> Floats:
    """(D+1,) the largest value up to which the share of errors is allowed; −∞ where none is."""
    order = np.argsort(u, kind="stable")
    errors, accepted = (sums[1:] for sums in _errors_up_to(order, wrong, weights))
    last_of_ties = np.append(u[order][1:] != u[order][:-1], True)[:, None]
    allowed = (accepted > 0) & (errors <= _ALLOWED * accepted) & last_of_ties
    last = len(u) - 1 - allowed[::-1].argmax(axis=0)
    return np.where(allowed.any(axis=0), u[order][last], -np.inf)


def _share(u: Floats, wrong: Bools, weights: Weights, thresholds: Floats) -> Floats:
    """(A, D+1) share of errors among answers up to each of (A, D+1) thresholds; NaN where there is none."""
    order = np.argsort(u, kind="stable")
    errors, accepted = _errors_up_to(order, wrong, weights)
    place = np.searchsorted(u[order], thresholds, side="right"), np.arange(weights.shape[1])
    found: Floats = np.full(thresholds.shape, np.nan)
    np.divide(errors[place], accepted[place], out=found, where=accepted[place] > 0)
    return found


def _errors_up_to(order: NDArray[np.intp], wrong: Bools, weights: Weights) -> tuple[Weights, Weights]:
    """(N+1, D+1) weight of errors, and of all answers, among the first 0 … N of an order."""
    errors = weights * wrong[:, None].astype(np.float32)
    return running_sums(errors, order), running_sums(weights, order)
