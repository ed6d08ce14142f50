"""The machine's ceiling: how fast it multiplies square matrices, at the size that suits it best."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import torch

from bench.job import Contender, ContenderJob
from bench.pairs import TokenPair

__all__ = ["Ceiling", "load"]

SIZES: Final = (1024, 2048, 3072, 4096)

TIMED_SECONDS: Final = 1.5
"""About how long the products take that are timed."""


class Ceiling:
    """Products of square matrices of one arithmetic."""

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._repeats = 1
        self._choose(SIZES[0])

    def prepare(self, _: Sequence[TokenPair]) -> dict[str, Any]:
        """Keeps the size with the highest rate."""
        rates = {size: self._rate(size) for size in SIZES}
        size = max(rates, key=rates.__getitem__)
        self._choose(size)
        flop = 2 * size**3
        self._repeats = max(1, round(TIMED_SECONDS * rates[size] / flop))
        return {"size": size, "flop": self._repeats * flop}

    def multiply(self, _: Sequence[TokenPair]) -> None:
        """The work that is timed."""
        for _repeat in range(self._repeats):
            torch.mm(self._left, self._right, out=self._product)

    def _choose(self, size: int) -> None:
        self._left = torch.randn(size, size).to(self._dtype)
        self._right = torch.randn(size, size).to(self._dtype)
        self._product = torch.empty_like(self._left)

    def _rate(self, size: int) -> float:
        """The best of three, in multiplications and additions per second."""
        self._choose(size)
        best = float("inf")
        for _repeat in range(3):
            start = time.perf_counter()
            torch.mm(self._left, self._right, out=self._product)
            best = min(best, time.perf_counter() - start)
        return float(2 * size**3 / best)


def load(job: ContenderJob) -> Contender:
    """The ceiling of one arithmetic; the job's folder is not looked at."""
    ceiling = Ceiling(getattr(torch, job.dtype))
    return Contender(ceiling.multiply, lambda _: [], ceiling.prepare)
