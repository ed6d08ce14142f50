"""A process that is stopped in the middle of a message, so that nobody else waits for it without end."""

from __future__ import annotations

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
