"""One choice between a small and a large writer, with all that rules may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Flags", "Floats", "Rule", "Setting", "halves"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What a rule sees of each question.

    Attributes:
        score: (N,) the lower, the sooner the large writer is asked.
        cost: of looking, a question.
        early: whether it decides before the small writer is asked, so that nothing is paid for an answer that is thrown away.
    """

    score: Floats
    cost: float = 0.0
    early: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Questions that a small and a large writer answered, half of them to fit on.

    Attributes:
        data: name of the data.
        small, large: the writers.
        right: (N,) of the small and of the large writer.
        groups: (N,) questions that hang together.
        costs: mean a question, of the small and of the large writer.
        rules: name to rule.
        fit: (N,) the half that everything fitted saw.
        notes: what has to be said of it.
        learned: what a route joined with the reader; empty where none learnt.
    """

    data: str
    small: str
    large: str
    right: tuple[Flags, Flags]
    groups: NDArray[np.intp]
    costs: tuple[float, float]
    rules: Mapping[str, Rule]
    fit: Flags
    notes: tuple[str, ...] = ()
    learned: str = ""


def halves(groups: NDArray[np.intp], seed: int) -> Flags:
    """(N,) a random half of the groups."""
    n = int(groups.max()) + 1
    first = np.zeros(n, np.bool_)
    first[np.random.default_rng(seed).permutation(n)[: n // 2]] = True
    return first[groups]
