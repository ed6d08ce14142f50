"""How fast and in how much memory answers are read: ``python -m bench.read``, or ``make bench``.

1. The pairs are made, per model (:mod:`bench.workloads`).
2. Every model × arithmetic × workload is a cell, whose contenders read in turn, round after round (:mod:`bench.session`).
3. Files of growing size go through ``foureyes score``; the command line is started a few times (:mod:`bench.scaling`).
4. The results are kept as JSON and drawn as a page (:mod:`bench.report`).

``--render FILE`` draws the page of an earlier run again. Words for a person go to stderr, the page to stdout.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.flop import Shape, forward_flop
from bench.machine import command_line, describe, usable_processors
from bench.pairs import TokenPair, load
from bench.report import render
from bench.scaling import run_sizes, start_up, write_rows
from bench.session import ROOT, RunSetting, TimedCell, TimedTask, WorkerFailed, asked, run_cell
from bench.targets import Results

MODELS: Final = ("smollm2-135m", "gemma3-270m")

SIDE_BY_SIDE: Final = ("naive", "lm-eval", "floor", "foureyes, head converted", "foureyes, nothing shared", "foureyes")

CONTENDERS: Final = {
    "short": SIDE_BY_SIDE,
    "long": (*SIDE_BY_SIDE, "ceiling"),
    "answers": ("foureyes, apart", "foureyes"),
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    dtypes: Sequence[str]
    short: int
    long: int
    tiny_rows: Sequence[int]
    model_rows: Sequence[int]
    starts: int


FULL: Final = Size(3, ("float32", "bfloat16"), 96, 4, (1_000, 10_000, 100_000), (250, 500, 1_000, 2_000), 20)
QUICK: Final = Size(1, ("bfloat16",), 24, 2, (500, 1_000, 2_000), (20, 40, 80), 5)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.read", description="Speed and memory of reading.")
    parser.add_argument("--quick", action="store_true", help="a smoke run of a few minutes: few pairs, one round")
    parser.add_argument("--rounds", type=int, help="rounds of every cell (default: 3, quick 1)")
    parser.add_argument("--short", type=int, help="short pairs (default: 96, quick 24)")
    parser.add_argument("--long", type=int, help="512-token prompts (default: 4, quick 2)")
    parser.add_argument("--threads", type=int, default=usable_processors(), help="of every contender (default: all)")
    parser.add_argument("--model", action="append", choices=MODELS, help="only this one; repeat for more")
    parser.add_argument("--dtype", action="append", choices=FULL.dtypes, help="only this one; repeat for more")
    parser.add_argument("--workload", action="append", choices=CONTENDERS, help="only this one; repeat for more")
    parser.add_argument("--no-scaling", action="store_true", help="leave out the files of growing size")
    parser.add_argument("--rivals", type=Path, default=ROOT / ".rivals", help="made by bench/setup")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the results here")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the page here as well")
    parser.add_argument("--render", type=Path, metavar="FILE", help="draw the page of results kept earlier")
    return parser.parse_args()


def main() -> int:
    args = arguments()
    if args.render:
        results = _restored(json.loads(args.render.read_text(encoding="utf-8")))
    elif not _python(args.rivals).exists():
        print(f"bench: {args.rivals} is not there; make it with bench/setup", file=sys.stderr)
        return 1
    else:
        with tempfile.TemporaryDirectory() as folder:
            size = _size(args)
            setting = RunSetting(Path(sys.executable), _python(args.rivals), args.threads, size.rounds, Path(folder))
            results = _kept(measured(args, size, setting), args.json)
    page = render(results)
    print(page)
    if args.markdown:
        args.markdown.write_text(page, encoding="utf-8")
    return 0


def _kept(steps: Iterator[Results], path: Path | None) -> Results:
    """The last of the steps; what a failure or an interruption leaves is kept too, and said to be less than all."""
    results = next(steps)
    try:
        for results in steps:
            if path:
                path.write_text(json.dumps(asdict(results), indent=1) + "\n", encoding="utf-8")
    except (KeyboardInterrupt, WorkerFailed, subprocess.CalledProcessError) as error:
        print(f"bench: stopped early: {error or 'interrupted'}", file=sys.stderr)
        return replace(results, about={**results.about, "stopped": str(error) or "interrupted"})
    return results


def _size(args: argparse.Namespace) -> Size:
    size = QUICK if args.quick else FULL
    return replace(size, **{name: value for name in ("rounds", "short", "long") if (value := getattr(args, name))})


def measured(args: argparse.Namespace, size: Size, setting: RunSetting) -> Iterator[Results]:
    """Runs everything; gives what there is so far after every step."""
    about = {
        "command": command_line("bench.read"),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "quick": args.quick,
        "threads": setting.threads,
        "rounds": setting.rounds,
        "load_before": os.getloadavg()[0],
        "machine": describe(setting.python, setting.rivals_python),
    }
    results = Results(_now(about), [], {}, start_up(_command(), size.starts, setting.environment))
    yield results
    for model in args.model or MODELS:
        folder = Path(_asked(setting, "bench.folder", model).strip())
        for task in _plan(model, folder, args, size, setting):
            results = replace(results, about=_now(about), cells=[*results.cells, _cell(task, setting)])
            yield results
    if not args.no_scaling:
        for name, runs in _scaling(size, setting):
            results = replace(results, about=_now(about), scaling={**results.scaling, name: runs})
            yield results


def _now(about: dict[str, Any]) -> dict[str, Any]:
    return {**about, "load_after": os.getloadavg()[0]}


def _plan(model: str, folder: Path, args: argparse.Namespace, size: Size, setting: RunSetting) -> Iterator[TimedTask]:
    """Writes the model's pairs; gives every cell that is to be measured."""
    place = setting.scratch / model
    place.mkdir()
    _asked(setting, "bench.workloads", str(folder), str(place), "--short", str(size.short), "--long", str(size.long))
    shape = Shape(**json.loads(_asked(setting, "bench.flop", str(folder))))
    for dtype in args.dtype or size.dtypes:
        for workload in args.workload or CONTENDERS:
            path = place / f"{workload}.json"
            yield TimedTask(model, folder, dtype, workload, path, _work(load(path), shape))


def _work(pairs: Sequence[TokenPair], shape: Shape) -> dict[str, int]:
    return {
        "pairs": len(pairs),
        "tokens": sum(len(pair.ids) for pair in pairs),
        "answer_tokens": sum(len(pair.answer_ids) for pair in pairs),
        "flop": forward_flop(shape, pairs),
    }


def _cell(task: TimedTask, setting: RunSetting) -> TimedCell:
    start = time.monotonic()
    cell = run_cell(task, CONTENDERS[task.workload], setting)
    failed = f", FAILED: {', '.join(cell.failures)}" if cell.failures else ""
    print(
        f"bench: {task.model} {task.dtype} {task.workload}, {time.monotonic() - start:.0f} s{failed}", file=sys.stderr
    )
    return cell


def _scaling(size: Size, setting: RunSetting) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    tiny = setting.scratch / "tiny"
    _asked(setting, "bench.tiny", str(tiny))
    verifiers = {"a tiny model": (str(tiny), size.tiny_rows), MODELS[0]: (MODELS[0], size.model_rows)}
    for name, (verifier, sizes) in verifiers.items():
        start = time.monotonic()
        files = _row_files(sizes, setting.scratch, terse=name != MODELS[0])
        yield name, run_sizes(_command(), verifier, files, sizes, setting.environment)
        print(f"bench: growing files, {name}, {time.monotonic() - start:.0f} s", file=sys.stderr)


def _row_files(sizes: Sequence[int], scratch: Path, *, terse: bool) -> list[Path]:
    lines = (ROOT / "src/foureyes/demo/questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines]
    paths = [scratch / f"{n}.jsonl" for n in sizes]
    for path, n in zip(paths, sizes, strict=True):
        write_rows(path, questions, n, terse=terse)
    return paths


def _asked(setting: RunSetting, module: str, *arguments: str) -> str:
    return asked(setting.python, module, *arguments, environment=setting.environment)


def _python(environment: Path) -> Path:
    return environment / "bin" / "python"


def _command() -> Path:
    """``foureyes`` beside the Python that runs this."""
    return Path(sys.executable).with_name("foureyes")


def _restored(kept: dict[str, Any]) -> Results:
    return Results(**{**kept, "cells": [TimedCell(**cell) for cell in kept["cells"]]})


if __name__ == "__main__":
    sys.exit(main())
