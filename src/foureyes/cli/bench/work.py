"""Runs studies, reports on them, and chooses verifiers by what they found."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Final

from foureyes.cli.bench.options import OUT
from foureyes.cli.exits import Exit
from foureyes.cli.output import CommandOutput
from foureyes.cli.words import duration, tell_step
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.maths.selection import SelectionRule, VerifierChoice
from foureyes.models.catalog import can_read, open_reader, open_writer
from foureyes.models.roles import Reader, Writer
from foureyes.models.weights import locate
from foureyes.models.weights.reference import runs_elsewhere
from foureyes.report.study import save_latex, save_study
from foureyes.study.cached_models import Budget, RunUsage
from foureyes.study.cells import Cell, load_cells, save_cells
from foureyes.study.engine import ModelOpeners, run_study
from foureyes.study.plan import load_study
from foureyes.study.preferences import answer_pairs, bug_pairs, save_pairs
from foureyes.study.protocols import load_tasks
from foureyes.study.provenance import StudyManifest, manifest_of
from foureyes.study.sections import build_report
from foureyes.study.store import CallStore
from foureyes.study.verifier_choice import advice_of, choose, learn_experience, reader_skill
from foureyes.tables.saving import require_place

__all__ = ["bench", "run"]

_TOLD_EVERY: Final = 10.0


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Runs a step with models of the catalog."""
    bench(args, output, _catalog())


def bench(args: argparse.Namespace, output: CommandOutput, openers: ModelOpeners) -> None:
    """Runs a step with the given models. It fails where a run ended without any row, or no verifier is chosen.

    Raises:
        InputError, ConfigError: the study, its data or its results cannot be used.
    """
    out = args.out or OUT / args.study.stem
    if args.step == "run":
        _run(args, output, out, openers)
    else:
        {"report": _report, "choose": _choose, "pairs": _pairs}[args.step](args, output, out)


def _run(args: argparse.Namespace, output: CommandOutput, out: Path, openers: ModelOpeners) -> None:
    study = load_study(args.study)
    tasks = load_tasks(study.tasks, data=args.data, seed=study.seed)
    _made(out)
    budget = Budget(
        study.budget.seconds if args.seconds is None else args.seconds,
        study.budget.tokens if args.tokens is None else args.tokens,
    )
    usage = RunUsage(time.perf_counter, budget, (lambda _: None) if args.quiet else _teller())
    with CallStore(args.store or out.parent / "store.sqlite") as store:
        results = run_study(study, tasks, openers, store, usage)
    save_cells(out / "cells.jsonl", results.cells)
    manifest_of(args.study.name, study, tasks, results, usage).save(out / "manifest.json")
    for warning in [*results.failures.values(), *results.notes, *filter(None, [results.unfinished])]:
        output.warn(warning)
    computed = f"{usage.n_computed:,} computed in {usage.cost.seconds:,.1f} s ({plural(usage.cost.tokens, 'token')})"
    output.say(f"{computed}, {usage.n_cached:,} from the store → {out}")
    output.give(
        lambda: {
            "cells": len(results.cells),
            "rows": sum(len(cell.answers) for cell in results.cells),
            "failures": results.failures,
            "unfinished": results.unfinished,
            "computed": usage.n_computed,
        }
    )
    if not results.cells:
        output.status = Exit.FAILED


def _cells(args: argparse.Namespace, out: Path) -> list[Cell]:
    if not (out / "cells.jsonl").exists():
        raise InputError(f"no results of {args.study} in {out}: foureyes bench run {args.study} makes them")
    return load_cells(out / "cells.jsonl")


def _report(args: argparse.Namespace, output: CommandOutput, out: Path) -> None:
    study = load_study(args.study)
    cells, manifest = _cells(args, out), StudyManifest.load(out / "manifest.json")
    html, markdown = args.html or out / "report.html", args.markdown or out / "report.md"
    command = f"foureyes bench run {args.study} --data DATA && foureyes bench report {args.study}"
    report = build_report(study, cells, manifest, command)
    save_study(report, html=html, markdown=markdown)
    files = {"page": html, "markdown": markdown}
    if args.latex:
        save_latex(report, args.latex)
        files["latex"] = args.latex
    output.say("\n".join(f"{name}: {path}" for name, path in files.items()))
    output.give(lambda: {"html" if name == "page" else name: str(path) for name, path in files.items()})


def _choose(args: argparse.Namespace, output: CommandOutput, out: Path) -> None:
    study, cells = load_study(args.study), _cells(args, out)
    mine = [cell for cell in cells if (cell.task, cell.generator) == (args.task, args.generator)]
    if not mine:
        known = ", ".join(f"{cell.task}: {cell.generator}" for cell in cells)
        raise InputError(f"the study has no answers of {args.generator!r} to {args.task!r}; it has {known}")
    learnt = learn_experience([cell for cell in cells if cell is not mine[0]], signal=args.signal)
    rule = SelectionRule(args.ms, args.tolerance, args.sure)
    found = choose(mine[0], n_labels=args.labels, signal=args.signal, rule=rule, learnt=learnt, seed=study.seed)
    readers = [name for name in mine[0].verifiers if name != args.generator]
    skills = [
        reader_skill(mine[0], name, n_labels=args.labels, signal=args.signal, seed=study.seed) for name in readers
    ]
    advice = advice_of([skill for skill in skills if skill], found)
    output.give(lambda: {**asdict(found), "advice": advice}, lambda: _tell_choice(found, advice))
    if not found.chosen:
        output.status = Exit.FAILED


def _pairs(args: argparse.Namespace, output: CommandOutput, out: Path) -> None:
    study = load_study(args.study)
    tasks = load_tasks(study.tasks, data=args.data, seed=study.seed)
    cells = [] if args.bugs and not (out / "cells.jsonl").exists() else _cells(args, out)
    path = args.jsonl or out / "pairs.jsonl"
    if not args.jsonl:
        _made(out)
    require_place(path)  # before programs run
    kind = bug_pairs if args.bugs else answer_pairs
    n = save_pairs(path, kind(cells, tasks, each=args.each, seed=study.seed))
    output.say(f"{plural(n, 'pair')} → {path}")
    output.give(lambda: {"pairs": n, "jsonl": str(path)})


def _tell_choice(found: VerifierChoice, advice: Sequence[str]) -> None:
    print(f"{found.chosen or 'no verifier'}: {found.reason}")
    for s in found.evidence:
        print(
            f"  {s.name}: AUROC {s.auroc:.3f} [{s.low:.3f}, {s.high:.3f}], {s.cost:,.1f} ms a row, "
            f"good enough with probability {s.p_good_enough:.2f}"
        )
    if found.too_dear:
        print(f"  beyond the budget: {', '.join(found.too_dear)}")
    for words in advice:
        print(f"  {words}")


def _made(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {out}: {error.strerror or error}") from error


def _teller() -> Callable[[RunUsage], None]:
    """Now and then a line: what is done, how fast, and what is left of the budget."""
    started = last = time.monotonic()

    def tell(usage: RunUsage) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _TOLD_EVERY:
            return
        last = now
        words = [f"{usage.done} of {plural(usage.steps, 'step')}", f"{usage.n_computed:,} answers and readings"]
        words += [f"{usage.n_computed / (now - started):,.1f}/s", plural(usage.cost.tokens, "token")]
        if usage.done:
            words.append(f"about {duration((now - started) / usage.done * (usage.steps - usage.done))} left")
        if usage.budget.seconds is not None:
            words.append(f"{duration(max(0.0, usage.budget.seconds - usage.cost.seconds))} of the budget left")
        print(f"foureyes: {', '.join(words)}", file=sys.stderr, flush=True)

    return tell


def _catalog() -> ModelOpeners:
    def reader(reference: str, dtype: str | None) -> Reader:
        return open_reader(reference, dtype=dtype, on_step=tell_step)

    def writer(reference: str, dtype: str | None) -> Writer:
        return open_writer(reference, dtype=dtype, on_step=tell_step)

    def weights(reference: str) -> str | None:
        found = None if runs_elsewhere(reference) else locate(reference)
        return found.fingerprint if found else None

    return ModelOpeners(reader, writer, weights, cache(can_read))
