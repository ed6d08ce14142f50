"""A few threads for work that blocks, and never more work handed to them than there are of them.

Every tenant has threads of its own, so that the work of one cannot keep another waiting for a thread. Work that hangs keeps
its thread; callers wait for another one, in the order they came, and a caller who gives up leaves the queue. Nothing piles
up behind a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

__all__ = ["BoundedThreads", "ThreadsClosed"]

T = TypeVar("T")


class ThreadsClosed(Exception):
    """The threads were closed before the work began."""


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
        self._threads: Final = ThreadPoolExecutor(n, thread_name_prefix=f"foureyes-{name}")
        self._free: Final = asyncio.Semaphore(n)
        self._closed = False

    def close(self) -> None:
        """Ends the threads as soon as they are free."""
        self._closed = True
        self._threads.shutdown(wait=False)

    async def do(self, work: Callable[[], T]) -> T:
        """What the work comes to in a thread, as soon as one is free.

        Raises:
            ThreadsClosed: nothing was begun.
            Exception: what the work raises.
        """
        await self._free.acquire()
        if self._closed:
            self._free.release()
            raise ThreadsClosed("closed")
        loop = asyncio.get_running_loop()
        future = self._threads.submit(work)
        future.add_done_callback(lambda _: self._put_back(loop))
        return await asyncio.wrap_future(future)

    def _put_back(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called in the thread, when the work has really ended, however long its caller has been gone."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._free.release)
