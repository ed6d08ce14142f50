"""Models whose answers are kept in one file, so that a run that was stopped goes on and a second one loads none."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from foureyes.models.catalog import open_reader, open_writer
from foureyes.models.roles import Reader, Writer
from foureyes.signals.asking import share_of_second
from foureyes.study.cached_models import CachedReader, CachedWriter, LazyModel, RunUsage
from foureyes.study.store import CallStore
from foureyes.types import Prompt, Unscored

__all__ = ["Models", "shares_of_second", "told"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Models:
    """Opens readers and writers by name.

    Attributes:
        store: of all that they said.
    """

    store: CallStore

    def reader(self, name: str) -> Reader:
        """One that is loaded where the store does not know the answer."""
        model: LazyModel[Reader] = LazyModel(f"{name} read", name, partial(open_reader, name), self.store)
        return CachedReader(model, self.store, RunUsage(time.perf_counter))

    def writer(self, name: str) -> Writer:
        """Likewise."""
        model: LazyModel[Writer] = LazyModel(f"{name} write", name, partial(open_writer, name), self.store)
        return CachedWriter(model, self.store, RunUsage(time.perf_counter))


def told(values: Sequence[float | Unscored]) -> Floats:
    """(N,) numbers; a study of a few hundred questions goes on with none that could not be told."""
    for value in values:
        if isinstance(value, Unscored):
            raise SystemExit(f"a reader could not tell: {value.detail}")
    return np.array(values, np.float64)


def shares_of_second(prompts: Sequence[Prompt], reader: Reader) -> Floats:
    """(N,) probability of the second of two lettered options."""
    return told(share_of_second(prompts, reader))
