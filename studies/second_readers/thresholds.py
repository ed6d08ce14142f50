"""A threshold chosen on one author's answers, kept for another's: does the promised share of errors hold?"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from studies.know_when.values import Cell, Figure, FigureTable
from studies.published_study import DecidedClaim, StudyChapter, stated
from studies.second_readers.pairs import Floats, ReaderPairs, figure_of

__all__ = ["chapter"]

_ALLOWED: Final = 0.05


def chapter(pairs: ReaderPairs) -> StudyChapter:
    """Thresholds on the reader's surprise, and on own entropy, from every author to every other."""
    options = pairs.options
    fit = options.question % 2 == 0
    m = len(options.models)
    cmp, own = np.full((m, m, m), np.nan), np.full((m, m), np.nan)
    for reader in range(m):
        u = np.stack([options.surprise(reader, a) for a in range(m)])
        cmp[reader] = _moved(u, ~options.right, fit)
    own = _moved(options.entropy, ~options.right, fit)
    far = {"moved": _offs(pairs, cmp, own, moved=True), "kept": _offs(pairs, cmp, own, moved=False)}
    claims = [
        DecidedClaim(
            "A threshold on CMP keeps its share of errors better than one on own entropy, moved to another author",
            far["moved"][2],
            "distance from the share allowed, own entropy less CMP",
        ),
        DecidedClaim(
            "On CMP, moving to another author costs nothing",
            _gap(pairs, cmp),
            "distance from the share allowed, on the same author less on another",
        ),
    ]
    rows: list[tuple[Cell, ...]] = [
        ("another author's answers", *far["moved"][:2]),
        ("the same author's answers", *far["kept"][:2]),
    ]
    table = FigureTable(
        f"How far the share of errors among accepted answers is from the {_ALLOWED:.0%} allowed, mean of the distance",
        ("judged on", "threshold on CMP", "threshold on own entropy"),
        rows,
    )
    found = (
        f"A threshold for {_ALLOWED:.0%} of errors, moved to another author, misses by {stated(far['moved'][0])} on CMP and by {stated(far['moved'][1])} on own entropy.",
    )
    notes = (
        (
            f"The threshold accepts as many answers as keep the share of errors at {_ALLOWED:.0%} on even-numbered questions of one author; it is "
            "judged on the odd-numbered questions of another. The reader is at least as accurate as both authors. Intervals draw models, not questions."
        ),
    )
    return StudyChapter("Thresholds moved from one author to another", found, claims, [table], notes)


def _moved(u: Floats, wrong: NDArray[np.bool_], fit: NDArray[np.bool_]) -> Floats:
    """(M, M) share of errors among accepted answers: threshold of the row's author, answers of the column's; NaN where none is."""
    found = np.full((len(u), len(u)), np.nan)
    for one in range(len(u)):
        threshold = _threshold(u[one, fit], wrong[one, fit])
        for other in range(len(u)):
            accepted = u[other, ~fit] <= threshold
            if accepted.any():
                found[one, other] = wrong[other, ~fit][accepted].mean()
    return found


def _threshold(u: Floats, wrong: NDArray[np.bool_]) -> float:
    """The largest value up to which the share of errors is allowed; −∞ where none is."""
    order = np.argsort(u, kind="stable")
    share = np.cumsum(wrong[order]) / np.arange(1, len(u) + 1)
    last_of_ties = np.append(u[order][1:] != u[order][:-1], True)
    allowed = np.flatnonzero((share <= _ALLOWED) & last_of_ties)
    return float(u[order][allowed[-1]]) if len(allowed) else -np.inf


def _triples(pairs: ReaderPairs, *, moved: bool) -> NDArray[np.bool_]:
    """(M, M, M) reader, author of the threshold, author judged: the reader at least as accurate as both and none of them."""
    better = (pairs.gap.T >= 0) & pairs.apart  # reader, author
    chosen = better[:, :, None] & better[:, None, :]
    same = np.eye(len(better), dtype=np.bool_)
    found: NDArray[np.bool_] = chosen & (~same if moved else same)
    return found


def _mean(pairs: ReaderPairs, values: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """(D+1,) mean over chosen triples, weighted by how often their models are drawn; NaN where none is."""
    there = chosen & np.isfinite(values)
    places = np.nonzero(there)
    drawn = []
    for counts in pairs.models:
        weight = counts[places[0]] * counts[places[1]]
        weight = weight * np.where(places[1] == places[2], 1.0, counts[places[2]])
        drawn.append(np.nan if not weight.any() else float(weight @ values[places] / weight.sum()))
    return np.array(drawn)


def _offs(pairs: ReaderPairs, cmp: Floats, own: Floats, *, moved: bool) -> tuple[Figure, Figure, Figure]:
    """Distance from the share allowed: on CMP, on own entropy, and what CMP saves."""
    chosen = _triples(pairs, moved=moved) & np.isfinite(cmp) & np.isfinite(own)
    sides = [_mean(pairs, np.abs(values - _ALLOWED), chosen) for values in (cmp, np.broadcast_to(own, cmp.shape))]
    n = int(chosen.sum())
    return _figure(sides[0], n), _figure(sides[1], n), _figure(sides[1] - sides[0], n)


def _gap(pairs: ReaderPairs, cmp: Floats) -> Figure:
    off = np.abs(cmp - _ALLOWED)
    kept, moved = (_mean(pairs, off, _triples(pairs, moved=way)) for way in (False, True))
    return _figure(kept - moved, int(_triples(pairs, moved=True).sum()))


def _figure(drawn: Floats, n: int) -> Figure:
    return figure_of(drawn[np.isfinite(drawn)], n, "triples")
