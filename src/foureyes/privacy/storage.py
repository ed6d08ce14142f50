"""Stores a vault in SQLite, in memory or in a file: its conversations, and their encrypted values.

Everything happens in transactions that take the write lock at once, so threads and processes see one order of events. The
journal is a rollback journal, cut after every commit, since a write-ahead log would keep old pages; ``secure_delete``
zeroes the pages themselves. Keys are read anew in every transaction: deleting one takes effect at once, everywhere.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from foureyes.errors import PrivacyError
from foureyes.privacy.conversation import TokenEntry, VaultLimits
from foureyes.privacy.encryption import AesGcmBox, ConversationKeys, TenantKeys, random_key
from foureyes.privacy.tokens import mint

__all__ = ["StoredConversation", "VaultStorage"]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS vault (one INTEGER PRIMARY KEY CHECK (one = 1), wrapped BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS session (name BLOB PRIMARY KEY, wrapped BLOB NOT NULL, used REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_used ON session (used);
CREATE TABLE IF NOT EXISTS value (
    session BLOB NOT NULL REFERENCES session (name) ON DELETE CASCADE,
    token TEXT NOT NULL, kind TEXT NOT NULL, mark BLOB NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (session, token), UNIQUE (session, mark)
) WITHOUT ROWID;
"""
_TOUCH: Final = 1 / 16  # of the time to live: how stale a session's time of use may be, so that reading rarely writes
_PRAGMAS: Final = ("secure_delete = ON", "foreign_keys = ON", "journal_mode = TRUNCATE", "synchronous = FULL")


class VaultStorage:
    """The rows of one vault. Every method but :meth:`close` works in a transaction of :meth:`transaction`.

    Args:
        db: an open database with the tables.
        keys: the tenant's.
        limits: of what is kept.
        clock: seconds since some fixed moment.
    """

    def __init__(
        self, db: sqlite3.Connection, keys: TenantKeys, limits: VaultLimits, clock: Callable[[], float]
    ) -> None:
        self._db = db
        self._clock = clock
        self._lock = threading.Lock()
        self.limits = limits
        self._wrapped = self._own_key(keys)
        self._box = AesGcmBox(keys.box.open(self._wrapped, b"vault"))

    @classmethod
    def open(cls, path: Path | None, keys: TenantKeys, limits: VaultLimits, clock: Callable[[], float]) -> Self:
        """Opens a file, or memory for ``None``.

        Raises:
            PrivacyError: it cannot be opened, is no vault, or is another key's.
        """
        with _translate_errors("opened"):
            if path is not None:
                path.touch(mode=0o600)
            db = sqlite3.connect(path or ":memory:", timeout=10, isolation_level=None, check_same_thread=False)
            for pragma in _PRAGMAS:
                db.execute(f"PRAGMA {pragma}")
            db.executescript(_SCHEMA)
        try:
            return cls(db, keys, limits, clock)
        except PrivacyError:
            db.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commits when left; rolls back when left by an exception.

        Raises:
            PrivacyError: SQLite failed, or the vault was destroyed.
        """
        with self._lock, _translate_errors("used"), _transaction(self._db):
            if self._stored_key() != self._wrapped:
                raise PrivacyError("the vault was destroyed")
            yield self._db

    def marks(self, name: bytes) -> ConversationKeys | None:
        """The key of a conversation that has not expired, and its time of use brought up to date."""
        row = self._db.execute("SELECT wrapped, used FROM session WHERE name = ?", [name]).fetchone()
        now = self._clock()
        if row is None or row[1] < now - self.limits.ttl_s:
            return None
        if row[1] < now - self.limits.ttl_s * _TOUCH:
            self._db.execute("UPDATE session SET used = ? WHERE name = ?", [now, name])
        return ConversationKeys.of(self._box.open(row[0], name))

    def begin(self, name: bytes) -> ConversationKeys:
        """A new conversation, at the cost of those that expired or, when full, of the one unused for longest."""
        self.expire()
        [count] = self._db.execute("SELECT COUNT(*) FROM session").fetchone()
        over = count + 1 - self.limits.max_sessions
        if over > 0:
            oldest = "SELECT name FROM session ORDER BY used LIMIT ?"
            self._db.execute(f"DELETE FROM session WHERE name IN ({oldest})", [over])  # noqa: S608 - words of our own
        key = random_key()
        self._db.execute("INSERT INTO session VALUES (?, ?, ?)", [name, self._box.seal(key, name), self._clock()])
        return ConversationKeys.of(key)

    def expire(self) -> int:
        """Deletes what has expired; returns how many."""
        return self._db.execute("DELETE FROM session WHERE used < ?", [self._clock() - self.limits.ttl_s]).rowcount

    def delete(self, name: bytes) -> bool:
        """Deletes a conversation; whether there was one."""
        return self._db.execute("DELETE FROM session WHERE name = ?", [name]).rowcount > 0

    def clear(self) -> None:
        """Deletes everything, the vault's own key first."""
        for table in ("vault", "value", "session"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - as above

    def close(self) -> None:
        """Closes the database."""
        with self._lock:
            self._db.close()

    def _stored_key(self) -> bytes | None:
        row = self._db.execute("SELECT wrapped FROM vault").fetchone()
        return None if row is None else bytes(row[0])

    def _own_key(self, keys: TenantKeys) -> bytes:
        """The vault's own key as it is stored; made when there is none."""
        with self._lock, _translate_errors("opened"), _transaction(self._db):
            stored = self._stored_key()
            if stored is None:
                stored = keys.box.seal(random_key(), b"vault")
                self._db.execute("INSERT INTO vault VALUES (1, ?)", [stored])
            return stored


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """A conversation kept in a vault; see :class:`~foureyes.privacy.conversation.Conversation`.

    Attributes:
        storage: of the vault.
        name: of the session, as the file knows it.
    """

    storage: VaultStorage
    name: bytes

    def issue(self, values: Sequence[tuple[str, str]]) -> list[TokenEntry]:
        """A token for each (kind, value), all of them or none."""
        if not values:
            return []
        with self.storage.transaction() as db:
            marks = self.storage.marks(self.name) or self.storage.begin(self.name)
            kinds = db.execute("SELECT kind, COUNT(*) FROM value WHERE session = ? GROUP BY kind", [self.name])
            held = Counter(dict(kinds.fetchall()))
            return [self._issue(db, marks, held, (kind, value)) for kind, value in values]

    def look_up(self, tokens: Collection[str]) -> dict[str, str]:
        """The values of those tokens that were issued here."""
        rows = "SELECT token, sealed FROM value WHERE session = ? AND token = ?"
        with self.storage.transaction() as db:
            marks = self.storage.marks(self.name)
            if marks is None:
                raise PrivacyError("no such conversation: it was deleted, has expired or never held personal data")
            found = [row for token in tokens for row in db.execute(rows, [self.name, token])]
        return {token: self._opened(marks, token, sealed) for token, sealed in found}

    def known(self) -> list[tuple[str, str]]:
        """Every (kind, value) that has a token."""
        with self.storage.transaction() as db:
            marks = self.storage.marks(self.name)
            if marks is None:
                return []
            rows = db.execute("SELECT kind, token, sealed FROM value WHERE session = ?", [self.name]).fetchall()
        return [(kind, self._opened(marks, token, sealed)) for kind, token, sealed in rows]

    def _issue(
        self, db: sqlite3.Connection, marks: ConversationKeys, held: Counter[str], wanted: tuple[str, str]
    ) -> TokenEntry:
        kind, value = wanted
        mark = marks.mark(value)
        old = db.execute("SELECT token, kind FROM value WHERE session = ? AND mark = ?", [self.name, mark]).fetchone()
        if old:
            return TokenEntry(old[0], old[1], created=False)
        self.storage.limits.require_room(held.total())
        held[kind] += 1
        token = mint(marks.tag_key, kind, held[kind], value)
        sealed = marks.box.seal(value.encode(), self._place(token))
        db.execute("INSERT INTO value VALUES (?, ?, ?, ?, ?)", [self.name, token, kind, mark, sealed])
        return TokenEntry(token, kind, created=True)

    def _opened(self, marks: ConversationKeys, token: str, sealed: bytes) -> str:
        return marks.box.open(sealed, self._place(token)).decode()

    def _place(self, token: str) -> bytes:
        return self.name + token.encode()


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if db.in_transaction:  # SQLite may have rolled back by itself, on a full disk for one
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


@contextmanager
def _translate_errors(what: str) -> Iterator[None]:
    """Every failure of the file blocks."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise PrivacyError(f"the vault cannot be {what}: {error}") from error
