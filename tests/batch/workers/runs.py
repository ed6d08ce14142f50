"""Runs of ``foureyes score`` with watched verifiers: each is a process of its own, as a user's is, and its workers are more of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from foureyes.batch.job import Job
from foureyes.batch.run import score_file
from foureyes.models.scripted import ScriptedReader

ROOT = Path(__file__).parents[3]
N_ROWS = 400
LONGEST = 600
"""Seconds of a wait that must be over long before."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    write(tmp_path, {})
    (tmp_path / "seen").mkdir()
    yield tmp_path
    for name in ("hold", "pause"):
        (tmp_path / "seen" / name).unlink(missing_ok=True)
    while RUNS:
        with RUNS.pop() as run:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)


def write(place: Path, answers: dict[int, str], n: int = N_ROWS) -> None:
    rows = [{"id": i, "prompt": f"q {i} " * 40, "answer": answers.get(i, f"a {i}")} for i in range(n)]
    (place / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


RUNS: list[subprocess.Popen[str]] = []
"""Of the test that is going on."""


def started(place: Path, *options: str, name: str = "x", out: str = "out.jsonl") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.batch.workers.watched_score", "score", "in.jsonl", "-o", out]
    settings = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "TMPDIR": str(place / "seen")}
    settings.pop("OMP_NUM_THREADS", None)  # as workers do
    run = subprocess.Popen(
        [*command, "--verifier", f"{name}:{place / 'seen'}", *options],
        cwd=place,
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    RUNS.append(run)
    return run


def finished(run: subprocess.Popen[str]) -> tuple[int, str]:
    _, told = run.communicate(timeout=LONGEST)
    return run.returncode, told


def until(run: subprocess.Popen[str], true: Callable[[], bool]) -> None:
    """Waits until something has happened, or the run has ended without."""
    latest = time.monotonic() + LONGEST
    while not true():
        assert run.poll() is None, run.communicate(timeout=LONGEST)[1]
        assert time.monotonic() < latest, "it did not happen"
        time.sleep(0.05)


def readings(place: Path) -> dict[str, int]:
    """Processes that are reading, by their nodes."""
    return {path.read_text(): int(path.name.split("-")[1]) for path in (place / "seen").glob("reading-*")}


def as_local(place: Path, name: str = "x") -> bytes:
    out = place / "local.jsonl"
    score_file(Job(place / "in.jsonl", out), lambda: [ScriptedReader(name=name)])
    return out.read_bytes()


def kept(place: Path) -> str:
    journal = place / "out.jsonl.part/journal"
    return journal.read_text() if journal.exists() else ""
