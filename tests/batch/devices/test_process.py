"""A process that is stopped in the middle of a message, so that nobody else waits for it without end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys

import pytest

from foureyes.batch.devices import process
from foureyes.batch.devices.process import WorkerProcess
from foureyes.batch.workers.narrowing import Lost
from foureyes.types import Exchange


@pytest.mark.skipif(sys.platform == "win32", reason="a process is stopped by a signal")
def test_a_process_that_takes_nothing_in_is_ended_and_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_PIPE_S", 0.5)
    worker = WorkerProcess(list, "stopped")
    try:
        runs = worker.ask("ready")
        worker.pipe.poll(None)
        worker.hear()
        assert runs.answer is True
        os.kill(worker._process.pid or 0, signal.SIGSTOP)
        larger_than_a_pipe = Exchange("q" * (1 << 22), "a")
        asked = worker.ask("read", [larger_than_a_pipe], (), tokens=False)
        worker.hear()
        assert asked.answer == Lost("its process was ended by SIGKILL")
    finally:
        worker.end()


@pytest.mark.skipif(sys.platform == "win32", reason="a process is stopped by a signal")
def test_a_process_that_cannot_be_ended_is_not_waited_for_when_python_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_END_S", 0.1)
    worker = WorkerProcess(list, "stuck")
    child = worker._process
    try:
        os.kill(child.pid or 0, signal.SIGSTOP)
        monkeypatch.setattr(child, "kill", lambda: None)  # as one that waits for a driver does not hear it
        worker.end()
        assert child.is_alive()
        assert child not in multiprocessing.active_children()
    finally:
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
