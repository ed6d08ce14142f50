"""Contenders side by side: one process each, loaded once, asked to read in turn, round after round.

This module and what it imports stay small, without torch: it runs in the process that starts all the others.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.contenders import RIVALS

__all__ = ["RunSetting", "TimedCell", "TimedTask", "Worker", "WorkerFailed", "asked", "run_cell", "started"]

ROOT: Final = Path(__file__).resolve().parent.parent

QUIET: Final = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
}

ONCE: Final = ("naive",)
"""Contenders that read in the first round only: slow, and no target depends on them."""


class WorkerFailed(Exception):
    """A process of ours ended without an answer."""


@dataclass(frozen=True, slots=True)
class RunSetting:
    """What is the same for all contenders of a run."""

    python: Path
    rivals_python: Path
    threads: int
    rounds: int
    scratch: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of every process that is started."""
        threads = str(self.threads)
        return {**os.environ, **QUIET, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}


@dataclass(frozen=True, slots=True)
class TimedTask:
    """What the contenders of one cell have to read; ``work`` as in :class:`TimedCell`."""

    model: str
    folder: Path
    dtype: str
    workload: str
    pairs: Path
    work: dict[str, int]


@dataclass(frozen=True, slots=True)
class TimedCell:
    """What came out of one task.

    Attributes:
        model, dtype, workload: the task.
        work: how much it is: pairs, tokens, answer_tokens, and flop by the formula of :mod:`bench.flop`.
        runs: by contender, one entry a round: seconds, cpu_seconds, reading_peak_bytes, rest_bytes (resident before it).
        notes: by contender: load_seconds, loading_peak_bytes (warming up included), and the settings it chose.
        likelihoods: by contender, ln p(answer | prompt) of every pair, or of the first few.
        failures: by contender, why it did not finish.
    """

    model: str
    dtype: str
    workload: str
    work: dict[str, int]
    runs: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    notes: dict[str, dict[str, Any]] = field(default_factory=dict)
    likelihoods: dict[str, list[float]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def column(self, contender: str, quantity: str) -> list[float]:
        """One quantity of one contender, round by round."""
        return [run[quantity] for run in self.runs.get(contender, [])]

    def peak(self, contender: str) -> list[float]:
        """The most that was ever resident, loading included; empty when the contender has not read."""
        peaks = self.column(contender, "reading_peak_bytes")
        return [max(*peaks, self.notes[contender]["loading_peak_bytes"])] if peaks else []

    def working(self, contender: str) -> list[float]:
        """What reading took on top of what is resident anyway: of the first round, which finds the most to allocate."""
        peaks = self.column(contender, "reading_peak_bytes")[:1]
        return [peak - rest for peak, rest in zip(peaks, self.column(contender, "rest_bytes"), strict=False)]


class Worker:
    """A contender's process; see :mod:`bench.worker`."""

    def __init__(self, name: str, process: subprocess.Popen[str], errors: Path) -> None:
        self._name = name
        self._process = process
        self._errors = errors

    def ask(self, command: str) -> dict[str, Any]:
        """Sends a command and waits for what comes of it."""
        if self._process.stdin and self._process.poll() is None:
            self._process.stdin.write(command + "\n")
            self._process.stdin.flush()
        return self.hear()

    def hear(self) -> dict[str, Any]:
        """The next line that the process says."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            status = self._process.wait()
            last = _last_line(self._errors.read_text(errors="replace"))
            raise WorkerFailed(f"{self._name} ended with status {status}: {last}")
        message: dict[str, Any] = json.loads(line)
        return message


@contextmanager
def started(name: str, task: TimedTask, setting: RunSetting, batch_size: int | None = None) -> Iterator[Worker]:
    """A contender's process, ended when the block is left."""
    python = setting.rivals_python if name in RIVALS else setting.python
    command = [str(python), "-m", "bench.worker", name, str(task.folder), str(task.pairs)]
    command += ["--dtype", task.dtype, "--threads", str(setting.threads)]
    command += ["--batch-size", str(batch_size)] if batch_size else []
    with tempfile.NamedTemporaryFile("w") as errors:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command, cwd=ROOT, env=setting.environment, stdin=pipe, stdout=pipe, stderr=errors, text=True
        )
        with process:  # leaving it closes the pipes, which ends the worker, and waits
            yield Worker(name, process, Path(errors.name))


def run_cell(task: TimedTask, contenders: Sequence[str], setting: RunSetting) -> TimedCell:
    """Has every contender read the task's pairs, in turn, in every round."""
    cell = TimedCell(task.model, task.dtype, task.workload, task.work)
    with ExitStack() as stack:
        workers = {}
        for name in contenders:
            with _noting_failure(cell, name):
                batch_size = _batch_size(name, task, setting, cell)
                workers[name] = stack.enter_context(started(name, task, setting, batch_size))
                cell.notes.setdefault(name, {}).update(workers[name].hear())
        for i in range(setting.rounds):
            for name in _rotated(list(contenders), i):
                if name not in cell.failures and (i == 0 or name not in ONCE):
                    with _noting_failure(cell, name):
                        _read_once(cell, name, workers[name])
    return cell


def _read_once(cell: TimedCell, name: str, worker: Worker) -> None:
    run = worker.ask("read")
    said = run.pop("read")
    cell.runs.setdefault(name, []).append(run)
    if name not in cell.likelihoods:
        cell.likelihoods[name] = worker.ask("likelihoods")["read"] if said is None else said


def _batch_size(name: str, task: TimedTask, setting: RunSetting, cell: TimedCell) -> int | None:
    """Of lm-eval, the one that is best for this task."""
    if name != "lm-eval":
        return None
    with started("lm-eval, batch sizes", task, setting) as worker:
        found = worker.hear()
    cell.notes[name] = {"seconds_by_batch_size": found["seconds_by_batch_size"]}
    return int(found["batch_size"])


@contextmanager
def _noting_failure(cell: TimedCell, name: str) -> Iterator[None]:
    try:
        yield
    except WorkerFailed as error:
        cell.failures[name] = str(error)
        cell.runs.pop(name, None)


def _rotated(names: list[str], by: int) -> list[str]:
    """Another one goes first every round."""
    by %= len(names)
    return names[by:] + names[:by]


def can_import(python: str | Path, module: str) -> bool:
    """Whether there is such a Python, and it has the module."""
    command = [str(python), "-c", f"import {module}"]
    return Path(python).exists() and not subprocess.run(command, capture_output=True, check=False).returncode


def asked(python: str | Path, module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Standard output of a module of ours, run to its end in a process of its own; of one thread if nothing else is said."""
    if environment is None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    command = [str(python), "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise WorkerFailed(f"{module} ended with status {done.returncode}: {_last_line(done.stderr)}")
    return done.stdout


def _last_line(errors: str) -> str:
    return (errors.strip().splitlines() or ["no message"])[-1]
