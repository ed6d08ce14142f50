"""A log in one SQLite file, for a service that runs as one process or several on one machine.

``synchronous = FULL`` with a write-ahead log: a commit returns once its bytes are on the disk. ``BEGIN IMMEDIATE`` makes
writers wait for one another, in this process and in others.

A file whose schema is not exactly the ledger's own is refused, also while it is open: a trigger could remove what was just
written, and a view could show what never was.

Beside ``ledger.db`` stands ``ledger.db-witness`` (:mod:`foureyes.ledger.witness_file`), by which a log that lost commits is
noticed.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Final
from weakref import WeakSet

from foureyes.errors import ConfigError, InputError, LedgerConflict, LedgerError, LedgerTampered
from foureyes.ledger.store import Extension, Store, Transaction, View
from foureyes.ledger.witness_file import WitnessFile

__all__ = ["APPLICATION_ID", "SqliteStore", "translate_errors"]

APPLICATION_ID: Final = 0x34455945  # "4EYE", in the file's header

_BUSY_TIMEOUT_S: Final = 10.0
_MOST_IDLE: Final = 2
"""Connections that wait for the next reader; each holds up to two megabytes of the file."""

_INSERTS: Final = {
    rows: "INSERT INTO entries VALUES (?, ?)" + ", (?, ?)" * (rows - 1)
    for rows in (512, 256, 128, 64, 32, 16, 8, 4, 2, 1)
}
"""Several entries with one statement: each is a step of its own otherwise, and every step gives the interpreter away."""
_TABLES: Final = {
    "entries": "CREATE TABLE entries (place INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT",
    "nodes": "CREATE TABLE nodes (level INTEGER, place INTEGER, hash BLOB NOT NULL, PRIMARY KEY (level, place))"
    " STRICT, WITHOUT ROWID",
    "checkpoints": "CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT",
    "head": "CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), note TEXT NOT NULL) STRICT",
}
"""Every table by its name, as SQLite keeps the statement that made it."""
_STATISTICS: Final = {"sqlite_stat1", "sqlite_stat4"}
"""Tables of SQLite's own that ANALYZE makes, and nobody else can."""

_ONLY: Final = itemgetter(0)

# The primary codes of https://sqlite.org/rescode.html that mean more than "it did not work".
_MEANINGS: Final[Mapping[int, type[LedgerError]]] = {
    sqlite3.SQLITE_BUSY: LedgerConflict,
    sqlite3.SQLITE_LOCKED: LedgerConflict,
    sqlite3.SQLITE_CONSTRAINT: LedgerConflict,
    sqlite3.SQLITE_CORRUPT: LedgerTampered,
}


@dataclass(frozen=True, slots=True)
class _Reader:
    """A connection that reads, and the file it was opened on; ``None`` where it is of no use a second time."""

    connection: sqlite3.Connection
    file: tuple[int, int] | None


class SqliteStore(Store):
    """A log in a SQLite file.

    Args:
        path: of the file.
        create: make the file where there is none; otherwise the log is opened for reading only.
        busy_timeout_s: how long to wait, in seconds, for another writer.

    Raises:
        InputError: there is no such file, or it is something else.
        ConfigError: this Python's SQLite is too old.
        LedgerTampered: its schema is not the ledger's own: there is a trigger, a view or another table.
        LedgerError: it cannot be opened.
    """

    def __init__(self, path: Path, *, create: bool = True, busy_timeout_s: float = _BUSY_TIMEOUT_S) -> None:
        if sqlite3.sqlite_version_info < (3, 37):
            raise ConfigError(f"the ledger needs SQLite 3.37; this Python has {sqlite3.sqlite_version}")
        self._path, self._busy_timeout_s = path, busy_timeout_s
        self._writing = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._idle: deque[_Reader] = deque()
        self._idling = threading.Lock()  # of those: several threads look at once
        self._schema_version = -1
        self._witness = WitnessFile(path.with_name(f"{path.name}-witness"))
        if not create and not path.is_file():
            raise InputError(f"{path}: no such ledger")
        with translate_errors(path):
            if create:
                self._writer = self._connected("rwc", _prepare)
            else:
                self._put_back(self._reader())
        self._file = _identity(path)

    @contextmanager
    def snapshot(self) -> Iterator[View]:
        """A view of its own connection: a transaction that reads."""
        with translate_errors(self._path):
            reader = self._reader()
            try:
                reader.connection.execute("BEGIN")
                self._require_same_schema(reader.connection)
                yield (view := _View(reader.connection))
                view.end()
                reader.connection.execute("ROLLBACK")
            except BaseException:  # what was begun on it may not have ended
                reader.connection.close()
                raise
            self._put_back(reader)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """The one transaction that writes; commits when left, and then the bytes are on the disk."""
        with self._writing, translate_errors(self._path):
            if self._writer is None:
                raise LedgerError(f"{self._path} is closed, or was opened for reading")
            self._require_same_file()
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                self._require_same_schema(self._writer)
                yield _Transaction(self._writer)
                self._writer.execute("COMMIT")
            finally:
                if self._writer.in_transaction:  # an error: SQLite itself ends it for some of them, not for all
                    self._writer.execute("ROLLBACK")
            self._require_same_file()

    def read_witness(self) -> str | None:
        """The newest checkpoint as the file beside the log has it."""
        return self._witness.read()

    def write_witness(self, note: str) -> None:
        """Notes a checkpoint in the file beside the log."""
        self._witness.write(note)

    def close(self) -> None:
        """Closes the file; what is in its write-ahead log moves into it."""
        with self._writing, translate_errors(self._path):
            writer, self._writer = self._writer, None
            while (reader := self._idle_one()) is not None:
                reader.connection.close()
            if writer is not None:
                writer.close()

    def _require_same_file(self) -> None:
        """SQLite would go on writing to a file that was deleted, and what is committed there is lost."""
        if _identity(self._path) != self._file:
            raise LedgerError(f"{self._path} was moved, deleted or replaced while the ledger was open")

    def _require_same_schema(self, writer: sqlite3.Connection) -> None:
        """Looks at the schema again when anybody has changed it; nobody can while this transaction lasts."""
        (version,) = writer.execute("PRAGMA schema_version").fetchone()
        if version != self._schema_version:
            _require_schema(writer, self._path)
            self._schema_version = version

    def _reader(self) -> _Reader:
        """One that is idle, if it still reads the file that is there; otherwise a new one."""
        file = _identity(self._path)
        while (reader := self._idle_one()) is not None:
            if reader.file == file:
                return reader
            reader.connection.close()
        at_rest = _is_at_rest(self._path)
        connection = self._connected("ro&immutable=1" if at_rest else "ro", _nothing)
        return _Reader(connection, None if at_rest else file)

    def _idle_one(self) -> _Reader | None:
        with self._idling:
            return self._idle.pop() if self._idle else None

    def _put_back(self, reader: _Reader) -> None:
        """Keeps it for the next one beside a writer; elsewhere the next one looks at all that is on the disk again."""
        with self._idling:
            if reader.file is not None and self._writer is not None and len(self._idle) < _MOST_IDLE:
                self._idle.append(reader)
                return
        reader.connection.close()

    def _connected(self, mode: str, prepare: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
        # isolation_level None: transactions begin and end where this module says so, and nowhere else.
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            prepare(connection)
            _require_ledger(connection, self._path)
        except (InputError, LedgerTampered, sqlite3.Error):
            connection.close()
            raise
        return connection


class _View(View):
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._begun: WeakSet[sqlite3.Cursor] = WeakSet()

    def end(self) -> None:
        """Ends what is read half: it would hold the connection at this moment, also for whoever reads over it next."""
        for cursor in self._begun:
            cursor.close()

    def head(self) -> str | None:
        row = self._connection.execute("SELECT note FROM head").fetchone()
        return None if row is None else str(row[0])

    def checkpoints(self) -> Iterator[str]:
        return map(_ONLY, self._rows("SELECT note FROM checkpoints ORDER BY size"))

    def entries(self, start: int, stop: int | None = None) -> Iterator[bytes]:
        rows = self._rows(
            "SELECT entry FROM entries WHERE place >= ? AND place < ? ORDER BY place",
            (start, (1 << 63) - 1 if stop is None else stop),
        )
        return map(_ONLY, rows)

    def nodes(self, level: int, start: int, stop: int) -> list[bytes]:
        rows = self._connection.execute(
            "SELECT hash FROM nodes WHERE level = ? AND place >= ? AND place < ? ORDER BY place", (level, start, stop)
        )
        return [node for (node,) in rows]

    def _rows(self, query: str, what: tuple[int, ...] = ()) -> sqlite3.Cursor:
        self._begun.add(cursor := self._connection.execute(query, what))
        return cursor


class _Transaction(_View, Transaction):
    def extend(self, extension: Extension) -> None:
        place, rest = extension.first, extension.entries
        for rows, insert in _INSERTS.items():
            while len(rest) >= rows:
                self._connection.execute(insert, tuple(chain.from_iterable(enumerate(rest[:rows], place))))
                place, rest = place + rows, rest[rows:]
        self._connection.executemany(
            "INSERT INTO nodes VALUES (?, ?, ?)", [(n.level, n.position, n.hash) for n in extension.nodes]
        )
        self._connection.execute("INSERT OR REPLACE INTO head VALUES (1, ?)", (extension.head,))
        if extension.keep:
            self.keep(extension.head, extension.first + len(extension.entries))

    def keep(self, note: str, size: int) -> None:
        self._connection.execute("INSERT OR IGNORE INTO checkpoints VALUES (?, ?)", (size, note))


@contextmanager
def translate_errors(what: object) -> Iterator[None]:
    """SQLite's errors as ours, by the table above."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        kind = LedgerError if code is None else _MEANINGS.get(code & 0xFF, LedgerError)
        raise kind(f"{what}: {error}") from error


def _prepare(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # on macOS a plain sync leaves bytes in the drive's own memory
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,):
        tables = "; ".join(sql.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS") for sql in _TABLES.values())
        connection.executescript(f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; {tables}; COMMIT;")


def _nothing(_: sqlite3.Connection) -> None:
    """What is only read needs no preparation."""


def _require_ledger(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
        raise InputError(f"{path} is a SQLite file, but not a ledger")
    _require_schema(connection, path)


def _require_schema(connection: sqlite3.Connection, path: Path) -> None:
    """The tables are the ledger's, and there is nothing else: no trigger, view, index or table."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
    found = {(kind, name, " ".join((sql or "").split())) for kind, name, sql in rows if name not in _STATISTICS}
    own = {("table", name, sql) for name, sql in _TABLES.items()}
    foreign = [f"the {kind} {name} is not" for kind, name, _ in sorted(found - own)]
    foreign += [f"the table {name} is missing" for _, name, _ in sorted(own - found)]
    if foreign:
        raise LedgerTampered(f"{path} has another schema than the ledger's own: {', '.join(foreign)}"[:500])


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_at_rest(path: Path) -> bool:
    """Whether it has no write-ahead log and lies in a folder that cannot be written to, so that SQLite cannot make one."""
    return not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()
