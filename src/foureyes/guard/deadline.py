"""Runs asynchronous work under a deadline that holds even where the work ignores being cancelled.

The rule that holds throughout: whoever waits is never held up by the work. Work that is not done in time is cancelled
and abandoned, whether or not it heeds the cancellation; what it comes to afterwards counts for nothing. A bug in it is
logged, by the class of the exception and where it was raised, without its message, which may quote a user's text.

All time is the running loop's, so a test can bring its own.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import traceback
from collections.abc import Collection, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from foureyes.errors import FoureyesError, ModelError

__all__ = ["DeadlineRunner", "TaskFailure", "log_bug", "log_failure", "wait_until", "wrap_uncancellable"]

_LOG = logging.getLogger("foureyes.guard")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """Stands in for the result of a task that was late, was cancelled or raised.

    Attributes:
        reason: why, in a few words.
    """

    reason: str


class DeadlineRunner:
    """Starts tasks, waits for them until a deadline, and cancels and abandons those that are not done by then.

    A reference to an abandoned task is kept until it has ended, so that none is destroyed half way. A task that ignores
    being cancelled is kept as long as it runs.
    """

    def __init__(self) -> None:
        self._abandoned: set[asyncio.Future[Any]] = set()

    @property
    def n_abandoned(self) -> int:
        """Number of tasks that were abandoned and have not ended."""
        return len(self._abandoned)

    def abandon(self, task: asyncio.Future[Any], what: str) -> None:
        """Cancels a task and forgets it as soon as it has ended; of one that has, only its exception is marked as seen."""
        if task.done():
            _ = task.cancelled() or task.exception()
            return
        task.cancel()
        self._abandoned.add(task)
        task.add_done_callback(lambda ended: self._ended(ended, what))

    async def wait_for(
        self, ends: float, work: Coroutine[Any, Any, T] | asyncio.Future[T], what: str
    ) -> asyncio.Future[T]:
        """Waits for work until the loop's clock shows ``ends``.

        Args:
            ends: loop time, seconds.
            work: what to wait for: a coroutine is started as a task.
            what: it is called in the log.

        Returns:
            The task or future: done, or abandoned, in which case it is being cancelled.
        """
        task = asyncio.ensure_future(work)
        try:
            await wait_until((task,), ends)
        finally:
            self.abandon(task, what)
        return task

    async def gather(self, ends: float, works: Sequence[Coroutine[Any, Any, T]], what: str) -> list[T | TaskFailure]:
        """Waits for several pieces of work at once, until the loop's clock shows ``ends``.

        Returns:
            What each came to, in order, or why nothing did: too late, a :class:`~foureyes.errors.ModelError`, a bug.
        """
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            if tasks:
                await wait_until(tasks, ends)
        finally:
            for task in tasks:
                self.abandon(task, what)
        return [_result_of(task, what) for task in tasks]

    def _ended(self, task: asyncio.Future[Any], what: str) -> None:
        self._abandoned.discard(task)
        if not task.cancelled() and not isinstance(error := task.exception(), FoureyesError | None):
            log_bug(error, what)


async def wait_until(
    tasks: Collection[asyncio.Future[Any]], ends: float, *, return_when: str = asyncio.ALL_COMPLETED
) -> None:
    """Waits for tasks, at the longest until the loop's clock shows ``ends``; cancels none of them.

    Args:
        tasks: at least one.
        ends: loop time, seconds.
        return_when: ``asyncio.ALL_COMPLETED`` or ``asyncio.FIRST_COMPLETED``.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout_at(ends):
            await asyncio.wait(tasks, return_when=return_when)


def wrap_uncancellable(work: concurrent.futures.Future[T]) -> asyncio.Future[T]:
    """Awaits what a thread is doing, without a way to cancel it.

    ``asyncio.wrap_future`` alone would: a caller who gives up must not cancel an entry of the ledger that others' entries
    may already stand on.
    """
    return asyncio.shield(asyncio.wrap_future(work))


def _result_of(task: asyncio.Task[T], what: str) -> T | TaskFailure:
    if not task.done():
        return TaskFailure("was not done in time")
    if task.cancelled():
        return TaskFailure("was cancelled")
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, ModelError):
        return TaskFailure(error.summary)
    log_bug(error, what)
    return TaskFailure(f"failed unexpectedly: {type(error).__name__}")


def log_bug(error: BaseException, what: str) -> None:
    """Logs an exception that nobody foresaw: its class and where it was raised, never its words, which may quote a text."""
    _log(logging.ERROR, error, f"{what} raised {type(error).__qualname__}, which is a bug")


def log_failure(error: BaseException, what: str) -> None:
    """Logs an exception that was foreseen, and that of which it came, as :func:`log_bug` does."""
    cause = "" if error.__cause__ is None else f", of {type(error.__cause__).__qualname__}"
    _log(logging.WARNING, error, f"{what} failed with {type(error).__qualname__}{cause}")


def _log(level: int, error: BaseException, said: str) -> None:
    if not _LOG.isEnabledFor(level):
        return  # drawing up the traceback is the expensive part
    where = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    _LOG.log(level, "%s; raised at:\n%s", said, where)
