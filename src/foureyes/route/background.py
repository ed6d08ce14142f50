"""Work that nobody waits for: it is kept until it has ended, and what it raises is logged."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from foureyes.errors import FoureyesError
from foureyes.guard.deadline import log_bug, log_failure

__all__ = ["Background"]


class Background:
    """Tasks that are under way."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None], what: str) -> None:
        """Starts work; what it raises is logged under this name."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._ended(ended, what))

    async def settled(self) -> None:
        """Waits until all is done."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def end(self, within_s: float) -> None:
        """Waits for so long, cancels what still runs, and waits until all is done, with what that started."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        for task in tuple(self._tasks):
            task.cancel()
        await self.settled()

    def _ended(self, task: asyncio.Task[None], what: str) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        log_failure(error, what) if isinstance(error, FoureyesError) else log_bug(error, what)
