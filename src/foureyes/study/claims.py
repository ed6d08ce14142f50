"""Claims tested on the rows of a study: each holds, fails or is not decided, pair by pair.

A claim holds for a pair where the whole 95 % interval of the difference lies above zero, fails where it lies below, and
is not decided otherwise. Where fewer than ten questions have a right answer, or a wrong one, an interval is too narrow to be
believed: too few. Pairs share questions and models, so counts of pairs are no votes of independent witnesses; no
correction is made for their number, which is why it is printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from foureyes.display import plural
from foureyes.maths.difference import Difference
from foureyes.study.cells import Cell, SignalValues
from foureyes.study.measures import MissingFigure, compare_signals
from foureyes.study.plan import Claim, SignalColumn

__all__ = ["ClaimResult", "ClaimTest", "ClaimVerdict", "decide", "verdict_counts", "verdict_of"]

ClaimVerdict: TypeAlias = Literal["holds", "fails", "no difference", "not decided", "too few", "no data"]


def verdict_of(low: float, high: float, *, negligible: float = 0.0) -> ClaimVerdict:
    """What the interval of a difference says of the claim that it is above zero.

    The claim holds where the whole interval lies above zero and fails where it lies below. Across zero there is no
    difference where the interval shows it to be smaller than ``negligible`` either way; else nothing is decided.

    Example:
        >>> verdict_of(0.05, 0.15), verdict_of(-0.1, 0.2), verdict_of(-0.004, 0.003, negligible=0.01)
        ('holds', 'not decided', 'no difference')
    """
    if low > 0:
        return "holds"
    if high < 0:
        return "fails"
    return "no difference" if max(-low, high) < negligible else "not decided"


def verdict_counts(verdicts: Iterable[ClaimVerdict]) -> str:
    """How often each verdict was given, the most frequent first.

    Example:
        >>> verdict_counts(["holds", "fails", "holds"])
        'holds in 2, fails in 1'
    """
    return ", ".join(f"{verdict} in {n}" for verdict, n in Counter(verdicts).most_common())


@dataclass(frozen=True, slots=True)
class ClaimTest:
    """A claim tested on one pair of generator and verifier.

    Attributes:
        task, generator, verifier: of the pair; no verifier where both sides name theirs.
        found: the difference, or why there is none.
    """

    __test__ = False  # not for pytest

    task: str
    generator: str
    verifier: str
    found: Difference | MissingFigure

    @property
    def verdict(self) -> ClaimVerdict:
        """What the interval says."""
        if isinstance(self.found, MissingFigure):
            return "no data"
        return "too few" if self.found.few else verdict_of(self.found.low, self.found.high)


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim, and its test on every pair."""

    claim: Claim
    tests: tuple[ClaimTest, ...]

    @property
    def sentence(self) -> str:
        """The claim, and in how many pairs it holds."""
        n, said = len(self.tests), verdict_counts(test.verdict for test in self.tests)
        differences = [
            test.found.value for test in self.tests if isinstance(test.found, Difference) and not test.found.few
        ]
        mean = (
            f"; mean difference of AUROC {sum(differences) / len(differences):+.3f}".replace("-", "−")
            if differences
            else ""
        )
        return (
            f"{self.claim.says}: of {plural(n, 'pair')}, {said}{mean}."
            if n
            else f"{self.claim.says}: no pair has the signals."
        )


def decide(claim: Claim, cells: Sequence[Cell]) -> ClaimResult:
    """Tests a claim on every pair that has its signals."""
    return ClaimResult(claim, tuple(test for cell in cells if _in_scope(claim, cell) for test in _tests(claim, cell)))


def _in_scope(claim: Claim, cell: Cell) -> bool:
    return cell.task in (claim.tasks or (cell.task,)) and cell.generator in (claim.generators or (cell.generator,))


def _tests(claim: Claim, cell: Cell) -> Iterator[ClaimTest]:
    open_ended = any(column.model == "*" for column in (*claim.better, *claim.than))
    for verifier in cell.verifiers if open_ended else [""]:
        better, than = _side(claim.better, cell, verifier), _side(claim.than, cell, verifier)
        if better and than:
            yield ClaimTest(cell.task, cell.generator, verifier, compare_signals(cell, better, than))


def _side(columns: Sequence[SignalColumn], cell: Cell, verifier: str) -> list[SignalValues]:
    """The signals of a side; none where one of them was not taken, or a model would judge its own answer."""
    found = []
    for column in columns:
        model = verifier if column.model == "*" else column.model
        signal = cell.signal(model, column.signal)
        if signal is None or model == cell.generator:
            return []
        found.append(signal)
    return found
