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

__all__ = ["chapters"]

_TASKS: Final = ("arc", "mmlu", "truthfulqa")
_REORDERED: Final = ("Llama3-8b", "Llama3-70b")
"""On MMLU these two answered the questions in another order than the rest: their rows do not align."""


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
    keep = [i for i, name in enumerate(names) if not (task == "mmlu" and name in _REORDERED)]
    grade, msp = data["grade"][keep], data["msp"][keep].astype(np.float64)
    finite = np.isfinite(msp).all(axis=0)
    left_out = [
        f"{task}: {name} is left out, since its rows are in another order"
        for i, name in enumerate(names)
        if i not in keep
    ]
    if not finite.all():
        left_out.append(f"{task}: rows with a probability that is no number: {(~finite).sum()}")
    return [names[i] for i in keep], (grade == 1)[:, finite], msp[:, finite], left_out


def _measured(right: Bools, msp: Floats, settings: Settings) -> tuple[Floats, Floats, Floats, Floats]:
    """(M, D+1) own, (M, M, D+1) another's by author and other, (M, M) accuracy of the other above, (D+1, M) model counts."""
    rng = np.random.default_rng(settings.seed)
    m, n = right.shape
    weights = row_weights(np.arange(n), settings.draws, rng)
    counts = drawn_counts(m, settings.draws, rng)
    areas = np.array([[area_if_told(-msp[r], ~right[a], weights) for r in range(m)] for a in range(m)])
    accuracy = right.mean(axis=1)
    return areas[np.arange(m), np.arange(m)], areas, accuracy[None, :] - accuracy[:, None], counts
