"""The vocabulary head and its statistics, without ever holding rows × vocabulary.

One pass over the vocabulary in tiles keeps, per row and tile, the maximum m, s = Σ exp(x − m) and w = Σ exp(x − m)·(x − m)
over the tile's logits x. With M the largest m and δ = m − M, the tiles add up to S = Σ s·e^δ and W = Σ (w + δ·s)·e^δ, and

    ln Z = M + ln S        −ln p(y) = ln Z − x_y        H = ln S − W/S        p_max = 1/S

exactly, over the full vocabulary, from memory of the size of one tile.

Source: Milakov & Gimelshein 2018, arXiv 1805.02867 (online softmax), extended here to entropy and rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch

__all__ = ["Head", "Statistics"]

ROWS: Final = 512
"""Most rows at a time."""

CELLS: Final = 1 << 19
"""Logits per tile: 2 MB in float32, so that a core's share stays in its second-level cache."""

MAX_TILE: Final = 8192
"""Most columns per tile, however few the rows: a wider one leaves the cache with the weights alone."""

GROUP: Final = 64
"""Columns whose maximum is taken first when looking for the top k: only k groups can hold the k best."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of M (row, token) pairs, on the CPU.

    Attributes:
        nll: (M,) float64, −ln p(token), nats.
        logit: (M,) float64, the token's logit as the model states it, before it is made a probability.
        rank: (M,) int64, 1 = most likely; ties do not count against the token.
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


class Head:
    """The output projection of a model: logits = cap·tanh(scale·(h Wᵀ + b)/cap).

    Args:
        weight: (V, d).
        bias: (V,) or ``None``.
        scale: factor on the logits (Cohere's ``logit_scale``, the inverse of Granite's ``logits_scaling``).
        softcap: bound of the logits (Gemma 2), or ``None``.
    """

    def __init__(
        self,
        weight: torch.Tensor,
        *,
        bias: torch.Tensor | None = None,
        scale: float = 1.0,
        softcap: float | None = None,
    ) -> None:
        self._weight = weight
        self._bias = bias
        self._scale = scale
        self._softcap = softcap

    @property
    def vocabulary(self) -> int:
        """V, the number of logits."""
        return self._weight.shape[0]

    def statistics(
        self, hidden: torch.Tensor, rows: torch.Tensor, tokens: torch.Tensor, *, top_k: int = 0
    ) -> Statistics:
        """Reads M tokens off R hidden states.

        Args:
            hidden: (R, d) final hidden states.
            rows: (M,) int64, ascending, which hidden state predicts each token.
            tokens: (M,) int64, the actual tokens.
            top_k: how many of the most likely tokens to keep.
        """
        parts = []
        for first in range(0, len(hidden), ROWS):
            last = min(first + ROWS, len(hidden))
            low, high = torch.searchsorted(rows, torch.tensor([first, last], device=rows.device)).tolist()
            if low < high:
                parts.append(self._chunk(hidden[first:last], rows[low:high] - first, tokens[low:high], top_k))
        fields = Statistics.__slots__
        return Statistics(**{name: torch.cat([getattr(part, name) for part in parts]).cpu() for name in fields})

    @staticmethod
    def of_logits(logits: torch.Tensor, tokens: torch.Tensor, *, top_k: int = 0) -> Statistics:
        """The same statistics of M logit rows that a model has already computed, one token each."""
        running = _Running(len(logits), top_k, logits.device)
        actual = logits.gather(1, tokens[:, None])
        for first in range(0, logits.shape[1], MAX_TILE):
            running.add(logits[:, first : first + MAX_TILE], first)
        return running.finish(torch.arange(len(logits), device=logits.device), actual[:, 0], (logits > actual).sum(1))

    def _chunk(self, hidden: torch.Tensor, rows: torch.Tensor, tokens: torch.Tensor, top_k: int) -> Statistics:
        running = _Running(len(hidden), top_k, hidden.device)
        hidden = self._exact(hidden)
        threshold = self._actual(hidden[rows], tokens)
        found = torch.empty_like(threshold)
        above = torch.zeros(len(rows), dtype=torch.int64, device=hidden.device)
        width = min(MAX_TILE, CELLS // len(hidden) // GROUP * GROUP)
        here = _by_tile(tokens, width)
        for first in range(0, self.vocabulary, width):
            logits = self._logits(hidden, slice(first, first + width))
            tile_max = running.add(logits, first)
            hot = (tile_max[rows] > threshold).nonzero()[:, 0]  # elsewhere nothing can be above the actual token
            if len(hot):
                above[hot] += (logits[rows[hot]] > threshold[hot, None]).sum(1)
            if (own := here.get(first // width)) is not None:
                found[own] = logits[rows[own], tokens[own] - first]
                above[own] -= (found[own] > threshold[own]).long()  # rounding must not rank a token above itself
        return running.finish(rows, found, above)

    def _logits(self, hidden: torch.Tensor, part: slice) -> torch.Tensor:
        bias = None if self._bias is None else self._exact(self._bias[part])
        return self._shape(torch.nn.functional.linear(hidden, self._exact(self._weight[part]), bias).float())

    def _actual(self, hidden: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        logits = torch.linalg.vecdot(hidden, self._exact(self._weight[tokens])).float()
        if self._bias is not None:
            logits += self._bias[tokens]
        return self._shape(logits)

    @staticmethod
    def _exact(values: torch.Tensor) -> torch.Tensor:
        """On a CPU, a bfloat16 product would round each logit to 8 bits: multiply as float32 instead (ADR 3)."""
        return values.float() if values.device.type == "cpu" else values

    def _shape(self, logits: torch.Tensor) -> torch.Tensor:
        if self._scale != 1.0:
            logits *= self._scale
        if self._softcap is not None:
            logits = torch.tanh(logits / self._softcap) * self._softcap
        return logits


class _Running:
    """What the tiles seen so far leave behind of R rows: a maximum and two sums each, and the best k."""

    def __init__(self, n_rows: int, top_k: int, device: torch.device) -> None:
        self._tiles: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
        self._top_k = top_k
        self._top = torch.full((n_rows, top_k), -torch.inf, device=device)
        self._top_ids = torch.zeros((n_rows, top_k), dtype=torch.int64, device=device)

    def add(self, logits: torch.Tensor, first: int) -> torch.Tensor:
        """Takes in one tile; returns its maximum per row."""
        tile_max = logits.amax(1)
        centred = logits - tile_max[:, None]
        terms = centred.exp()
        total = terms.sum(1)
        self._tiles.append((tile_max, total, terms.mul_(centred).sum(1)))
        if self._top_k:
            self._keep_best(logits, first)
        return tile_max

    def _keep_best(self, logits: torch.Tensor, first: int) -> None:
        values, columns = _largest(logits, self._top_k)
        candidates = torch.cat([self._top, values], 1)
        ids = torch.cat([self._top_ids, columns + first], 1)
        self._top, best = candidates.topk(self._top_k, dim=1)
        self._top_ids = ids.gather(1, best)

    def finish(self, rows: torch.Tensor, actual: torch.Tensor, above: torch.Tensor) -> Statistics:
        maxima, totals, weighted = (torch.stack(column).double() for column in zip(*self._tiles, strict=True))
        top = maxima.amax(0)
        below = maxima - top
        share = below.exp()
        total = (totals * share).sum(0)
        mean = ((weighted + below * totals) * share).sum(0) / total
        log_total = total.log()
        log_z = top + log_total
        return Statistics(
            nll=(log_z[rows] - actual.double()).clamp_min_(0.0),
            logit=actual.double(),
            rank=above + 1,
            entropy=(log_total - mean).clamp_min_(0.0)[rows],
            top1=total.reciprocal().clamp_max_(1.0)[rows],
            top_ids=self._top_ids[rows],
            top_logprobs=(self._top.double() - log_z[:, None]).clamp_max_(0.0)[rows],
        )


def _by_tile(tokens: torch.Tensor, width: int) -> dict[int, torch.Tensor]:
    """Which tokens lie in which tile."""
    tiles = torch.div(tokens, width, rounding_mode="floor")
    order = tiles.argsort(stable=True)
    present, counts = tiles[order].unique_consecutive(return_counts=True)
    return dict(zip(present.tolist(), order.split(counts.tolist()), strict=True))


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
