"""A worker in a process of its own, asked over a pipe. Start at :class:`WorkerProcess`.

The process takes in what it is asked while it reads, so that whoever asks never waits for it, and ends at once when nobody can ask any more:
a run that is killed leaves none behind.
"""

from __future__ import annotations

import multiprocessing.process
import os
import pickle
import queue
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final

from foureyes.batch.workers.narrowing import Lost
from foureyes.batch.workers.worker import OpenReaders, ReadingWorker
from foureyes.errors import ConfigError

__all__ = ["WorkerCall", "WorkerProcess"]

_END_S: Final = 30.0
"""Seconds in which a process that was killed is gone."""

_PIPE_S: Final = 300.0
"""Seconds in which a process takes in what it is asked, or says all that it has begun to say: what it does meanwhile is no matter."""

_PENDING: Final = object()


class WorkerCall:
    """What a process was asked.

    Attributes:
        process: that was asked.
        answer: what it returned; a :class:`~foureyes.batch.workers.narrowing.Lost` where it ended before.
    """

    def __init__(self, process: WorkerProcess) -> None:
        self.process = process
        self.answer: Any = _PENDING

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return self.answer is not _PENDING


class WorkerProcess:
    """A process with a :class:`~foureyes.batch.workers.worker.ReadingWorker` in it.

    Args:
        open_readers: opens the verifiers, there: picklable.
        name: of the process.

    Attributes:
        pipe: can be read when there is news of the process.

    Raises:
        ConfigError: what opens the verifiers cannot be pickled.
    """

    def __init__(self, open_readers: OpenReaders, name: str) -> None:
        context = get_context("spawn")  # a fork of a process with threads may never wake, and devices survive none
        self.pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(target=_work, args=(open_readers, theirs), name=name, daemon=True)
        self._pending: deque[WorkerCall] = deque()
        with theirs, _keyboard_held():
            try:
                self._process.start()
            except (pickle.PicklingError, AttributeError, TypeError) as error:
                raise ConfigError(
                    f"what opens the verifiers must be a function that can be pickled: {error}"
                ) from error

    def ask(self, what: str, *args: Any, **options: Any) -> WorkerCall:
        """Calls a method of the worker."""
        call = WorkerCall(self)
        self._pending.append(call)
        with (
            suppress(OSError),
            self._ended_if_stuck(),
        ):  # it is gone, which is heard when what it said before was taken in
            self.pipe.send((what, args, options))
        return call

    def hear(self) -> None:
        """Takes one answer, or notes that there will be none any more."""
        try:
            with self._ended_if_stuck():
                answer = self.pipe.recv()
        except (EOFError, OSError):
            self._lose()
        else:
            self._pending.popleft().answer = answer

    def end(self) -> None:
        """Ends the process, whatever it is doing; one that the system cannot end is left to it."""
        self._process.kill()
        self._process.join(_END_S)
        if self._process.is_alive():  # its driver hangs; Python would wait for it at its own end, for ever
            # a private name, as there is no other way
            multiprocessing.process._children.discard(self._process)  # type: ignore[attr-defined]  # noqa: SLF001
        self.pipe.close()

    @contextmanager
    def _ended_if_stuck(self) -> Iterator[None]:
        """Kills a process that is stopped in the middle of a message, which closes its end of the pipe."""
        watch = threading.Timer(_PIPE_S, self._process.kill)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def _lose(self) -> None:
        self._process.kill()  # one that closed its pipe is of no use any more
        self._process.join(_END_S)
        while self._pending:
            self._pending.popleft().answer = Lost(_cause(self._process.exitcode))


def _cause(status: int | None) -> str:
    if status is None or status >= 0:
        return "its process ended"
    number = -status
    known = number in set(signal.Signals)
    return f"its process was ended by {signal.Signals(number).name if known else f'signal {number}'}"


@contextmanager
def _keyboard_held() -> Iterator[None]:
    """Keeps Ctrl-C, which goes to every process of a terminal, for the one that was there before: the others inherit this."""
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # or it would be started below, and let go of Ctrl-C
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(open_readers: OpenReaders, pipe: Connection) -> None:
    """The process: answers one question after the other."""
    _take_place()
    worker = ReadingWorker(open_readers)
    asked: queue.SimpleQueue[tuple[str, tuple[Any, ...], dict[str, Any]]] = queue.SimpleQueue()
    threading.Thread(target=_take_in, args=(pipe, asked), daemon=True).start()
    while True:
        what, args, options = asked.get()
        pipe.send(getattr(worker, what)(*args, **options))


def _take_place() -> None:
    """Leaves Ctrl-C to the run, though not by a way that programs started here would inherit, and standard output to the rows."""
    signal.signal(signal.SIGINT, lambda *_: None)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with suppress(OSError):
        os.dup2(2, 1)


def _take_in(pipe: Connection, asked: queue.SimpleQueue[tuple[str, tuple[Any, ...], dict[str, Any]]]) -> None:
    try:
        while True:
            asked.put(pipe.recv())
    finally:
        os._exit(1)  # nobody is there to hear an answer
