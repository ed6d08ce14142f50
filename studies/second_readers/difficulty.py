"""What is left of a reader when difficulty is taken out: among answers to one question, and among questions of like difficulty."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.resampled_auroc import Weights, stratified_auroc
from studies.know_when.values import Cell, FigureTable
from studies.published_study import DecidedClaim, StudyChapter, stated
from studies.second_readers.pairs import Bools, Floats, ReaderPairs, figure_of, pair_verdicts, weighted_mean

__all__ = ["chapter"]

_CHANCE: Final = 0.5
_ROWS_AT_ONCE: Final = 256


def chapter(pairs: ReaderPairs) -> StudyChapter:
    """Within rows over authors, and within strata of how many of the other models err."""
    better = (pairs.gap >= 0) & pairs.apart
    cmp, own = _among_like(pairs, better)
    readers = np.stack([_within_rows(pairs, r) for r in range(len(pairs.cmp))])
    doubt = _within_rows_of_doubt(pairs)
    reader_mean = figure_of(weighted_mean(readers, pairs.models), len(readers), "readers")
    own_mean = figure_of(doubt, 1, "")
    strongest = int(pairs.accuracy.argmax())
    claims = [
        DecidedClaim(
            "Among questions of like difficulty CMP of a reader at least as accurate is above chance",
            pairs.mean(cmp - _CHANCE, better),
            "AUROC within strata less 0.5",
            pair_verdicts((cmp - _CHANCE)[better]),
        ),
        DecidedClaim(
            "Among questions of like difficulty it beats own entropy",
            pairs.mean(cmp - own, better),
            "AUROC within strata",
            pair_verdicts((cmp - own)[better]),
        ),
        DecidedClaim(
            "Among the answers to one question CMP is above chance",
            figure_of(weighted_mean(readers - _CHANCE, pairs.models), len(readers), "readers"),
            "AUROC within a row less 0.5, mean over readers",
        ),
        DecidedClaim(
            "Among the answers to one question CMP beats the authors' own entropies",
            figure_of(weighted_mean(readers, pairs.models) - doubt, len(readers), "readers"),
            "AUROC within a row, mean over readers",
        ),
    ]
    rows: list[tuple[Cell, ...]] = [
        (
            "all rows",
            pairs.mean(pairs.cmp, better),
            pairs.mean(np.broadcast_to(pairs.own, pairs.cmp.shape), better, ""),
        ),
        ("among questions of like difficulty", pairs.mean(cmp, better), pairs.mean(own, better, "")),
        ("among the answers to one question", reader_mean, own_mean),
        (f"the same, {pairs.options.models[strongest]} reads", figure_of(readers[strongest], 1, "reader"), "–"),
    ]
    table = FigureTable("AUROC of wrong answers with difficulty taken out", ("compared", "CMP", "own entropy"), rows)
    found = (
        f"Among questions that equally many other models get wrong, a reader at least as accurate finds wrong answers at {stated(pairs.mean(cmp, better))}, own entropy at {stated(pairs.mean(own, better))}; among the answers of several models to one question, readers reach {stated(reader_mean)} and own entropies {stated(own_mean)}.",
    )
    notes = (
        (
            "Difficulty is how many of the models that neither wrote nor read got the row wrong: only rows with the same number are compared. "
            "Among the answers to one question every row is compared with itself only, over its authors; own entropies are "
            "ranked within each author first, so that a careless author does not count as a doubtful one. Intervals draw questions, readers and authors."
        ),
    )
    return StudyChapter("With difficulty taken out", found, claims, [table], notes)


def _among_like(pairs: ReaderPairs, chosen: Bools) -> tuple[Floats, Floats]:
    """(M, M, D+1) areas within strata of the number of other models that err, CMP and own entropy; NaN for pairs not chosen."""
    options = pairs.options
    n_wrong = (~options.right).sum(axis=0)
    cmp, own = np.full_like(pairs.cmp, np.nan), np.full_like(pairs.cmp, np.nan)
    for author, reader in zip(*np.nonzero(chosen), strict=True):
        others = n_wrong - ~options.right[author] - ~options.right[reader]
        for into, signal in ((cmp, options.surprise(int(reader), int(author))), (own, options.entropy[author])):
            into[author, reader] = stratified_auroc(
                signal, wrong=~options.right[author], strata=others, weights=pairs.weights
            )
    return cmp, own


def _within_rows(pairs: ReaderPairs, reader: int) -> Floats:
    """(D+1,) mean over rows of the area among the answers of the other models, by one reader's surprise."""
    authors = np.flatnonzero(pairs.apart[reader])
    return _row_areas(pairs, authors, np.stack([pairs.options.surprise(reader, int(a)) for a in authors]))


def _within_rows_of_doubt(pairs: ReaderPairs) -> Floats:
    ranks = pairs.options.entropy.argsort(axis=1).argsort(axis=1).astype(np.float64)
    return _row_areas(pairs, np.arange(len(ranks)), ranks)


def _row_areas(pairs: ReaderPairs, authors: NDArray[np.intp], u: Floats) -> Floats:
    """(D+1,) of (A, N) uncertainties: the area of each row over the answers of its A authors, and the mean over rows that have both classes.

    An author drawn twice answers twice, one not drawn not at all.
    """
    counts = pairs.models[:, authors].T.astype(np.float32)
    wrong = ~pairs.options.right[authors]
    sums, totals = np.zeros(counts.shape[1]), np.zeros(counts.shape[1])
    for start in range(0, u.shape[1], _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        areas, told = _drawn_areas(u[:, some].T, wrong[:, some].T, counts)
        weights = pairs.weights[some] * told
        sums += (weights * areas).sum(axis=0, dtype=np.float64)
        totals += weights.sum(axis=0, dtype=np.float64)
    found: Floats = np.divide(sums, totals, out=np.full_like(sums, np.nan), where=totals > 0)
    return found


def _drawn_areas(u: Floats, wrong: Bools, counts: Weights) -> tuple[Weights, Bools]:
    """(R, D) area of each of R rows over (R, A) answers, the authors drawn as (A, D) counts say, and which have both classes; 0 where not."""
    ahead = (u[:, :, None] > u[:, None]) + np.float32(0.5) * (u[:, :, None] == u[:, None])
    ahead *= wrong[:, :, None] & ~wrong[:, None]
    won = np.einsum("rad,ad->rd", ahead @ counts, counts)
    n_wrong, n_right = wrong.astype(np.float32) @ counts, (~wrong).astype(np.float32) @ counts
    n_pairs = n_wrong * n_right
    told = n_pairs > 0
    return np.divide(won, n_pairs, out=np.zeros_like(won), where=told), told
