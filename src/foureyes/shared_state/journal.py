"""What stands in a tenant's journal, and what is read and added together. Start at :class:`Journaled`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = [
    "KEPT_BYTES",
    "KEPT_EVENTS",
    "EventBatch",
    "JournalTail",
    "Journaled",
    "LoadedJournal",
    "Place",
    "StoreTurn",
]

KEPT_EVENTS: Final = 10_000
"""Events that stay in the journal although a snapshot holds what they led to: verifications among them are remembered one by one, as
their outcome may still come, and no others are."""

KEPT_BYTES: Final = 1 << 27
"""Bytes of them, at most: where events are large, fewer stay."""


@dataclass(frozen=True, slots=True)
class Journaled:
    """An event as it stands in a journal.

    Attributes:
        number: its place, from 1.
        at: when it was added, by the server, seconds since 1970.
        event: its bytes.
    """

    number: int
    at: float
    event: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """How far somebody knows a journal.

    Attributes:
        number: of the last event; 0 before the first.
        at: when that was added.
    """

    number: int = 0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class LoadedJournal:
    """A tenant as a new replica finds it.

    Attributes:
        number: of the last event that the snapshot holds; 0 where there is no snapshot.
        document: the snapshot; ``None`` where there is none.
        events: those of the last :data:`KEPT_EVENTS` and :data:`KEPT_BYTES` that it holds, and all that follow it.
    """

    number: int
    document: str | None
    events: Sequence[Journaled]


@dataclass(frozen=True, slots=True)
class JournalTail:
    """What follows a place in a journal.

    Attributes:
        continues: whether the journal still goes on from that place; otherwise the tenant has to be loaded anew.
        events: what follows, at most a page of it.
        head: number of the last event.
    """

    continues: bool
    events: Sequence[Journaled]
    head: int


@dataclass(slots=True)
class EventBatch:
    """Events that are added together, once, however often that is tried.

    Attributes:
        events: no two of all times have the same bytes.
        placed: where the first was put by an attempt whose commit nobody answered; ``None`` where there was none.
    """

    events: Sequence[bytes]
    placed: int | None = None


@dataclass(frozen=True, slots=True)
class StoreTurn:
    """What a turn came to.

    Attributes:
        followed: what others had added before.
        first: place of the first event that was added.
        unkept: bytes of the events that follow the snapshot, those that were added among them.
    """

    followed: JournalTail
    first: Place
    unkept: int
