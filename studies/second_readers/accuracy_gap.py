"""The reader's surprise and entropy against the author's own doubt, by how the two compare in accuracy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from studies.know_when.values import Cell, Figure, FigureTable
from studies.published_study import DecidedClaim, StudyChapter, forest, stated
from studies.second_readers.pairs import Bools, Floats, ReaderPairs, figure_of, pair_verdicts

__all__ = ["chapter"]

_EDGES: Final = (-np.inf, -0.10, -0.05, -0.02, 0.0, 0.02, 0.05, 0.10, np.inf)
_NEAR: Final = 0.15
"""Pairs further apart in accuracy do not enter the line whose zero is where reading and own doubt are level."""


def chapter(pairs: ReaderPairs) -> StudyChapter:
    """Claims, the picture by gap of accuracy, and the gap at which both are level."""
    level = _level_gap(pairs)
    claims = list(_claims(pairs))
    bins = {name: pairs.mean(pairs.cmp - pairs.own, chosen) for name, chosen in _bins(pairs).items()}
    options = pairs.options
    n_questions = int(options.question.max()) + 1
    notes = (
        (
            f"{len(options.models)} models answered {len(options.gold):,} rows, {n_questions:,} questions with their options in "
            "several orders. Each is an author, its answer the option it holds likeliest, and each other one a reader. Intervals draw "
            "questions whole, and models; one pair alone draws questions only. The author's own doubt is its entropy over the options."
        ),
        "How the pairs compare in accuracy is taken from the same rows.",
    )
    better = pairs.mean(pairs.cmp - pairs.own, pairs.gap >= 0)
    found = (
        (
            f"A reader at least as accurate as the author finds its wrong answers better than its own entropy does: "
            f"{stated(pairs.mean(pairs.cmp, pairs.gap >= 0))} against {stated(pairs.mean(_spread(pairs.own), pairs.gap >= 0))}, "
            f"a difference of {stated(better)}; {pair_verdicts((pairs.cmp - pairs.own)[(pairs.gap >= 0) & pairs.apart])}."
        ),
        (
            f"Reading and own doubt are level where the reader is {-level.value:.3f} less accurate than the author "
            f"[{-level.high:.3f}, {-level.low:.3f}]."
        ),
    )
    picture = forest(
        "AUROC of the reader's surprise less that of the author's own entropy, by the reader's accuracy", bins, 0.0
    )
    warnings = [
        f"{name} is no author here: its answers are all right, or all wrong"
        for name, told in zip(options.models, pairs.told, strict=True)
        if not told
    ]
    return StudyChapter(
        "By how reader and author compare", found, claims, [_by_gap(pairs), _best(pairs)], notes, picture, warnings
    )


def _claims(pairs: ReaderPairs) -> Iterator[DecidedClaim]:
    at_least, weaker = pairs.gap >= 0, pairs.gap < 0
    for says, one, other, chosen in (
        ("A reader at least as accurate: CMP beats the author's own entropy", pairs.cmp, pairs.own, at_least),
        ("A reader at least as accurate: CMP beats the author's own surprise", pairs.cmp, pairs.own_surprise, at_least),
        ("A reader less accurate: CMP beats the author's own entropy", pairs.cmp, pairs.own, weaker),
        ("A reader at least as accurate: CME beats the author's own entropy", pairs.cme, pairs.own, at_least),
        ("A reader less accurate: CME beats the author's own entropy", pairs.cme, pairs.own, weaker),
        ("CMP beats CME, whoever reads", pairs.cmp, pairs.cme, pairs.apart),
    ):
        difference = one - other
        yield DecidedClaim(
            says,
            pairs.mean(difference, chosen),
            "AUROC, mean over pairs",
            pair_verdicts(difference[chosen & pairs.apart]),
        )


def _bins(pairs: ReaderPairs) -> dict[str, Bools]:
    found = {}
    for low, high in pairwise(_EDGES):
        chosen = (pairs.gap >= low) & (pairs.gap < high) & pairs.apart & pairs.told[:, None]
        if chosen.any():
            found[_named(low, high)] = chosen
    return found


def _named(low: float, high: float) -> str:
    if np.isinf(low):
        return f"worse by over {-high:.2f}"
    if np.isinf(high):
        return f"better by {low:.2f} and more"
    return f"better by {low:.2f} to {high:.2f}" if low >= 0 else f"worse by {abs(high):.2f} to {-low:.2f}"


def _by_gap(pairs: ReaderPairs) -> FigureTable:
    columns = ("the reader is", "pairs", "CMP", "CME", "own entropy", "CMP less own", "CMP better in")
    rows: list[tuple[Cell, ...]] = []
    for name, chosen in _bins(pairs).items():
        difference = pairs.cmp - pairs.own
        sides = (pairs.mean(values, chosen, "") for values in (pairs.cmp, pairs.cme, _spread(pairs.own), difference))
        rows.append((name, int(chosen.sum()), *sides, f"{int((difference[chosen][:, 0] > 0).sum())}"))
    return FigureTable("AUROC of wrong answers by the accuracy of the reader above that of the author", columns, rows)


def _best(pairs: ReaderPairs) -> FigureTable:
    """Every author with its best reader, the most accurate author first."""
    columns = (
        "author",
        "accuracy",
        "own entropy",
        "own surprise",
        "readers above own entropy",
        "best reader",
        "its CMP",
    )
    rows = []
    for author in (a for a in np.argsort(-pairs.accuracy) if pairs.told[a]):
        areas = np.where(pairs.apart[author], pairs.cmp[author, :, 0], -1)
        best = int(areas.argmax())
        own, surprise = float(pairs.own[author, 0, 0]), float(pairs.own_surprise[author, 0, 0])
        above = f"{int((areas > own).sum())} of {len(areas) - 1}"
        names = pairs.options.models
        rows.append(
            (names[author], float(pairs.accuracy[author]), own, surprise, above, names[best], float(areas[best]))
        )
    return FigureTable("Every author, and who reads it best (chosen on these rows)", columns, rows)


def _level_gap(pairs: ReaderPairs) -> Figure:
    """Where a line through the differences of near pairs, by gap of accuracy, is zero."""
    near = (np.abs(pairs.gap) <= _NEAR) & pairs.apart & pairs.told[:, None]
    x, y = pairs.gap[near], (pairs.cmp - pairs.own)[near]
    weights = np.einsum("da,dr->ard", pairs.models, pairs.models)[near] * np.isfinite(y)
    told = (weights > 0).sum(axis=0) > 1  # a line needs two pairs, with gaps of their own
    weights, y = weights[:, told], np.nan_to_num(y[:, told])
    total = weights.sum(axis=0)
    from_x = x[:, None] - x @ weights / total
    mean_y = (weights * y).sum(axis=0) / total
    slope = (weights * from_x * (y - mean_y)).sum(axis=0) / (weights * from_x**2).sum(axis=0)
    return figure_of(x @ weights / total - mean_y / slope, int(near.sum()), "pairs")


def _spread(values: Floats) -> Floats:
    """(M, 1, D) of authors as (M, M, D) of pairs."""
    return np.broadcast_to(values, (len(values), len(values), values.shape[2]))
