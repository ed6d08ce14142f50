"""The protocol of a log's storage. A store keeps bytes and decides nothing.

A store holds three things, none of which is ever changed once written, and one that is:

* *entries*, numbered from 0;
* *nodes*, the roots of full tiles of the tree (see :mod:`foureyes.maths.merkle`), so that proofs need not hash it all;
* *checkpoints* that were given to somebody, or that stand at every thousandth entry or so;
* the *head*: the newest signed checkpoint, replaced in the same transaction as entries are added. A log therefore always
  ends at a signature, and an entry that no checkpoint covers is an intruder.

Whoever may write to the place could write anything into it. That is for :mod:`foureyes.ledger.audit` to find out.
Failures come as :class:`~foureyes.errors.LedgerError`; :class:`~foureyes.errors.LedgerConflict` if the same may succeed
when tried again, because somebody else was writing.

Implementations: :mod:`foureyes.ledger.sqlite`, :mod:`foureyes.ledger.postgres`; an export can be read like one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from foureyes.maths.merkle import Node

__all__ = ["Extension", "ReadableStore", "Store", "Transaction", "View"]


@dataclass(frozen=True, slots=True)
class Extension:
    """What one commit adds to a log: entries, tree nodes and a checkpoint.

    Attributes:
        first: index of the first new entry.
        entries: the new entries.
        nodes: the tiles they completed.
        head: the checkpoint over everything up to the last of them.
        keep: whether this checkpoint stays when the next one comes.
    """

    first: int
    entries: Sequence[bytes]
    nodes: Sequence[Node]
    head: str
    keep: bool


class View(Protocol):
    """A consistent view of a log at one moment, however much is appended meanwhile."""

    def head(self) -> str | None:
        """The newest checkpoint; ``None`` where no log was begun."""
        ...

    def checkpoints(self) -> Iterator[str]:
        """Those that were kept, the smallest first."""
        ...

    def entries(self, start: int, stop: int | None = None) -> Iterator[bytes]:
        """Entries start..stop-1, or to the last one, in order; never more than a few in memory."""
        ...

    def nodes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Roots start..stop-1 of full subtrees of 256 ** level leaves, level ≥ 1, in order."""
        ...


class Transaction(View, Protocol):
    """A view that nobody else can change, and that one can add to. Nothing is kept unless it ends without an error."""

    def extend(self, extension: Extension) -> None:
        """Adds entries, nodes and the head; begins the log if there was none."""
        ...

    def keep(self, note: str, size: int) -> None:
        """Keeps a checkpoint."""
        ...


class ReadableStore(Protocol):
    """A log that can be read."""

    def snapshot(self) -> AbstractContextManager[View]:
        """Opens a view. Any thread may have as many as it likes."""
        ...

    def read_witness(self) -> str | None:
        """The newest checkpoint as it was noted apart from the log; ``None`` where none is kept."""
        ...

    def close(self) -> None:
        """Lets go of it."""
        ...


class Store(ReadableStore, Protocol):
    """Protocol of a place that keeps a log and can add to it, such as SQLite or PostgreSQL."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Waits until nobody else writes, in this process or another; leaving it makes what was added durable."""
        ...

    def write_witness(self, note: str) -> None:
        """Notes a checkpoint apart from the log, where the store has a place for that."""
        ...
