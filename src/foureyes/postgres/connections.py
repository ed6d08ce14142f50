"""Connections that are used again: a server starts a process for each, which takes longer than most of what is asked of it.

Whoever finds none at hand opens one, so nobody waits for another's; how many are in use at once is bounded by whoever
asks. A few are kept; one that the server closed meanwhile, or that was left within a transaction, is never handed out.
"""

from __future__ import annotations

import selectors
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from foureyes.postgres.place import PostgresPlace

__all__ = ["Connections"]


class Connections:
    """Lends connections to a database to any number of threads.

    Args:
        place: of the database.
        keep: connections kept open while nobody uses them, ≥ 0.
        prepare: sets a new one up.

    Example:
        >>> connections = Connections(PostgresPlace.of("postgresql://eyes@db/records"))     # doctest: +SKIP
        >>> with connections.lent() as connection:                                          # doctest: +SKIP
        ...     connection.execute("SELECT 1").fetchone()
        (1,)
    """

    def __init__(
        self, place: PostgresPlace, *, keep: int = 2, prepare: Callable[[psycopg.Connection], object] | None = None
    ) -> None:
        self._place: Final = place
        self._keep: Final = keep
        self._prepare: Final = prepare
        self._lock: Final = threading.Lock()
        self._idle: Final[list[psycopg.Connection]] = []
        self._closed = False
        weakref.finalize(self, _close_all, self._idle)

    @contextmanager
    def lent(self) -> Iterator[psycopg.Connection]:
        """A connection in autocommit, for as long as the context lasts.

        Raises:
            psycopg.Error: none can be opened; and whatever is raised with it.
        """
        connection = self._at_hand() or self._opened()
        try:
            yield connection
        finally:
            self._take_back(connection)

    def close(self) -> None:
        """Closes those that nobody uses; the others when they come back."""
        with self._lock:
            self._closed = True
            _close_all(self._idle)

    def _at_hand(self) -> psycopg.Connection | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()  # the one used last: the others may grow old and be closed by the server
            if _is_quiet(connection):
                return connection
            connection.close()

    def _opened(self) -> psycopg.Connection:
        connection: psycopg.Connection[Any] = psycopg.connect(self._place.conninfo, autocommit=True)
        try:
            if self._prepare is not None:
                self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _take_back(self, connection: psycopg.Connection) -> None:
        if not connection.closed and connection.info.transaction_status == TransactionStatus.IDLE:
            with self._lock:
                if not self._closed and len(self._idle) < self._keep:
                    self._idle.append(connection)
                    return
        _close_all([connection])


def _close_all(connections: list[psycopg.Connection]) -> None:
    while connections:
        with suppress(psycopg.Error):  # it is given up, whatever it says to that
            connections.pop().close()


def _is_quiet(connection: psycopg.Connection) -> bool:
    """Whether the server has said nothing since the last answer: it says something when it ends a connection."""
    if connection.closed:
        return False
    with selectors.DefaultSelector() as looking:
        looking.register(connection.fileno(), selectors.EVENT_READ)
        return not looking.select(0)
