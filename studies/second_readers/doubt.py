"""Language models whose letters were not published: another model's doubt about the question against the author's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from foureyes.maths.resampled_auroc import row_weights
from studies.know_when.published_data import PublishedData
from studies.know_when.values import Cell, FigureTable
from studies.published_study import DecidedClaim, Settings, StudyChapter, stated
from studies.second_readers.pairs import (
    Bools,
    Floats,
    area_if_told,
    drawn_counts,
    figure_of,
    pair_mean,
    pair_verdicts,
)

__all__ = ["chapters", "out_of_order"]

_TASKS: Final = ("arc", "mmlu", "truthfulqa")
_UNPARSEABLE: Final = 2
_BY_CHANCE: Final = 3.0
"""Standard errors of a correlation of 0 below which being right goes together with nobody's being right."""
_KNOWS: Final = 0.4
"""Share of right answers below which being right is luck, and says nothing of the order of the rows."""


def chapters(store: PublishedData, settings: Settings) -> Sequence[StudyChapter]:
    """One chapter over all tasks."""
    claims: list[DecidedClaim] = []
    rows: list[tuple[Cell, ...]] = []
    warnings: list[str] = []
    for task in _TASKS:
        models, right, msp, left_out = _loaded(store, task)
        warnings += left_out
        own, other, gap, counts = _measured(right, msp, settings)
        for says, chosen in (("at least as accurate", gap >= 0), ("less accurate", gap < 0)):
            apart = chosen & ~np.eye(len(models), dtype=np.bool_)
            difference = other - own[:, None]
            mean = figure_of(pair_mean(difference, counts, apart), int(apart.sum()), "pairs")
            claims.append(
                DecidedClaim(
                    f"{task}: the doubt of a model {says} beats own doubt",
                    mean,
                    "AUROC, mean over pairs",
                    pair_verdicts(difference[apart]),
                )
            )
            sides = (
                figure_of(pair_mean(values, counts, apart), 0, "")
                for values in (other, np.broadcast_to(own[:, None], other.shape))
            )
            rows.append((task, says, int(apart.sum()), *sides, mean))
    columns = ("task", "the other model is", "pairs", "its doubt", "own doubt", "difference")
    table = FigureTable("AUROC of wrong letters by one less the probability of the model's own letter", columns, rows)
    said = "; ".join(
        f"{claim.says.partition(':')[0]} {stated(claim.difference)}, {claim.verdict}" for claim in claims[::2]
    )
    found = (
        (
            "Of a language model at least as accurate as the author only its doubt about the question is known here, not what it makes of the "
            f"answer. That doubt less own doubt: {said}."
        ),
    )
    notes = (
        "Of these runs the probability of every model's letter is published, not the letter, so nobody can be read: this is CME's side of the question alone.",
    )
    return [
        StudyChapter(
            "Fourteen language models: another's doubt without the answer",
            found,
            claims,
            [table],
            notes,
            None,
            warnings,
        )
    ]


def _loaded(store: PublishedData, task: str) -> tuple[list[str], Bools, Floats, list[str]]:
    """Names, (M, N) right and probability of the letter, and what is not here."""
    data = store.arrays(f"llm_mcq_confidence/{task}_first_prompt.npz")
    names = [str(name) for name in data["models"]]
    reordered, untold = out_of_order(data["grade"] == 1)
    keep = [i for i in range(len(names)) if i not in reordered]
    grade, msp = data["grade"][keep], data["msp"][keep].astype(np.float64)
    finite = np.isfinite(msp).all(axis=0)
    unparseable = int((grade[:, finite] == _UNPARSEABLE).sum())
    said = [
        f"{names[i]} is left out: it is right on other rows than all others are, so its rows are in another order"
        for i in reordered
    ]
    said += [f"{names[i]} is kept, though it is right too seldom to tell whether its rows are in order" for i in untold]
    if unparseable:
        said.append(
            f"answers in which no letter was found, {unparseable:,} of {grade[:, finite].size:,}, count as wrong"
        )
    if not finite.all():
        said.append(f"rows with a probability that is no number: {(~finite).sum()}")
    return [names[i] for i in keep], (grade == 1)[:, finite], msp[:, finite], [f"{task}: {one}" for one in said]


def out_of_order(right: Bools) -> tuple[list[int], list[int]]:
    """Models whose (N,) right answers go together with nobody's: since their rows are in another order, or since they know too little to tell.

    Models of which most go together with a model are in its order; so more than half of them have to be in one.
    """
    phi: Floats = np.array(np.corrcoef(right.astype(np.float64)))
    np.fill_diagonal(phi, np.nan)
    alone = np.flatnonzero(np.nanmedian(phi, axis=1) < _BY_CHANCE / np.sqrt(right.shape[1]))
    knows = right.mean(axis=1) >= _KNOWS
    return [int(i) for i in alone if knows[i]], [int(i) for i in alone if not knows[i]]


def _measured(right: Bools, msp: Floats, settings: Settings) -> tuple[Floats, Floats, Floats, Floats]:
    """(M, D+1) own, (M, M, D+1) another's by author and other, (M, M) accuracy of the other above, (D+1, M) model counts."""
    rng = np.random.default_rng(settings.seed)
    m, n = right.shape
    weights = row_weights(np.arange(n), settings.draws, rng)
    counts = drawn_counts(m, settings.draws, rng)
    areas = np.array([[area_if_told(-msp[r], ~right[a], weights) for r in range(m)] for a in range(m)])
    accuracy = right.mean(axis=1)
    return areas[np.arange(m), np.arange(m)], areas, accuracy[None, :] - accuracy[:, None], counts
