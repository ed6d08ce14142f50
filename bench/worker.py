"""One contender in a process of its own, so that its peak memory is its own. Spoken to by :mod:`bench.session`.

``python -m bench.worker "foureyes" FOLDER PAIRS --dtype bfloat16`` loads, warms up and prints a line of JSON; then, for
every line on standard input, ``read`` or ``likelihoods``, it does that once and prints another. It ends with its input.
"""

from __future__ import annotations

import time

_BORN = time.perf_counter()

import argparse  # noqa: E402 - the clock runs before anything is imported
import json  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from bench.contenders import LOADERS  # noqa: E402
from bench.job import Contender, ContenderJob  # noqa: E402
from bench.pairs import TokenPair, load  # noqa: E402

__all__ = ["forget_peak", "resident_bytes"]

CHECKED = 16
"""Pairs whose likelihoods are asked for apart from the timed work, where that does not give them."""


def resident_bytes(line: str) -> int:
    """Memory of this process that is resident now (VmRSS) or was at most (VmHWM)."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says includes the process that this one was forked from
        found = next(found for found in status.read_text().splitlines() if found.startswith(f"{line}:"))
        return int(found.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def forget_peak() -> None:
    """Has VmHWM begin anew, so that what loading took is not held against reading; elsewhere than on Linux it goes on."""
    counters = Path("/proc/self/clear_refs")
    if counters.exists():
        counters.write_text("5", encoding="ascii")


def timed(contender: Contender, pairs: Sequence[TokenPair]) -> dict[str, Any]:
    """Reads the pairs once, against the clock."""
    rest = resident_bytes("VmRSS")
    forget_peak()
    before, start = os.times(), time.perf_counter()
    read = contender.read(pairs)
    seconds, after = time.perf_counter() - start, os.times()
    cpu = after.user + after.system - before.user - before.system
    peak = resident_bytes("VmHWM")
    return {"seconds": seconds, "cpu_seconds": cpu, "reading_peak_bytes": peak, "rest_bytes": rest, "read": read}


def say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contender", choices=LOADERS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--batch-size", type=int)
    args = parser.parse_args()
    import torch  # noqa: PLC0415 - counts as loading

    torch.set_num_threads(args.threads)
    pairs = load(args.pairs)
    contender = LOADERS[args.contender](ContenderJob(args.folder, args.dtype, args.batch_size))
    load_seconds = time.perf_counter() - _BORN
    notes = contender.prepare(pairs)
    say({"load_seconds": load_seconds, "loading_peak_bytes": resident_bytes("VmHWM"), **notes})
    for line in sys.stdin:
        checked = line.strip() == "likelihoods"
        say({"read": contender.likelihoods(pairs[:CHECKED])} if checked else timed(contender, pairs))


if __name__ == "__main__":
    main()
