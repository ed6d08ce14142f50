"""Waiting no longer than a deadline for work that may not keep to it.

The rule that holds throughout: whoever waits is never held up by the work. Work that is not done in time is cancelled
and let go of, whether or not it heeds the cancellation; what it comes to afterwards counts for nothing. A bug in it is
logged, by the class of the exception and where it was raised, without its message, which may quote a user's text.

All time is the running loop's, so a test can bring its own.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import traceback
from collections import deque
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from foureyes.errors import FoureyesError, ModelError

__all__ = ["Missing", "Patience", "blame", "following", "settled"]

_LOG = logging.getLogger("foureyes.guard")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Missing:
    """Stands for work that came to nothing.

    Attributes:
        reason: why, in a few words.
    """

    reason: str


class Patience:
    """Starts work, and lets go of it in time.

    A reference is kept to work let go of until it has ended, so that none is destroyed half way. Work that ignores
    being cancelled is kept as long as it runs.
    """

    def __init__(self) -> None:
        self._let_go: set[asyncio.Future[Any]] = set()

    @property
    def lingering(self) -> int:
        """Number of tasks that were let go of and have not ended."""
        return len(self._let_go)

    def let_go(self, task: asyncio.Future[Any], what: str) -> None:
        """Cancels a task and forgets it as soon as it has ended; of one that has, only its exception is marked as seen."""
        if task.done():
            _ = task.cancelled() or task.exception()
            return
        task.cancel()
        self._let_go.add(task)
        task.add_done_callback(lambda ended: self._ended(ended, what))

    async def within(
        self, ends: float, work: Coroutine[Any, Any, T] | asyncio.Future[T], what: str
    ) -> asyncio.Future[T]:
        """Waits for work until the loop's clock shows ``ends``.

        Args:
            ends: loop time, seconds.
            work: what to wait for: a coroutine is started as a task.
            what: it is called in the log.

        Returns:
            The task or future: done, or let go of, in which case it is being cancelled.
        """
        task = asyncio.ensure_future(work)
        try:
            await settled((task,), ends)
        finally:
            self.let_go(task, what)
        return task

    async def gathered(self, ends: float, works: Sequence[Coroutine[Any, Any, T]], what: str) -> list[T | Missing]:
        """Waits for several pieces of work at once, until the loop's clock shows ``ends``.

        Returns:
            What each came to, in order, or why nothing did: too late, a :class:`~foureyes.errors.ModelError`, a bug.
        """
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            if tasks:
                await settled(tasks, ends)
        finally:
            for task in tasks:
                self.let_go(task, what)
        return [_came_to(task, what) for task in tasks]

    def _ended(self, task: asyncio.Future[Any], what: str) -> None:
        self._let_go.discard(task)
        if not task.cancelled() and not isinstance(error := task.exception(), FoureyesError | None):
            blame(error, what)


async def settled(tasks: Collection[asyncio.Future[Any]], ends: float, *, n: int | None = None) -> None:
    """Returns when so many of the tasks are done, or when the loop's clock shows ``ends``; cancels none.

    What ``asyncio.wait`` does, without the sets it makes of them: every verification waits twice.

    Args:
        tasks: some.
        ends: loop time, seconds.
        n: how many are waited for; ``None`` for all.
    """
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    missing = len(tasks) if n is None else n

    def another(_: asyncio.Future[Any]) -> None:
        nonlocal missing
        missing -= 1
        if not missing:
            _end(over)

    for task in tasks:
        task.add_done_callback(another)
    timer = loop.call_at(ends, _end, over)
    try:
        await over
    finally:
        timer.cancel()


def following(work: concurrent.futures.Future[T]) -> asyncio.Future[T]:
    """Awaits what a thread is doing without a way to cancel it.

    ``asyncio.wrap_future`` would: a caller who gives up must not cancel an entry of the ledger that others' entries may
    already stand on.
    """
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[T] = loop.create_future()
    if (post := _POSTS.get(loop)) is None:
        post = _POSTS[loop] = _Post()
    work.add_done_callback(lambda done: post.bring(loop, waiter, done))
    return waiter


class _Post:
    """What threads have done for one event loop, handed over together.

    A commit of the ledger ends many waits at once. Waking the loop for each would have the two threads change places as
    often; it is woken for the first, and finds the others.
    """

    def __init__(self) -> None:
        self._brought: deque[tuple[asyncio.Future[Any], concurrent.futures.Future[Any]]] = deque()
        self._called = False

    def bring(
        self, loop: asyncio.AbstractEventLoop, waiter: asyncio.Future[T], done: concurrent.futures.Future[T]
    ) -> None:
        """Called from any thread."""
        self._brought.append((waiter, done))
        if not self._called and not loop.is_closed():  # once it is, nobody waits any more
            self._called = True
            loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        self._called = False  # first: what is brought from here on is found below, or calls again
        while self._brought:
            _settle(*self._brought.popleft())


_POSTS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _Post]] = WeakKeyDictionary()


def _end(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)


def _settle(waiter: asyncio.Future[T], done: concurrent.futures.Future[T]) -> None:
    if waiter.done():  # its caller gave up
        return
    if done.cancelled():
        waiter.cancel()
    elif (error := done.exception()) is not None:
        waiter.set_exception(error)
    else:
        waiter.set_result(done.result())


def _came_to(task: asyncio.Task[T], what: str) -> T | Missing:
    if not task.done():
        return Missing("was not done in time")
    if task.cancelled():
        return Missing("was cancelled")
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, ModelError):
        return Missing(str(error))
    blame(error, what)
    return Missing(f"failed unexpectedly: {type(error).__name__}")


def blame(error: BaseException, what: str) -> None:
    """Logs an exception that nobody foresaw."""
    if not _LOG.isEnabledFor(logging.ERROR):
        return  # drawing up the traceback is the expensive part
    where = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    _LOG.error("%s raised %s, which is a bug; raised at:\n%s", what, type(error).__qualname__, where)
