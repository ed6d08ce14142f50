"""Label issues beside cleanlab: time, memory and whether the same rows are found. ``python -m bench.clean``.

Every contender runs in a process of its own, in turn, round after round, on the same files; ratios are taken within a
round. cleanlab lives in a virtual environment of its own (``--rivals PYTHON``); without it only foureyes is measured,
and a line says so. ``--mapped`` adds 1.28 million rows of 1 000 classes from a mapped file, 5 GB on disk.

``python -m bench.decisions`` runs this beside its siblings and writes the page.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.machine import memory
from bench.ratios import marginal, per_round
from bench.section import MIB, Aim, BenchSection, Grid, aims, at_least, at_most, steady, words
from bench.session import ROOT, asked, can_import

DEFAULT: Final = "default"
SHARED: Final = ("confident_learning", "prune_by_noise_rate", "predicted_neq_given")
OURS: Final = (sys.executable, "foureyes")
SIZES: Final = ((1_000_000, 10), (50_000, 1000))
GROWING: Final = (250_000, 500_000, 1_000_000, 2_000_000)
GROWTH_RUNS: Final = 3
MAPPED: Final = (1_280_000, 1000)

NO_RIVAL: Final = "cleanlab is not installed: foureyes is measured alone."
NOTES: Final = (
    (
        "The two are asked for the same method and return a mask, but for *default*: each one's own default, ours the pool, "
        "which flags other rows than cleanlab's. *Added* is what the call adds to a process that holds its "
        "data already, *whole* the process at its largest; both as foureyes ÷ cleanlab."
    ),
)
HEAD: Final = (
    "",
    "seconds",
    "cleanlab's",
    "× as fast",
    "memory added",
    "÷ cleanlab's",
    "whole, ÷ cleanlab's",
    "rows found",
)
LARGE_HEAD: Final = ("", "seconds", "the whole process at its largest")


@dataclass(frozen=True, slots=True)
class CleaningRun:
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
    found = section(args.rivals, args.rounds, mapped=args.mapped)
    print(f"{aims(found.aims)}\n\n{words(found)}")


def section(rivals: str, rounds: int, *, mapped: bool) -> BenchSection:
    """Measures everything."""
    rival = rivals if can_import(rivals, "cleanlab") else None
    wanted: list[Aim] = []
    grids: list[Grid] = []
    with tempfile.TemporaryDirectory() as temporary:
        for n, k in SIZES:
            folder = write(Path(temporary), n, k)
            raced = {what: race(folder, rival, what, rounds) for what in SHARED}
            raced |= {"mapped confident_learning": race(folder, rival, "mapped confident_learning", 1)}
            wanted += [aim for what in SHARED for aim in judged(f"{folder.name}, {what}", *raced[what])]
            raced |= {DEFAULT: race(folder, rival, DEFAULT, rounds)}
            wanted += judged(f"{folder.name}, {DEFAULT}", *raced[DEFAULT])[:2]
            grids.append(Grid(folder.name, HEAD, [line(what, *raced[what]) for what in raced]))
        wanted.append(steady("label issues, 10 classes: a row more costs, last step ÷ first", grown(Path(temporary))))
    if mapped:
        with tempfile.TemporaryDirectory() as temporary:
            large, rows = in_memory(write(Path(temporary), *MAPPED, dtype="float32"))
            wanted += large
            grids.append(Grid(f"{MAPPED[0]:,} × {MAPPED[1]} in single precision, from a mapped file", LARGE_HEAD, rows))
    return BenchSection("Label issues beside cleanlab", wanted, grids, NOTES if rival else (NO_RIVAL, *NOTES))


def race(folder: Path, rival: str | None, what: str, rounds: int) -> tuple[list[CleaningRun], list[CleaningRun]]:
    ours: list[CleaningRun] = []
    theirs: list[CleaningRun] = []
    for _ in range(rounds):
        ours.append(run(*OURS, what, folder))
        if rival:
            theirs.append(run(rival, "cleanlab", what, folder))
    print(f"bench: {folder.name}, {what}, {ours[-1].seconds:.2f} s", file=sys.stderr)
    return ours, theirs


def judged(name: str, ours: Sequence[CleaningRun], theirs: Sequence[CleaningRun]) -> list[Aim]:
    faster = per_round([r.seconds for r in theirs], [r.seconds for r in ours])
    added = per_round(*(bytes_of(runs, "added") for runs in (ours, theirs)))
    return [
        at_least(f"{name}: × as fast as cleanlab", 3, faster),
        at_most(f"{name}: memory added ÷ cleanlab's", 0.3, added),
        Aim(
            f"{name}: the same rows", "yes", found(ours, theirs), found(ours, theirs) == "the same" if theirs else None
        ),
    ]


def bytes_of(runs: Sequence[CleaningRun], which: str) -> list[int]:
    """Of every run, at least one MiB: less is not told apart."""
    return [max(getattr(once, which), MIB) for once in runs]


def found(ours: Sequence[CleaningRun], theirs: Sequence[CleaningRun]) -> str:
    if not theirs:
        return "not measured"
    return "the same" if {r.found for r in ours} == {r.found for r in theirs} else "OTHERS"


def line(what: str, ours: Sequence[CleaningRun], theirs: Sequence[CleaningRun]) -> list[str]:
    head = [what, f"{statistics.median(r.seconds for r in ours):.2f}"]
    added = f"{ours[0].added / MIB:,.0f} MiB"
    if not theirs:
        return [*head, "–", "–", added, "–", "–", "–"]
    faster = per_round([r.seconds for r in theirs], [r.seconds for r in ours])
    memory = [per_round(bytes_of(ours, m), bytes_of(theirs, m)) for m in ("added", "total")]
    rivals = f"{statistics.median(r.seconds for r in theirs):.2f}"
    same = "each its own" if what == DEFAULT else found(ours, theirs)
    return [*head, rivals, str(faster), added, *map(str, memory), same]


def grown(folder: Path) -> list[float]:
    """Processor seconds of one row more from each size to the next."""
    places = [write(folder, n, 10) for n in GROWING]
    taken = [min(run(*OURS, "confident_learning", place).cpu for _ in range(GROWTH_RUNS)) for place in places]
    return marginal(GROWING, taken)


def in_memory(folder: Path) -> tuple[list[Aim], list[list[str]]]:
    wanted, rows = [], []
    for what in ("confident_learning", DEFAULT):
        done = run(*OURS, f"mapped {what}", folder)
        print(f"bench: {folder.name}, mapped {what}, {done.seconds:.0f} s", file=sys.stderr)
        size = done.total / (1 << 30)
        wanted.append(Aim(f"{folder.name} mapped, {what}: the whole process", "≤ 4 GiB", f"{size:.2f} GiB", size <= 4))
        rows.append([what, f"{done.seconds:.0f}", f"{size:.2f} GiB"])
    return wanted, rows


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


def run(python: str, who: str, what: str, folder: Path) -> CleaningRun:
    return CleaningRun(**json.loads(asked(python, "bench.clean", "--worker", who, what, str(folder)).splitlines()[-1]))


def measured(who: str, what: str, folder: str) -> dict[str, Any]:
    """In the contender's own process: one call, timed."""
    find = (foureyes if who == "foureyes" else cleanlab)(what.removeprefix("mapped "))
    labels = np.load(Path(folder) / "labels.npy")
    probs = np.load(Path(folder) / "probs.npy", mmap_mode="r" if what.startswith("mapped") else None)
    before, start, busy = memory("VmRSS"), time.perf_counter(), time.process_time()
    mask = find(labels, probs)
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    peak = memory("VmHWM")
    found = hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()
    return {"seconds": seconds, "cpu": cpu, "added": peak - before, "total": peak, "found": found}


def foureyes(what: str) -> Callable[[Any, Any], Any]:
    from foureyes.cleaning.labels import find_label_issues  # noqa: PLC0415 - the rival's Python does not have it

    if what == DEFAULT:
        return lambda labels, probs: find_label_issues(labels, probs).mask
    return lambda labels, probs: find_label_issues(labels, probs, filter_by=what)  # type: ignore[call-overload]


def cleanlab(what: str) -> Callable[[Any, Any], Any]:
    from cleanlab.filter import find_label_issues  # noqa: PLC0415 - ours does not have it

    more = {} if what == DEFAULT else {"filter_by": what}
    return lambda labels, probs: find_label_issues(labels, probs, **more)


if __name__ == "__main__":
    main()
