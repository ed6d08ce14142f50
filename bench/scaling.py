"""Files of growing size through ``foureyes score``, and the start of the command line.

Every run is a process of its own; the kernel says what it used. Time is compared by what one row more costs, so that
starting Python and loading the model cancel out.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["measure", "run_sizes", "start_up"]


def measure(command: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """Runs a command to its end. The caller must be smaller than what it runs: a child's peak begins with its parent's.

    Returns:
        ``seconds``, ``cpu_seconds``, ``peak_bytes`` and its standard output as ``said``.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    start = time.perf_counter()
    pipe = subprocess.PIPE
    process = subprocess.Popen(list(command), env=environment, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
    said = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.stdout:
        process.stdout.close()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * 1024,
        "said": said,
    }


def write_rows(path: Path, questions: Sequence[Mapping[str, str]], n: int, *, terse: bool) -> None:
    """Writes n rows, no two prompts alike; terse ones for a model that reads bytes."""
    with path.open("w", encoding="utf-8") as file:
        for i in range(n):
            question = questions[i % len(questions)]
            words = question["topic"] if terse else question["prompt"]
            answer = question["wrong" if i // len(questions) % 2 else "right"]
            row = {"prompt": f"{i}. {words}", "answer": answer[:8] if terse else answer}
            file.write(json.dumps(row) + "\n")


def run_sizes(
    command: Path, verifier: str, rows: Sequence[Path], sizes: Sequence[int], environment: Mapping[str, str]
) -> list[dict[str, Any]]:
    """``foureyes score`` over each file; ``reading_seconds`` is what it says itself, without loading the model."""
    runs = []
    for source, n in zip(rows, sizes, strict=True):
        out = source.with_suffix(".out.jsonl")
        arguments = ["score", str(source), "-o", str(out), "--verifier", verifier, "--force", "--quiet", "--json"]
        run = measure([str(command), *arguments], environment)
        summary = json.loads(run.pop("said"))["result"]
        runs.append({"rows": n, "reading_seconds": summary["seconds"], **run})
        out.unlink()
    return runs


def start_up(command: Path, n: int, environment: Mapping[str, str]) -> dict[str, Any]:
    """``foureyes --help``, n times after one that fills the file cache."""
    runs = [measure([str(command), "--help"], environment) for _ in range(n + 1)][1:]
    seconds, cpu = ([run[key] for run in runs] for key in ("seconds", "cpu_seconds"))
    return {
        "runs": n,
        "seconds": statistics.median(seconds),
        "low": min(seconds),
        "high": max(seconds),
        "cpu_seconds": statistics.median(cpu),
    }
