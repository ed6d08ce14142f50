"""Asynchronous requests for synchronous callers: an event loop in a thread of its own.

Readers and writers are synchronous, as the models that run in this process are; judges wait in an event loop. With this they
all send their requests through one client.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

__all__ = ["LoopThread"]

T = TypeVar("T")


class LoopThread:
    """An event loop that runs until it is closed, or nobody holds it any more.

    Example:
        >>> loop = LoopThread()
        >>> loop.run(asyncio.sleep(0, "slept"))
        'slept'
        >>> loop.close()
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_run, args=(self._loop,), name="foureyes-http", daemon=True)
        self._thread.start()
        self._stop = weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)
        self._entry = threading.Lock()
        self._is_closing = False

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work comes to. Any thread may ask; an interrupted one cancels its work."""
        with self._entry:  # what got in before closing began is cancelled then; what came after would wait for ever
            if self._is_closing:
                work.close()
                raise RuntimeError("the connections are closed")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        return self._result(future)

    def close(self, last: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Ends the thread, after some last work and with what is still under way cancelled; does nothing the second time."""
        with self._entry:
            if self._is_closing:
                return
            self._is_closing = True
        self._result(asyncio.run_coroutine_threadsafe(_cancelled(), self._loop))
        if last is not None:
            self._result(asyncio.run_coroutine_threadsafe(last(), self._loop))
        self._stop()
        self._thread.join()

    def _result(self, future: Future[T]) -> T:
        try:
            return future.result()
        except CancelledError as error:
            raise RuntimeError("the connections were closed") from error
        except BaseException:
            future.cancel()
            raise


async def _cancelled() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()
