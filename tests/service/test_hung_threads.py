"""A process whose reader hangs in its thread for ever: it ends when it is told to all the same."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx

SERVED = """
import sys, threading
from pathlib import Path
from foureyes.service.running import listen, run
from tests.service import promised

class Hung(promised.ScriptedReader):
    def read(self, exchanges, *, top_k=0):
        threading.Event().wait()

promised.ScriptedReader = Hung
patient = promised.CONFIGURED + "deadline_s = 2.0\\nrecord_s = 0.5\\n"
house = promised.Serving(Path(sys.argv[1]), patient)
listening = listen("127.0.0.1", 0)
print(listening.getsockname()[1], house.key.presented, flush=True)
run(house.app, listening)
"""


def test_a_thread_that_hangs_does_not_keep_the_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port, key = process.stdout.readline().split()
            asked = {"prompt": "Capital of Australia?", "response": "Canberra"}
            url = f"http://127.0.0.1:{port}/v1/guard/verify"
            answer = httpx.post(url, json=asked, headers={"X-API-Key": key}, timeout=60).json()
            assert (answer["safe"], answer["votes"][0]["reason"]) == (False, "no vote before the deadline")
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=120) in (0, -signal.SIGTERM)
        finally:
            process.kill()
