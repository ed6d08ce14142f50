"""Group commit: one thread gathers the appends that are waiting and makes them durable together.

While one commit waits for the disk, the next appends queue up; the next commit takes them all. One sync of the disk then
serves many appends, and none waits for a timer. An append is acknowledged after the commit that holds it, never before.

The queue is bounded: when the disk cannot keep up, appending fails at once instead of eating memory.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Protocol

from foureyes.errors import InputError, LedgerError
from foureyes.ledger.entry import Draft, Receipt

__all__ = ["Commit", "Writer"]

_LARGEST_BATCH: Final = 1024


class Commit(Protocol):
    """Makes drafts durable, all or none; returns a receipt for each, or raises :class:`LedgerError`."""

    def __call__(self, drafts: Sequence[Draft], /) -> Sequence[Receipt]:
        """Returns after they are on the disk."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    draft: Draft
    receipt: Future[Receipt] = field(default_factory=Future)


class Writer:
    """One thread that commits, and the queue before it.

    Args:
        commit: called by that thread alone.
        queue: the most appends that may wait.

    Raises:
        InputError: the queue has no room at all.
    """

    def __init__(self, commit: Commit, *, queue: int) -> None:
        if queue < 1:
            raise InputError(f"a queue has room for at least one append; got {queue}")
        self._commit, self._room = commit, queue
        self._waiting: deque[_Waiting] = deque()
        self._taken: Sequence[_Waiting] = ()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="foureyes-ledger", daemon=True)
        self._thread.start()

    def submit(self, draft: Draft) -> Future[Receipt]:
        """Queues a draft. Any thread may call it.

        Raises:
            LedgerError: the writer is closed, or too many appends wait already; nothing was recorded.
        """
        waiting = _Waiting(draft)
        with self._changed:
            if self._closed:
                raise LedgerError("the ledger is closed: nothing can be appended to it")
            if len(self._waiting) >= self._room:
                raise LedgerError(f"the ledger cannot keep up: {self._room:,} appends wait for the disk already")
            self._waiting.append(waiting)
            self._changed.notify()
        return waiting.receipt

    def close(self) -> None:
        """Commits what is waiting and stops; returns when that is done."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            while batch := self._next():
                self._settle(batch)
        finally:
            self._give_up()

    def _next(self) -> list[_Waiting]:
        """Those to commit next; empty when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), _LARGEST_BATCH))]

    def _settle(self, batch: Sequence[_Waiting]) -> None:
        self._taken = [waiting for waiting in batch if waiting.receipt.set_running_or_notify_cancel()]
        if not self._taken:
            return
        try:
            receipts = self._commit([waiting.draft for waiting in self._taken])
        except LedgerError as error:
            _fail(self._taken, error)
        else:
            for waiting, receipt in zip(self._taken, receipts, strict=True):
                waiting.receipt.set_result(receipt)
        self._taken = ()

    def _give_up(self) -> None:
        """The thread is going: nobody is left waiting for it."""
        with self._changed:
            self._closed = True
            left = [waiting for waiting in self._waiting if waiting.receipt.set_running_or_notify_cancel()]
            self._waiting.clear()
        _fail((*self._taken, *left), LedgerError("the ledger's writer stopped before this was recorded"))


def _fail(waiting: Sequence[_Waiting], error: LedgerError) -> None:
    for each in waiting:
        each.receipt.set_exception(error)
