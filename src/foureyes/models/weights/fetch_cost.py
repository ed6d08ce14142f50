"""What it takes to have models on this machine that are not here yet, so that a person hears of it before it begins."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from foureyes.models.weights.acquire import locate
from foureyes.models.weights.known import KNOWN, KnownModel
from foureyes.models.weights.store import cache_folder

__all__ = ["FetchCost", "fetch_cost"]

_GIGABYTE: Final = 1e9
_BYTES_A_PARAMETER: Final = 2
"""Weights are kept in bfloat16."""

_CONVERTER_BYTES: Final = 1.7e9
_CONVERTED_BYTES: Final = 2.3
"""Memory of the converter, and of each parameter it converts: measured on models of 0.6 and 1.8 thousand million."""

_LEAST_BYTES: Final = 3.4e9
"""Memory that converting a small model with a large vocabulary takes: measured on gemma3-270m."""

_MINUTES_A_GIGABYTE: Final = 2.5
"""Download and conversion, of a gigabyte of GGUF: measured on two cores behind a quick line."""


@dataclass(frozen=True, slots=True)
class FetchCost:
    """What fetching and converting some models takes, one after another.

    Attributes:
        models: those that are to be fetched.
        cache: where they go.
        free_bytes: on that disk, now.
    """

    models: tuple[KnownModel, ...]
    cache: Path
    free_bytes: int

    @property
    def download_bytes(self) -> int:
        """What is fetched."""
        return sum(model.n_bytes for model in self.models)

    @property
    def disk_bytes(self) -> int:
        """What stays on the disk."""
        return sum(map(_kept, self.models))

    @property
    def peak_disk_bytes(self) -> int:
        """The most that is on the disk at a time: what is fetched goes when it has been converted."""
        kept, most = 0, 0
        for model in self.models:
            kept += _kept(model)
            most = max(most, kept + model.n_bytes)
        return most

    @property
    def memory_bytes(self) -> int:
        """The most memory that converting takes."""
        largest = max((model.parameters for model in self.models), default=0)
        return int(max(_LEAST_BYTES, _CONVERTER_BYTES + _CONVERTED_BYTES * largest)) if largest else 0

    @property
    def minutes(self) -> int:
        """About how long it takes, at least 1."""
        return max(1, round(self.download_bytes / _GIGABYTE * _MINUTES_A_GIGABYTE))

    @property
    def fits(self) -> bool:
        """Whether the disk has room for it."""
        return self.peak_disk_bytes <= self.free_bytes


def fetch_cost(references: Iterable[str]) -> FetchCost:
    """What it takes to have these models, as far as they are known by name and not here.

    Args:
        references: what names models; those that are no known names cost nothing that could be told.

    Raises:
        ModelUnavailable: one is here and damaged.
    """
    cache = cache_folder()
    absent = tuple(KNOWN[name] for name in dict.fromkeys(references) if name in KNOWN and locate(name) is None)
    return FetchCost(absent, cache, _free_bytes(cache))


def _free_bytes(folder: Path) -> int:
    """Of the disk a folder is on, or will be on."""
    there = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    return shutil.disk_usage(there).free


def _kept(model: KnownModel) -> int:
    return _BYTES_A_PARAMETER * model.parameters
