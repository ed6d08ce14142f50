"""Programs that the sandbox runs a second, each in a sandbox of its own, and what becomes of those that do their worst.

    python -m bench.sandbox --data DATA --markdown docs/prove.md

HumanEval's reference solutions with their tests, all of which must pass: one at a time, and as many at once as there are processors, in
turn. Then each hostile program, once.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.hostile_programs import HOSTILE, HostileProgram, run_hostile
from bench.machine import describe, usable_processors
from bench.section import grid, put
from foureyes.sandbox import ProgramRun, Sandbox
from foureyes.study.tasks.code import program_of
from foureyes.study.tasks.loading import TaskSpec, load_task

__all__ = ["hostile_table", "main", "rate"]


def rate(programs: Sequence[str], at_once: int) -> float:
    """Programs a second.

    Raises:
        SystemExit: one of them did not pass.
    """
    sandbox = Sandbox()
    started = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        runs = list(pool.map(sandbox.run, programs))
    seconds = time.perf_counter() - started
    if failed := [run for run in runs if not run.passed]:
        raise SystemExit(f"{len(failed)} of {len(runs)} reference solutions did not pass; the first: {failed[0]}")
    return len(programs) / seconds


def hostile_table(programs: Sequence[HostileProgram], runs: Sequence[ProgramRun]) -> str:
    """How each ended.

    Raises:
        SystemExit: one ended otherwise than it has to.
    """
    if others := [(one, run) for one, run in zip(programs, runs, strict=True) if not one.has_ended(run)]:
        one, run = others[0]
        raise SystemExit(f"a program that {one.does} ended as {run}; wanted {one.outcome} {one.error}")
    rows = [
        (one.does, f"`{run.outcome}`" + (f", {run.error}" if run.error else ""))
        for one, run in zip(programs, runs, strict=True)
    ]
    return grid(("a program that", "ends as"), rows)


def main(argv: Sequence[str] | None = None) -> None:
    """Measures, prints, and puts it into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with humaneval")
    parser.add_argument("--programs", type=int, default=100, help="(default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="put it between the marks of this page")
    args = parser.parse_args(argv)
    load = os.getloadavg()[0]
    items = load_task(TaskSpec("humaneval", limit=args.programs), data=args.data, seed=0).items
    made = [program_of(item.problem, item.gold[0]) for item in items if item.problem is not None]
    programs = [program for program in made if program is not None]
    rates: dict[int, list[float]] = {1: [], usable_processors(): []}
    for _ in range(args.rounds):
        for at_once, found in rates.items():
            found.append(rate(programs, at_once))
    text = f"{hostile_table(HOSTILE, run_hostile(HOSTILE))}\n\n{_words(rates, len(programs), load)}"
    print(text)
    if args.markdown:
        put(args.markdown, "bench.sandbox", text)


def _words(rates: Mapping[int, Sequence[float]], n_programs: int, load: float) -> str:
    machine = describe(Path(sys.executable), Path("none"), ("foureyes",))
    a_second = " and ".join(
        f"{statistics.median(found):.0f} [{min(found):.0f}, {max(found):.0f}] a second {at_once} at a time"
        for at_once, found in rates.items()
    )
    n_rounds = len(next(iter(rates.values())))
    return (
        f"On {machine['processors']} processors, {machine['processor']}, load {load:.1f} before, it ran {n_programs} of HumanEval's reference "
        f"solutions with their tests, all of which passed: {a_second}, median and range of {n_rounds} rounds in turn; made by "
        "`python -m bench.sandbox --data DATA --markdown docs/prove.md`."
    )


if __name__ == "__main__":
    main()
