"""Waiting no longer than a deadline for work that may not keep to it.

The rule that holds throughout: whoever waits is never held up by the work. Work that is not done in time is cancelled
and let go of, whether or not it heeds the cancellation; what it comes to afterwards counts for nothing. A bug in it is
logged, by the class of the exception and where it was raised, without its message, which may quote a user's text.

All time is the running loop's, so a test can bring its own.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Coroutine
from typing import Any, TypeVar

from foureyes.errors import FoureyesError

__all__ = ["Patience", "blame"]

_LOG = logging.getLogger("foureyes.guard")

T = TypeVar("T")


class Patience:
    """Starts work, and lets go of it in time.

    A reference is kept to work let go of until it has ended, so that none is destroyed half way. Work that ignores
    being cancelled is kept as long as it runs.
    """

    def __init__(self) -> None:
        self._let_go: set[asyncio.Task[Any]] = set()

    @property
    def lingering(self) -> int:
        """Number of tasks that were let go of and have not ended."""
        return len(self._let_go)

    def let_go(self, task: asyncio.Task[Any], what: str) -> None:
        """Cancels a task and forgets it as soon as it has ended."""
        if task.done():
            return
        task.cancel()
        self._let_go.add(task)
        task.add_done_callback(lambda ended: self._ended(ended, what))

    async def within(self, ends: float, work: Coroutine[Any, Any, T], what: str) -> asyncio.Task[T]:
        """Waits for work until the loop's clock shows ``ends``.

        Args:
            ends: loop time, seconds.
            work: what to wait for.
            what: it is called in the log.

        Returns:
            The task: done, or let go of, in which case it is being cancelled.
        """
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task}, timeout=max(0.0, ends - asyncio.get_running_loop().time()))
        finally:
            self.let_go(task, what)
        return task

    def _ended(self, task: asyncio.Task[Any], what: str) -> None:
        self._let_go.discard(task)
        if not task.cancelled() and not isinstance(error := task.exception(), FoureyesError | None):
            blame(error, what)


def blame(error: BaseException, what: str) -> None:
    """Logs an exception that nobody foresaw."""
    where = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    _LOG.error("%s raised %s, which is a bug; raised at:\n%s", what, type(error).__qualname__, where)
