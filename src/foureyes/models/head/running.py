"""What is read off logits, from sums that tiles of the vocabulary add to.

Per row and tile, the maximum m, s = Σ exp(x − m) and w = Σ exp(x − m)·(x − m) over the tile's logits x are kept. With M the
largest m and δ = m − M, the tiles add up to S = Σ s·e^δ and W = Σ (w + δ·s)·e^δ, and

    ln Z = M + ln S        −ln p(y) = ln Z − x_y        H = ln S − W/S        p_max = 1/S

exactly, over the full vocabulary.

Source: Milakov & Gimelshein 2018, arXiv 1805.02867 (online softmax), extended here to entropy and rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch

from foureyes.models.head.products import TileMemory

__all__ = ["RunningStatistics", "Statistics"]

GROUP: Final = 64
"""Columns whose maximum is taken first when looking for the top k: only k groups can hold the k best."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of M (row, token) pairs, on the CPU.

    Attributes:
        nll: (M,) float64, −ln p(token), nats.
        logit: (M,) float64, the token's logit as the model states it, before it is made a probability.
        rank: (M,) int64, 1 = most likely; ties, as near as the arithmetic tells, do not count against the token.
        entropy: (M,) float64, nats, of the row's whole distribution.
        top1: (M,) float64, probability of the row's most likely token.
        top_ids, top_logprobs: (M, k), the most likely tokens of the row, best first.
    """

    nll: torch.Tensor
    logit: torch.Tensor
    rank: torch.Tensor
    entropy: torch.Tensor
    top1: torch.Tensor
    top_ids: torch.Tensor
    top_logprobs: torch.Tensor


class RunningStatistics:
    """What the tiles seen so far leave behind of R rows: a maximum and two sums each, and the best k.

    All of it is there from the start. Small results between the tiles' large temporary ones would keep the heap from using
    the same place twice.

    Args:
        n_rows: R.
        vocabulary: V.
        width: columns of a tile; the last one may have fewer.
        top_k: how many of the most likely tokens to keep.
        device: of the tiles.
    """

    def __init__(self, n_rows: int, vocabulary: int, width: int, top_k: int, device: torch.device) -> None:
        n_tiles = -(-vocabulary // width)
        self._width = width
        self._maxima, self._totals, self._weighted = torch.empty((3, n_tiles, n_rows), device=device)
        self._terms = TileMemory(n_rows * min(width, vocabulary), torch.float32, device)
        self._top_k = top_k
        self._top = torch.full((n_rows, top_k), -torch.inf, device=device)
        self._top_ids = torch.zeros((n_rows, top_k), dtype=torch.int64, device=device)

    def maximum(self, logits: torch.Tensor, first: int) -> torch.Tensor:
        """(R,) the maximum of every row of a tile, whose first column is the vocabulary's ``first``."""
        found = torch.amax(logits, 1, out=self._maxima[first // self._width])
        return found.clamp_min_(torch.finfo(torch.float32).min)  # a tile may be −∞ throughout

    def add(self, logits: torch.Tensor, first: int) -> None:
        """Takes in a tile whose maximum is known, (R, width) float32, and writes over it."""
        if self._top_k:
            self._keep_best(logits, first)
        place = first // self._width
        centred = logits.sub_(self._maxima[place, :, None])
        terms = torch.exp(centred, out=self._terms.shaped(*logits.shape))
        torch.sum(terms, 1, out=self._totals[place])
        torch.nansum(terms.mul_(centred), 1, out=self._weighted[place])  # a logit of −∞ adds 0·−∞, which is to be 0

    def count_above(self, logits: torch.Tensor, rows: torch.Tensor, bounds: torch.Tensor) -> torch.Tensor:
        """How many of a tile's logits are above a bound of their row.

        Args:
            logits: the tile, (R, width).
            rows: (M,) int64.
            bounds: (M,), one for each of the rows.
        """
        counts = []
        for some, bound in zip(rows.split(len(logits)), bounds.split(len(logits)), strict=True):
            values = torch.index_select(logits, 0, some, out=self._terms.shaped(len(some), logits.shape[1]))
            counts.append(values.gt_(bound[:, None]).sum(1))
        return torch.cat(counts).long()

    def _keep_best(self, logits: torch.Tensor, first: int) -> None:
        values, columns = _largest(logits, self._top_k)
        candidates = torch.cat([self._top, values], 1)
        ids = torch.cat([self._top_ids, columns + first], 1)
        self._top, best = candidates.topk(self._top_k, dim=1)
        self._top_ids = ids.gather(1, best)

    def finish(self, rows: torch.Tensor, actual: torch.Tensor, above: torch.Tensor) -> Statistics:
        """Statistics of M tokens.

        Args:
            rows: (M,) int64, the row that predicts each token.
            actual: (M,), the token's logit.
            above: (M,) int64, how many logits of its row are above it.
        """
        maxima, totals, weighted = (_exact(sums) for sums in (self._maxima, self._totals, self._weighted))
        rows, actual = rows.cpu(), _exact(actual)
        top = maxima.amax(0)
        below = maxima - top
        share = below.exp()
        total = (totals * share).sum(0)
        mean = ((weighted + below * totals) * share).sum(0) / total
        log_total = total.log()
        log_z = top + log_total
        return Statistics(
            nll=(log_z[rows] - actual).clamp_min_(0.0),
            logit=actual,
            rank=above.cpu() + 1,
            entropy=(log_total - mean).clamp_min_(0.0)[rows],
            top1=total.reciprocal().clamp_max_(1.0)[rows],
            top_ids=self._top_ids.cpu()[rows],
            top_logprobs=(_exact(self._top) - log_z[:, None]).clamp_max_(0.0)[rows],
        )


def _exact(values: torch.Tensor) -> torch.Tensor:
    """In float64, on the CPU: not every device has it."""
    return values.cpu().double()


def _largest(logits: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The k largest of each row and their columns (fewer where the row is shorter)."""
    n_groups, rest = divmod(logits.shape[1], GROUP)
    if rest or n_groups <= k:
        return logits.topk(min(k, logits.shape[1]), dim=1)
    groups = logits.unflatten(1, (n_groups, GROUP))
    best_groups = groups.amax(2).topk(k, dim=1).indices
    columns = (best_groups[:, :, None] * GROUP + torch.arange(GROUP, device=logits.device)).flatten(1)
    values, order = logits.gather(1, columns).topk(k, dim=1)
    return values, columns.gather(1, order)
