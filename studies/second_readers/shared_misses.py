"""What two readers both miss of an author's wrong answers: the correlation ρ of their misses, and what their disagreement covers.

A reader flags as many of an author's answers as are wrong, the most surprising first, and misses the wrong answers that it does
not flag. ρ, the largest ρ that two miss rates allow and the coverage C are those of :mod:`foureyes.maths.agreement`, here of
every two readers of every author, on the same draws of questions and models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from studies.know_when.values import Cell, Figure, FigureTable
from studies.published_study import DecidedClaim, StudyChapter, stated
from studies.second_readers.pairs import Bools, Floats, ReaderPairs, figure_of, kin_of

__all__ = ["MissFigure", "chapter", "miss_figures", "missed_by"]

MissFigure: TypeAlias = Literal["rho", "rho_share", "coverage"]

_MEASURES: Final[tuple[MissFigure, ...]] = ("rho", "rho_share", "coverage")
_GROUPS: Final = ("within a family", "across families")


def chapter(pairs: ReaderPairs) -> StudyChapter:
    """ρ, ρ / ρ_max and C over every two readers of every author, of one family and of two."""
    found = {group: _MeanMisses(pairs.weights.shape[1]) for group in _GROUPS}
    for author in np.flatnonzero(pairs.told):
        for group, one in found.items():
            one.add(pairs, int(author), kin=group == _GROUPS[0])
    within, across = (found[group] for group in _GROUPS)
    contrast = within.means("rho") - across.means("rho")
    claims = [
        DecidedClaim(
            f"What two readers of {whose} miss is correlated", one.figure("rho"), "ρ, mean over readers and authors"
        )
        for whose, one in (("one family", within), ("two families", across))
    ]
    claims.append(
        DecidedClaim(
            "What two readers miss is correlated more within a family",
            figure_of(contrast, within.n["rho"], "within"),
            "ρ, mean within less mean across",
        )
    )
    columns = ("two readers", "ρ", "ρ / ρ_max", "coverage C", "ρ above zero")
    table = FigureTable("Wrong answers that two readers of one author both miss", columns, list(_rows(found)))
    said = (
        f"Of an author's wrong answers what two readers miss is correlated by {stated(within.figure('rho'))} within a family and by "
        f"{stated(across.figure('rho'))} across families, {stated(across.figure('rho_share'))} of the most that their miss rates "
        f"allow; of what the better one misses the other flags {stated(across.figure('coverage'))} across families."
    )
    notes = (
        (
            "Each reader flags as many answers of the author as are wrong, by its surprise, with the cut of the rows as they are; a wrong "
            "answer that it does not flag is missed. ρ: correlation of the misses of two readers on that author's wrong answers; ρ_max: the "
            "largest that their miss rates allow; C: share of the better one's misses that the other flags. Independent readers have ρ = 0. "
            "Intervals draw questions, and the three models of each combination."
        ),
    )
    return StudyChapter("What two readers both miss", (said,), claims, [table], notes)


def _rows(found: Mapping[str, _MeanMisses]) -> Iterator[tuple[Cell, ...]]:
    for group, one in found.items():
        yield group, *(one.figure(measure) for measure in _MEASURES), f"{one.n_above} of {one.n['rho']}"


class _MeanMisses:
    """Running means over an author and two readers, weighted by how often the three are drawn."""

    def __init__(self, n_draws: int) -> None:
        self._sums = {measure: np.zeros(n_draws) for measure in _MEASURES}
        self._totals = {measure: np.zeros(n_draws) for measure in _MEASURES}
        self.n = dict.fromkeys(_MEASURES, 0)
        self.n_above = 0

    def add(self, pairs: ReaderPairs, author: int, *, kin: bool) -> None:
        """Adds every two readers of an author, of one family or of two."""
        one, other = np.nonzero(np.triu(kin_of(pairs) if kin else pairs.apart & ~kin_of(pairs)))
        keep = (one != author) & (other != author)
        one, other = one[keep], other[keep]
        if not len(one):
            return
        counts = pairs.models.T
        drawn = counts[author] * counts[one] * counts[other]
        for measure, values in miss_figures(pairs, author, one, other).items():
            there = np.isfinite(values)
            weights = drawn * there
            self._sums[measure] += (weights * np.where(there, values, 0.0)).sum(axis=0)
            self._totals[measure] += weights.sum(axis=0)
            self.n[measure] += int(there[:, 0].sum())
            if measure == "rho":
                self.n_above += int((values[:, 0] > 0).sum())

    def means(self, measure: MissFigure) -> Floats:
        """(D+1,) means; NaN in draws without such readers."""
        total = self._totals[measure]
        return np.divide(self._sums[measure], total, out=np.full_like(total, np.nan), where=total > 0)

    def figure(self, measure: MissFigure) -> Figure:
        """A mean with its interval."""
        return figure_of(self.means(measure), self.n[measure], "two readers and an author")


def missed_by(pairs: ReaderPairs, author: int) -> Bools:
    """(M, W) which of the author's W wrong answers each model, as its reader, does not flag."""
    wrong = ~pairs.options.right[author]
    u = np.stack([pairs.options.surprise(reader, author) for reader in range(len(pairs.options.models))])
    cuts = np.quantile(u, 1 - wrong.mean(), axis=1)
    found: Bools = (u < cuts[:, None])[:, wrong]
    return found


def miss_figures(
    pairs: ReaderPairs, author: int, one: NDArray[np.intp], other: NDArray[np.intp]
) -> dict[MissFigure, Floats]:
    """(P, D+1) of P two readers of one author: ρ and its share of ρ_max, NaN where a reader misses all or none; C, NaN where the better one misses none."""
    missed = missed_by(pairs, author)
    weights = pairs.weights[~pairs.options.right[author]]
    n_wrong = weights.sum(axis=0, dtype=np.float64)
    rates = np.divide(
        missed.astype(np.float32) @ weights, n_wrong, out=np.zeros((len(missed), len(n_wrong))), where=n_wrong > 0
    )
    both = (missed[one] & missed[other]).astype(np.float32) @ weights
    joint = np.divide(both, n_wrong, out=np.zeros(both.shape), where=n_wrong > 0)
    low, high = np.minimum(rates[one], rates[other]), np.maximum(rates[one], rates[other])
    varies = (low > 0) & (high < 1)
    spread = np.sqrt(low * (1 - low) * high * (1 - high))
    rho = np.divide(joint - low * high, spread, out=np.full_like(spread, np.nan), where=varies)
    most = np.sqrt(np.divide(low * (1 - high), high * (1 - low), out=np.ones_like(spread), where=varies))
    covered = 1 - np.divide(joint, low, out=np.full_like(low, np.nan), where=low > 0)
    return {"rho": rho, "rho_share": rho / most, "coverage": covered}
