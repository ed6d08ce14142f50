"""The vocabulary head and its statistics, without ever holding rows × vocabulary.

The vocabulary is walked in tiles: a product makes a tile's logits (:mod:`~foureyes.models.head.products`), sums take them in
(:mod:`~foureyes.models.head.running`), and the next tile is written over them.
"""

from __future__ import annotations

import torch

from foureyes.models.head.products import TileProduct, best_product
from foureyes.models.head.running import RunningStatistics, Statistics

__all__ = ["Head"]

COLUMNS = 8192
"""Columns taken in at a time of logits that are there already."""


class Head:
    """The output projection of a model: logits = cap·tanh(scale·(h Wᵀ + b)/cap).

    Args:
        weight: (V, d).
        bias: (V,) or ``None``.
        scale: factor on the logits (Cohere's ``logit_scale``, the inverse of Granite's ``logits_scaling``).
        softcap: bound of the logits (Gemma 2), or ``None``.
        product: how a tile is multiplied; the best for the weight's device and arithmetic when ``None``.
    """

    def __init__(
        self,
        weight: torch.Tensor,
        *,
        bias: torch.Tensor | None = None,
        scale: float = 1.0,
        softcap: float | None = None,
        product: type[TileProduct] | None = None,
    ) -> None:
        self._weight = weight
        self._bias = bias
        self._scale = scale
        self._softcap = softcap
        self._product = product or best_product(weight)

    @property
    def vocabulary(self) -> int:
        """V, the number of logits."""
        return self._weight.shape[0]

    @torch.no_grad()
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
        for first in range(0, len(hidden), self._product.ROWS):
            last = min(first + self._product.ROWS, len(hidden))
            low, high = torch.searchsorted(rows, torch.tensor([first, last], device=rows.device)).tolist()
            if low < high:
                parts.append(self._chunk(hidden[first:last], rows[low:high] - first, tokens[low:high], top_k))
        fields = Statistics.__slots__
        return Statistics(**{name: torch.cat([getattr(part, name) for part in parts]) for name in fields})

    @staticmethod
    @torch.no_grad()
    def of_logits(logits: torch.Tensor, tokens: torch.Tensor, *, top_k: int = 0) -> Statistics:
        """The same statistics of M logit rows that a model has already computed, one token each."""
        n_rows, vocabulary = logits.shape
        running = RunningStatistics(n_rows, vocabulary, COLUMNS, top_k, logits.device)
        actual = logits.gather(1, tokens[:, None])
        for first in range(0, vocabulary, COLUMNS):
            tile = logits[:, first : first + COLUMNS].to(torch.float32, copy=True)
            running.maximum(tile, first)
            running.add(tile, first)
        return running.finish(torch.arange(len(logits), device=logits.device), actual[:, 0], (logits > actual).sum(1))

    def _chunk(self, hidden: torch.Tensor, rows: torch.Tensor, tokens: torch.Tensor, top_k: int) -> Statistics:
        product = self._product(hidden, self._weight)
        running = RunningStatistics(len(hidden), self.vocabulary, product.width, top_k, hidden.device)
        ceiling = self._shape(
            product.ceiling(rows, tokens), tokens
        )  # what ties with the actual token is not above this
        found = torch.empty_like(ceiling)
        above = torch.zeros(len(rows), dtype=torch.int64, device=hidden.device)
        here = _by_tile(tokens, product.width)
        for first in range(0, self.vocabulary, product.width):
            logits = self._shape(product.tile(first), slice(first, first + product.width))
            tile_max = running.maximum(logits, first)
            hot = (tile_max[rows] > ceiling).nonzero()[:, 0]
            if len(hot):
                above[hot] += running.count_above(logits, rows[hot], ceiling[hot])
            if (own := here.get(first // product.width)) is not None:
                found[own] = logits[rows[own], tokens[own] - first]
            running.add(logits, first)
        return running.finish(rows, found, above)

    def _shape(self, logits: torch.Tensor, columns: slice | torch.Tensor) -> torch.Tensor:
        """From products to logits, in place."""
        if self._bias is not None:
            logits += self._bias[columns].float()
        if self._scale != 1.0:
            logits *= self._scale
        if self._softcap is not None:
            logits.div_(self._softcap).tanh_().mul_(self._softcap)
        return logits


def _by_tile(tokens: torch.Tensor, width: int) -> dict[int, torch.Tensor]:
    """Which tokens lie in which tile."""
    tiles = torch.div(tokens, width, rounding_mode="floor")
    order = tiles.argsort(stable=True)
    present, counts = tiles[order].unique_consecutive(return_counts=True)
    return dict(zip(present.tolist(), order.split(counts.tolist()), strict=True))
