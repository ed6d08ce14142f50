"""Every model as author and every other as its reader, on the same resamples of questions and of models.

Rows are drawn by question, since several are one question with its options in another order; models are drawn too, since
one model is in many pairs. A mean over pairs weighs a pair by the product of its models' counts (the pigeonhole bootstrap).

Source: Owen 2007, "The pigeonhole bootstrap".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.resampled_auroc import Weights, resampled_auroc, row_weights
from foureyes.maths.resampling import percentiles
from foureyes.study.claims import verdict_of
from foureyes.study.stored_options import StoredOptions
from studies.know_when.values import Figure
from studies.published_study import Settings

__all__ = ["Floats", "ReaderPairs", "figure_of", "measure_pairs", "pair_verdicts"]

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
    def apart(self) -> Bools:
        """(M, M) which pairs are of two models."""
        found: Bools = ~np.eye(len(self.cmp), dtype=np.bool_)
        return found

    def mean(self, values: Floats, chosen: Bools, unit: str = "pairs") -> Figure:
        """The mean of (M, M, D+1) values over chosen pairs, with its interval over questions and models."""
        weights = np.einsum("da,dr,ar->ard", self.models, self.models, chosen & self.apart)
        total = weights.sum(axis=(0, 1))
        drawn = np.nansum(weights * values, axis=(0, 1))[total > 0] / total[total > 0]
        return figure_of(drawn, int((chosen & self.apart).sum()), unit)


def measure_pairs(options: StoredOptions, settings: Settings) -> ReaderPairs:
    """Measures every pair."""
    rng = np.random.default_rng(settings.seed)
    weights = row_weights(options.question, settings.draws, rng)
    m = len(options.models)
    counts = np.concatenate([np.ones((1, m)), rng.multinomial(m, np.full(m, 1 / m), settings.draws)])
    entropy = options.entropy
    cmp = _areas(options, weights, options.surprise)
    cme = _areas(options, weights, lambda reader, _author: entropy[reader])
    return ReaderPairs(options, weights, counts, cmp, cme)


def _areas(options: StoredOptions, weights: Weights, uncertainty: Callable[[int, int], Floats]) -> Floats:
    m = len(options.models)
    found = np.empty((m, m, weights.shape[1]))
    for author, right in enumerate(options.right):
        for reader in range(m):
            found[author, reader] = resampled_auroc(uncertainty(reader, author), wrong=~right, weights=weights)
    return found


def figure_of(drawn: Floats, n: int, unit: str) -> Figure:
    """A figure of the value as it is, first, and of its draws."""
    low, high = percentiles(drawn[1:], LEVEL)
    return Figure(float(drawn[0]), low, high, n, unit)


def pair_verdicts(differences: Floats) -> str:
    """How each of (P, D+1) differences decides by its own interval over questions, and how often it is above zero."""
    lows, highs = np.quantile(differences[:, 1:], ((1 - LEVEL) / 2, (1 + LEVEL) / 2), axis=1)
    said = Counter(verdict_of(low, high) for low, high in zip(lows, highs, strict=True))
    above = int((differences[:, 0] > 0).sum())
    return f"above zero in {above} of {len(differences)}; " + ", ".join(f"{v} in {n}" for v, n in said.most_common())
