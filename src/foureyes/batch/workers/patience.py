"""How long a worker may take over rows before it counts as one that hangs. No process is touched here.

A worker that is only slow must not be taken for one that hangs, or the rows that it reads come out as unavailable: so the bound grows
with what there is to read, and is generous. Start at :class:`Patience`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from foureyes.batch.pieces import fresh_sizes
from foureyes.errors import InputError
from foureyes.signals.catalog import signal
from foureyes.types import Exchange, Unscored

__all__ = ["Patience"]

_ANY_S: Final = 1800.0
"""Seconds for any rows: a first call may compile, a device may be shared, servers are asked again."""

_CHARACTERS_A_SECOND: Final = 4.0
"""And besides, for what there is to read: about a token a second."""

_READINGS_AN_ASKING: Final = 2
"""Readings of a row that a signal takes which asks once more."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a worker may take over rows.

    Args:
        seconds: over any; ``None`` for half an hour, and a second for every four characters of what there is to read.

    Raises:
        InputError: it is no number of seconds.
    """

    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise InputError(f"wanted a number of seconds above 0 that a worker may read; got {self.seconds:g}")

    def seconds_for(
        self, rows: Sequence[Exchange | Unscored], signals: Sequence[str] = (), *, verifiers: int = 1
    ) -> float:
        """Seconds that a worker may take over some rows.

        Args:
            rows: what it reads; what the prompt of one shares with that of the one before is read once.
            signals: that are taken, by their names.
            verifiers: that read, one after the other.

        Example:
            >>> rows = [Exchange("a" * 40, "b" * 40), Exchange("a" * 40, "c" * 40)]
            >>> Patience().seconds_for(rows), Patience(5.0).seconds_for(rows)
            (1830.0, 5.0)
        """
        if self.seconds is not None:
            return self.seconds
        asked = sum(signal(name).ask is not None for name in signals)
        readings = verifiers * (1 + _READINGS_AN_ASKING * asked)
        return _ANY_S + readings * sum(fresh_sizes(rows)) / _CHARACTERS_A_SECOND
