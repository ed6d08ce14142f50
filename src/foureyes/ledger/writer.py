"""Group commit: one thread gathers the appends that are waiting and makes them durable together.

While one commit waits for the disk, the next appends queue up; the next commit takes them all. One sync of the disk then
serves many appends. An append is acknowledged after the commit that holds it, never before.

Whoever was just answered often comes again at once, and would find a commit under way that left without it. So while
appends keep coming, a commit is put off for a few milliseconds at most, until those are back. An append that comes while
nobody else is there never waits for that.

The queue is bounded: when the disk cannot keep up, appending fails at once instead of eating memory.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from foureyes.errors import InputError, LedgerError
from foureyes.ledger.entry import Draft, Receipt

__all__ = ["Commit", "CommitThread"]

_LARGEST_BATCH: Final = 1024
_MANY: Final = 64
"""Appends that are not held up for one more: what a commit costs beside them is little by then."""


class Commit(Protocol):
    """Makes drafts durable, all or none; returns a receipt for each, or raises :class:`LedgerError`."""

    def __call__(self, drafts: Sequence[Draft], /) -> Sequence[Receipt]:
        """Returns after they are on the disk."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    draft: Draft
    receipt: Future[Receipt] = field(default_factory=Future)


class CommitThread:
    """One thread that commits, and the queue before it.

    Args:
        commit: called by that thread alone.
        queue: the most appends that may wait.
        gather_s: the longest a commit is put off for those who may join it, seconds.

    Raises:
        InputError: the queue has no room at all.
    """

    def __init__(self, commit: Commit, *, queue: int, gather_s: float = 0.01) -> None:
        if queue < 1:
            raise InputError(f"a queue has room for at least one append; got {queue}")
        self._commit, self._room, self._gather_s = commit, queue, gather_s
        self._waiting: deque[_Waiting] = deque()
        self._taken: Sequence[_Waiting] = ()
        self._changed = threading.Condition()
        self._enough = 1
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
            if len(self._waiting) == self._enough:  # before, the thread waits for more; beyond, it knows
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
            soon = 1
            while batch := self._next(soon):
                soon = self._settle(batch)
        finally:
            self._give_up()

    def _next(self, soon: int) -> list[_Waiting]:
        """Those to commit next; empty when there will be none."""
        with self._changed:
            if soon > 1:
                self._wait_for(min(soon, _MANY, self._room), self._gather_s)
            self._wait_for(1)
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), _LARGEST_BATCH))]

    def _wait_for(self, enough: int, at_most_s: float | None = None) -> None:
        self._enough = enough
        self._changed.wait_for(lambda: len(self._waiting) >= enough or self._closed, at_most_s)

    def _settle(self, batch: Sequence[_Waiting]) -> int:
        """Commits them and tells whoever waits; returns how many may soon be waiting, 1 if nobody came meanwhile."""
        self._taken = [waiting for waiting in batch if waiting.receipt.set_running_or_notify_cancel()]
        if not self._taken:
            return 1
        try:
            receipts = self._commit([waiting.draft for waiting in self._taken])
        except LedgerError as error:
            tell = partial(_fail, self._taken, error)
        else:
            tell = partial(_acknowledge, self._taken, receipts)
        answered, others = len(self._taken), len(self._waiting)  # before those who are told come again
        tell()
        self._taken = ()
        return answered + others if others else 1

    def _give_up(self) -> None:
        """The thread is going: nobody is left waiting for it."""
        with self._changed:
            self._closed = True
            left = [waiting for waiting in self._waiting if waiting.receipt.set_running_or_notify_cancel()]
            self._waiting.clear()
        _fail((*self._taken, *left), LedgerError("the ledger's writer stopped before this was recorded"))


def _acknowledge(waiting: Sequence[_Waiting], receipts: Sequence[Receipt]) -> None:
    for each, receipt in zip(waiting, receipts, strict=True):
        each.receipt.set_result(receipt)


def _fail(waiting: Sequence[_Waiting], error: LedgerError) -> None:
    for each in waiting:
        each.receipt.set_exception(error)
