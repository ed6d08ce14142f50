"""Where the values behind tokens are kept, sealed, until their conversation is deleted.

One vault is one tenant's. A *conversation* is what tokens are stable in: the same value gives the same token in it, and
another token in any other. :meth:`Vault.conversation` with a session's id gives one that is kept in the vault, in memory or
in a SQLite file; without, one that nothing keeps and that ends with the object.

What holds throughout:

* A value leaves only through the conversation in which it was concealed, and only while that exists.
* Nothing is readable in the file but kinds, tokens and times of use; see :mod:`foureyes.privacy.sealing`.
* Deleting overwrites. The journal is a rollback journal, cut after every commit, since a write-ahead log would keep old
  pages; ``secure_delete`` zeroes the pages themselves. What the disk beneath keeps is beyond a file's reach, and without
  the deleted key it is noise.
* Every call is safe from any thread, and from several processes on one file.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

from foureyes.errors import ConfigError, InputError, PrivacyError
from foureyes.privacy.sealing import Box, Marks, TenantKeys, new_key
from foureyes.privacy.tokens import mint

__all__ = ["Bounds", "Conversation", "TokenEntry", "Vault"]

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


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a vault keeps, and for how long.

    Args:
        ttl_s: seconds after its last use at which a conversation is deleted, > 0.
        sessions: most conversations; beyond it the one unused for longest is deleted, ≥ 1.
        values: most values in one conversation; beyond it concealing fails, ≥ 1.
    """

    ttl_s: float = 86_400.0
    sessions: int = 100_000
    values: int = 10_000

    def __post_init__(self) -> None:
        if not (self.ttl_s > 0 and self.sessions >= 1 and self.values >= 1):
            raise InputError(f"ttl_s must be above 0, sessions and values at least 1; got {self}")


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """A token for a value.

    Attributes:
        token: what stands for it.
        kind: what the value is; where it was taken for two things, the first.
        created: whether this conversation had not seen the value before.
    """

    token: str
    kind: str
    created: bool


class Conversation(Protocol):
    """What tokens are stable in."""

    def issue(self, values: Sequence[tuple[str, str]]) -> list[TokenEntry]:
        """A token for each (kind, value), all of them or none. One value has one token, whatever kinds it is given.

        Raises:
            PrivacyError: the vault cannot be written, or is full.
        """
        ...

    def look_up(self, tokens: Collection[str]) -> dict[str, str]:
        """The values of those tokens that were issued here.

        Raises:
            PrivacyError: the vault cannot be read, or the conversation was deleted, has expired or never was.
        """
        ...

    def known(self) -> list[tuple[str, str]]:
        """Every (kind, value) that has a token.

        Raises:
            PrivacyError: the vault cannot be read.
        """
        ...


class Vault:
    """One tenant's values. Made by :meth:`open`.

    Example:
        >>> vault = Vault.open()
        >>> [entry] = vault.conversation("s-1").issue([("PERSON", "Ana")])
        >>> vault.conversation("s-1").look_up([entry.token]) == {entry.token: "Ana"}
        True
        >>> vault.conversation("s-2").issue([("PERSON", "Ana")])[0].token == entry.token
        False
        >>> vault.delete("s-1")
        True
        >>> vault.conversation("s-1").look_up([entry.token])
        Traceback (most recent call last):
        foureyes.errors.PrivacyError: no such conversation: it was deleted, has expired or never held personal data
    """

    def __init__(self, db: sqlite3.Connection, keys: TenantKeys, bounds: Bounds, clock: Callable[[], float]) -> None:
        self._db = db
        self._keys = keys
        self._bounds = bounds
        self._clock = clock
        self._lock = threading.Lock()
        self._wrapped = self._own_key()
        self._box = Box(keys.box.open(self._wrapped, b"vault"))

    @classmethod
    def open(
        cls,
        path: Path | None = None,
        *,
        key: bytes | None = None,
        tenant: str = "default",
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Opens a vault, or makes one.

        Args:
            path: a file, of this tenant alone; ``None`` for memory.
            key: at least 32 random bytes, kept elsewhere than the file; needed for a file. In memory, ``None`` makes
                one that dies with the vault.
            tenant: whose. The same key opens only this tenant's file.
            bounds: of what is kept.
            clock: seconds since some fixed moment that outlives the process.

        Raises:
            ConfigError: a file without a key, or the key is too short.
            PrivacyError: the file cannot be opened, is no vault, or is another key's or tenant's.
        """
        if path is not None and key is None:
            raise ConfigError("a vault in a file needs a key that is kept elsewhere")
        keys = TenantKeys(new_key() if key is None else key, tenant)
        with _mapped("opened"):
            if path is not None:
                path.touch(mode=0o600)
            db = sqlite3.connect(path or ":memory:", timeout=10, isolation_level=None, check_same_thread=False)
            for pragma in ("secure_delete = ON", "foreign_keys = ON", "journal_mode = TRUNCATE", "synchronous = FULL"):
                db.execute(f"PRAGMA {pragma}")
            db.executescript(_SCHEMA)
        return cls(db, keys, bounds or Bounds(), clock)

    def conversation(self, session_id: str | None = None) -> Conversation:
        """The conversation of a session; ``None`` for one that nothing keeps and that ends with the object.

        Raises:
            InputError: the id is empty, or no text.
        """
        return _Passing() if session_id is None else _Kept(self, self._name(session_id))

    def __contains__(self, session_id: str) -> bool:
        with self._transaction() as db:
            return self._marks(db, self._name(session_id)) is not None

    def delete(self, session_id: str) -> bool:
        """Deletes a conversation and its key: no token of it can be restored any more.

        Returns:
            Whether there was one.

        Raises:
            PrivacyError: the vault cannot be written. The conversation may still be there.
        """
        with self._transaction() as db:
            return db.execute("DELETE FROM session WHERE name = ?", [self._name(session_id)]).rowcount > 0

    def sweep(self) -> int:
        """Deletes what has expired, which otherwise waits for the next new conversation; returns how many."""
        with self._transaction() as db:
            return self._expire(db)

    def destroy(self) -> None:
        """Deletes everything, the vault's own key first. The file is left empty and the vault is closed."""
        with self._transaction() as db:
            for table in ("vault", "value", "session"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
        self.close()

    def close(self) -> None:
        """Closes the file. A vault in memory is gone."""
        with self._lock:
            self._db.close()

    def _name(self, session_id: str) -> bytes:
        if not session_id:
            raise InputError("a session needs an id; got an empty one")
        try:
            return self._keys.name(session_id)
        except UnicodeEncodeError as error:
            raise InputError("the id of a session must be encodable as UTF-8; got a lone surrogate") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _mapped("used"), _committed(self._db):
            if self._stored_key() != self._wrapped:
                raise PrivacyError("the vault was destroyed")
            yield self._db

    def _stored_key(self) -> bytes | None:
        row = self._db.execute("SELECT wrapped FROM vault").fetchone()
        return None if row is None else bytes(row[0])

    def _own_key(self) -> bytes:
        """The vault's own key as it is stored; made when there is none."""
        with self._lock, _mapped("opened"), _committed(self._db):
            stored = self._stored_key()
            if stored is None:
                stored = self._keys.box.seal(new_key(), b"vault")
                self._db.execute("INSERT INTO vault VALUES (1, ?)", [stored])
            return stored

    def _marks(self, db: sqlite3.Connection, name: bytes) -> Marks | None:
        """The key of a conversation that has not expired, and its time of use brought up to date."""
        row = db.execute("SELECT wrapped, used FROM session WHERE name = ?", [name]).fetchone()
        now = self._clock()
        if row is None or row[1] < now - self._bounds.ttl_s:
            return None
        if row[1] < now - self._bounds.ttl_s * _TOUCH:
            db.execute("UPDATE session SET used = ? WHERE name = ?", [now, name])
        return Marks.of(self._box.open(row[0], name))

    def _made(self, db: sqlite3.Connection, name: bytes) -> Marks:
        """A new conversation, at the cost of those that expired or, when full, of the one unused for longest."""
        self._expire(db)
        [count] = db.execute("SELECT COUNT(*) FROM session").fetchone()
        over = count + 1 - self._bounds.sessions
        if over > 0:
            oldest = "SELECT name FROM session ORDER BY used LIMIT ?"
            db.execute(f"DELETE FROM session WHERE name IN ({oldest})", [over])  # noqa: S608 - as above
        key = new_key()
        db.execute("INSERT INTO session VALUES (?, ?, ?)", [name, self._box.seal(key, name), self._clock()])
        return Marks.of(key)

    def _expire(self, db: sqlite3.Connection) -> int:
        return db.execute("DELETE FROM session WHERE used < ?", [self._clock() - self._bounds.ttl_s]).rowcount


class _Kept:
    """A conversation in a vault. Its key is read anew in every call, so that deleting it takes effect at once."""

    def __init__(self, vault: Vault, name: bytes) -> None:
        self._vault = vault
        self._name = name

    def issue(self, values: Sequence[tuple[str, str]]) -> list[TokenEntry]:
        if not values:
            return []
        with self._vault._transaction() as db:  # noqa: SLF001 - a conversation is a part of its vault
            marks = self._vault._marks(db, self._name) or self._vault._made(db, self._name)  # noqa: SLF001
            return [self._issue(db, marks, kind, value) for kind, value in values]

    def look_up(self, tokens: Collection[str]) -> dict[str, str]:
        rows = "SELECT token, sealed FROM value WHERE session = ? AND token = ?"
        with self._vault._transaction() as db:  # noqa: SLF001
            marks = self._vault._marks(db, self._name)  # noqa: SLF001
            if marks is None:
                raise PrivacyError("no such conversation: it was deleted, has expired or never held personal data")
            found = [row for token in tokens for row in db.execute(rows, [self._name, token])]
        return {token: self._opened(marks, token, sealed) for token, sealed in found}

    def known(self) -> list[tuple[str, str]]:
        with self._vault._transaction() as db:  # noqa: SLF001
            marks = self._vault._marks(db, self._name)  # noqa: SLF001
            query = "SELECT kind, token, sealed FROM value WHERE session = ?"
            rows = db.execute(query, [self._name]).fetchall() if marks else []
        return [(kind, self._opened(marks, token, sealed)) for kind, token, sealed in rows] if marks else []

    def _issue(self, db: sqlite3.Connection, marks: Marks, kind: str, value: str) -> TokenEntry:
        mark = marks.mark(value)
        old = db.execute("SELECT token, kind FROM value WHERE session = ? AND mark = ?", [self._name, mark]).fetchone()
        if old:
            return TokenEntry(old[0], old[1], created=False)
        counts = "SELECT COUNT(*), COUNT(*) FILTER (WHERE kind = ?) FROM value WHERE session = ?"
        total, alike = db.execute(counts, [kind, self._name]).fetchone()
        _require_room(total, self._vault._bounds)  # noqa: SLF001
        token = mint(marks.tag_key, kind, alike + 1, value)
        sealed = marks.box.seal(value.encode(), self._place(token))
        db.execute("INSERT INTO value VALUES (?, ?, ?, ?, ?)", [self._name, token, kind, mark, sealed])
        return TokenEntry(token, kind, created=True)

    def _opened(self, marks: Marks, token: str, sealed: bytes) -> str:
        return marks.box.open(sealed, self._place(token)).decode()

    def _place(self, token: str) -> bytes:
        return self._name + token.encode()


class _Passing:
    """A conversation of one request, in this object only."""

    def __init__(self) -> None:
        self._key = new_key()
        self._entries: dict[str, TokenEntry] = {}
        self._lock = threading.Lock()

    def issue(self, values: Sequence[tuple[str, str]]) -> list[TokenEntry]:
        with self._lock:
            return [self._issue(kind, value) for kind, value in values]

    def look_up(self, tokens: Collection[str]) -> dict[str, str]:
        with self._lock:
            return {entry.token: value for value, entry in self._entries.items() if entry.token in tokens}

    def known(self) -> list[tuple[str, str]]:
        with self._lock:
            return [(entry.kind, value) for value, entry in self._entries.items()]

    def _issue(self, kind: str, value: str) -> TokenEntry:
        if old := self._entries.get(value):
            return TokenEntry(old.token, old.kind, created=False)
        _require_room(len(self._entries), Bounds())
        alike = sum(entry.kind == kind for entry in self._entries.values())
        new = self._entries[value] = TokenEntry(mint(self._key, kind, alike + 1, value), kind, created=True)
        return new


def _require_room(values: int, bounds: Bounds) -> None:
    if values >= bounds.values:
        raise PrivacyError(f"the conversation holds {values} values, which is all it may; delete it or begin another")


@contextmanager
def _committed(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if db.in_transaction:  # SQLite may have rolled back by itself, on a full disk for one
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


@contextmanager
def _mapped(what: str) -> Iterator[None]:
    """Every failure of the file blocks."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise PrivacyError(f"the vault cannot be {what}: {error}") from error
