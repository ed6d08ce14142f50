"""``foureyes.compat.cleanlab`` beside cleanlab: time, memory and whether the answers are the same. ``python -m bench.compat``.

As in :mod:`bench.clean`, every contender runs in a process of its own, in turn, round after round, on the same files; ratios
are taken within a round. cleanlab lives in a virtual environment of its own (``--rivals PYTHON``; that of
``python -m tools.cleanlab_peer`` will do); without it only foureyes is measured, and a line says so.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.clean import HEAD, NO_RIVAL, CleaningRun, found, judged, line, write
from bench.machine import memory
from bench.section import Aim, BenchSection, Grid, aims, words
from bench.session import ROOT, asked, can_import

Call = Callable[[str, Any, Any], Any]

OURS: Final = (sys.executable, "foureyes.compat.cleanlab")
LISTS: Final = (100_000, 20)
SIZES: Final = ((1_000_000, 10), (50_000, 1000))
QUICK: Final = ((100_000, 10),)


def module(root: str, name: str) -> Any:
    return importlib.import_module(f"{root}.{name}")


CALLS: Final[dict[str, Call]] = {
    "find_label_issues": lambda root, y, p: module(root, "filter").find_label_issues(y, p),
    "find_label_issues, both, ranked": lambda root, y, p: module(root, "filter").find_label_issues(
        y, p, filter_by="both", return_indices_ranked_by="normalized_margin"
    ),
    "get_label_quality_scores, adjusted": lambda root, y, p: module(root, "rank").get_label_quality_scores(
        y, p, adjust_pred_probs=True
    ),
    "compute_confident_joint": lambda root, y, p: module(root, "count").compute_confident_joint(y, p),
}
LIST_CALLS: Final[dict[str, Call]] = {
    "lists, find_label_issues": lambda root, y, p: module(root, "multilabel_classification.filter").find_label_issues(
        lists(y, p.shape[1]), p
    ),
    "lists, get_label_quality_scores": lambda root, y, p: module(
        root, "multilabel_classification.rank"
    ).get_label_quality_scores(lists(y, p.shape[1]), p),
}


def lists(labels: Any, n_classes: int) -> list[list[int]]:
    """The label of every row, and of every third the next one too."""
    return [[y, (y + 1) % n_classes] if i % 3 == 0 else [y] for i, y in enumerate(labels.tolist())]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rivals", default=str(ROOT / ".rivals/bin/python"), help="a Python that has cleanlab 2.9")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", nargs=3, metavar=("ROOT", "WHAT", "FOLDER"), help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.worker:
        print(json.dumps(measured(*args.worker)))
        return
    made = section(args.rivals, args.rounds)
    print(f"{aims(made.aims)}\n\n{words(made)}")


def section(rivals: str, rounds: int, sizes: Sequence[tuple[int, int]] = SIZES) -> BenchSection:
    """Measures everything.

    Args:
        rivals: a Python that has cleanlab.
        rounds: of each race.
        sizes: rows and classes where every row has one label.
    """
    rival = rivals if can_import(rivals, "cleanlab") else None
    wanted: list[Aim] = []
    grids: list[Grid] = []
    with tempfile.TemporaryDirectory() as temporary:
        for n, k in (*sizes, LISTS):
            folder = write(Path(temporary), n, k)
            raced = {what: race(folder, rival, what, rounds) for what in (LIST_CALLS if (n, k) == LISTS else CALLS)}
            wanted += [aim for what in raced for aim in aimed(what, judged(f"{folder.name}, {what}", *raced[what]))]
            grids.append(Grid(folder.name, HEAD, [line(what, *raced[what]) for what in raced]))
    return BenchSection("cleanlab's calls beside cleanlab", wanted, grids, () if rival else (NO_RIVAL,))


def aimed(what: str, made: list[Aim]) -> list[Aim]:
    """All three aims for one label a row, no memory for several, and that the answers are equal for the rest."""
    fast, small, same = made
    if "find_label_issues" not in what:
        return [same]
    return [fast, same] if what in LIST_CALLS else [fast, small, same]


def race(folder: Path, rival: str | None, what: str, rounds: int) -> tuple[list[CleaningRun], list[CleaningRun]]:
    ours: list[CleaningRun] = []
    theirs: list[CleaningRun] = []
    for _ in range(rounds):
        ours.append(run(*OURS, what, folder))
        if rival:
            theirs.append(run(rival, "cleanlab", what, folder))
    print(f"bench: {folder.name}, {what}, {ours[-1].seconds:.2f} s, {found(ours, theirs)}", file=sys.stderr)
    return ours, theirs


def run(python: str, root: str, what: str, folder: Path) -> CleaningRun:
    said = asked(python, "bench.compat", "--worker", root, what, str(folder))
    return CleaningRun(**json.loads(said.splitlines()[-1]))


def measured(root: str, what: str, folder: str) -> dict[str, Any]:
    """In the contender's own process: one call, timed."""
    call = (CALLS | LIST_CALLS)[what]
    labels, probs = np.load(Path(folder) / "labels.npy"), np.load(Path(folder) / "probs.npy")
    for name in ("filter", "rank", "count", "multilabel_classification.filter", "multilabel_classification.rank"):
        module(root, name)
    before, start, busy = memory("VmRSS"), time.perf_counter(), time.process_time()
    answer = np.asarray(call(root, labels, probs))
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    peak = memory("VmHWM")
    text = answer if answer.dtype.kind in "biu" else answer.round(9) + 0.0
    return {
        "seconds": seconds,
        "cpu": cpu,
        "added": peak - before,
        "total": peak,
        "found": hashlib.sha256(text.tobytes()).hexdigest(),
    }


if __name__ == "__main__":
    main()
