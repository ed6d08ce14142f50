"""What can wait until an answer is sent: counting it, showing it, telling the monitor.

A few chores are done in every turn of the event loop, so they fill the time in which requests wait for verifiers and for
the disk, and never hold one up for long. Whoever reads what they write calls :meth:`Chores.finish` first. Their number is
bounded: beyond it, whoever adds one does the oldest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

__all__ = ["Chores"]

_A_TURN: Final = 16
_MOST: Final = 4096


class Chores:
    """Work in the order it came, done by one event loop.

    Args:
        on_error: told what a chore raised; the next one is done all the same.

    Example:
        >>> done: list[str] = []
        >>> chores = Chores(on_error=print)
        >>> chores.add(lambda: done.append("counted"))
        >>> chores.finish()
        >>> done
        ['counted']
    """

    def __init__(self, *, on_error: Callable[[Exception], None]) -> None:
        self._waiting: deque[Callable[[], object]] = deque()
        self._on_error = on_error
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, chore: Callable[[], object]) -> None:
        """Takes one on."""
        self._waiting.append(chore)
        if len(self._waiting) > _MOST:
            self._do_one()
        if (self._loop is None or self._loop.is_closed()) and (loop := _running()) is not None:
            self._loop = loop
            loop.call_soon(self._turn)

    def finish(self) -> None:
        """Does all that is waiting."""
        while self._waiting:
            self._do_one()

    def _turn(self) -> None:
        for _ in range(min(_A_TURN, len(self._waiting))):
            self._do_one()
        if self._waiting and self._loop is not None:
            self._loop.call_soon(self._turn)
        else:
            self._loop = None

    def _do_one(self) -> None:
        try:
            self._waiting.popleft()()
        except Exception as error:  # noqa: BLE001 - no chore's bug may reach the request that happens to do it
            self._on_error(error)


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
