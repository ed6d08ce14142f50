"""A log in PostgreSQL, for several replicas of a service that write one log.

An advisory lock makes writers wait for one another; the tables' primary keys would refuse a second entry in one place
even without it. The lock is named by the table's oid, so that logs in other schemas of the database go their own way. A
server that does not sync to disk is refused: nothing on it is durable. So are tables on which anything else acts, at opening
and before every commit (:mod:`foureyes.ledger.postgres_schema`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from foureyes.errors import ConfigError, InputError, LedgerConflict, LedgerError, LedgerTampered
from foureyes.ledger.postgres_schema import CREATE, UNTOUCHED, objections
from foureyes.ledger.store import Extension, Store, Transaction, View

try:
    import psycopg
    from psycopg import errors as pg
except ModuleNotFoundError as missing:
    raise ConfigError("a ledger in PostgreSQL needs psycopg: pip install 'foureyes[postgres]'") from missing

from foureyes.postgres.connections import Connections
from foureyes.postgres.place import PostgresPlace

__all__ = ["PostgresStore", "translate_errors"]

_PAGE: Final = 4096
_LAST: Final = (1 << 63) - 1
_READING_AT_HAND: Final = 2
"""Connections for reading that are kept open. A ledger's readers come one or two at a time."""

_SESSION: Final = """
SET lock_timeout = '10s'; SET statement_timeout = '60s';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""

# The rest of psycopg's errors say that it did not work, and no more.
_MEANINGS: Final[Mapping[type[psycopg.Error], type[LedgerError]]] = {
    pg.SerializationFailure: LedgerConflict,
    pg.DeadlockDetected: LedgerConflict,
    pg.LockNotAvailable: LedgerConflict,
    pg.UniqueViolation: LedgerConflict,
    pg.DataCorrupted: LedgerTampered,
    pg.IndexCorrupted: LedgerTampered,
}

_EXISTS: Final = "SELECT to_regclass('foureyes_head') IS NOT NULL, current_setting('fsync') = 'on'"
_LOCK_CREATION: Final = "SELECT pg_advisory_xact_lock(876960069)"
_LOCK: Final = "SELECT pg_advisory_xact_lock('foureyes_head'::regclass::oid::bigint)"
_HEAD: Final = "SELECT note FROM foureyes_head"
_CHECKPOINTS: Final = "SELECT note FROM foureyes_checkpoints ORDER BY size"
_ENTRIES: Final = "SELECT place, entry FROM foureyes_entries WHERE place >= %s AND place < %s ORDER BY place LIMIT %s"
_NODES: Final = "SELECT hash FROM foureyes_nodes WHERE level = %s AND place >= %s AND place < %s ORDER BY place"
_ADD_ENTRIES: Final = """
INSERT INTO foureyes_entries SELECT %s + n - 1, entry FROM unnest(%b::bytea[]) WITH ORDINALITY AS new (entry, n)
"""
_ADD_NODE: Final = "INSERT INTO foureyes_nodes VALUES (%s, %s, %s)"
_SET_HEAD: Final = """
INSERT INTO foureyes_head VALUES (true, %s) ON CONFLICT (one) DO UPDATE SET note = excluded.note
"""
_KEEP: Final = "INSERT INTO foureyes_checkpoints VALUES (%s, %s) ON CONFLICT DO NOTHING"


class PostgresStore(Store):
    """A log in a PostgreSQL database: four tables whose names begin with ``foureyes_``, in the first schema of the path.

    Args:
        url: such as ``postgresql://user@host/database``; ``options=-csearch_path%3Daudit`` in it chooses a schema.
        create: make the tables where there are none; otherwise the log is opened for reading only.

    Raises:
        InputError: this is no such URL, or there is no ledger.
        ConfigError: the server does not sync to disk.
        LedgerTampered: the tables are not the ledger's own, or a trigger, a rule or row security acts on them.
        LedgerError: it cannot be reached.
    """

    def __init__(self, url: str, *, create: bool = True) -> None:
        self._what = PostgresPlace.of(url, application_name="foureyes ledger")
        self._reading = Connections(self._what, keep=_READING_AT_HAND, prepare=_read_only)
        self._writable = create
        self._writing = threading.Lock()
        self._writer = Connections(self._what, keep=1, prepare=_durable)
        with translate_errors(self._what), (self._writer if create else self._reading).lent() as connection:
            if create:
                self._prepare(connection)
            elif not self._exists(connection)[0]:
                raise InputError(f"{self._what}: there is no ledger in this database")
            self._require_own_tables(connection)

    @contextmanager
    def snapshot(self) -> Iterator[View]:
        """A view of a connection that nobody else uses meanwhile: a transaction that reads what was committed when it began."""
        with translate_errors(self._what), self._reading.lent() as connection, connection.transaction():
            yield _View(connection)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """The one transaction of all replicas that writes; commits when left. A lost connection is made anew first."""
        with self._writing, translate_errors(self._what):
            if not self._writable:
                raise LedgerError(f"{self._what} is closed, or was opened for reading")
            with self._writer.lent() as writer, writer.transaction():
                writer.execute(_LOCK)
                yield _Transaction(writer)
                if writer.execute(UNTOUCHED).fetchone() != (True,):
                    self._require_own_tables(writer)

    def read_witness(self) -> None:
        """None: a server has no file beside it that replicas share; give the ledger a :class:`Witness`."""

    def write_witness(self, note: str) -> None:
        """Notes nothing."""

    def close(self) -> None:
        """Closes the connections."""
        with self._writing, translate_errors(self._what):
            self._writable = False
            self._reading.close()
            self._writer.close()

    def _prepare(self, connection: psycopg.Connection) -> None:
        exists, is_durable = self._exists(connection)
        if not is_durable:
            raise ConfigError(f"{self._what} runs with fsync off: what it commits is not durable")
        if not exists:
            with connection.transaction():
                connection.execute(_LOCK_CREATION)
                connection.execute(CREATE)

    def _exists(self, connection: psycopg.Connection) -> tuple[bool, bool]:
        """Whether there is a ledger, and whether the server syncs to disk."""
        (found,) = connection.execute(_EXISTS).fetchall()
        return found[0], found[1]

    def _require_own_tables(self, connection: psycopg.Connection) -> None:
        if found := objections(connection):
            what = "; ".join(found)[:400]
            raise LedgerTampered(f"{self._what} has tables that are not the ledger's own, or more than these: {what}")


class _View(View):
    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def head(self) -> str | None:
        row = self._connection.execute(_HEAD).fetchone()
        return None if row is None else str(row[0])

    def checkpoints(self) -> Iterator[str]:
        for (note,) in self._connection.execute(_CHECKPOINTS):
            yield note

    def entries(self, start: int, stop: int | None = None) -> Iterator[bytes]:
        last = _LAST if stop is None else stop
        while start < last:
            page = self._connection.execute(_ENTRIES, (start, last, _PAGE), binary=True).fetchall()
            for place, entry in page:
                start = place + 1
                yield entry
            if len(page) < _PAGE:
                return

    def nodes(self, level: int, start: int, stop: int) -> list[bytes]:
        return [node for (node,) in self._connection.execute(_NODES, (level, start, stop), binary=True)]


class _Transaction(_View, Transaction):
    def extend(self, extension: Extension) -> None:
        if extension.entries:
            self._connection.execute(_ADD_ENTRIES, (extension.first, list(extension.entries)))
        for node in extension.nodes:
            self._connection.execute(_ADD_NODE, (node.level, node.position, node.hash))
        self._connection.execute(_SET_HEAD, (extension.head,))
        if extension.keep:
            self.keep(extension.head, extension.first + len(extension.entries))

    def keep(self, note: str, size: int) -> None:
        self._connection.execute(_KEEP, (size, note))


@contextmanager
def translate_errors(what: object) -> Iterator[None]:
    """Psycopg's errors as ours, by the table above."""
    try:
        yield
    except psycopg.Error as error:
        kinds = [ours for theirs, ours in _MEANINGS.items() if isinstance(error, theirs)]
        raise (kinds or [LedgerError])[0](f"{what}: {' '.join(str(error).split())}") from error


def _durable(connection: psycopg.Connection) -> None:
    """Sets a connection up to write."""
    # A stricter level would look at the log as it was before it waited for the lock.
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    connection.execute(_SESSION)


def _read_only(connection: psycopg.Connection) -> None:
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
