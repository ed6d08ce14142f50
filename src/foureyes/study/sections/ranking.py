"""Sections on claims, accuracy, and how well each signal ranks wrong answers above right ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from foureyes.maths.difference import Difference
from foureyes.maths.ranking import Auroc
from foureyes.report.forest import ForestMark, ForestPlot
from foureyes.report.study import Section, TextTable
from foureyes.signals.catalog import Signal, signal
from foureyes.study.cells import Cell, SignalValues
from foureyes.study.claims import ClaimResult
from foureyes.study.controls import MODEL
from foureyes.study.measures import MissingFigure, RankingFigures, accuracy, compare_signals, rank_signal
from foureyes.study.sections.formatting import (
    COST,
    auroc_interval,
    cell_label,
    cost_per_row,
    or_missing,
    share,
    signal_label,
    signed,
    too_few,
)

__all__ = ["Found", "answers", "claims", "controls", "failing", "glossary_entry", "rank_all", "signals"]

Found: TypeAlias = Sequence[tuple[Cell, Sequence[tuple[SignalValues, RankingFigures]]]]


def rank_all(cells: Sequence[Cell]) -> Found:
    """Every signal of every cell, measured once."""
    return [(cell, [(signal, rank_signal(cell, signal)) for signal in cell.signals]) for cell in cells]


def controls(cells: Sequence[Cell]) -> Section:
    """What a reading adds to what the words of the question say."""
    rows = []
    for cell in cells:
        control = cell.signal(MODEL, "difficulty")
        for verifier in cell.verifiers:
            cmp = cell.signal(verifier, "log_cmp")
            if control and cmp:
                rows.append((f"{cell_label(cell)} ← {verifier}", *_difference(compare_signals(cell, [cmp], [control]))))
    columns = ("generator ← verifier", "AUROC of CMP", "of the control", "difference", "p", "rows")
    note = (
        "The control is learnt from the words of the other questions and their labels, and sees no answer: what it finds is "
        "difficulty. Where several answers a question are there, the column “within question” above leaves difficulty out altogether."
    )
    return Section(
        "What the question alone explains", (), (TextTable(columns, tuple(rows), note=note),) if rows else ()
    )


def claims(decided: Sequence[ClaimResult]) -> Section:
    """Every claim with its pairs."""
    tables = []
    for one in decided:
        rows = tuple(
            (
                f"{test.task}: {test.generator}" + (f" ← {test.verifier}" if test.verifier else ""),
                *_difference(test.found),
                test.verdict,
            )
            for test in one.tests
        )
        known = [f"{p.of}: {p.better:.3f} against {p.than:.3f}" for p in one.claim.published]
        note = f"Published: {'; '.join(known)}" if known else ""
        columns = ("generator ← verifier", "AUROC", "against", "difference", "p", "rows", "verdict")
        tables.append(TextTable(columns, rows, one.claim.says, note))
    return Section("Claims", (_HOW_DECIDED,), tuple(tables), _forest(decided[0]))


def _difference(found: Difference | MissingFigure) -> tuple[str, ...]:
    if isinstance(found, MissingFigure):
        return "", "", found.why, "", ""
    areas = f"{found.one:.3f}", f"{found.other:.3f}"
    if found.few:
        return *areas, f"{signed(found.value)} ({too_few(found)})", "", f"{found.n:,}"
    return *areas, signed(found.value, found.low, found.high), f"{found.p_value:.3f}", f"{found.n:,}"


def _forest(first: ClaimResult) -> ForestPlot | None:
    """The first claim's differences, ours and published ones."""
    marks = [
        ForestMark(
            f"{t.task}: {t.generator} ← {t.verifier}".removesuffix(" ← "), t.found.value, t.found.low, t.found.high
        )
        for t in first.tests
        if isinstance(t.found, Difference) and not t.found.few
    ]
    published = [ForestMark(f"published: {p.of}", p.better - p.than, published=True) for p in first.claim.published]
    return ForestPlot(f"Difference of AUROC: {first.claim.says}", (*marks, *published), 0.0) if marks else None


def answers(cells: Sequence[Cell]) -> Section:
    """How many answers, and how many right."""
    rows = tuple(
        (
            cell.task,
            cell.generator,
            f"{len(cell.answers):,}",
            f"{len({answer.question for answer in cell.answers}):,}",
            or_missing(accuracy(cell), share),
            f"{int((~cell.graded).sum()):,}",
            *cost_per_row(cell.cost, len(cell.answers)),
        )
        for cell in cells
    )
    columns = ("task", "generator", "answers", "questions", "right", "unparseable", *COST)
    note = "Unparseable answers (no letter, number or statement; refusals) are in the denominator and never right."
    return Section("Answers", (), (TextTable(columns, rows, note=note),))


def signals(found: Sequence[tuple[Cell, Sequence[tuple[SignalValues, RankingFigures]]]]) -> Section:
    """AUROC, AURC and cost of every signal."""
    tables = []
    for cell, signals in found:
        rows = tuple(
            (
                signal_label(signal),
                or_missing(r.auroc, auroc_interval),
                or_missing(r.within),
                or_missing(r.aurc),
                f"{r.n:,}",
                _counted(r),
                *cost_per_row(signal.cost, len(cell.answers)),
            )
            for signal, r in signals
        )
        columns = ("signal", "AUROC of wrong", "within question", "AURC", "rows", "left out", *COST)
        tables.append(TextTable(columns, rows, cell_label(cell)))
    glossary = "; ".join(glossary_entry(signal(name)) for name in dict.fromkeys(_names(found)))
    how = (
        "AUROC: a wrong answer has the larger uncertainty than a right one, 0.5 is chance. AURC: mean share of errors over "
        "all coverages, lower is better. Intervals are 95 % bootstraps over questions. Cost is of taking the signal alone, a row."
    )
    return Section("Who finds wrong answers", (how, glossary), tuple(tables))


def glossary_entry(row: Signal) -> str:
    """What a signal is, under the name it has in the tables."""
    turned = ", turned so that larger is worse" if row.larger_is == "better" else ""
    return f"{row.name}: {row.title}{turned}{', a control' if row.control else ''}"


def _names(found: Sequence[tuple[Cell, Sequence[tuple[SignalValues, RankingFigures]]]]) -> Iterator[str]:
    return (signal.name for _, signals in found for signal, _ in signals)


def _counted(r: RankingFigures) -> str:
    parts = [f"{n} {reason}" for reason, n in r.unscored.items()]
    return ", ".join([*parts, *([f"{r.unparseable} ungraded"] if r.unparseable else [])])


def _works(cell: Cell, signal: SignalValues, r: RankingFigures) -> bool:
    return (
        signal.model not in (cell.generator, "control")
        and isinstance(r.auroc, Auroc)
        and not r.auroc.few
        and r.auroc.low > 0.5
    )


def failing(found: Found) -> Section:
    """Sets of answers in which nothing tells wrong from right."""
    lost = [cell for cell, signals in found if not any(_works(cell, signal, r) for signal, r in signals)]
    names = ", ".join(cell_label(cell) for cell in lost) or "none"
    said = (
        f"In {len(lost)} of {len(found)} sets of answers no signal's interval lies above chance: {names}. With so many signals tried, one "
        "above chance is weak evidence that it works there."
    )
    return Section("Where everything fails", (said,))


_HOW_DECIDED: Final = (
    "A claim holds for a pair where the whole 95 % interval of the difference of the two AUROCs (paired bootstrap over "
    "questions) lies above zero, fails where it lies below. Where fewer than ten questions have a right answer, or a wrong one, "
    "no interval is to be believed: too few. Pairs share questions and models; no correction for their number."
)
