"""Questions that wait for a person, in a SQLite file.

Any process may read the file while a route writes it: ``waiting`` lists what waits, ``settle`` takes one out with what the person
said. It is bounded: a question that finds it full is told so, and the route does what it says for failures.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from foureyes.errors import InputError
from foureyes.route.outcome import RoutedAnswer, RouteRequest
from foureyes.types import Unscored

__all__ = ["QueuedQuestion", "SqlitePersonQueue"]

T = TypeVar("T")

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS questions (
  id TEXT PRIMARY KEY, route TEXT NOT NULL, at REAL NOT NULL, request TEXT NOT NULL, written TEXT NOT NULL, reply TEXT
) STRICT
"""


@dataclass(frozen=True, slots=True)
class QueuedQuestion:
    """A question that waits.

    Attributes:
        request_id: names it.
        route: whose it is.
        at: seconds since 1970.
        body: as the application asked it.
        written: what each writer wrote, with P(correct) or ``None``: objects of ``writer``, ``answer`` and ``confidence``.
    """

    request_id: str
    route: str
    at: float
    body: Mapping[str, Any]
    written: tuple[Mapping[str, Any], ...]


class SqlitePersonQueue:
    """A queue in a file; see :class:`~foureyes.route.roles.PersonQueue`.

    Args:
        path: of the file; it is made when it is not there, readable by its owner only.
        limit: most questions that wait, ≥ 1.

    Raises:
        InputError: the file cannot be used, or the limit is below 1.
    """

    def __init__(self, path: Path, *, limit: int = 1000) -> None:
        if limit < 1:
            raise InputError(f"limit must be at least 1; got {limit}")
        self._path, self._limit = path, limit
        try:
            path.touch(mode=0o600)
        except OSError as error:
            raise InputError(f"cannot open the queue {path}: {error.strerror or error}") from error
        self._with(lambda db: db.execute(_TABLE))

    async def put(self, request: RouteRequest, answer: RoutedAnswer) -> None:
        """Keeps a question with what was written to it.

        Raises:
            InputError: too many wait already, or the file cannot be written.
        """
        written = [
            {
                "writer": stage.writer,
                "answer": candidate.turn.content,
                "confidence": None if isinstance(candidate.confidence, Unscored) else candidate.confidence,
            }
            for stage in answer.stages
            for candidate in stage.candidates
        ]
        row = (answer.request_id, answer.route, answer.at, json.dumps(dict(request.body)), json.dumps(written))
        await asyncio.to_thread(self._with, lambda db: self._put(db, row))

    def waiting(self) -> list[QueuedQuestion]:
        """What waits, the oldest first."""
        found = self._with(
            lambda db: db.execute(
                "SELECT id, route, at, request, written FROM questions WHERE reply IS NULL ORDER BY at, id"
            ).fetchall()
        )
        return [QueuedQuestion(i, route, at, json.loads(body), tuple(json.loads(w))) for i, route, at, body, w in found]

    def settle(self, request_id: str, reply: str) -> None:
        """Takes a question out, with what the person said.

        Raises:
            InputError: no such question waits.
        """
        said = self._with(
            lambda db: (
                db.execute(
                    "UPDATE questions SET reply = ? WHERE id = ? AND reply IS NULL", (reply, request_id)
                ).rowcount
            )
        )
        if said != 1:
            raise InputError(f"no question {request_id!r:.80} waits in {self._path.name}")

    def reply(self, request_id: str) -> str | None:
        """What the person said; ``None`` while it waits.

        Raises:
            InputError: there is no such question.
        """
        row = self._with(lambda db: db.execute("SELECT reply FROM questions WHERE id = ?", (request_id,)).fetchone())
        if row is None:
            raise InputError(f"no question {request_id!r:.80} in {self._path.name}")
        return row[0] if isinstance(row[0], str) else None

    def _put(self, db: sqlite3.Connection, row: tuple[str, str, float, str, str]) -> None:
        (n,) = db.execute("SELECT count(*) FROM questions WHERE reply IS NULL").fetchone()
        if n >= self._limit:
            raise InputError(f"{n} questions wait in {self._path.name}, which is all it may hold")
        db.execute("INSERT INTO questions (id, route, at, request, written) VALUES (?, ?, ?, ?, ?)", row)

    def _with(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with self._transaction() as db:
                return work(db)
        except sqlite3.Error as error:
            raise InputError(f"cannot use the queue {self._path}: {error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
