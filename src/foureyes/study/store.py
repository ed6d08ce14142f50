"""The cache of everything models said, by what they were asked: SQLite, one entry a question to a model.

An entry's key is the sha256 of everything its value depends on: the model's fingerprint (weights, tokenizer, template,
arithmetic), what it was asked, and how. Another model, prompt or temperature is another key, so an entry is never wrong
and never needs to be thrown away. Entries are written in transactions: a kill loses those being computed and no others.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from foureyes.errors import InputError

__all__ = ["CallStore", "Cost", "StoredCall", "key_of"]

_AT_ONCE: Final = 500
_APPLICATION: Final = 0x4659_4253  # "FYBS"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entries (
    key BLOB PRIMARY KEY, fingerprint TEXT NOT NULL, body BLOB NOT NULL,
    read INTEGER NOT NULL, written INTEGER NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS models (
    reference TEXT NOT NULL, weights TEXT NOT NULL, fingerprint TEXT NOT NULL, name TEXT NOT NULL,
    PRIMARY KEY (reference, weights)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Tokens and seconds that something took.

    Attributes:
        read: tokens that went through a model's prompt side, a shared prompt once.
        written: tokens generated.
        seconds: of computing, on the machine that did it.
    """

    read: int = 0
    written: int = 0
    seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.read + other.read, self.written + other.written, self.seconds + other.seconds)

    @property
    def tokens(self) -> int:
        """Read and written together."""
        return self.read + self.written


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A value, as bytes, and what it took."""

    body: bytes
    cost: Cost


def key_of(kind: str, fingerprint: str, asked: Mapping[str, Any]) -> bytes:
    """The key of a question to a model.

    Args:
        kind: what is asked for, say ``"read"``.
        fingerprint: of the model.
        asked: all the rest that the answer depends on, as JSON.
    """
    text = json.dumps([kind, fingerprint, asked], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


class CallStore:
    """Entries on disk. Two processes may use one file; what both compute is kept once.

    Args:
        path: of the file; made when missing.

    Raises:
        InputError: it is not such a file, or cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._mapped():
            self._base = sqlite3.connect(path, timeout=60, isolation_level=None)
            self._require_ours()
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = NORMAL")
            self._base.executescript(_SCHEMA)
            self._base.execute(f"PRAGMA application_id = {_APPLICATION}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._base.close()

    def get(self, keys: Iterable[bytes]) -> dict[bytes, StoredCall]:
        """The entries there are, by key."""
        wanted, found = list(dict.fromkeys(keys)), {}
        with self._mapped():
            for first in range(0, len(wanted), _AT_ONCE):
                part = wanted[first : first + _AT_ONCE]
                marks = ",".join("?" * len(part))
                asked = f"SELECT key, body, read, written, seconds FROM entries WHERE key IN ({marks})"  # noqa: S608 - marks
                for key, body, read, written, seconds in self._base.execute(asked, part):
                    found[key] = StoredCall(body, Cost(read, written, seconds))
        return found

    def put(self, fingerprint: str, entries: Mapping[bytes, StoredCall]) -> None:
        """Keeps entries of one model, all or none; those that are there already stay as they are."""
        rows = [(key, fingerprint, e.body, e.cost.read, e.cost.written, e.cost.seconds) for key, e in entries.items()]
        with self._mapped(), self._transaction():
            self._base.executemany("INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?, ?)", rows)

    def fingerprint(self, reference: str, weights: str) -> tuple[str, str] | None:
        """Fingerprint and name that a model had when it was last opened with these weights."""
        with self._mapped():
            asked = "SELECT fingerprint, name FROM models WHERE reference = ? AND weights = ?"
            found: Sequence[str] | None = self._base.execute(asked, (reference, weights)).fetchone()
        return None if found is None else (found[0], found[1])

    def remember(self, reference: str, weights: str, fingerprint: str, name: str) -> None:
        """Notes what a model was when it was opened."""
        with self._mapped(), self._transaction():
            self._base.execute(
                "INSERT OR REPLACE INTO models VALUES (?, ?, ?, ?)", (reference, weights, fingerprint, name)
            )

    def of_other_weights(self, reference: str, fingerprint: str) -> dict[str, int]:
        """How many entries were made by this reference when it led to other weights, by their fingerprint."""
        asked = """SELECT m.fingerprint, COUNT(e.key) FROM (SELECT DISTINCT fingerprint FROM models
                   WHERE reference = ? AND fingerprint != ?) m JOIN entries e USING (fingerprint) GROUP BY m.fingerprint"""
        with self._mapped():
            return dict(self._base.execute(asked, (reference, fingerprint)).fetchall())

    def __len__(self) -> int:
        with self._mapped():
            return int(self._base.execute("SELECT COUNT(*) FROM entries").fetchone()[0])

    def _require_ours(self) -> None:
        """Refuses a data base of another program, which would otherwise gain two tables."""
        found = self._base.execute("PRAGMA application_id").fetchone()[0]
        n_tables = self._base.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        if found != _APPLICATION and n_tables:
            raise InputError(f"{self.path} is the data base of another program; wanted a store of a study")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise InputError(f"the store {self.path} cannot be used: {error}") from error
