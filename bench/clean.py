"""Label issues beside cleanlab: time, memory and whether the same rows are found. ``python -m bench.clean``.

Every contender runs in a process of its own, in turn, round after round, on the same files; ratios are taken within a
round. cleanlab lives in a virtual environment of its own (``--rivals PYTHON``); without it only foureyes is measured,
and a line says so. ``--mapped`` adds 1.28 million rows of 1 000 classes from a mapped file, 5 GB on disk.

Memory is what the call adds to a process that holds its data already, and also the whole process.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.ratios import per_round

ROOT: Final = Path(__file__).parents[1]
SHARED: Final = ("confident_learning", "prune_by_noise_rate", "predicted_neq_given")
OURS: Final = (sys.executable, "foureyes")
MIB: Final = 1 << 20
SIZES: Final = ((1_000_000, 10), (50_000, 1000))
GROWING: Final = (250_000, 500_000, 1_000_000, 2_000_000)
MAPPED: Final = (1_280_000, 1000)


@dataclass(frozen=True, slots=True)
class Run:
    """What one call took, and what it found."""

    seconds: float
    cpu: float
    added: int
    total: int
    found: str


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rivals", default=str(ROOT / ".rivals/bin/python"), help="a Python that has cleanlab 2.9")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mapped", action="store_true", help="also 1.28 M × 1000 from a mapped file")
    parser.add_argument("--worker", nargs=3, metavar=("WHO", "WHAT", "FOLDER"), help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.worker:
        print(json.dumps(measured(*args.worker)))
        return
    rival = args.rivals if has_cleanlab(args.rivals) else None
    if rival is None:
        print(f"cleanlab is not installed for {args.rivals}: measuring foureyes alone (--rivals PYTHON)")
    with tempfile.TemporaryDirectory() as temporary:
        for n, k in SIZES:
            folder = write(Path(temporary), n, k)
            compare(folder, rival, args.rounds)
        grow(Path(temporary), args.rounds)
        if args.mapped:
            report_mapped(write(Path(temporary), *MAPPED, dtype="float32"))


def compare(folder: Path, rival: str | None, rounds: int) -> None:
    print(f"\n{folder.name}")
    for what in SHARED:
        ours: list[Run] = []
        theirs: list[Run] = []
        for _ in range(rounds):
            ours.append(run(*OURS, what, folder))
            if rival:
                theirs.append(run(rival, "cleanlab", what, folder))
        print(f"  {what}: {summary(ours, theirs)}")
    if rival:
        what = "mapped confident_learning"
        print(f"  {what}: {summary([run(*OURS, what, folder)], [run(rival, 'cleanlab', what, folder)])}")
    print(f"  calibrated, no rival: {summary([run(*OURS, 'calibrated', folder)], [])}")


def summary(ours: Sequence[Run], theirs: Sequence[Run]) -> str:
    if not theirs:
        return f"{ours[0].seconds:.2f} s on this machine, {ours[0].added / MIB:.0f} MiB added"
    faster = per_round([r.seconds for r in theirs], [r.seconds for r in ours])
    added, total = (
        per_round([getattr(r, m) for r in ours], [getattr(r, m) for r in theirs]) for m in ("added", "total")
    )
    same = "the same rows" if {r.found for r in ours} == {r.found for r in theirs} else "OTHER ROWS"
    return f"{faster} × as fast as cleanlab, {added} × the memory added, {total} × the whole process, {same}"


def grow(folder: Path, rounds: int) -> None:
    """How time grows with rows: no faster, where the cost is linear."""
    places = [write(folder, n, 10) for n in GROWING]
    taken = [[run(*OURS, "confident_learning", place).cpu for _ in range(rounds)] for place in places]
    times = ", ".join(
        f"{n // GROWING[0]} × {per_round(each, taken[0])}" for n, each in zip(GROWING, taken, strict=True)
    )
    print(f"\nprocessor time against that of 250 k rows of 10 classes, for so many times the rows: {times}")


def report_mapped(folder: Path) -> None:
    for what in ("confident_learning", "calibrated"):
        done = run(*OURS, f"mapped {what}", folder)
        print(f"{folder.name} mapped, {what}: {done.total / (1 << 30):.2f} GiB at most, {done.seconds:.0f} s")


def write(folder: Path, n: int, k: int, dtype: str = "float64") -> Path:
    """Labels of which a tenth are wrong, and the probabilities of an expert that is often right."""
    place = folder / f"{n:,} × {k}"
    place.mkdir(exist_ok=True)
    if (place / "probs.npy").exists():
        return place
    rng = np.random.default_rng(n + k)
    truth = rng.integers(0, k, n)
    np.save(place / "labels.npy", np.where(rng.random(n) < 0.1, rng.integers(0, k, n), truth))
    probs = np.lib.format.open_memmap(place / "probs.npy", "w+", dtype, (n, k))
    for start in range(0, n, 10_000):
        rows = slice(start, min(start + 10_000, n))
        scores = rng.standard_normal((rows.stop - start, k), np.float32).astype(dtype)
        scores[np.arange(len(scores)), truth[rows]] += 4
        np.exp(scores, out=scores)
        probs[rows] = scores / scores.sum(axis=1, keepdims=True)
    probs.flush()
    return place


def has_cleanlab(python: str) -> bool:
    if not Path(python).exists():
        return False
    return subprocess.run([python, "-c", "import cleanlab"], capture_output=True, check=False).returncode == 0


def run(python: str, who: str, what: str, folder: Path) -> Run:
    command = [python, "-m", "bench.clean", "--worker", who, what, str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def measured(who: str, what: str, folder: str) -> dict[str, Any]:
    """In the contender's own process: one call, timed."""
    find = (foureyes if who == "foureyes" else cleanlab)(what.removeprefix("mapped "))
    labels = np.load(Path(folder) / "labels.npy")
    probs = np.load(Path(folder) / "probs.npy", mmap_mode="r" if what.startswith("mapped") else None)
    before, start, busy = status("VmRSS"), time.perf_counter(), time.process_time()
    mask = find(labels, probs)
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    peak = status("VmHWM")
    found = hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()
    return {"seconds": seconds, "cpu": cpu, "added": peak - before, "total": peak, "found": found}


def foureyes(what: str) -> Callable[[Any, Any], Any]:
    from foureyes.cleaning.labels import find_label_issues  # noqa: PLC0415 - the rival's Python does not have it

    if what == "calibrated":
        return lambda labels, probs: find_label_issues(labels, probs).mask
    return lambda labels, probs: find_label_issues(labels, probs, filter_by=what)  # type: ignore[call-overload]


def cleanlab(what: str) -> Callable[[Any, Any], Any]:
    from cleanlab.filter import find_label_issues  # noqa: PLC0415 - ours does not have it

    return lambda labels, probs: find_label_issues(labels, probs, filter_by=what)


def status(field: str) -> int:
    """Bytes this process has resident now (VmRSS) or had at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    main()
