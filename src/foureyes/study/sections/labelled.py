"""Sections on what needs labels: calibration, combinations, how many labels they take, the choice of a verifier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foureyes.display import plural
from foureyes.maths.reliability import ECE_BINS
from foureyes.report.study import Section, TextTable
from foureyes.study.cells import Cell, SignalValues
from foureyes.study.measures import MissingFigure, calibrate_signal, combine_signals, gain_by_labels
from foureyes.study.plan import ONE_READING, Study
from foureyes.study.sections.formatting import cell_label, cost_per_row, ece, or_missing, signal_label, signed
from foureyes.study.store import Cost
from foureyes.study.verifier_choice import backtest

__all__ = ["calibration", "choices", "combinations", "labels"]


def calibration(cells: Sequence[Cell]) -> Section:
    """Errors of calibration before, after, and with another task's fit."""
    rows = [
        _calibrated_row(cells, cell, signal)
        for cell in cells
        for signal in cell.signals
        if signal.name in ("log_cmp", "p_option", "log_g_ppl")
    ]
    columns = ("answers, signal", "ECE before", "after (Platt, other half)", "with another task's fit")
    note = (
        f"Expected calibration error, {ECE_BINS} equal-count bins, on half of the questions; the fit has seen the other half, or another "
        "task only. Before: the probability that the signal states as it is. Chance: what a perfect forecast of as many rows would show."
    )
    return Section("Calibration", (), (TextTable(columns, tuple(rows), note=note),) if rows else ())


def _calibrated_row(cells: Sequence[Cell], cell: Cell, signal: SignalValues) -> tuple[str, ...]:
    others = {
        other.task: (other, its)
        for other in cells
        if other.task != cell.task
        and other.generator == cell.generator
        and (its := other.signal(signal.model, signal.name))
    }
    found = calibrate_signal(cell, signal, others)
    moved = "; ".join(f"{task}: {or_missing(error, ece)}" for task, error in found.elsewhere.items())
    return (
        f"{cell.task}: {cell.generator}, {signal_label(signal)}",
        or_missing(found.before, ece),
        or_missing(found.after, ece),
        moved or "no other task",
    )


def combinations(cells: Sequence[Cell]) -> Section:
    """What combining signals adds at equal cost."""
    rows = tuple(row for cell in cells for row in _combined(cell))
    columns = ("answers, signals", "best single", "AUROC", "combined", "log loss saved", "read", "written", "ms")
    note = (
        "A logistic combination, cross-validated by question, against the best single signal of the same set at the same cost: "
        "log loss saved in nats a row; above zero the combination is better. The best one was picked with hindsight."
    )
    return Section("Combinations at equal cost", (), (TextTable(columns, rows, note=note),) if rows else ())


def _combined(cell: Cell) -> Iterator[tuple[str, ...]]:
    for label, signals in _sets(cell):
        found = combine_signals(cell, signals)
        cost = cost_per_row(_cost_of(signals), len(cell.answers))
        name = f"{cell.task}: {cell.generator}, {label}"
        if isinstance(found, MissingFigure):
            yield name, found.why, "", "", "", *cost
        else:
            saved = signed(found.gain, found.low, found.high)
            yield name, found.best_single, f"{found.auroc_single:.3f}", f"{found.auroc_combined:.3f}", saved, *cost


def _sets(cell: Cell) -> Iterator[tuple[str, list[SignalValues]]]:
    own = [signal for signal in cell.signals if signal.model == "own"]
    for verifier in cell.verifiers:
        mine = [signal for signal in cell.signals if signal.model == verifier]
        reading = [signal for signal in mine if signal.name in ONE_READING]
        if len(reading) > 1:
            yield f"one reading by {verifier}", reading
        if reading and own:
            yield f"that and the generator's own, {verifier}", [*reading, *own]
    every = [signal for v in cell.verifiers if (signal := cell.signal(v, "log_cmp"))]
    if len(every) > 1:
        yield "CMP of all verifiers", every


def _cost_of(signals: Sequence[SignalValues]) -> Cost:
    """Signals of one reading share it: of each model's the dearest counts."""
    by_model: dict[str, Cost] = {}
    for signal in signals:
        if signal.cost.tokens > by_model.get(signal.model, Cost()).tokens:
            by_model[signal.model] = signal.cost
    return sum(by_model.values(), Cost())


def labels(study: Study, cells: Sequence[Cell]) -> Section:
    """How many labels a combination needs."""
    rows = []
    for cell in cells:
        for label, signals in _sets(cell):
            found = gain_by_labels(cell, signals, study.labels, seed=study.seed)
            gains = {one.n: signed(one.gain, one.low, one.high) for one in found}
            first = next((str(one.n) for one in found if one.low > 0), "none tried")
            rows.append(
                (
                    f"{cell.task}: {cell.generator}, {label}",
                    *(gains.get(n, "too few rows") for n in study.labels),
                    first,
                )
            )
    columns = ("answers, signals", *(plural(n, "label") for n in study.labels), "enough")
    note = (
        "Log loss saved by the combination over the single signal that these labels single out, on the other rows, mean of 20 draws "
        "of labelled questions and its middle 90 %. Enough: the first number with which 19 of 20 draws gain."
    )
    return Section("How many labels", (), (TextTable(columns, tuple(rows), note=note),) if rows else ())


def choices(study: Study, cells: Sequence[Cell]) -> Section:
    """What the rule that chooses a verifier is worth."""
    rows = []
    for cell in cells:
        if sum(verifier != cell.generator for verifier in cell.verifiers) > 1:
            others = [other for other in cells if other is not cell]
            for found in backtest(cell, others, study.labels):
                figures = [
                    "–" if value is None else f"{value:.3f}" for value in (found.regret, found.worst, found.within)
                ]
                rows.append((cell_label(cell), str(found.n), f"{found.decided:.0%} of {found.draws}", *figures))
    columns = ("answers", "labels", "decided", "AUROC given away, mean", "at most", "within tolerance")
    note = (
        "The rule of foureyes bench choose, with labels drawn again and again: how often it chose, among verifiers, own doubt and several "
        "of these together, and what its choice gave away on the other rows against the best candidate there, which is flattered by hindsight."
    )
    return Section("Choosing a verifier", (), (TextTable(columns, tuple(rows), note=note),) if rows else ())
