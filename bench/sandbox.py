"""Programs that the sandbox runs a second, each in a sandbox of its own.

    python -m bench.sandbox --data DATA

HumanEval's reference solutions with their tests, all of which must pass; one at a time, and as many at once as there are processors.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.machine import usable_processors
from foureyes.sandbox import Sandbox
from foureyes.study.tasks.code import program_of
from foureyes.study.tasks.loading import TaskSpec, load_task

__all__ = ["main", "rate"]


def rate(programs: Sequence[str], at_once: int) -> tuple[float, Counter[str]]:
    """Programs a second, and how they ended."""
    sandbox = Sandbox()
    started = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        ends: Counter[str] = Counter(run.outcome for run in pool.map(sandbox.run, programs))
    return len(programs) / (time.perf_counter() - started), ends


def main(argv: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with humaneval")
    parser.add_argument("--programs", type=int, default=100, help="(default: %(default)s)")
    args = parser.parse_args(argv)
    items = load_task(TaskSpec("humaneval", limit=args.programs), data=args.data, seed=0).items
    made = [program_of(item.problem, item.gold[0]) for item in items if item.problem is not None]
    programs = [program for program in made if program is not None]
    for at_once in sorted({1, usable_processors()}):
        per_second, ends = rate(programs, at_once)
        ended = ", ".join(f"{n} {outcome}" for outcome, n in ends.most_common())
        print(f"{at_once} at once: {per_second:.1f} programs/s ({ended})")


if __name__ == "__main__":
    main()
