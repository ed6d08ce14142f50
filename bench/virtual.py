"""An event loop with a clock of its own: it jumps to the next timer instead of waiting, so an hour takes microseconds.

Only for work that stays on the loop; what runs in a thread does not know this clock.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run"]

T = TypeVar("T")


class _Impatient(selectors.DefaultSelector):
    """Never waits; tells how long it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everything waits for something that will never happen")
        if not ready and timeout:
            self.skipped_s += timeout
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._impatient = _Impatient()
        super().__init__(self._impatient)

    def time(self) -> float:
        return self._impatient.skipped_s


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end on a loop with its own clock, which begins at 0."""
    with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
        return runner.run(work)
