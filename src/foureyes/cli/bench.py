"""``foureyes bench``: runs a study, tells what came out, chooses a verifier. See docs/prove.md."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from foureyes.maths.selection import VerifierChoice
    from foureyes.models.roles import Reader, Writer
    from foureyes.study.cached_models import RunUsage
    from foureyes.study.engine import ModelOpeners

__all__ = ["configure", "run", "work"]

_OUT: Final = Path("out/studies")
_TOLD_EVERY: Final = 10.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the steps of ``foureyes bench`` and their options."""
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)
    runs = steps.add_parser("run", help="answer, read and score; goes on where an earlier run ended")
    _place(runs)
    runs.add_argument(
        "--data", type=Path, metavar="DIR", help="folder with the tasks' files (default: the Hugging Face hub)"
    )
    runs.add_argument(
        "--store", type=Path, metavar="FILE", help="what models said (default: store.sqlite beside the results)"
    )
    runs.add_argument(
        "--seconds", type=float, help="budget of computing, in place of the study's; 0 for what is stored only"
    )
    runs.add_argument("--tokens", type=int, help="budget of tokens, in place of the study's")
    runs.add_argument("-q", "--quiet", action="store_true", help="no progress on stderr")
    runs.add_argument("--json", action="store_true", help="what came of it as JSON on stdout")
    reports = steps.add_parser("report", help="measure the rows of a run and write a page and Markdown")
    _place(reports)
    reports.add_argument("--html", type=Path, metavar="FILE", help="the page (default: report.html beside the results)")
    reports.add_argument(
        "--markdown", type=Path, metavar="FILE", help="Markdown with pictures beside it (default: report.md)"
    )
    chooses = steps.add_parser("choose", help="say which verifier to use, from what a run found and n labels")
    _place(chooses)
    chooses.add_argument("--task", required=True, help="whose answers are to be verified")
    chooses.add_argument("--generator", required=True, help="who gave them")
    chooses.add_argument(
        "--labels", type=int, default=100, metavar="N", help="graded rows to go by (default: %(default)s)"
    )
    chooses.add_argument("--signal", default="log_cmp", help="that verifiers are judged by (default: %(default)s)")
    chooses.add_argument(
        "--ms", type=float, default=math.inf, help="budget: milliseconds a row, as measured in the run"
    )
    chooses.add_argument(
        "--tolerance", type=float, default=0.02, help="AUROC one is ready to give away (default: %(default)s)"
    )
    chooses.add_argument("--sure", type=float, default=0.9, help="probability asked for (default: %(default)s)")
    chooses.add_argument("--json", action="store_true", help="the decision as JSON on stdout")


def _place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, metavar="STUDY", help="study file (TOML)")
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"results of this study (default: {_OUT}/NAME)")


def run(args: argparse.Namespace) -> int:
    """Runs a step with models of the catalog."""
    return work(args, _catalog())


def work(args: argparse.Namespace, openers: ModelOpeners) -> int:
    """Runs a step with the given models.

    Returns:
        0; 1 where a run ended without any row.

    Raises:
        InputError, ConfigError: the study, its data or its results cannot be used.
    """
    out = args.out or _OUT / args.study.stem
    steps: dict[str, Callable[[], int]] = {
        "run": lambda: _run(args, out, openers),
        "report": lambda: _report(args, out),
        "choose": lambda: _choose(args, out),
    }
    return steps[args.step]()


def _run(args: argparse.Namespace, out: Path, openers: ModelOpeners) -> int:
    # What the step needs is loaded here, so that `foureyes bench --help` does not wait for it.
    from foureyes.study.cached_models import Budget, RunUsage  # noqa: PLC0415
    from foureyes.study.cells import save_cells  # noqa: PLC0415
    from foureyes.study.engine import run_study  # noqa: PLC0415
    from foureyes.study.plan import load_study  # noqa: PLC0415
    from foureyes.study.protocols import load_tasks  # noqa: PLC0415
    from foureyes.study.provenance import manifest_of  # noqa: PLC0415
    from foureyes.study.store import CallStore  # noqa: PLC0415

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
    if not args.quiet:
        _summarise(usage, [*results.failures.values(), *results.notes, *filter(None, [results.unfinished])], out)
    if args.json:
        found = {"cells": len(results.cells), "rows": sum(len(cell.answers) for cell in results.cells)}
        print(
            json.dumps(
                {**found, "failures": results.failures, "unfinished": results.unfinished, "computed": usage.n_computed}
            )
        )
    return 0 if results.cells else 1


def _report(args: argparse.Namespace, out: Path) -> int:
    from foureyes.report.page import write  # noqa: PLC0415
    from foureyes.report.study import picture_files, study_markdown, study_page  # noqa: PLC0415
    from foureyes.study.cells import load_cells  # noqa: PLC0415
    from foureyes.study.plan import load_study  # noqa: PLC0415
    from foureyes.study.provenance import StudyManifest  # noqa: PLC0415
    from foureyes.study.sections import build_report  # noqa: PLC0415

    study = load_study(args.study)
    cells, manifest = load_cells(out / "cells.jsonl"), StudyManifest.load(out / "manifest.json")
    html, markdown = args.html or out / "report.html", args.markdown or out / "report.md"
    command = f"foureyes bench run {args.study} --data DATA && foureyes bench report {args.study}"
    report = build_report(study, cells, manifest, command)
    write(html, study_page(report))
    write(markdown, study_markdown(report, pictures=markdown.stem))
    for name, drawn in picture_files(report, markdown.stem).items():
        write(markdown.with_name(name), drawn)
    print(f"page: {html}\nmarkdown: {markdown}", file=sys.stderr)
    return 0


def _choose(args: argparse.Namespace, out: Path) -> int:
    """0 where a verifier is chosen, 1 where the rule abstains."""
    from dataclasses import asdict  # noqa: PLC0415 - with its only use

    from foureyes.errors import InputError  # noqa: PLC0415
    from foureyes.maths.selection import SelectionRule  # noqa: PLC0415
    from foureyes.study.cells import load_cells  # noqa: PLC0415
    from foureyes.study.plan import load_study  # noqa: PLC0415
    from foureyes.study.verifier_choice import choose, learn_experience  # noqa: PLC0415

    study, cells = load_study(args.study), load_cells(out / "cells.jsonl")
    mine = [cell for cell in cells if (cell.task, cell.generator) == (args.task, args.generator)]
    if not mine:
        known = ", ".join(f"{cell.task}: {cell.generator}" for cell in cells)
        raise InputError(f"the study has no answers of {args.generator!r} to {args.task!r}; it has {known}")
    learnt = learn_experience([cell for cell in cells if cell is not mine[0]], signal=args.signal)
    rule = SelectionRule(args.ms, args.tolerance, args.sure)
    found = choose(mine[0], n_labels=args.labels, signal=args.signal, rule=rule, learnt=learnt, seed=study.seed)
    if args.json:
        print(json.dumps(asdict(found), ensure_ascii=False))
    else:
        _tell_choice(found)
    return 0 if found.chosen else 1


def _tell_choice(found: VerifierChoice) -> None:
    print(f"{found.chosen or 'no verifier'}: {found.reason}")
    for s in found.standings:
        print(
            f"  {s.name}: AUROC {s.auroc:.3f} [{s.low:.3f}, {s.high:.3f}], {s.cost:,.1f} ms a row, "
            f"good enough with probability {s.p_good_enough:.2f}"
        )
    if found.too_dear:
        print(f"  beyond the budget: {', '.join(found.too_dear)}")


def _made(out: Path) -> None:
    from foureyes.errors import InputError  # noqa: PLC0415

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {out}: {error.strerror or error}") from error


def _teller() -> Callable[[RunUsage], None]:
    """Now and then a line: what is done, how fast, and what is left of the budget."""
    from foureyes.cli.progress import duration  # noqa: PLC0415

    started = last = time.monotonic()

    def tell(usage: RunUsage) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _TOLD_EVERY:
            return
        last = now
        words = [f"{usage.done} of {usage.steps} steps", f"{usage.n_computed:,} answers and readings"]
        words += [f"{usage.n_computed / (now - started):,.1f}/s", f"{usage.cost.tokens:,} tokens"]
        if usage.done:
            words.append(f"about {duration((now - started) / usage.done * (usage.steps - usage.done))} left")
        if usage.budget.seconds is not None:
            words.append(f"{duration(max(0.0, usage.budget.seconds - usage.cost.seconds))} of the budget left")
        print(f"foureyes: {', '.join(words)}", file=sys.stderr, flush=True)

    return tell


def _summarise(usage: RunUsage, warnings: list[str], out: Path) -> None:
    for warning in warnings:
        print(f"foureyes: {warning}", file=sys.stderr)
    computed = f"{usage.n_computed:,} computed in {usage.cost.seconds:,.1f} s ({usage.cost.tokens:,} tokens)"
    print(f"{computed}, {usage.n_cached:,} from the store → {out}", file=sys.stderr)


def _catalog() -> ModelOpeners:
    from foureyes.cli.models import tell  # noqa: PLC0415
    from foureyes.models.catalog import open_reader, open_writer  # noqa: PLC0415
    from foureyes.models.weights import locate  # noqa: PLC0415
    from foureyes.models.weights.reference import ServerReference, parse  # noqa: PLC0415
    from foureyes.study.engine import ModelOpeners  # noqa: PLC0415

    def reader(reference: str, dtype: str | None) -> Reader:
        return open_reader(reference, dtype=dtype, on_step=tell)

    def writer(reference: str, dtype: str | None) -> Writer:
        return open_writer(reference, dtype=dtype, on_step=tell)

    def weights(reference: str) -> str | None:
        found = None if isinstance(parse(reference), ServerReference) else locate(reference)
        return found.fingerprint if found else None

    return ModelOpeners(reader, writer, weights)
