"""What a folder of shards costs: time, memory and going on, by the number of rows, with a scripted reader.

What a row costs beside its reading (finding its answer in the input, keeping its result, writing it) is told apart: the share of it in a run is
this, divided by what a real verifier takes for a row.

::

    python -m bench.shards 250000 1000000 10000000 --markdown docs/score.md

Every run is a process of its own, so its peak of memory and its processor time are its own; then one is killed halfway, near the end of a shard, and what passes until the one that
goes on reads its first new row is the time of going on: the rows of that shard are written anew. There that one is stopped too.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bench.machine import describe
from bench.section import Aim, aims, grid, put
from foureyes.batch.engine import LocalEngine
from foureyes.batch.job import Job
from foureyes.batch.pieces import RowPiece, ScoredPiece
from foureyes.batch.results import Tallies
from foureyes.batch.shards.run import Sharding, score_shards
from foureyes.models.scripted import ScriptedReader

STOPPED: Final = 9
"""Status of a run that was stopped halfway."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one number of rows costs.

    Attributes:
        seconds: of a whole run.
        processor_s: seconds of a processor that it took.
        beside_s: of those, what is not reading.
        mib: of memory at its peak.
        first_s: seconds from the start of a run that goes on to its first new row.
    """

    seconds: float
    processor_s: float
    beside_s: float
    mib: float
    first_s: float


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("rows", type=int, nargs="+")
    arguments.add_argument("--rows-per-shard", type=int, default=100_000)
    arguments.add_argument("--to", choices=("jsonl", "parquet"), default="jsonl")
    arguments.add_argument("--markdown", type=Path, metavar="FILE", help="put the table between the marks of this page")
    arguments.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    arguments.add_argument("--stop", type=int, default=0, help=argparse.SUPPRESS)
    arguments.add_argument("--stop-at-first", action="store_true", help=argparse.SUPPRESS)
    args = arguments.parse_args()
    if args.run:
        _run(args)
        return
    found = {}
    for rows in args.rows:
        with tempfile.TemporaryDirectory() as folder:
            found[rows] = _measured(Path(folder), rows, args)
        print(f"{rows:,} rows: {found[rows]}", file=sys.stderr, flush=True)
    text = page(found, args.rows_per_shard)
    print(text)
    if args.markdown:
        put(args.markdown, "bench.shards", text)


def page(found: Mapping[int, Cost], rows_per_shard: int) -> str:
    """The aims and the table of all runs, as Markdown."""
    first, last = found[min(found)], found[max(found)]
    n = max(found)
    linear = last.processor_s / n / (first.processor_s / min(found))
    wanted = [
        Aim(f"processor time a row, {n:,} ÷ {min(found):,} rows", "≤ 1.1 (linear)", f"{linear:.2f}", linear <= 1.1),
        Aim(
            f"peak memory, {n:,} ÷ {min(found):,} rows",
            "≤ 1.1 (flat)",
            f"{last.mib / first.mib:.2f}",
            last.mib <= 1.1 * first.mib,
        ),
        Aim(
            "going on",
            "< 10 s",
            f"{max(one.first_s for one in found.values()):.1f} s",
            all(one.first_s < 10 for one in found.values()),
        ),
    ]
    head = (
        "rows",
        "seconds",
        "processor time a row, µs",
        "of it beside reading, µs",
        "peak memory, MiB",
        "killed at half, the next first row after, s",
    )
    rows = [
        (
            f"{n:,}",
            f"{one.seconds:.0f}",
            f"{one.processor_s / n * 1e6:.0f}",
            f"{one.beside_s / n * 1e6:.0f}",
            f"{one.mib:.0f}",
            f"{one.first_s:.1f}",
        )
        for n, one in found.items()
    ]
    about = (
        f"A scripted reader, shards of {rows_per_shard:,} rows, {describe(Path(sys.executable), Path('none'), ('foureyes',))['processor']}; made by "
        f"`python -m bench.shards {' '.join(map(str, found))} --markdown docs/score.md`."
    )
    return "\n\n".join([about, aims(wanted), grid(head, rows)])


def _measured(folder: Path, rows: int, args: argparse.Namespace) -> Cost:
    with (folder / "in.jsonl").open("w") as file:
        for i in range(rows):
            row = {"id": i, "prompt": f"Question {i} of {rows}?", "answer": f"the answer of row {i}"}
            file.write(json.dumps(row) + "\n")
    whole = _process(folder, args)
    shutil.rmtree(folder / "out")
    _process(folder, args, "--stop", str(_late_in_shard(rows // 2, args.rows_per_shard)))
    on = _process(folder, args, "--stop-at-first")
    beside = whole["processor"] - whole["reading"]
    return Cost(whole["seconds"], whole["processor"], beside, whole["mib"], on["first"])


def _late_in_shard(row: int, rows_per_shard: int) -> int:
    """A row before this one, at nine tenths of its shard."""
    whole = max(0, row - 1) // rows_per_shard * rows_per_shard
    return min(row, whole + rows_per_shard * 9 // 10)


def _process(folder: Path, args: argparse.Namespace, *more: str) -> dict[str, float]:
    options = ["--rows-per-shard", str(args.rows_per_shard), "--to", args.to, "--run", str(folder), *more]
    command = [sys.executable, "-m", "bench.shards", "0", *options]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode != (STOPPED if more else 0):
        raise SystemExit(said.stderr or f"bench: a run ended with {said.returncode}")
    found: dict[str, float] = json.loads(said.stdout or "{}")
    return found


class _TimedEngine(LocalEngine):
    """Notes the processor time that reading takes."""

    seconds = 0.0

    def read(self, found: Iterable[RowPiece], *, signals: Sequence[str], tokens: bool) -> Iterator[ScoredPiece]:
        for piece in found:
            started = time.thread_time()
            [scored] = super().read([piece], signals=signals, tokens=tokens)
            self.seconds += time.thread_time() - started
            yield scored


def _run(args: argparse.Namespace) -> None:
    started, first = time.perf_counter(), 0.0

    def note(tallies: Tallies, _rows: int | None) -> None:
        nonlocal first
        if tallies.rows > tallies.resumed and not first:
            first = time.perf_counter() - started
            if args.stop_at_first:
                print(json.dumps({"first": first}), flush=True)
                os._exit(STOPPED)
        if args.stop and tallies.rows >= args.stop:
            os._exit(STOPPED)  # as a kill: nothing is put in order

    job_of = partial(Job, resume=True)
    what = Sharding([str(args.run / "in.jsonl")], f"{args.run}/out/", job_of, args.to, args.rows_per_shard)
    engine = _TimedEngine([ScriptedReader()])
    score_shards(what, lambda: engine, on_piece=note)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.perf_counter() - started
    found = {
        "seconds": seconds,
        "processor": time.process_time(),
        "reading": engine.seconds,
        "first": first,
        "mib": peak,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
