"""What a folder of shards costs: time, memory and going on, by the number of rows, with a scripted reader.

What a row costs beside its reading (finding its answer in the input, keeping its result, writing it) is told apart: the share of it in a run is
this, divided by what a real verifier takes for a row.

::

    python -m bench.shards 250000 1000000 [--rows-per-shard 100000] [--to jsonl]

Every run is a process of its own, so its peak of memory is its own; then one is killed halfway, near the end of a shard, and what passes until the one that
goes on reads its first new row is the time of going on: the rows of that shard are written anew.
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
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from foureyes.batch.engine import LocalEngine
from foureyes.batch.job import Job
from foureyes.batch.pieces import RowPiece, ScoredPiece
from foureyes.batch.results import Tallies
from foureyes.batch.shards.run import Sharding, score_shards
from foureyes.models.scripted import ScriptedReader

STOPPED: Final = 9
"""Status of a run that was stopped halfway."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("rows", type=int, nargs="+")
    arguments.add_argument("--rows-per-shard", type=int, default=100_000)
    arguments.add_argument("--to", choices=("jsonl", "parquet"), default="jsonl")
    arguments.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    arguments.add_argument("--stop", type=int, default=0, help=argparse.SUPPRESS)
    args = arguments.parse_args()
    if args.run:
        _run(args)
        return
    for rows in args.rows:
        with tempfile.TemporaryDirectory() as folder:
            _measure(Path(folder), rows, args)


def _measure(folder: Path, rows: int, args: argparse.Namespace) -> None:
    with (folder / "in.jsonl").open("w") as file:
        for i in range(rows):
            row = {"id": i, "prompt": f"Question {i} of {rows}?", "answer": f"the answer of row {i}"}
            file.write(json.dumps(row) + "\n")
    whole = _process(folder, args)
    shutil.rmtree(folder / "out")
    _process(folder, args, "--stop", str(_late_in_shard(rows // 2, args.rows_per_shard)))
    on = _process(folder, args)
    beside = (whole["seconds"] - whole["reading"]) / rows * 1e6
    told = f"{rows:>12,} rows: {whole['seconds']:.1f} s, {rows / whole['seconds']:,.0f} rows/s, peak {whole['mib']:.0f} MiB"
    told += f", {beside:.0f} µs a row beside reading"
    print(f"{told}; killed at half, going on took {on['first']:.2f} s", flush=True)


def _late_in_shard(row: int, rows_per_shard: int) -> int:
    """A row before this one, at nine tenths of its shard."""
    whole = max(0, row - 1) // rows_per_shard * rows_per_shard
    return min(row, whole + rows_per_shard * 9 // 10)


def _process(folder: Path, args: argparse.Namespace, *more: str) -> dict[str, float]:
    options = ["--rows-per-shard", str(args.rows_per_shard), "--to", args.to, "--run", str(folder), *more]
    command = [sys.executable, "-m", "bench.shards", "0", *options]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode != (STOPPED if "--stop" in more else 0):
        raise SystemExit(said.stderr or f"bench: a run ended with {said.returncode}")
    found: dict[str, float] = json.loads(said.stdout or "{}")
    return found


class _TimedEngine(LocalEngine):
    """Notes how long it reads."""

    seconds = 0.0

    def read(self, found: Iterable[RowPiece], *, signals: Sequence[str], tokens: bool) -> Iterator[ScoredPiece]:
        for piece in found:
            started = time.perf_counter()
            [scored] = super().read([piece], signals=signals, tokens=tokens)
            self.seconds += time.perf_counter() - started
            yield scored


def _run(args: argparse.Namespace) -> None:
    started, first = time.perf_counter(), 0.0

    def note(tallies: Tallies, _rows: int | None) -> None:
        nonlocal first
        if tallies.rows > tallies.resumed and not first:
            first = time.perf_counter() - started
        if args.stop and tallies.rows >= args.stop:
            os._exit(STOPPED)  # as a kill: nothing is put in order

    job_of = partial(Job, resume=True)
    what = Sharding([str(args.run / "in.jsonl")], f"{args.run}/out/", job_of, args.to, args.rows_per_shard)
    engine = _TimedEngine([ScriptedReader()])
    score_shards(what, lambda: engine, on_piece=note)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "reading": engine.seconds, "first": first, "mib": peak}))


if __name__ == "__main__":
    main()
