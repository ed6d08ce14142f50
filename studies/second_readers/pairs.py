"""Every model as author and every other as its reader, on the same resamples of questions and of models.

Rows are drawn by question, since several are one question with its options in another order; models are drawn too, since
one model is in many pairs. A mean over pairs weighs a pair by the product of its models' counts (the pigeonhole bootstrap).
What cannot be measured, such as the area of an author without a wrong answer, is NaN and in no mean.

Source: Owen 2007, "The pigeonhole bootstrap".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import NotEnoughData
from foureyes.maths.resampled_auroc import Weights, resampled_auroc, row_weights
from foureyes.maths.resampling import percentiles
from foureyes.study.claims import verdict_of
from foureyes.study.stored_options import StoredOptions
from studies.know_when.values import Figure
from studies.published_study import Settings

__all__ = [
    "Bools",
    "Floats",
    "ReaderPairs",
    "area_if_told",
    "drawn_counts",
    "figure_of",
    "kin_of",
    "measure_pairs",
    "pair_mean",
    "pair_verdicts",
    "weighted_mean",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEVEL = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class ReaderPairs:
    """AUROC of "the author is wrong" on the rows as they are, first, and on D draws of questions.

    Attributes:
        options: the published logits.
        weights: (N, D+1) of the rows.
        models: (D+1, M) how often each model is drawn; ones first.
        cmp, cme: (M, M, D+1) by author and reader: the reader's surprise at the answer, its entropy; the diagonal is
            the author's own surprise and own entropy.
    """

    options: StoredOptions
    weights: Weights
    models: Floats
    cmp: Floats
    cme: Floats

    @property
    def own(self) -> Floats:
        """(M, 1, D+1) the author's own entropy."""
        m = np.arange(len(self.cme))
        found: Floats = self.cme[m, m][:, None]
        return found

    @property
    def own_surprise(self) -> Floats:
        """(M, 1, D+1) the author's surprise at its own answer."""
        m = np.arange(len(self.cmp))
        found: Floats = self.cmp[m, m][:, None]
        return found

    @property
    def accuracy(self) -> Floats:
        """(M,) share of all rows each model is right on."""
        found: Floats = self.options.right.mean(axis=1)
        return found

    @property
    def gap(self) -> Floats:
        """(M, M) accuracy of the reader above the author's."""
        found: Floats = self.accuracy[None, :] - self.accuracy[:, None]
        return found

    @property
    def told(self) -> Bools:
        """(M,) authors with a right and a wrong answer; of the others no area can be measured."""
        n_right = self.options.right.sum(axis=1)
        found: Bools = (n_right > 0) & (n_right < self.options.right.shape[1])
        return found

    @property
    def apart(self) -> Bools:
        """(M, M) which pairs are of two models."""
        found: Bools = ~np.eye(len(self.cmp), dtype=np.bool_)
        return found

    def mean(self, values: Floats, chosen: Bools, unit: str = "pairs") -> Figure:
        """The mean of (M, M, D+1) values over chosen pairs, with its interval over questions and models."""
        keep = chosen & self.apart
        n_told = int((keep & np.isfinite(values[:, :, 0])).sum())
        return figure_of(pair_mean(values, self.models, keep), n_told, unit)


def measure_pairs(options: StoredOptions, settings: Settings) -> ReaderPairs:
    """Measures every pair."""
    rng = np.random.default_rng(settings.seed)
    weights = row_weights(options.question, settings.draws, rng)
    counts = drawn_counts(len(options.models), settings.draws, rng)
    entropy = options.entropy
    cmp = _areas(options, weights, options.surprise)
    cme = _areas(options, weights, lambda reader, _author: entropy[reader])
    return ReaderPairs(options, weights, counts, cmp, cme)


def _areas(options: StoredOptions, weights: Weights, uncertainty: Callable[[int, int], Floats]) -> Floats:
    m = len(options.models)
    found = np.empty((m, m, weights.shape[1]))
    for author, right in enumerate(options.right):
        for reader in range(m):
            found[author, reader] = area_if_told(uncertainty(reader, author), ~right, weights)
    return found


def area_if_told(uncertainty: Floats, wrong: Bools, weights: Weights) -> Floats:
    """(D+1,) areas of (N,) uncertainties; NaN throughout where all answers are right, or all wrong."""
    if wrong.all() or not wrong.any():
        return np.full(weights.shape[1], np.nan)
    return resampled_auroc(uncertainty, wrong=wrong, weights=weights)


def drawn_counts(n: int, draws: int, rng: np.random.Generator) -> Floats:
    """(D+1, n) how often each of n models, or panels, is drawn; once each first."""
    drawn = rng.multinomial(n, np.full(n, 1 / n), draws)
    return np.concatenate([np.ones((1, n)), drawn]).astype(np.float64)


def kin_of(pairs: ReaderPairs) -> Bools:
    """(M, M) which two models the data names one family."""
    family = pairs.options.columns["family"]
    found: Bools = (family[:, None] == family) & pairs.apart
    return found


def pair_mean(values: Floats, counts: Floats, chosen: Bools) -> Floats:
    """(D+1,) mean of (M, M, D+1) values over chosen pairs, by how often both models are drawn; NaN in draws without a pair.

    A pair is in no mean of a draw in which its value is NaN.
    """
    there = np.isfinite(values)
    weights = np.einsum("da,dr,ar->ard", counts, counts, chosen) * there
    return _shares((weights * np.where(there, values, 0.0)).sum(axis=(0, 1)), weights.sum(axis=(0, 1)))


def weighted_mean(values: Floats, counts: Floats) -> Floats:
    """(D+1,) the same mean of (K, D+1) values of K authors, readers or panels, drawn as often as (D+1, K) counts say."""
    there = np.isfinite(values)
    weights = counts.T * there
    return _shares((weights * np.where(there, values, 0.0)).sum(axis=0), weights.sum(axis=0))


def _shares(sums: Floats, totals: Floats) -> Floats:
    found: Floats = np.divide(sums, totals, out=np.full_like(totals, np.nan), where=totals > 0)
    return found


def figure_of(drawn: Floats, n: int, unit: str) -> Figure:
    """A figure of the value as it is, first, and of its draws; those that are NaN are left out of the interval.

    Raises:
        NotEnoughData: the value is NaN, or every draw.
    """
    told = drawn[1:][np.isfinite(drawn[1:])]
    if not np.isfinite(drawn[0]) or not len(told):
        raise NotEnoughData(
            f"a figure needs a value and draws that can be measured; got {drawn[0]} and {len(told)} draws"
        )
    low, high = percentiles(told, LEVEL)
    return Figure(float(drawn[0]), low, high, n, unit)


def pair_verdicts(differences: Floats) -> str:
    """How each of (P, D+1) differences decides by its own interval over questions, and how often it is above zero.

    Differences that cannot be measured, on the rows as they are or on any draw, count nowhere.
    """
    finite = np.isfinite(differences)
    told = differences[finite[:, 0] & finite[:, 1:].any(axis=1)]
    if not len(told):
        return "none could be measured"
    lows, highs = np.nanquantile(told[:, 1:], ((1 - LEVEL) / 2, (1 + LEVEL) / 2), axis=1)
    said = Counter(verdict_of(low, high) for low, high in zip(lows, highs, strict=True))
    above = int((told[:, 0] > 0).sum())
    return f"above zero in {above} of {len(told)}; " + ", ".join(f"{v} in {n}" for v, n in said.most_common())
