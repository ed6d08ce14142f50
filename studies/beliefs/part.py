"""What a measure gives the page, and the words of a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from foureyes.maths.difference import Difference
from foureyes.maths.flips import FlipShare
from foureyes.maths.means import MeanInterval
from foureyes.maths.ranking import Auroc
from foureyes.report.study import Section
from foureyes.study.sections.formatting import signed
from studies.paired import verdict_of_rows

__all__ = ["Part", "moves", "verdict"]

NEGLIGIBLE: Final = 0.01
Decidable: TypeAlias = MeanInterval | FlipShare | Auroc | Difference


@dataclass(frozen=True, slots=True)
class Part:
    """One measure.

    Attributes:
        section: its tables.
        findings: what came out, each judged by its interval.
        missing: what it would need that is not at hand.
    """

    section: Section
    findings: tuple[str, ...]
    missing: tuple[str, ...] = ()


def verdict(found: Decidable, against: float = 0.0) -> str:
    """What an interval says of a figure against a number: higher, lower, no difference, or not decided.

    Of fewer than ten rows, or of the rarer of right and wrong, nothing is decided, nor where a few hundred show no difference at all.

    Example:
        >>> from foureyes.maths.means import mean_interval
        >>> verdict(mean_interval("gain", [1.0, 2.0, 3.0] * 4))
        'higher'
    """
    n = found.n_rarer if isinstance(found, Auroc | Difference) else found.n
    said = verdict_of_rows(found.low - against, found.high - against, n, negligible=NEGLIGIBLE)
    return {"holds": "higher", "fails": "lower"}.get(said, said)


def moves(found: Decidable, unit: str = "") -> str:
    """That a figure rises, falls, stays, or that neither is decided, with its interval, as the end of a sentence.

    Example:
        >>> from foureyes.maths.means import mean_interval
        >>> moves(mean_interval("gain", [1.0, 2.0, 3.0] * 4), "nats")
        'rises (+2.000 [+1.583, +2.500] nats)'
    """
    said = {"higher": "rises", "lower": "falls", "no difference": "stays the same"}
    size = f"{signed(found.value, found.low, found.high)}{unit and ' '}{unit}"
    return f"{said.get(verdict(found), 'moves up or down, not decided which')} ({size})"
