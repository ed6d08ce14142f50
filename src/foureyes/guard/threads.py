"""A few threads for work that blocks, and never more work handed to them than there may be of them.

Every tenant has threads of its own, so that the work of one cannot keep another waiting for a thread. Work that hangs keeps
its thread; callers wait for another one, in the order they came, and a caller who gives up leaves the queue. Nothing piles
up behind a thread, but where the system starts no further one: there work waits behind those that run, and still no more is
handed over than there may be threads. A process that ends does not wait for what hangs.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, TypeVar

__all__ = ["BoundedThreads", "DaemonThreads", "ThreadsClosed", "all_idle"]

T = TypeVar("T")

_TICK_S: Final = 0.02
_busy: Final[set[threading.Thread]] = set()
"""Threads that are at work now."""


class ThreadsClosed(Exception):
    """The threads were closed before the work began."""


class DaemonThreads:
    """At most so many threads that work off what they are handed; a process that ends does not wait for them.

    Python's own executor waits for its threads when the process ends, also for one that hangs.

    Args:
        n: how many, ≥ 1; they are started when they are needed.
        name: of the threads, for a debugger.

    Example:
        >>> DaemonThreads(1, name="sums").submit(lambda: 1 + 1).result()
        2
    """

    def __init__(self, n: int, *, name: str) -> None:
        self._n: Final = n
        self._name: Final = name
        self._started = 0
        self._work: Final[queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]] = queue.SimpleQueue()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """What the work will come to, in the first thread that is free; where the system starts no further one, of those there are.

        Raises:
            RuntimeError: there is none, and the system starts none; nothing was handed over.
        """
        if self._started < self._n:
            try:
                self._start_one()
            except RuntimeError:
                if self._started == 0:
                    raise
        future: Future[T] = Future()
        self._work.put((future, work))
        return future

    def _start_one(self) -> None:
        threading.Thread(target=_work_off, args=(self._work,), name=f"foureyes-{self._name}", daemon=True).start()
        self._started += 1

    def close(self) -> None:
        """Ends the threads once they have done what was handed to them before."""
        for _ in range(self._started):
            self._work.put(None)


def _work_off(handed: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]) -> None:
    while (one := handed.get()) is not None:
        future, work = one
        if future.set_running_or_notify_cancel():
            _busy.add(threading.current_thread())
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - whoever waits is told whatever it is
                future.set_exception(error)
            finally:
                _busy.discard(threading.current_thread())
        del one, future, work  # nothing is kept while nobody asks


def all_idle(within_s: float) -> bool:
    """Waits until no thread of this module is at work, for so long at most, and says whether that is so.

    Python ends while daemon threads run, and one that is then inside a library written in C++ may abort the process: whoever
    ends a process asks first, and leaves without Python's own ending (``os._exit``) where one goes on.
    """
    ends = time.monotonic() + within_s
    while _busy and time.monotonic() < ends:
        time.sleep(_TICK_S)
    return not _busy


class BoundedThreads:
    """Threads that are started when they are needed, and end with whoever holds this.

    Args:
        n: how many, ≥ 1.
        name: of the threads, for a debugger.

    Example:
        >>> asyncio.run(BoundedThreads(1, name="sums").do(lambda: 1 + 1))
        2
    """

    def __init__(self, n: int, *, name: str) -> None:
        self._threads: Final = DaemonThreads(n, name=name)
        self._free: Final = asyncio.Semaphore(n)
        self._closed = False

    def close(self) -> None:
        """Ends the threads as soon as they are free."""
        self._closed = True
        self._threads.close()

    async def do(self, work: Callable[[], T]) -> T:
        """What the work comes to in a thread, as soon as one is free.

        Raises:
            ThreadsClosed: nothing was begun.
            RuntimeError: there is no thread, and the system starts none; nothing was begun.
            Exception: what the work raises.
        """
        await self._free.acquire()
        if self._closed:
            self._free.release()
            raise ThreadsClosed("closed")
        loop = asyncio.get_running_loop()
        try:
            future = self._threads.submit(work)
        except RuntimeError:
            self._free.release()
            raise
        future.add_done_callback(lambda _: self._put_back(loop))
        return await asyncio.wrap_future(future)

    def _put_back(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called in the thread, when the work has really ended, however long its caller has been gone."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._free.release)
