"""Hidden states times one tile of the head after the other, as float32 logits.

A bfloat16 logit has 8 bits: near 20 it is a multiple of 0.125. A float32 result of bfloat16 factors needs what the device has:

* :class:`ConvertedProduct` makes the factors float32 first, tile by tile. Any CPU; exact to float32.
* :class:`RemainderProduct` multiplies bfloat16 twice, for the rounded logit and for what rounding took from it. For CPUs that
  multiply bfloat16 several times as fast as float32 (AMX).
* :class:`DeviceProduct` asks the device for float32 logits of 16-bit factors. CUDA; elsewhere it can but widen rounded ones.

A product writes every tile into the same memory. Fresh memory of this size comes from the system page by page, which was
measured at a third of the time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Final

import torch

__all__ = [
    "ConvertedProduct",
    "DeviceProduct",
    "RemainderProduct",
    "TileMemory",
    "TileProduct",
    "best_product",
    "multiplies_bfloat16",
]

GROUP: Final = 64
"""Tiles are multiples of so many columns."""

SUMMING: Final = 2.0**-20
"""Difference between two orders of summing the same terms in float32, as a share of their sum and of their norm.

Partial sums, each of which is rounded, grow to about these.
"""


class TileMemory:
    """Memory that every tile is written into anew."""

    def __init__(self, cells: int, dtype: torch.dtype, device: torch.device) -> None:
        self._flat = torch.empty(cells, dtype=dtype, device=device)

    def shaped(self, rows: int, columns: int) -> torch.Tensor:
        """(rows, columns), contiguous, with whatever was there before."""
        return self._flat[: rows * columns].view(rows, columns)


class TileProduct(ABC):
    """The products of R hidden states with one tile of the head after the other.

    Args:
        hidden: (R, d), at most :attr:`ROWS` of them.
        weight: (V, d).

    Attributes:
        ROWS: most hidden states at a time.
        CELLS: most logits in a tile.
        COLUMNS: most columns in a tile, however few the rows.
        ROUNDING: error of a logit beside that of summing, as a share of it.
    """

    ROWS: ClassVar[int]
    CELLS: ClassVar[int]
    COLUMNS: ClassVar[int]
    ROUNDING: ClassVar[float] = 0.0

    def __init__(self, hidden: torch.Tensor, weight: torch.Tensor) -> None:
        self._hidden = hidden
        self._weight = weight
        self._rows = len(hidden)
        self.width = min(self.COLUMNS, max(self.CELLS // len(hidden) // GROUP, 1) * GROUP, len(weight))
        """Columns of a tile; the last one may have fewer."""

    @abstractmethod
    def tile(self, first: int) -> torch.Tensor:
        """Columns ``first`` to ``first + width`` as (R, width) float32; the next call may write over it."""

    def ceiling(self, rows: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """(M,) float32, the most that a tile may say where a row meets a token, or another of the same weights.

        A tile sums in an order of its own and rounds, so a product made beside it is not the same to the last bit.
        """
        terms = self._hidden[rows].float() * self._weight[tokens].float()
        product = terms.sum(1)
        norm: torch.Tensor = torch.linalg.vector_norm(terms, dim=1)
        return product + (self.ROUNDING + SUMMING) * product.abs() + SUMMING * norm

    def _part(self, first: int) -> torch.Tensor:
        return self._weight[first : first + self.width]

    def _memory(self, columns: int, dtype: torch.dtype) -> TileMemory:
        return TileMemory(columns * self.width, dtype, self._weight.device)


class ConvertedProduct(TileProduct):
    """Factors made float32, a tile at a time."""

    ROWS = 512
    CELLS = 1 << 19
    """2 MB in float32, so that a core's share stays in its second-level cache."""
    COLUMNS = 8192
    """A wider tile leaves the cache with the weights alone."""

    def __init__(self, hidden: torch.Tensor, weight: torch.Tensor) -> None:
        super().__init__(hidden.float(), weight)
        self._logits = self._memory(self._rows, torch.float32)
        self._float = None if weight.dtype == torch.float32 else self._memory(hidden.shape[1], torch.float32)

    def tile(self, first: int) -> torch.Tensor:
        """See :meth:`TileProduct.tile`."""
        part = self._part(first)
        if self._float is not None:
            part = self._float.shaped(*part.shape).copy_(part)
        return torch.mm(self._hidden, part.T, out=self._logits.shaped(self._rows, len(part)))


class RemainderProduct(TileProduct):
    """The rounded product c = bf16(h·Wᵀ), and its remainder r = bf16(h·Wᵀ − c): c + r has 16 bits of the logit.

    Both products sum in float32 and round once at their end, after c was taken off. The error is 2⁻¹⁸ of the logit at
    most, 1e-4 for one of 30, beside what summing in float32 costs.
    """

    ROWS = 512
    CELLS = 1 << 21
    """8 MB in float32: products of bfloat16 gain more from wide tiles than the statistics lose outside the caches."""
    COLUMNS = 4096
    ROUNDING = 2.0**-17

    def __init__(self, hidden: torch.Tensor, weight: torch.Tensor) -> None:
        super().__init__(hidden.to(weight.dtype), weight)
        self._rounded = self._memory(self._rows, weight.dtype)
        self._logits = self._memory(self._rows, torch.float32)

    def tile(self, first: int) -> torch.Tensor:
        """See :meth:`TileProduct.tile`."""
        part = self._part(first)
        rounded = torch.mm(self._hidden, part.T, out=self._rounded.shaped(self._rows, len(part)))
        logits = self._logits.shaped(*rounded.shape).copy_(rounded)
        return logits.add_(rounded.addmm_(self._hidden, part.T, beta=-1))


class DeviceProduct(TileProduct):
    """A product of 16-bit factors with a float32 result, where the device has one; wide tiles, since every call costs."""

    ROWS = 2048
    CELLS = 1 << 25
    COLUMNS = 1 << 16

    def __init__(self, hidden: torch.Tensor, weight: torch.Tensor) -> None:
        super().__init__(hidden.to(weight.dtype), weight)
        half = weight.dtype in (torch.bfloat16, torch.float16)
        self._widening = half and weight.device.type == "cuda" and "dtype" in torch.ops.aten.mm.overloads()

    def ceiling(self, rows: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """See :meth:`TileProduct.ceiling`; rounded where tiles are."""
        most = super().ceiling(rows, tokens)
        return most if self._widening else most.to(self._weight.dtype).float()

    def tile(self, first: int) -> torch.Tensor:
        """See :meth:`TileProduct.tile`."""
        part = self._part(first).T
        if self._widening:
            return torch.mm(self._hidden, part, out_dtype=torch.float32)
        return torch.mm(self._hidden, part).float()


def multiplies_bfloat16() -> bool:
    """Whether this CPU multiplies matrices of bfloat16 several times as fast as those of float32: it has AMX."""
    return bool(torch.cpu.get_capabilities().get("amx_bf16")) and torch.backends.mkldnn.is_available()


def best_product(weight: torch.Tensor) -> type[TileProduct]:
    """The product for a head's device and arithmetic."""
    if weight.device.type != "cpu":
        return DeviceProduct
    if weight.dtype == torch.bfloat16 and multiplies_bfloat16():
        return RemainderProduct
    return ConvertedProduct
