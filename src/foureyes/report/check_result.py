"""Checks an answer with one verifier, and compares its surprise with its own entropy.

Without calibration a surprise has no meaning of its own, so it is compared with the one reference point the verifier
brings along: its entropy. Had the verifier drawn the answer's tokens itself, its surprise would average its entropy at
the same places. ``excess = log_cmp − cme`` is the distance from there, and ``exp(excess)`` says how many times less
likely a token was than the verifier expected, on (geometric) average.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from foureyes.errors import ModelError
from foureyes.models.roles import Reader
from foureyes.report.cells import HeatCell, cells_of
from foureyes.signals.cross import score
from foureyes.types import Exchange, Scored, Unscored

__all__ = [
    "PLACE_FACTOR",
    "REFERENCE_FACTORS",
    "CheckResult",
    "SurpriseDegree",
    "SurpriseExcess",
    "check_with",
    "excess_of",
    "peak_of",
    "standout_in",
]

REFERENCE_FACTORS: Final = (1.0, 2.0, 10.0)
"""How many times less likely than expected a token must be, on average, for each degree above the lowest."""

PLACE_FACTOR: Final = 100.0
"""How many times less likely than expected a single place must be to stand out from an unsurprising answer."""


class SurpriseDegree(IntEnum):
    """How surprised a verifier was, by :data:`REFERENCE_FACTORS`: conventions for words, not thresholds with a promise."""

    NOT = 0
    HARDLY = 1
    SURPRISED = 2
    VERY = 3


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The signals of one verifier, or why there are none.

    Attributes:
        verifier: its name.
        fingerprint: of weights, tokenizer, template and arithmetic; ``None`` when it could not be opened.
        row: the signals, or why there are none.
    """

    verifier: str
    fingerprint: str | None
    row: Scored | Unscored


@dataclass(frozen=True, slots=True)
class SurpriseExcess:
    """Mean surprise beyond the verifier's own expectation, nats per token; an interval where its entropy is one."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        """Whether the whole vocabulary was seen, so that this is a number and not an interval."""
        return self.low == self.high

    @property
    def degree(self) -> SurpriseDegree:
        """The degree that is certain: that of the lower bound."""
        return _degree(self.low)

    @property
    def open_ended(self) -> bool:
        """Whether the upper bound falls in a higher degree, so that :attr:`degree` means "at least"."""
        return _degree(self.high) > self.degree


def check_with(ref: str, exchange: Exchange, *, open_reader: Callable[[str], Reader], top_k: int) -> CheckResult:
    """Opens one verifier, scores the exchange with it, and closes it.

    A verifier that fails as a whole comes out as one that could not tell, so that others can still be asked.

    Args:
        ref: which verifier, in words ``open_reader`` understands.
        exchange: what to read.
        open_reader: opens it.
        top_k: how many alternatives to keep at each token.

    Raises:
        ConfigError: there is no such verifier, or what it needs is not installed.
    """
    try:
        reader = open_reader(ref)
        [row] = score([exchange], reader, top_k=top_k)
    except ModelError as error:
        return CheckResult(ref, None, Unscored("unavailable", str(error)))
    return CheckResult(reader.name, reader.fingerprint, row)


def excess_of(row: Scored) -> SurpriseExcess:
    """How far the surprise lies above what the verifier expected.

    Example:
        >>> from foureyes.models.scripted import ScriptedReader
        >>> from foureyes.signals.cross import score
        >>> from foureyes.types import Exchange
        >>> row, = score([Exchange("Capital of Australia?", "Sydney")], ScriptedReader({"Sydney": 0.01}))
        >>> excess_of(row).degree.name
        'VERY'
    """
    return SurpriseExcess(row.log_cmp - row.cme_high, row.log_cmp - row.cme_low)


def peak_of(row: Scored) -> HeatCell:
    """The cell the verifier was most surprised by, among those the signals are taken over; the first of equals."""
    return max((cell for cell in cells_of(row.reading) if cell.selected), key=lambda cell: cell.surprise)


def standout_in(row: Scored) -> HeatCell | None:
    """The place that stands out from an answer that did not surprise as a whole, if there is one."""
    peak = peak_of(row)
    expected = float(row.reading.entropy_high[list(peak.tokens)].sum())
    stands_out = peak.surprise - expected >= math.log(PLACE_FACTOR)
    return peak if stands_out and excess_of(row).degree < SurpriseDegree.SURPRISED else None


def _degree(excess: float) -> SurpriseDegree:
    return SurpriseDegree(sum(excess >= math.log(factor) for factor in REFERENCE_FACTORS))
