"""A journal of each tenant's events and what was used of its allowance, in PostgreSQL.

What a replica does there:

1. :meth:`SharedStore.load` a tenant once: the newest snapshot, and the events since;
2. :meth:`SharedStore.follow` it: the events after the last one it knows;
3. take a :meth:`SharedStore.turn`: follow, use the allowance, and add events, in one transaction under the tenant's lock;
4. now and then :meth:`SharedStore.keep` a snapshot, and forget the events that nobody needs beside it.

A turn that got no answer to its commit is looked for in the next one. Everything is bounded in time by the session's limits, and
a replica that stops within a transaction loses its connection, and so its lock. A server that does not sync to disk is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from foureyes.errors import ConfigError, StateError
from foureyes.shared_state import schema

try:
    import psycopg
except ModuleNotFoundError as missing:
    raise ConfigError("a shared state needs psycopg: pip install 'foureyes[postgres]'") from missing

from foureyes.postgres.connections import Connections
from foureyes.postgres.place import PostgresPlace
from foureyes.shared_state.journal import (
    KEPT_BYTES,
    KEPT_EVENTS,
    EventBatch,
    Journaled,
    JournalTail,
    LoadedJournal,
    Place,
    StoreTurn,
)

__all__ = ["Overdue", "SharedStore", "Unanswered", "Unkept", "UseAllowance"]

_PAGE: Final = 2_000
_PAGE_BYTES: Final = 1 << 23
"""Events that are read at once, and their bytes beside the first."""

_MOST_UNKEPT: Final = 100_000
_MOST_UNKEPT_BYTES: Final = 1 << 28
"""Events that may follow a snapshot, and their bytes; where no snapshot can be kept, nothing further is added."""

_KEPT_OPEN: Final = 4

_SESSION: Final = """
SET lock_timeout = '2s'; SET statement_timeout = '10s'; SET idle_in_transaction_session_timeout = '4s';
SET synchronous_commit = on
"""

UseAllowance: TypeAlias = Callable[[str, float, float], str]
"""What is used of an allowance afterwards: by what was used before (empty at first), the clock, and the time of day."""


class Unanswered(StateError):
    """Nobody can tell any more whether a batch was added. It is not to be tried again."""


class Overdue(StateError):
    """The server was reached, and did not get done in time what it was asked."""


class Unkept(StateError):
    """Nothing is added any more: too much follows the last snapshot. A newer one is wanted first."""


class SharedStore:
    """What replicas share, in three tables in the first schema of the URL's path. Any number of threads may use it.

    Args:
        url: such as ``postgresql://user@host/database``; ``options=-csearch_path%3Dshared`` in it chooses a schema.
        answer_s: most seconds that a request should wait for it at a time; for whoever waits.

    Attributes:
        place: of the database, without a password.
        answer_s: as given.

    Raises:
        InputError: this is no such URL.
        ConfigError: the server does not sync to disk.
        StateError: it cannot be reached, or the tables cannot be made.
    """

    def __init__(self, url: str, *, answer_s: float = 2.0) -> None:
        self.answer_s: Final = answer_s
        self.place: Final = PostgresPlace.of(url, application_name="foureyes state", connect_timeout=2)
        self._connections: Final = Connections(self.place, keep=_KEPT_OPEN, prepare=_set_up)
        with self._lent() as connection:
            if connection.execute("SHOW fsync").fetchone() != ("on",):
                raise ConfigError(f"{self.place} runs with fsync off: what it commits is not durable")
            if connection.execute(schema.EXISTS).fetchone() != (True,):
                with connection.transaction():
                    connection.execute(schema.CREATE)

    def load(self, tenant: str) -> LoadedJournal:
        """A tenant as it stands, begun where there was none.

        Raises:
            StateError: it cannot be read, or its snapshot and its events are not one journal.
        """
        with self._lent() as connection:
            connection.execute(schema.OPEN, (tenant,))
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                head = connection.execute(schema.HEAD, (tenant,)).fetchone()
                snapshot = connection.execute(schema.SNAPSHOT, (tenant,)).fetchone()
                number, document = snapshot or (0, None)
                rows = self._all_rows(connection, tenant, number - KEPT_EVENTS)
        numbers = [row[0] for row in rows]
        first = numbers[0] if numbers else 1
        if head is None or not first - 1 <= number <= head[0] or numbers != list(range(first, head[0] + 1)):
            raise StateError(f"{self.place}: the snapshot and the events of {tenant} are not one journal")
        return LoadedJournal(number, document, [Journaled(*row) for row in rows])

    def follow(self, tenant: str, known: Place) -> JournalTail:
        """What follows a place, as far as it is committed.

        Raises:
            StateError: it cannot be read.
        """
        with self._lent() as connection:
            return _followed(self._rows(connection, tenant, known), known)[1]

    def heads(self) -> dict[str, int]:
        """The number of each tenant's last event.

        Raises:
            StateError: they cannot be read.
        """
        with self._lent() as connection:
            return dict(connection.execute(schema.HEADS).fetchall())

    def turn(self, tenant: str, known: Place, batch: EventBatch, use: UseAllowance | None = None) -> StoreTurn:
        """Follows a tenant, uses its allowance and adds events, all or nothing, while nobody else does.

        Args:
            tenant: whose turn.
            known: how far its journal is known.
            batch: what is added; an earlier attempt at the same may have succeeded without an answer.
            use: what is used of the allowance; ``None`` for nothing.

        Raises:
            Unanswered: an earlier attempt may have added the batch, and that can no longer be told.
            Unkept: too much follows the last snapshot. Nothing was done.
            StateError: it did not work, or did without an answer; the allowance may be used all the same.
            Exception: what ``use`` raises. Nothing was done.
        """
        with self._lent() as connection, connection.transaction():
            row = connection.execute(schema.LOCK, (tenant,)).fetchone()
            if row is None:
                raise StateError(f"{self.place} has no row for the tenant {tenant}")
            head, size, kept, kept_size, allowance, wall, clock = row
            now, followed = _followed(self._rows(connection, tenant, known), known)
            stood = self._standing(connection, tenant, batch, head)
            adding = batch.events if stood is None else ()
            if adding and (head - kept >= _MOST_UNKEPT or size - kept_size >= _MOST_UNKEPT_BYTES):
                raise Unkept(_too_much(self.place, tenant, head - kept, size - kept_size))
            clock += max(0.0, now - wall)
            used = allowance if use is None else use(allowance, clock, now)
            grown = size + sum(map(len, adding))
            connection.execute(schema.SET, (head + len(adding), grown, used, now, clock, tenant))
            if adding:
                batch.placed = head + 1
                what = {"tenant": tenant, "first": head + 1, "at": now, "size": size, "events": list(adding)}
                connection.execute(schema.ADD, what)
        return StoreTurn(followed, stood or Place(head + 1, now), grown - kept_size)

    def keep(self, tenant: str, number: int, document: str) -> None:
        """Keeps a snapshot unless there is a newer one, and forgets events that it makes superfluous.

        Args:
            tenant: whose.
            number: of the last event that it holds.
            document: what that led to.

        Raises:
            StateError: it cannot be kept; the one before still is.
        """
        with self._lent() as connection, connection.transaction():
            if connection.execute(schema.KEEP, (tenant, number, document)).rowcount:
                what = {"tenant": tenant, "number": number, "events": KEPT_EVENTS, "bytes": KEPT_BYTES}
                connection.execute(schema.FORGET, what)
                connection.execute(schema.NOTE_KEPT, what)  # last, as it takes the tenant's lock

    def close(self) -> None:
        """Closes the connections."""
        self._connections.close()

    @contextmanager
    def _lent(self) -> Iterator[psycopg.Connection]:
        """A connection; psycopg's errors become ours. Its messages tell of hosts and users, never of a password."""
        try:
            with self._connections.lent() as connection:
                yield connection
        except psycopg.errors.QueryCanceled as error:
            raise Overdue(f"{self.place}: {' '.join(str(error).split())}") from error
        except psycopg.Error as error:
            raise StateError(f"{self.place}: {' '.join(str(error).split())}") from error

    def _rows(self, connection: psycopg.Connection, tenant: str, known: Place) -> list[Any]:
        what = {"tenant": tenant, "number": known.number, "most": _PAGE, "bytes": _PAGE_BYTES}
        rows = connection.execute(schema.FOLLOW, what, binary=True).fetchall()
        if not rows:
            raise StateError(f"{self.place} has no row for the tenant {tenant}")
        return rows

    def _all_rows(self, connection: psycopg.Connection, tenant: str, number: int) -> list[Any]:
        """The events after one, page by page: a page goes over a slow line within a statement's time, all of them may not."""
        rows: list[Any] = []
        what = {"tenant": tenant, "number": number, "most": _PAGE, "bytes": _PAGE_BYTES}
        while page := connection.execute(schema.LOAD, what, binary=True).fetchall():
            rows += page
            what["number"] = page[-1][0]
        return rows

    def _standing(self, connection: psycopg.Connection, tenant: str, batch: EventBatch, head: int) -> Place | None:
        """Where an attempt that got no answer added the batch; ``None`` where it did not."""
        if batch.placed is None or batch.placed > head:
            return None
        row = connection.execute(schema.STANDS, (tenant, batch.placed), binary=True).fetchone()
        if row is None:
            raise Unanswered(
                f"{self.place}: nobody answered whether events of {tenant} were added, and their place is gone"
            )
        return Place(batch.placed, row[0]) if row[1] == batch.events[0] else None


def _set_up(connection: psycopg.Connection) -> None:
    connection.execute(_SESSION)


def _followed(rows: Sequence[Sequence[Any]], known: Place) -> tuple[float, JournalTail]:
    """The server's time, and what follows; a journal that forgot the known place, or holds something else there, does not continue."""
    now, head, at = rows[0][:3]
    events = [Journaled(*row[3:]) for row in rows if row[3] is not None]
    first = events[0].number if events else head + 1
    continues = first == known.number + 1 and (known.number == 0 or at == known.at)
    return now, JournalTail(continues, events, head)


def _too_much(place: PostgresPlace, tenant: str, n: int, size: int) -> str:
    return f"{place}: {tenant} has {n:,} events since its snapshot, {size / 2**20:,.1f} MiB, and no newer one"
