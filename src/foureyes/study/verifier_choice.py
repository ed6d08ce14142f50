"""The choice of a verifier by the rule of :mod:`foureyes.maths.selection`, from the rows of a study.

Candidates are the verifiers of a cell and the author's own doubt, every pair of these, and own doubt with all verifiers,
for half; what a row costs is measured. What is known without labels
(how often verifier and generator disagree, how surprised and unsure the verifier is on average) is weighed by what it
meant in the study's *other* cells. The backtest asks what the rule is worth: labels are drawn, the rule decides, and its
choice is compared with the best candidate on the rows that were not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.auroc_prior import UNINFORMED_PRIOR, AurocPrior, PriorModel
from foureyes.maths.betting import mean_upper
from foureyes.maths.ranking import auroc
from foureyes.maths.selection import (
    DEFAULT_RULE,
    SelectionRule,
    VerifierCandidate,
    VerifierChoice,
    choose_verifier,
    committee,
)
from foureyes.study.cells import Cell, SignalValues

__all__ = [
    "LEVEL_GAP",
    "Backtest",
    "ReaderSkill",
    "advice_of",
    "backtest",
    "choose",
    "learn_experience",
    "reader_skill",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_EVIDENCE: Final = ("log_cmp", "cme", "v_agree")
_DRAWS: Final = 20
_TAIL: Final = 0.025

_OWN_DOUBT: Final = "own doubt"
_OWN_SIGNAL: Final = "g_ent"
_OFTEN: Final = 0.9
"""Own doubt is a candidate where it is known of so many of the rows that all verifiers scored: the other rows are left out for all."""

LEVEL_GAP: Final = -0.027
"""A reader's accuracy above the author's at which reading and own doubt are level on 26 published models: the figure of
docs/studies/second_readers.md, "Reading and own doubt are level where the reader is …"."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """How good the rule's choices are with so many labels.

    Attributes:
        n: labelled rows a draw.
        decided: share of the draws in which it chose.
        regret: mean AUROC given away by its choices on the other rows, against the best candidate there.
        worst: largest of them.
        within: share of its choices within the rule's tolerance, and luck of the other rows, of the best.
        draws: how many.
    """

    n: int
    decided: float
    regret: float | None
    worst: float | None
    within: float | None
    draws: int


@dataclass(frozen=True, slots=True)
class ReaderSkill:
    """How a verifier's own answers compare with those that it reads.

    On published runs (docs/studies/second_readers.md) a reader's surprise and the author's own doubt are level where the reader is
    less accurate by :data:`LEVEL_GAP`; a better one is worth more alone, and a worse one adds to own doubt.

    Attributes:
        verifier: its name.
        accuracy, author: shares of the labelled answers that each gets right, means over questions.
        low, high: 95 % interval of their difference that holds for any number of questions.
        n: labelled questions.
    """

    verifier: str
    accuracy: float
    author: float
    low: float
    high: float
    n: int

    @property
    def reads_better(self) -> bool:
        """Whether its surprise is known to find wrong answers better than the author's own doubt does."""
        return self.low > LEVEL_GAP

    @property
    def advice(self) -> str:
        """What to do, in words.

        Example:
            >>> ReaderSkill("r", 0.9, 0.8, 0.01, 0.2, 200).advice.partition(": ")[2]
            'its surprise is the better signal'
        """
        said = f"{self.verifier} is right on {self.accuracy:.1%} of {self.n} labelled questions, the author on {self.author:.1%}"
        if self.reads_better:
            return f"{said}: its surprise is the better signal"
        worse = self.high < LEVEL_GAP
        return f"{said}{'' if worse else ', which does not decide who reads better'}: put the author's own doubt beside it where that is known"


def advice_of(skills: Sequence[ReaderSkill], found: VerifierChoice) -> list[str]:
    """What the accuracies of all verifiers say, in words: one line each, and what to do where none reads better than the author doubts.

    Args:
        skills: of the verifiers.
        found: what the labels chose. A verifier that they chose alone stands against no further advice.
    """
    said = [skill.advice for skill in skills]
    alone = found.chosen is not None and len(found.members) == 1 and found.chosen != _OWN_DOUBT
    if not said or alone or any(skill.reads_better for skill in skills):
        return said
    known = _OWN_DOUBT in {*(one.name for one in found.evidence), *found.too_dear}
    do = (
        "use own doubt with one to three of them"
        if known
        else "own doubt is not known here, so count where several small models disagree"
    )
    return [*said, f"no verifier is known to read better than the author doubts: {do}"]


def choose(
    cell: Cell,
    *,
    n_labels: int,
    signal: str = "log_cmp",
    rule: SelectionRule = DEFAULT_RULE,
    learnt: PriorModel | None = None,
    seed: int = 0,
) -> VerifierChoice:
    """Chooses among the verifiers of a cell, the author's own doubt, and several of these together.

    Args:
        cell: with the signal of each verifier.
        n_labels: how many of its graded rows may be used as labelled, 0 or more; drawn by the seed.
        signal: that candidates are judged by.
        rule: budget in milliseconds a row, tolerance, how sure to be.
        learnt: what evidence without labels meant elsewhere; ``None`` to go by labels only.
        seed: of the draw of labels and of the posterior.

    Raises:
        InputError: no verifier has the signal.
    """
    signals = _signals(cell, signal)
    drawn = _labelled(cell, signals, n_labels, seed)
    return _chosen(cell, signals, drawn, rule, learnt, seed)


def reader_skill(
    cell: Cell, verifier: str, *, n_labels: int, signal: str = "log_cmp", seed: int = 0
) -> ReaderSkill | None:
    """Whether a verifier answers the labelled questions as well as the generator; ``None`` where it gave no answers of its own.

    Args:
        cell: with the verifier's grades.
        verifier: its name.
        n_labels: rows used as labelled; the same as :func:`choose` draws with the same seed.
        signal: as there.
        seed: as there.
    """
    grades = (cell.verified or {}).get(verifier)
    if grades is None or not n_labels:
        return None
    rows = _labelled(cell, _signals(cell, signal), n_labels, seed)
    its = np.array([grades[row] == "right" for row in rows], np.float64)
    questions = np.unique(cell.groups[rows], return_inverse=True)[1]
    rows_of = np.bincount(questions)
    if not len(rows_of):
        return None
    reader, author = (np.bincount(questions, right) / rows_of for right in (its, cell.right[rows].astype(np.float64)))
    behind = (1 + author - reader) / 2  # 0 where only the reader is right, 1 where only the author is
    low, high = 1 - 2 * mean_upper(behind, _TAIL), 2 * mean_upper(1 - behind, _TAIL) - 1
    return ReaderSkill(verifier, float(reader.mean()), float(author.mean()), low, high, len(rows_of))


def learn_experience(cells: Sequence[Cell], *, signal: str = "log_cmp") -> PriorModel | None:
    """Learns what evidence without labels says of a verifier's AUROC in these cells; ``None`` where they are too few to tell."""
    rows = [(row, found, cell) for cell in cells for row, found in _measured(cell, signal)]
    places = {place: i for i, place in enumerate(dict.fromkeys((cell.task, cell.generator) for _, _, cell in rows))}
    names = set.intersection(*(set(row) for row, _, _ in rows)) if rows else set()
    if not names:
        return None
    try:
        return PriorModel.fit(
            {name: [row[name] for row, _, _ in rows] for name in sorted(names)},
            [found for _, found, _ in rows],
            groups=[places[cell.task, cell.generator] for _, _, cell in rows],
        )
    except NotEnoughData:
        return None


def backtest(
    cell: Cell,
    others: Sequence[Cell],
    sizes: Sequence[int],
    *,
    signal: str = "log_cmp",
    rule: SelectionRule = DEFAULT_RULE,
) -> list[Backtest]:
    """Draws labels again and again and compares the rule's choice with the best candidate on the rest.

    Args:
        cell: that the rule decides on.
        others: cells whose evidence it may learn from.
        sizes: numbers of labels; those that leave too few rows to judge on are left out.
        signal: that candidates are judged by.
        rule: of the choice.
    """
    signals = _signals(cell, signal)
    keep = np.flatnonzero(_usable_rows(cell, signals))
    learnt = learn_experience(others, signal=signal)
    found = []
    for n in (size for size in sizes if 2 * size <= len(keep)):
        lost = [_regret(cell, signals, keep, n, rule, learnt, seed) for seed in range(_DRAWS)]
        chose = [loss for loss in lost if loss is not None]
        found.append(
            Backtest(
                n,
                len(chose) / len(lost),
                float(np.mean(chose)) if chose else None,
                max(chose) if chose else None,
                float(np.mean([loss <= rule.tolerance for loss in chose])) if chose else None,
                len(lost),
            )
        )
    return found


def _regret(
    cell: Cell,
    signals: Mapping[str, SignalValues],
    keep: NDArray[np.intp],
    n: int,
    rule: SelectionRule,
    learnt: PriorModel | None,
    seed: int,
) -> float | None:
    """AUROC given away by one choice, on the rows not drawn; ``None`` where the rule abstained or nothing can be judged."""
    order = np.random.default_rng(seed).permutation(keep)
    choice = _chosen(cell, signals, np.sort(order[:n]), rule, learnt, seed)
    wrong, rest = ~cell.right, np.sort(order[n:])
    if choice.chosen is None or wrong[rest].all() or not wrong[rest].any():
        return None
    candidates = _candidates(cell, signals, rest, None)
    areas = {
        c.name: auroc(c.uncertainty, wrong=wrong[rest], draws=40).value for c in candidates if c.cost <= rule.budget
    }
    return max(areas.values()) - areas[choice.chosen]


def _labelled(cell: Cell, signals: Mapping[str, SignalValues], n_labels: int, seed: int) -> NDArray[np.intp]:
    keep = np.flatnonzero(_usable_rows(cell, signals))
    found: NDArray[np.intp] = np.sort(np.random.default_rng(seed).permutation(keep)[:n_labels])
    return found


def _chosen(
    cell: Cell,
    signals: Mapping[str, SignalValues],
    rows: NDArray[np.intp],
    rule: SelectionRule,
    learnt: PriorModel | None,
    seed: int,
) -> VerifierChoice:
    candidates = _candidates(cell, signals, rows, learnt)
    return choose_verifier(candidates, (~cell.right)[rows], rule=rule, groups=cell.groups[rows], seed=seed)


def _candidates(
    cell: Cell, signals: Mapping[str, SignalValues], rows: NDArray[np.intp], learnt: PriorModel | None
) -> list[VerifierCandidate]:
    single = [
        VerifierCandidate(name, _milliseconds(s, cell), s.numbers()[0][rows], _expectation(cell, name, learnt))
        for name, s in signals.items()
    ]
    if not len(rows):
        return single
    found = [*single, *(committee(pair) for pair in combinations(single, 2))]
    readers = [candidate for candidate in single if candidate.name != _OWN_DOUBT]
    if len(single) > len(readers) > 1:
        found.append(committee([single[-1], committee(readers)]))
    return found


def _milliseconds(signal: SignalValues, cell: Cell) -> float:
    return 1000 * signal.cost.seconds / len(cell.answers)


def _expectation(cell: Cell, verifier: str, learnt: PriorModel | None) -> AurocPrior:
    evidence = _evidence(cell, verifier)
    if learnt is None or not set(learnt.names) <= evidence.keys():
        return UNINFORMED_PRIOR
    return learnt.expect({name: evidence[name] for name in learnt.names})


def _measured(cell: Cell, signal: str) -> list[tuple[dict[str, float], float]]:
    """(evidence, AUROC) of every verifier of a cell that can be measured."""
    found = []
    for verifier in cell.verifiers:
        taken = cell.signal(verifier, signal)
        if taken is None or verifier == cell.generator:
            continue
        keep = _usable_rows(cell, {verifier: taken})
        wrong = ~cell.right[keep]
        if wrong.any() and not wrong.all():
            found.append((_evidence(cell, verifier), auroc(taken.numbers()[0][keep], wrong=wrong, draws=40).value))
    return found


def _evidence(cell: Cell, verifier: str) -> dict[str, float]:
    """Means of what needs no labels."""
    found = {}
    for name in _EVIDENCE:
        taken = cell.signal(verifier, name)
        if taken is not None and taken.numbers()[1].any():
            u, there = taken.numbers()
            found[name] = float(u[there].mean())
    return found


def _signals(cell: Cell, name: str) -> dict[str, SignalValues]:
    """The signal of every verifier, and own doubt last where it is known."""
    found = {v: s for v in cell.verifiers if v != cell.generator and (s := cell.signal(v, name))}
    if not found:
        raise InputError(f"{cell.task}, {cell.generator}: no verifier has the signal {name!r}")
    own, usable = cell.signal("own", _OWN_SIGNAL), _usable_rows(cell, found)
    if own is not None and usable.any() and own.numbers()[1][usable].mean() >= _OFTEN:
        found[_OWN_DOUBT] = own
    return found


def _usable_rows(cell: Cell, signals: Mapping[str, SignalValues]) -> Bools:
    usable: Bools = np.logical_and.reduce([cell.graded, *(signal.numbers()[1] for signal in signals.values())])
    return usable
