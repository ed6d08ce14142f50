"""``--engine ray`` on one node beside ``--engine local``: ``python -m bench.many_machines --markdown docs/many-machines.md``.

Both score the demo's questions, each as a command of its own, in turn. Seconds are those that the command reports, from
open verifiers to the last row; what starting takes is said beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.ratios import per_round
from bench.section import at_least, grid, put
from bench.session import ROOT

__all__ = ["measured", "page"]

_ENGINES: Final = ("local", "ray")


def measured(model: str, copies: int, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Of each engine, seconds of reading and of the whole command, by round.

    Raises:
        RuntimeError: their outputs differ.
    """
    found: dict[str, list[tuple[float, float]]] = {engine: [] for engine in _ENGINES}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        questions = (ROOT / "src/foureyes/demo/questions.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [
            {"prompt": q["prompt"], "answer": q[side]}
            for q in map(json.loads, questions)
            for side in ("right", "wrong")
        ]
        (place / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows * copies), encoding="utf-8")
        for _ in range(rounds):
            for engine in _ENGINES:
                found[engine].append(_ran(place, engine, model))
            if len({(place / f"{engine}.jsonl").read_bytes() for engine in _ENGINES}) != 1:
                raise RuntimeError("the engines' outputs differ")
    return found


def _ran(place: Path, engine: str, model: str) -> tuple[float, float]:
    command = [sys.executable, "-m", "foureyes", "score", "in.jsonl", "-o", f"{engine}.jsonl", "--verifier", model]
    start = time.perf_counter()
    told = subprocess.run(
        [*command, "--engine", engine, "--force", "--quiet", "--json"], cwd=place, check=True, stdout=subprocess.PIPE
    )
    return float(json.loads(told.stdout)["result"]["seconds"]), time.perf_counter() - start


def page(found: dict[str, list[tuple[float, float]]], about: str) -> str:
    """The table of one run, as Markdown."""
    ratio = per_round([one for one, _ in found["local"]], [one for one, _ in found["ray"]])
    aim = at_least("speed ÷ local", 0.85, ratio)
    rows = [
        (engine, *(f"{sorted(column)[len(column) // 2]:.1f}" for column in zip(*found[engine], strict=True)))
        for engine in _ENGINES
    ]
    head = ("engine", "reading, s", "whole command, s")
    kept = f"Ray on one node ÷ local: {ratio} (aim {aim.wanted}, {'kept' if aim.kept else 'missed'}). Outputs are the same bytes."
    return "\n\n".join([about, grid(head, rows), kept])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.many_machines", description=__doc__)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--copies", type=int, default=8, help="how often the demo's questions are read")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="put the table between the marks of this page")
    args = parser.parse_args()
    before = os.getloadavg()[0]
    found = measured(args.model, args.copies, args.rounds)
    about = (
        f"{args.model}, the demo's questions {args.copies} ×, {args.rounds} rounds in turn, medians, "
        f"{len(os.sched_getaffinity(0))} cores, load {before:.1f} before."
    )
    table = page(found, about)
    print(table)
    if args.markdown:
        put(args.markdown, "bench.many_machines", table)


if __name__ == "__main__":
    main()
