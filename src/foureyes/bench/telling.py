"""From rows to a report: which tables there are, and what stands in them.

Figures come from :mod:`foureyes.bench.measures`, their looks from :mod:`foureyes.report.study`; here they become text. A
figure that is missing is told as its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from foureyes.bench.cells import Cell, Signal
from foureyes.bench.choosing import backtest
from foureyes.bench.claims import Decided, decide
from foureyes.bench.controls import CONTROLS
from foureyes.bench.measures import (
    Missing,
    Ranked,
    accuracy,
    calibrated,
    combined,
    labels_needed,
    misses,
    quadrants,
    ranked,
    routed,
)
from foureyes.bench.plan import Study
from foureyes.bench.provenance import Manifest
from foureyes.bench.readouts import SIGNALS
from foureyes.bench.store import Cost
from foureyes.maths.difference import Difference
from foureyes.maths.flips import Share
from foureyes.report.study import Forest, Mark, Section, StudyReport, Table

__all__ = ["tell"]

_ONE_READING = ("log_cmp", "cme", "max_nll", "mean_rank", "top1", "token_prob")


def tell(
    study: Study, cells: Sequence[Cell], manifest: Manifest, command: str, *, protocols: Sequence[Section] = ()
) -> StudyReport:
    """The whole report.

    Args:
        study: what was asked.
        cells: what was found.
        manifest: where it comes from.
        command: that makes it again.
        protocols: sections of the robustness protocols, if any were run.
    """
    decided = [decide(claim, cells) for claim in study.claims]
    found = [(cell, [(signal, ranked(cell, signal)) for signal in cell.signals]) for cell in cells]
    failing = [cell for cell, signals in found if not any(_works(cell, signal, r) for signal, r in signals)]
    sections = [
        *([_claims(decided)] if decided else []),
        *protocols,
        _answers(cells),
        _signals(found),
        _pairs(cells),
        _calibration(cells),
        _combinations(cells),
        *([_labels(study, cells), _choices(study, cells)] if study.labels else []),
        _failing(failing, len(cells)),
        _provenance(manifest),
    ]
    return StudyReport(
        study.title,
        tuple(part.replace("\n", " ") for part in study.preface.strip().split("\n\n") if part),
        tuple(one.sentence for one in decided),
        _warnings(manifest),
        tuple(section for section in sections if section.tables or section.paragraphs),
        command,
    )


def _claims(decided: Sequence[Decided]) -> Section:
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
        note = f"Published: {one.claim.paper}" if one.claim.paper else ""
        columns = ("generator ← verifier", "AUROC", "against", "difference", "p", "rows", "verdict")
        tables.append(Table(columns, rows, one.claim.says, note))
    return Section("Claims", (_HOW_DECIDED,), tuple(tables), _forest(decided))


_HOW_DECIDED = (
    "A claim holds for a pair where the whole 95 % interval of the difference of the two AUROCs (paired bootstrap over "
    "questions) lies above zero, fails where it lies below. Pairs share questions and models; no correction for their number."
)


def _difference(found: Difference | Missing) -> tuple[str, ...]:
    if isinstance(found, Missing):
        return "", "", found.why, "", ""
    return (
        f"{found.one:.3f}",
        f"{found.other:.3f}",
        _signed(found.value, found.low, found.high),
        f"{found.p_value:.3f}",
        f"{found.n:,}",
    )


def _forest(decided: Sequence[Decided]) -> Forest | None:
    tests = [test for one in decided[:1] for test in one.tests]
    marks = [
        Mark(f"{t.task}: {t.generator} ← {t.verifier}".removesuffix(" ← "), t.found.value, t.found.low, t.found.high)
        for t in tests
        if isinstance(t.found, Difference)
    ]
    published = [Mark(f"published: {label}", value, published=True) for label, value in _published(decided[:1])]
    return Forest(f"Difference of AUROC: {decided[0].claim.says}", (*marks, *published), 0.0) if marks else None


def _published(decided: Sequence[Decided]) -> Iterator[tuple[str, float]]:
    """Differences in a claim's published figures, written ``LABEL: A against B; …``."""
    for one in decided:
        for part in one.claim.paper.split(";"):
            label, colon, figures = part.strip().rpartition(": ")
            numbers = figures.split(" against ")
            if colon and len(numbers) == 2:
                try:
                    yield label, float(numbers[0]) - float(numbers[1].split()[0])
                except ValueError:
                    continue


def _answers(cells: Sequence[Cell]) -> Section:
    rows = tuple(
        (
            cell.task,
            cell.generator,
            f"{len(cell.answers):,}",
            f"{len({answer.question for answer in cell.answers}):,}",
            _told(accuracy(cell), _share),
            f"{int((~cell.graded).sum()):,}",
            *_per_row(cell.cost, len(cell.answers)),
        )
        for cell in cells
    )
    columns = ("task", "generator", "answers", "questions", "right", "unparseable", *_COST)
    note = "Unparseable answers (no letter, number or statement; refusals) are in the denominator and never right."
    return Section("Answers", (), (Table(columns, rows, note=note),))


_COST = ("read", "written", "ms")


def _per_row(cost: Cost, n: int) -> tuple[str, str, str]:
    """Tokens read and written and milliseconds, a row."""
    if not n or cost == Cost():
        return "", "", ""
    return f"{cost.read / n:,.0f}", f"{cost.written / n:,.0f}", f"{1000 * cost.seconds / n:,.0f}"


def _signals(found: Sequence[tuple[Cell, Sequence[tuple[Signal, Ranked]]]]) -> Section:
    tables = []
    for cell, signals in found:
        rows = tuple(
            (
                _named(signal),
                _told(r.auroc, _interval),
                _told(r.within, _interval),
                _told(r.aurc, _interval),
                f"{r.n:,}",
                _counted(r),
                *_per_row(signal.cost, len(cell.answers)),
            )
            for signal, r in signals
        )
        columns = ("signal", "AUROC of wrong", "within question", "AURC", "rows", "left out", *_COST)
        tables.append(Table(columns, rows, f"{cell.task}: {cell.generator}"))
    words = {name: readout.words for name, readout in SIGNALS.items()} | {
        name: said for name, (said, _) in CONTROLS.items()
    }
    glossary = "; ".join(f"{name}: {words[name]}" for name in dict.fromkeys(_names(found)))
    how = (
        "AUROC: a wrong answer has the larger uncertainty than a right one, 0.5 is chance. AURC: mean share of errors over "
        "all coverages, lower is better. Intervals are 95 % bootstraps over questions. Cost is of taking the signal alone, a row."
    )
    return Section("Who finds wrong answers", (how, glossary), tuple(tables))


def _names(found: Sequence[tuple[Cell, Sequence[tuple[Signal, Ranked]]]]) -> Iterator[str]:
    return (signal.name for _, signals in found for signal, _ in signals)


def _counted(r: Ranked) -> str:
    parts = [f"{n} {reason}" for reason, n in r.unscored.items()]
    return ", ".join([*parts, *([f"{r.unparseable} unparseable"] if r.unparseable else [])])


def _pairs(cells: Sequence[Cell]) -> Section:
    rows = tuple(row for cell in cells for verifier in cell.verifiers for row in [_pair(cell, verifier)] if row)
    columns = (
        "generator ← verifier",
        "both right",
        "generator only",
        "verifier only",
        "both wrong",
        "no verdict",
        "APGR by CMP",
        "APGR by V-Agree",
        "ρ of misses",
        "ρ / max",
        "coverage",
    )
    note = (
        "APGR: share of the accuracy gap that a cascade from generator to verifier recovers, 0.5 is a coin; none where the "
        "verifier is not the more accurate one. ρ: correlation of what CMP and G-Ent miss among wrong answers, each flagging "
        "as many answers as are wrong, with what is possible at most; coverage: share of the better one's misses that the other catches."
    )
    return Section("Pairs", (), (Table(columns, rows, note=note),) if rows else ())


def _pair(cell: Cell, verifier: str) -> tuple[str, ...] | None:
    quarters = quadrants(cell, verifier)
    cmp, own, agree = cell.signal(verifier, "log_cmp"), cell.signal("own", "g_ent"), cell.signal(verifier, "v_agree")
    if isinstance(quarters, Missing) and own is None:
        return None
    missed = misses(cell, cmp, own) if cmp and own else Missing("")
    counts = (
        ("", "", "", "", quarters.why)
        if isinstance(quarters, Missing)
        else tuple(
            str(n)
            for n in (
                quarters.both,
                quarters.generator_only,
                quarters.verifier_only,
                quarters.neither,
                quarters.left_out,
            )
        )
    )
    return (
        f"{cell.task}: {cell.generator} ← {verifier}",
        *counts,
        _told(routed(cell, cmp), _apgr) if cmp else "",
        _told(routed(cell, agree), _apgr) if agree else "",
        _told(missed, lambda m: _optional(m.rho, m.rho_low, m.rho_high)),
        _told(missed, lambda m: _optional(m.rho_share)),
        _told(missed, lambda m: _optional(m.coverage, m.coverage_low, m.coverage_high)),
    )


def _calibration(cells: Sequence[Cell]) -> Section:
    rows = [
        _calibrated_row(cells, cell, signal)
        for cell in cells
        for signal in cell.signals
        if signal.name in ("log_cmp", "option", "g_ppl")
    ]
    columns = ("answers, signal", "ECE before", "after (Platt, other half)", "with another task's fit")
    note = (
        "Expected calibration error, 15 equal-count bins, on half of the questions; the fit has seen the other half, or another "
        "task only. Before: the probability that the signal states as it is. By chance a perfect forecast shows the value after ~."
    )
    return Section("Calibration", (), (Table(columns, tuple(rows), note=note),) if rows else ())


def _calibrated_row(cells: Sequence[Cell], cell: Cell, signal: Signal) -> tuple[str, ...]:
    others = {
        other.task: (other, its)
        for other in cells
        if other.task != cell.task
        and other.generator == cell.generator
        and (its := other.signal(signal.model, signal.name))
    }
    found = calibrated(cell, signal, others)
    moved = "; ".join(f"{task}: {_told(error, _ece)}" for task, error in found.elsewhere.items())
    return (
        f"{cell.task}: {cell.generator}, {_named(signal)}",
        _told(found.before, _ece),
        _told(found.after, _ece),
        moved or "no other task",
    )


def _combinations(cells: Sequence[Cell]) -> Section:
    rows = tuple(row for cell in cells for row in _combined(cell))
    columns = ("answers, signals", "best single", "AUROC", "combined", "log loss saved", "read", "written", "ms")
    note = (
        "A logistic combination, cross-validated by question, against the best single signal of the same set at the same cost: "
        "log loss saved in nats a row; above zero the combination is better. The best one was picked with hindsight."
    )
    return Section("Combinations at equal cost", (), (Table(columns, rows, note=note),) if rows else ())


def _combined(cell: Cell) -> Iterator[tuple[str, ...]]:
    for label, signals in _sets(cell):
        found = combined(cell, signals)
        cost = _per_row(_cost_of(signals), len(cell.answers))
        name = f"{cell.task}: {cell.generator}, {label}"
        if isinstance(found, Missing):
            yield name, found.why, "", "", "", *cost
        else:
            saved = _signed(found.gain, found.low, found.high)
            yield name, found.best_single, f"{found.auroc_single:.3f}", f"{found.auroc_combined:.3f}", saved, *cost


def _sets(cell: Cell) -> Iterator[tuple[str, list[Signal]]]:
    own = [signal for signal in cell.signals if signal.model == "own"]
    for verifier in cell.verifiers:
        mine = [signal for signal in cell.signals if signal.model == verifier]
        reading = [signal for signal in mine if signal.name in _ONE_READING]
        if len(reading) > 1:
            yield f"one reading by {verifier}", reading
        if reading and own:
            yield f"that and the generator's own, {verifier}", [*reading, *own]
    every = [signal for v in cell.verifiers if (signal := cell.signal(v, "log_cmp"))]
    if len(every) > 1:
        yield "CMP of all verifiers", every


def _cost_of(signals: Sequence[Signal]) -> Cost:
    """Signals of one reading share it: of each model's the dearest counts."""
    by_model: dict[str, Cost] = {}
    for signal in signals:
        if signal.cost.tokens > by_model.get(signal.model, Cost()).tokens:
            by_model[signal.model] = signal.cost
    return sum(by_model.values(), Cost())


def _labels(study: Study, cells: Sequence[Cell]) -> Section:
    rows = []
    for cell in cells:
        for label, signals in _sets(cell):
            found = labels_needed(cell, signals, study.labels, seed=study.seed)
            gains = {one.n: _signed(one.gain, one.low, one.high) for one in found}
            first = next((str(one.n) for one in found if one.low > 0), "none tried")
            rows.append(
                (
                    f"{cell.task}: {cell.generator}, {label}",
                    *(gains.get(n, "too few rows") for n in study.labels),
                    first,
                )
            )
    columns = ("answers, signals", *(f"{n} labels" for n in study.labels), "enough")
    note = (
        "Log loss saved by the combination over the single signal that these labels single out, on the other rows, mean of 20 draws "
        "of labelled questions and its middle 90 %. Enough: the first number with which 19 of 20 draws gain."
    )
    return Section("How many labels", (), (Table(columns, tuple(rows), note=note),) if rows else ())


def _choices(study: Study, cells: Sequence[Cell]) -> Section:
    rows = []
    for cell in cells:
        if sum(verifier != cell.generator for verifier in cell.verifiers) > 1:
            others = [other for other in cells if other is not cell]
            for found in backtest(cell, others, study.labels):
                told = ["–" if value is None else f"{value:.3f}" for value in (found.regret, found.worst, found.within)]
                rows.append(
                    (f"{cell.task}: {cell.generator}", str(found.n), f"{found.decided:.0%} of {found.draws}", *told)
                )
    columns = ("answers", "labels", "decided", "AUROC given away, mean", "at most", "within tolerance")
    note = (
        "The rule of foureyes bench choose, with labels drawn again and again: how often it chose a verifier or a pair, and what its "
        "choice gave away on the other rows against the best candidate *there*, which is flattered by hindsight."
    )
    return Section("Choosing a verifier", (), (Table(columns, tuple(rows), note=note),) if rows else ())


def _works(cell: Cell, signal: Signal, r: Ranked) -> bool:
    return signal.model not in (cell.generator, "control") and not isinstance(r.auroc, Missing) and r.auroc.low > 0.5


def _failing(failing: Sequence[Cell], n: int) -> Section:
    names = ", ".join(f"{cell.task}: {cell.generator}" for cell in failing) or "none"
    said = (
        f"Of {n} sets of answers, those in which no signal's interval lies above chance: {len(failing)} ({names}). With so many "
        "signals tried, one above chance is weak evidence that it works there."
    )
    return Section("Where everything fails", (said,))


def _provenance(manifest: Manifest) -> Section:
    tasks = tuple(
        (
            task.name,
            task.layout,
            f"{task.n_items:,} of {task.n_records:,}",
            "; ".join(f"{n} × {reason}" for reason, n in task.refused.items()) or "none",
            task.licence,
            "; ".join(f"{name} {digest}" for name, digest in task.checksums.items()),
        )
        for task in manifest.tasks
    )
    models = tuple((name, fingerprint) for name, fingerprint in manifest.fingerprints.items())
    versions = ", ".join(f"{name} {number}" for name, number in manifest.versions.items())
    said = f"Seed {manifest.seed}. {manifest.machine}. {versions}."
    columns = ("task", "layout", "questions of records", "records refused", "licence", "sha256")
    return Section("Where it comes from", (said,), (Table(columns, tasks), Table(("model", "fingerprint"), models)))


def _warnings(manifest: Manifest) -> tuple[str, ...]:
    failed = tuple(f"{name} could not be used: {why}" for name, why in manifest.failures.items())
    return (*([f"Unfinished: {manifest.unfinished}."] if manifest.unfinished else []), *failed, *manifest.notes)


def _told(found: Any, words: Callable[[Any], str]) -> str:
    return (
        f"– ({found.why})"
        if isinstance(found, Missing) and found.why
        else ""
        if isinstance(found, Missing)
        else words(found)
    )


def _named(signal: Signal) -> str:
    if signal.model == "control":
        return f"{signal.name}, a control"
    return f"{signal.name} of {'the generator' if signal.model == 'own' else signal.model}"


def _interval(found: Any) -> str:
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _share(found: Share) -> str:
    return f"{found.k:,} = {_interval(found)}"


def _ece(found: Any) -> str:
    return f"{_interval(found)} ~{found.chance:.3f}"


def _apgr(curve: Any) -> str:
    return "no gap" if curve.apgr is None else _optional(curve.apgr, curve.low, curve.high)


def _optional(value: float | None, low: float | None = None, high: float | None = None) -> str:
    if value is None:
        return "undefined"
    ends = f" [{low:.2f}, {high:.2f}]" if low is not None and high is not None else ""
    return f"{value:.2f}{ends}".replace("-", "−")


def _signed(value: float, low: float, high: float) -> str:
    return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]".replace("-", "−")
