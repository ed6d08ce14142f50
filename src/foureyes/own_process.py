"""Work in a process of its own: Python's lock is held by none of it, and it can be ended whatever it is doing.

The process gives way to every other, so what takes long keeps no processor from whoever else asks.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final

__all__ = ["OwnProcess", "ProcessGone", "WorkFailed"]

_START_S: Final = 60.0
_WAY: Final = 5  # of 19 that a process can give way


class ProcessGone(Exception):
    """The process is of no use any more: it ended, or took too long and was ended."""


class WorkFailed(Exception):
    """The work raised an exception, whose class this names. What it says may quote a text, and stays where it is."""


class OwnProcess:
    """Does one piece of work at a time in a process, which is started with the first of them, and again should it die.

    Args:
        make: makes what does the work, in the process; so it must be one that can be pickled, as must be what goes in and out.
        name: of the process.

    Example:
        >>> from functools import partial
        >>> process = OwnProcess(partial(partial, len), name="counts")
        >>> process.ask("four", 10.0)
        4
        >>> process.close()
    """

    def __init__(self, make: Callable[[], Callable[[Any], Any]], *, name: str) -> None:
        self._make, self._name = make, name
        self._turn = threading.Lock()
        self._child: _Child | None = None

    def ask(self, question: Any, seconds: float, *, wait_s: float = -1) -> Any:
        """What the work comes to.

        Args:
            question: what is worked on.
            seconds: most of them, after which the process is ended; its start is not counted.
            wait_s: most seconds to wait for a turn; -1 for as long as it takes.

        Raises:
            ProcessGone: it took too long, ended, or was busy all the time.
            WorkFailed: the work raised something.
        """
        if not self._turn.acquire(timeout=wait_s):
            raise ProcessGone(f"was not begun within {wait_s:.3g} s")
        try:
            if self._child is None:
                self._child = _Child(self._make, self._name)
            try:
                return self._child.ask(question, seconds)
            except WorkFailed:
                raise
            except BaseException:  # whatever it is, an answer that comes later must answer no other question
                self.close()
                raise
        finally:
            self._turn.release()

    def close(self) -> None:
        """Ends the process; what it works on then fails."""
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Child:
    """The process, and the way to it."""

    def __init__(self, make: Callable[[], Callable[[Any], Any]], name: str) -> None:
        context = get_context("spawn")  # a fork of a process with threads may never wake
        self._pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_work_for_ever, args=(make, theirs), name=name, daemon=True)
        self.process.start()
        theirs.close()
        self._is_ready = False

    def ask(self, question: Any, seconds: float) -> Any:
        try:
            if not self._is_ready:
                self._answer(_START_S)
                self._is_ready = True
            self._pipe.send(question)
            failed, found = self._answer(seconds)
        except (EOFError, OSError):
            raise ProcessGone("failed: its process ended") from None
        if failed:
            raise WorkFailed(found)
        return found

    def _answer(self, seconds: float) -> tuple[bool, Any]:
        if not self._pipe.poll(seconds):
            raise ProcessGone(f"took over {seconds:.3g} s: it was not done")
        answer: tuple[bool, Any] = self._pipe.recv()
        return answer

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self._pipe.close()


def _work_for_ever(make: Callable[[], Callable[[Any], Any]], pipe: Connection) -> None:
    """The process: answers to questions, until nobody is there any more."""
    with suppress(OSError):
        os.nice(_WAY)
    with suppress(EOFError, OSError, KeyboardInterrupt):
        work = make()
        pipe.send((False, None))
        while True:
            question = pipe.recv()
            try:
                answer = (False, work(question))
            except Exception as error:  # noqa: BLE001 - a bug fails the question; its message may quote it
                answer = (True, type(error).__name__)
            pipe.send(answer)
