"""Who misses what with whom: errors shared within and across families, and where reading loses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.resampled_auroc import resampled_auroc
from studies.know_when.values import Cell, Figure, FigureTable
from studies.published_study import DecidedClaim, StudyChapter, forest, stated
from studies.second_readers.pairs import Bools, Floats, ReaderPairs, figure_of, pair_verdicts

__all__ = ["families_chapter", "loses_chapter"]


def families_chapter(pairs: ReaderPairs) -> StudyChapter:
    """Shared errors within a family and across families, and what a relative is worth as a reader."""
    phi, same = _shared_errors(pairs)
    kin = _kin(pairs)
    across = pairs.apart & ~kin
    contrasts = {
        "errors are correlated more": (phi, "correlation of being wrong, mean within less mean across"),
        "wrong answers are the same more often": (
            same,
            "share of the same option where both are wrong, within less across",
        ),
    }
    claims = [
        DecidedClaim(f"Within a family {says}", _contrast(pairs, values, kin, across), unit)
        for says, (values, unit) in contrasts.items()
    ]
    relative = _cost_of_kin(pairs, kin)
    claims.append(
        DecidedClaim(
            "A reader of another family finds more than a relative of like accuracy",
            relative,
            "AUROC of CMP less own entropy, at equal gap of accuracy",
        )
    )
    rows: list[tuple[Cell, ...]] = [
        (name, pairs.mean(phi, chosen), pairs.mean(same, chosen, ""), pairs.mean(pairs.cmp, chosen, ""))
        for name, chosen in (("within a family", kin), ("across families", across))
    ]
    columns = ("pairs", "correlation of errors", "same option where both are wrong", "CMP")
    table = FigureTable("Errors that two models share", columns, rows)
    found = (
        (
            f"Errors of two models are correlated by {stated(pairs.mean(phi, kin))} within a family and by "
            f"{stated(pairs.mean(phi, across))} across families; where both are wrong they say the same in "
            f"{stated(pairs.mean(same, kin))} and {stated(pairs.mean(same, across))}."
        ),
    )
    notes = (
        "Families as the data names them. The gap of accuracy enters with its square where relatives are compared with others.",
    )
    return StudyChapter("Misses within and across families", found, claims, [table], notes)


def _kin(pairs: ReaderPairs) -> Bools:
    family = pairs.options.columns["family"]
    found: Bools = (family[:, None] == family) & pairs.apart
    return found


def _shared_errors(pairs: ReaderPairs) -> tuple[Floats, Floats]:
    """(M, M, D+1) correlation of being wrong, and the share of the same option among rows where both are."""
    options, m = pairs.options, len(pairs.options.models)
    wrong = ~options.right
    weights = pairs.weights.astype(np.float64)
    share = wrong @ weights / weights.sum(axis=0)  # (M, D+1)
    phi, same = np.zeros((m, m, weights.shape[1])), np.zeros((m, m, weights.shape[1]))
    for a in range(m):
        both = wrong[a] & wrong
        n_both = both @ weights
        agree = (both & (options.letters == options.letters[a])) @ weights
        joint = n_both / weights.sum(axis=0)
        spread = np.sqrt(share[a] * (1 - share[a]) * share * (1 - share))
        phi[a] = (joint - share[a] * share) / spread
        same[a] = np.divide(agree, n_both, out=np.zeros_like(agree), where=n_both > 0)
    return phi, same


def _contrast(pairs: ReaderPairs, values: Floats, one: Bools, other: Bools) -> Figure:
    sides = []
    for chosen in (one, other):
        weights = np.einsum("da,dr,ar->ard", pairs.models, pairs.models, chosen)
        total = weights.sum(axis=(0, 1))
        sides.append(
            np.divide((weights * values).sum(axis=(0, 1)), total, out=np.full_like(total, np.nan), where=total > 0)
        )
    drawn = sides[0] - sides[1]
    return figure_of(drawn[np.isfinite(drawn)], int(one.sum()), "pairs within")


def _cost_of_kin(pairs: ReaderPairs, kin: Bools) -> Figure:
    """What is lost by a reader of the author's family, from a weighted least-squares fit a draw; above zero where others do better."""
    rows = pairs.apart
    gap = pairs.gap[rows]
    x = np.stack([np.ones_like(gap), gap, gap**2, kin[rows]], axis=1)
    y = (pairs.cmp - pairs.own)[rows]
    drawn = []
    for counts, column in zip(pairs.models, y.T, strict=True):
        weight = np.sqrt(np.outer(counts, counts)[rows])
        if (weight[kin[rows]] > 0).any():
            drawn.append(-np.linalg.lstsq(x * weight[:, None], column * weight, rcond=None)[0][3])
    return figure_of(np.array(drawn), int(kin.sum()), "pairs within")


def loses_chapter(pairs: ReaderPairs) -> StudyChapter:
    """Reading less own doubt by kind of question, and among the answers the author is surest of."""
    better = (pairs.gap >= 0) & pairs.apart
    kinds = pairs.options.columns["l2_category"]
    by_kind = {
        str(kind): _on_rows(pairs, np.tile(kinds == kind, (len(pairs.cmp), 1)), better) for kind in np.unique(kinds)
    }
    sure = pairs.options.entropy <= np.median(pairs.options.entropy, axis=1)[:, None]
    by_doubt = {
        "the half the author is surest of": _on_rows(pairs, sure, better),
        "the other half": _on_rows(pairs, ~sure, better),
    }
    figures = {name: pairs.mean(cmp - own, better) for name, (cmp, own) in {**by_kind, **by_doubt}.items()}
    rows: list[tuple[Cell, ...]] = [
        (name, pairs.mean(cmp, better), pairs.mean(own, better, ""), figures[name], pair_verdicts((cmp - own)[better]))
        for name, (cmp, own) in {**by_kind, **by_doubt}.items()
    ]
    columns = ("rows", "CMP", "own entropy", "CMP less own", "single pairs")
    table = FigureTable(
        "A reader at least as accurate as the author, AUROC by kind of question and by own doubt", columns, rows
    )
    claims = [
        DecidedClaim(f"CMP beats own entropy: {name}", one, "AUROC, mean over pairs") for name, one in figures.items()
    ]
    worst = min(figures, key=lambda name: figures[name].value)
    found = (f"Reading gains least on {worst}: {stated(figures[worst])}. {_missed(pairs, better)}",)
    picture = forest("AUROC of CMP less that of own entropy, readers at least as accurate", figures, 0.0)
    return StudyChapter("Where reading loses", found, claims, [table], (), picture)


def _on_rows(pairs: ReaderPairs, rows: Bools, chosen: Bools) -> tuple[Floats, Floats]:
    """(M, M, D+1) of CMP and of own entropy, on some rows (M, N) of each author; 0 for pairs not chosen."""
    options = pairs.options
    cmp, own = np.zeros_like(pairs.cmp), np.zeros_like(pairs.cmp)
    for author in range(len(options.models)):
        keep = rows[author]
        wrong, weights = ~options.right[author][keep], pairs.weights[keep]
        for reader in np.flatnonzero(chosen[author]):
            surprise = options.surprise(int(reader), author)[keep]
            cmp[author, reader] = resampled_auroc(surprise, wrong=wrong, weights=weights)
        if chosen[author].any():
            own[author] = resampled_auroc(options.entropy[author][keep], wrong=wrong, weights=weights)
    return cmp, own


def _missed(pairs: ReaderPairs, chosen: Bools) -> str:
    """How often such a reader would give the author's wrong answer itself: what reading cannot see."""
    options = pairs.options
    weights = pairs.weights.astype(np.float64)
    shared = np.zeros_like(pairs.cmp)
    for author in range(len(options.models)):
        wrong: NDArray[np.bool_] = ~options.right[author]
        agree = (options.letters == options.letters[author]) & wrong
        shared[author] = agree @ weights / (wrong @ weights)
    return f"Of the author's wrong answers such a reader would give {stated(pairs.mean(shared, chosen))} itself."
