"""What a part of the study is made of: figures with their intervals, claims with their verdicts, tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias, TypedDict

from foureyes.study.claims import ClaimVerdict, verdict_of

__all__ = [
    "NO_FIGURE",
    "Bootstrap",
    "Cell",
    "Figure",
    "FigureTable",
    "PaperClaim",
    "Question",
    "RunSettings",
    "StudyPart",
    "verdict",
]


class Question(Enum):
    """What the study asks, in the order of its page."""

    TRANSFER = "Does calibration work on unseen data, and does it transfer?"
    CALIBRATED = "Does a calibrated cascade beat an uncalibrated one?"
    ORDERING = "Does routing beat chance, and the advantage a plain threshold?"
    SAME_SIZE = "Does a cascade of two about equal models beat both?"
    CLEANING = "Do calibrated experts beat Confident Learning at equal detection?"


NO_FIGURE: Final = "no figure at hand"

POINT: Final = 0.01
"""A difference below this, in accuracy, APGR, precision or error, is taken for none."""


class Bootstrap(TypedDict):
    """How an interval is drawn."""

    draws: int
    seed: int
    level: float


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How everything is run.

    Attributes:
        seed: of the halves and of every interval.
        draws: bootstrap draws.
        bins: equal-count bins, of the calibration error and of the cascades.
        level: of the intervals.
        claims_only: leave out the tables that take long.
    """

    seed: int = 0
    draws: int = 1000
    bins: int = 15
    level: float = 0.95
    claims_only: bool = False

    @property
    def bootstrap(self) -> Bootstrap:
        """What the intervals need."""
        return {"draws": self.draws, "seed": self.seed, "level": self.level}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, its interval, and how many of what it rests on."""

    value: float
    low: float
    high: float
    n: int
    unit: str


Cell: TypeAlias = str | int | float | Figure


@dataclass(frozen=True, slots=True)
class PaperClaim:
    """A claim, as a difference that is above zero if it holds.

    Attributes:
        question: that it helps to answer.
        says: the claim.
        paper: the paper's own figure.
        difference: measured here.
        measured_as: what the difference is of.
        caveat: why the figure should not be leant on; empty if it may.
        in_paper_terms: the two things compared, in the terms of the paper's figure; empty where it has none.
    """

    question: Question
    says: str
    paper: str
    difference: Figure
    measured_as: str
    caveat: str = ""
    in_paper_terms: str = ""


def verdict(difference: Figure) -> ClaimVerdict:
    """The verdict on a difference; one that is shown to be smaller than a point is none."""
    return verdict_of(difference.low, difference.high, negligible=POINT)


@dataclass(frozen=True, slots=True)
class FigureTable:
    """Rows of figures under a title, before they become text."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class StudyPart:
    """What one part found."""

    title: str
    claims: Sequence[PaperClaim] = ()
    tables: Sequence[FigureTable] = ()
    notes: Sequence[str] = ()
