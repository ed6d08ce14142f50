"""What a measure gives the page, and the words of a verdict."""

from __future__ import annotations

from dataclasses import dataclass

from foureyes.report.forest import Estimate
from foureyes.report.study import Section
from foureyes.study.claims import verdict_of

__all__ = ["Part", "verdict"]

NEGLIGIBLE = 0.01


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


def verdict(found: Estimate, against: float = 0.0) -> str:
    """What an interval says of a figure against a number: higher, lower, no difference, or not decided.

    Example:
        >>> from foureyes.maths.means import mean_interval
        >>> verdict(mean_interval("gain", [1.0, 2.0, 3.0]))
        'higher'
    """
    said = verdict_of(found.low - against, found.high - against, negligible=NEGLIGIBLE)
    return {"holds": "higher", "fails": "lower"}.get(said, said)
