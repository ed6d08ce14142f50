"""``foureyes score`` whose verifiers are scripted, as a process of its own, for tests to kill, starve and interrupt.

References: ``NAME`` reads at once, ``NAME:0.01`` takes that many seconds a window, ``NAME:dies:3`` is gone after three.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import foureyes.cli
import foureyes.cli.score.work
from foureyes.errors import ModelUnavailable
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Exchange, Reading, Unscored


class Reluctant(ScriptedReader):
    """Takes its time, and dies when its windows are up."""

    def __init__(self, reference: str, device: str | None = None) -> None:  # noqa: ARG002 - it needs none
        name, *manner = reference.split(":")
        super().__init__(name=name)
        self._left = int(manner[1]) if len(manner) == 2 else None
        self._seconds = float(manner[0]) if len(manner) == 1 else 0.0

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:
        if self._left == 0:
            raise ModelUnavailable(f"{self.name}: connection refused", model=self.name, retryable=True)
        self._left = None if self._left is None else self._left - 1
        time.sleep(self._seconds)
        return super().read(exchanges, top_k=top_k)


if __name__ == "__main__":
    foureyes.cli.score.work.run = lambda args, output: foureyes.cli.score.work.score(args, output, Reluctant)
    sys.exit(foureyes.cli.main(sys.argv[1:]))
