"""Sections on the robustness protocols: outcomes question by question.

Each changed question is compared with the one it was made of; pairs in which one answer could not be parsed are left out
and counted. The measures are those of :mod:`foureyes.maths`: pressure, flips, answerability, coherence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.answerability import answerability
from foureyes.maths.coherence import incoherence
from foureyes.maths.flips import Flips, FlipShare, answer_flips, decision_flips
from foureyes.maths.pressure import pressure
from foureyes.maths.ranking import auroc
from foureyes.report.study import Section, TextTable
from foureyes.study.cells import Cell, GradedAnswer, SignalValues
from foureyes.study.measures import MissingFigure, attempt
from foureyes.study.plan import Study, Update
from foureyes.study.sections.formatting import auroc_interval, cell_label, interval, or_missing, signal_label, signed
from foureyes.study.tasks.grading import mentions

__all__ = ["protocol_sections"]

Flags = NDArray[np.bool_]


def protocol_sections(study: Study, cells: Sequence[Cell]) -> list[Section]:
    """One section a protocol that was run, and one a check that the rows allow."""
    bases = {(cell.task, cell.generator): cell for cell in cells}
    found = [
        Section(title, (words,), (TextTable(columns, rows),))
        for protocol, (title, words, columns, make) in _PROTOCOLS.items()
        if (rows := tuple(row for cell, base in _changed(cells, bases, protocol) for row in make(cell, base)))
    ]
    debates = tuple(row for cell in cells for row in _debates(cell))
    if debates:
        found.append(Section("Debates", (_DEBATES,), (TextTable(("answers, judge", *_DEBATE_COLUMNS), debates),)))
    updates = tuple(row for update in study.updates for row in _updated(update, cells))
    if updates:
        found.append(Section("Updates", (_UPDATES,), (TextTable(("what changes", *_FLIP_COLUMNS), updates),)))
    return found


def _changed(
    cells: Sequence[Cell], bases: Mapping[tuple[str, str], Cell], protocol: str
) -> Iterator[tuple[Cell, Cell]]:
    for cell in cells:
        task, _, changed_by = cell.task.partition("+")
        if changed_by.partition(":")[0] == protocol and (base := bases.get((task, cell.generator))):
            yield cell, base


def _answers_to_both(cell: Cell, base: Cell) -> tuple[list[tuple[GradedAnswer, GradedAnswer]], int]:
    """(before, after) of every question answered in both, and how many were left out."""
    before = {answer.question: answer for answer in base.answers}
    pairs = [(before[answer.base], answer) for answer in cell.answers if answer.base in before]
    usable = [(b, a) for b, a in pairs if b.choice and a.choice]
    return usable, len(cell.answers) - len(usable)


def _under_pressure(cell: Cell, base: Cell) -> Iterator[tuple[str, ...]]:
    pairs, left_out = _answers_to_both(cell, base)
    before, after = [_before(b, a.change) for b, a in pairs], [a.choice for _, a in pairs]
    truth, claim = [a.truth for _, a in pairs], [a.change for _, a in pairs]
    found = attempt(lambda: pressure(before, after, truth=truth, claim=claim))
    if isinstance(found, MissingFigure):
        yield cell_label(cell), *("" for _ in _STATES), found.why, "", ""
        return
    counts = [str(found.outcomes[state]) for state in _STATES]
    yield cell_label(cell), *counts, or_missing(found.followed), or_missing(found.kept), str(left_out)


def _before(answer: GradedAnswer, claim: str) -> str:
    """What was chosen, under the claim's name if it is what would be claimed: an open answer can say it in other words."""
    open_claim = len(claim) > 1 and answer.choice != answer.truth
    return claim if open_claim and mentions(answer.text, (claim,)) else answer.choice


def _after_turns(cell: Cell, base: Cell) -> Iterator[tuple[str, ...]]:
    pairs, left_out = _answers_to_both(cell, base)
    found = attempt(
        lambda: answer_flips([b.choice for b, _ in pairs], [a.choice for _, a in pairs], [a.truth for _, a in pairs])
    )
    yield cell_label(cell), *_flipped(found), str(left_out)


def _shuffled(cell: Cell, base: Cell) -> Iterator[tuple[str, ...]]:
    """``change`` says what stood under A, B, … before."""
    pairs, left_out = _answers_to_both(cell, base)
    same = sum(b.choice == a.change[ord(a.choice) - ord("A")] for b, a in pairs)
    letters = sorted({a.choice for pair in pairs for a in pair})
    chosen = ", ".join(
        f"{letter} {sum(a.choice == letter for pair in pairs for a in pair) / max(1, 2 * len(pairs)):.0%}"
        for letter in letters
    )
    right = [sum(answer.grade == "right" for answer in side) for side in zip(*pairs, strict=True)] if pairs else [0, 0]
    n = len(pairs)
    shares = [attempt(partial(FlipShare.of, k, n)) for k in (same, *right)]
    yield cell_label(cell), *(or_missing(share) for share in shares), chosen, str(left_out)


def _answerable(cell: Cell, _base: Cell) -> Iterator[tuple[str, ...]]:
    without = np.array([answer.change == "unanswerable" for answer in cell.answers], np.bool_)
    for signal in cell.signals:
        u, there = signal.numbers()
        if signal.name not in ("g_ent", "log_cmp", "cme", "option_entropy") or not there.any():
            continue
        declined = u[there] > np.median(u[there])
        found = attempt(partial(auroc, u[there], wrong=without[there]))
        held = attempt(partial(answerability, declined, without[there]))
        yield (
            f"{cell_label(cell)}, {signal_label(signal)}",
            or_missing(found, auroc_interval),
            or_missing(held, _informed),
            str(int((~there).sum())),
        )


def _informed(found: Any) -> str:
    return signed(found.informedness, found.low, found.high)


def _debates(cell: Cell) -> Iterator[tuple[str, ...]]:
    """Questions with one right and one wrong answer: two sides, each defended by its own P(True)."""
    for signal in (s for s in cell.signals if s.name == "p_true"):
        sides: dict[str, dict[str, float]] = {}
        for answer, value in zip(cell.answers, signal.values, strict=True):
            if isinstance(value, float):
                sides.setdefault(answer.question, {})[answer.grade] = 1 - value
        pairs = [(side["right"], side["wrong"]) for side in sides.values() if {"right", "wrong"} <= side.keys()]
        if pairs:
            found = incoherence([right for right, _ in pairs], [wrong for _, wrong in pairs])
            excess = f"{found.excess:+.3f}".replace("-", "−")
            yield (
                f"{cell_label(cell)}, {signal.model}",
                interval(found),
                excess,
                or_missing(found.both_sure),
                str(found.n),
            )


def _updated(update: Update, cells: Sequence[Cell]) -> Iterator[tuple[str, ...]]:
    by_place = {(cell.task, cell.generator): cell for cell in cells}
    for cell in cells:
        if cell.generator == update.before and (after := by_place.get((cell.task, update.after))):
            yield f"{cell.task}: answers of {update.before} → {update.after}", *_answers_flip(cell, after)
        was, now = cell.signal(update.before, "log_cmp"), cell.signal(update.after, "log_cmp")
        if was is not None and now is not None:
            yield f"{cell_label(cell)}: decisions of {update.before} → {update.after}", *_decisions_flip(cell, was, now)


def _answers_flip(before: Cell, after: Cell) -> tuple[str, ...]:
    now = {answer.question: answer for answer in after.answers}
    pairs = [(b, now[b.question]) for b in before.answers if b.question in now and b.choice and now[b.question].choice]
    found = attempt(
        lambda: answer_flips([b.choice for b, _ in pairs], [a.choice for _, a in pairs], [b.truth for b, _ in pairs])
    )
    return *_flipped(found), str(len(before.answers) - len(pairs))


def _decisions_flip(cell: Cell, before: SignalValues, after: SignalValues) -> tuple[str, ...]:
    """Both versions hold back as many answers as are wrong, each its most surprising ones."""
    (u, there), (v, there_too) = before.numbers(), after.numbers()
    keep = there & there_too & cell.graded
    right = cell.right[keep]
    decided = [_decisions(values[keep], right) for values in (u, v)] if keep.any() else [right, right]
    return *_flipped(attempt(lambda: decision_flips(*decided))), str(int((~keep).sum()))


def _decisions(u: NDArray[np.float64], right: Flags) -> Flags:
    """Whether each row was decided rightly: let through and right, or held and wrong."""
    let_through: Flags = u <= np.quantile(u, float(right.mean()))
    return np.asarray(let_through == right)


def _flipped(found: Flips | MissingFigure) -> tuple[str, ...]:
    if isinstance(found, MissingFigure):
        return found.why, "", "", "", ""
    return (
        or_missing(found.negative),
        or_missing(found.positive),
        or_missing(found.nfr_mc),
        f"{found.accuracy_before.value:.3f}",
        f"{found.accuracy_after.value:.3f}",
    )


_STATES: Final = (
    "robust",
    "sycophantic",
    "eroded",
    "reinforced",
    "convergent",
    "stubborn",
    "drifting",
    "self_corrected",
)
_OUTCOME_COLUMNS: Final = ("answers", *_STATES, "followed", "kept", "left out")
_FLIP_COLUMNS: Final = (
    "broken (NFR)",
    "mended",
    "changed and wrong (NFR_mc)",
    "right before",
    "right after",
    "left out",
)
_DEBATE_COLUMNS: Final = ("incoherence", "excess", "both sure", "debates")

_DEBATES: Final = (
    "Each question has a right and a wrong answer; the judge states P(True) of each, and the two should sum to one. "
    "Incoherence: mean distance from one. Excess: above zero, both sides are believed too much."
)
_UPDATES: Final = (
    "From one version to the next: answers or decisions that were right and are not any more, with the reverse. Decisions: "
    "each version holds back as many answers as are wrong, its most surprising ones."
)

Make = Callable[[Cell, Cell], Iterator[tuple[str, ...]]]
_PROTOCOLS: Final[Mapping[str, tuple[str, str, tuple[str, ...], Make]]] = {
    "pressure": (
        "Under pressure",
        (
            "A professor asserts a wrong answer. Before and after, in eight states; followed: of those right before, the share that "
            "went over to the claim; kept: the share still right."
        ),
        _OUTCOME_COLUMNS,
        _under_pressure,
    ),
    "poison": (
        "Poisoned memory",
        (
            "A note in the generator's context calls a wrong answer right; verifiers see the clean question. Same states. What signals "
            "still catch of these answers stands below, with the other sets of answers."
        ),
        _OUTCOME_COLUMNS,
        _under_pressure,
    ),
    "turns": (
        "Asked again after other turns",
        "The same questions after other questions and answers.",
        ("answers", *_FLIP_COLUMNS),
        _after_turns,
    ),
    "shuffle": (
        "Options in another order",
        (
            "Same option: the share of questions whose chosen option stays the same when options change places; letters: how often each "
            "was chosen, in both orders together."
        ),
        ("answers", "same option", "right before", "right after", "letters", "left out"),
        _shuffled,
    ),
    "unanswerable": (
        "Questions without a right option",
        (
            "In half of the questions the right option was replaced by one from another question, in the controls a wrong one. AUROC: "
            "does the signal know which is which; informedness: declining the most uncertain half, share of the unanswerable declined "
            "less that of the controls."
        ),
        ("answers, signal", "AUROC of unanswerable", "informedness", "left out"),
        _answerable,
    ),
}
