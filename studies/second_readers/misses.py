"""Who misses what with whom: errors shared within and across families, and where reading loses."""

from __future__ import annotations

import numpy as np

from studies.know_when.values import Cell, Figure, FigureTable
from studies.published_study import DecidedClaim, StudyChapter, forest, stated
from studies.second_readers.pairs import (
    Bools,
    Floats,
    ReaderPairs,
    area_if_told,
    figure_of,
    kin_of,
    pair_mean,
    pair_verdicts,
)

__all__ = ["families_chapter", "loses_chapter"]


def families_chapter(pairs: ReaderPairs) -> StudyChapter:
    """Shared errors within a family and across families, and what a relative is worth as a reader."""
    phi, same = _shared_errors(pairs)
    kin = kin_of(pairs)
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


def _shared_errors(pairs: ReaderPairs) -> tuple[Floats, Floats]:
    """(M, M, D+1) correlation of being wrong, and the share of the same option among rows where both are; NaN where nothing varies."""
    options, m = pairs.options, len(pairs.options.models)
    wrong = ~options.right
    weights = pairs.weights.astype(np.float64)
    share = wrong @ weights / weights.sum(axis=0)  # (M, D+1)
    phi, same = (np.full((m, m, weights.shape[1]), np.nan) for _ in range(2))
    for a in range(m):
        both = wrong[a] & wrong
        n_both = both @ weights
        agree = (both & (options.letters == options.letters[a])) @ weights
        joint = n_both / weights.sum(axis=0)
        spread = np.sqrt(share[a] * (1 - share[a]) * share * (1 - share))
        np.divide(joint - share[a] * share, spread, out=phi[a], where=spread > 0)
        np.divide(agree, n_both, out=same[a], where=n_both > 0)
    return phi, same


def _contrast(pairs: ReaderPairs, values: Floats, one: Bools, other: Bools) -> Figure:
    drawn = pair_mean(values, pairs.models, one) - pair_mean(values, pairs.models, other)
    return figure_of(drawn, int(one.sum()), "pairs within")


def _cost_of_kin(pairs: ReaderPairs, kin: Bools) -> Figure:
    """What is lost by a reader of the author's family, from a weighted least-squares fit a draw; above zero where others do better."""
    rows = pairs.apart
    gap = pairs.gap[rows]
    x = np.stack([np.ones_like(gap), gap, gap**2, kin[rows]], axis=1)
    y = (pairs.cmp - pairs.own)[rows]
    drawn = []
    for counts, column in zip(pairs.models, y.T, strict=True):
        weight = np.sqrt(np.outer(counts, counts)[rows]) * np.isfinite(column)
        if (weight[kin[rows]] > 0).any():
            fit = np.linalg.lstsq(x * weight[:, None], np.nan_to_num(column) * weight, rcond=None)[0]
            drawn.append(-fit[3])
    return figure_of(np.array(drawn), int(kin.sum()), "pairs within")


def loses_chapter(pairs: ReaderPairs) -> StudyChapter:
    """Reading less own doubt by kind of question, and among the answers the author is surest of."""
    better = (pairs.gap >= 0) & pairs.apart
    measured = {name: _on_rows(pairs, rows, better) for name, rows in _row_sets(pairs).items()}
    areas = {name: sides for name, sides in measured.items() if np.isfinite(sides[0][better][:, 0]).any()}
    figures = {name: pairs.mean(cmp - own, better) for name, (cmp, own) in areas.items()}
    rows: list[tuple[Cell, ...]] = [
        (name, pairs.mean(cmp, better), pairs.mean(own, better, ""), figures[name], pair_verdicts((cmp - own)[better]))
        for name, (cmp, own) in areas.items()
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
    notes = (
        "Only authors with a right and a wrong answer on the rows enter: a mean is over fewer pairs where one has none.",
    )
    warnings = [
        f"{name}: no author has a right and a wrong answer, so nothing is said of it"
        for name in measured
        if name not in areas
    ]
    return StudyChapter("Where reading loses", found, claims, [table], notes, picture, warnings)


def _row_sets(pairs: ReaderPairs) -> dict[str, Bools]:
    """(M, N) rows of each author by what they have in common."""
    kinds = pairs.options.columns["l2_category"]
    by_kind = {str(kind): np.tile(kinds == kind, (len(pairs.cmp), 1)) for kind in np.unique(kinds)}
    sure = pairs.options.entropy <= np.median(pairs.options.entropy, axis=1)[:, None]
    return {**by_kind, "the half the author is surest of": sure, "the other half": ~sure}


def _on_rows(pairs: ReaderPairs, rows: Bools, chosen: Bools) -> tuple[Floats, Floats]:
    """(M, M, D+1) of CMP and of own entropy, on some rows (M, N) of each author; NaN for pairs not chosen or not measurable."""
    options = pairs.options
    cmp, own = np.full_like(pairs.cmp, np.nan), np.full_like(pairs.cmp, np.nan)
    for author in range(len(options.models)):
        keep = rows[author]
        wrong, weights = ~options.right[author][keep], pairs.weights[keep]
        for reader in np.flatnonzero(chosen[author]):
            cmp[author, reader] = area_if_told(options.surprise(int(reader), author)[keep], wrong, weights)
        if chosen[author].any():
            own[author] = area_if_told(options.entropy[author][keep], wrong, weights)
    return cmp, own


def _missed(pairs: ReaderPairs, chosen: Bools) -> str:
    """How often such a reader would give the author's wrong answer itself: what reading cannot see."""
    options = pairs.options
    weights = pairs.weights.astype(np.float64)
    shared = np.full_like(pairs.cmp, np.nan)
    for author in range(len(options.models)):
        wrong: Bools = ~options.right[author]
        agree = (options.letters == options.letters[author]) & wrong
        n_wrong = wrong @ weights
        np.divide(agree @ weights, n_wrong, out=shared[author], where=n_wrong > 0)
    return f"Of the author's wrong answers such a reader would give {stated(pairs.mean(shared, chosen))} itself."
