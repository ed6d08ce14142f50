"""``foureyes score`` whose verifier says, in a folder, who reads, and waits, hangs, ends or fails when it is told to.

Reference: ``NAME:FOLDER``; ``smollm2-135m`` reads with its weights, every other name with a script. While the folder holds ``hold``, a reading
leaves ``reading-PID`` there, with the node or the device in it, and waits. An answer ``poison`` ends the process that reads it,
``crash`` raises what nobody foresaw, ``hang`` waits for an event that nobody sets, ``pause`` waits
while the folder holds that. Each opening leaves ``opened-PID`` with the device
in it; a device ``broken`` ends its process then, and one ``full`` cannot be opened.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import foureyes.batch.workers.worker
import foureyes.cli
import foureyes.cli.score.work
from foureyes.models import open_reader
from foureyes.models.roles import Reader
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Exchange, Reading, Unscored

REAL = "smollm2-135m"


class Watched:
    """Named by what it is to be: ``other-weights`` and ``other-version`` differ from worker to worker."""

    def __init__(self, reference: str, device: str | None = None) -> None:
        self.name, folder = reference.split(":")
        self._folder, self._device = Path(folder), device
        (self._folder / f"opened-{os.getpid()}").write_text(str(device))
        if device == "broken":
            os.kill(os.getpid(), signal.SIGKILL)
        if device == "full":
            raise RuntimeError("out of memory")
        if self.name == "other-version":
            vars(foureyes.batch.workers.worker)["__version__"] = "0.0.9"
        real = self.name == REAL
        self._reader: Reader = open_reader(REAL, device="cpu") if real else ScriptedReader(name=self.name)

    @property
    def fingerprint(self) -> str:
        return f"pid:{os.getpid()}" if self.name == "other-weights" else self._reader.fingerprint

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        if (self._folder / "hold").exists():
            writing = self._folder / f"writing-{os.getpid()}"
            writing.write_text(self._device or _node())
            writing.rename(self._folder / f"reading-{os.getpid()}")
        while (self._folder / "hold").exists():
            time.sleep(0.02)
        answers = {exchange.answer for exchange in exchanges}
        while "pause" in answers and (self._folder / "pause").exists():
            time.sleep(0.02)
        if "hang" in answers:
            threading.Event().wait()
        if "poison" in answers:
            os.kill(os.getpid(), signal.SIGKILL)
        if "crash" in answers:
            raise RuntimeError("of no kind that is known")
        return self._reader.read(exchanges, top_k=top_k)


def _node() -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id())


if __name__ == "__main__":
    foureyes.cli.score.work.run = lambda args, output: foureyes.cli.score.work.score(args, output, Watched)
    sys.exit(foureyes.cli.main(sys.argv[1:]))
