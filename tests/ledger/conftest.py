"""Parts that tests of the ledger are made of. All of them are real: files, keys, a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from foureyes.ledger import Ledger, LedgerOptions, Signer
from foureyes.ledger.sqlite import SqliteStore
from foureyes.ledger.store import Store
from tests.postgres import postgres_url

__all__ = ["NAME", "Clock", "options", "postgres_url", "recorded"]

NAME = "example.com/guard"
SEED = bytes(range(32))


class Clock:
    """Goes on by a second with every look; can be set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def options(**more: object) -> LedgerOptions:
    """Everything that is random or timed is counted instead."""
    ids = count()
    return LedgerOptions(**{"clock": Clock(), "new_id": lambda: f"{next(ids):032x}", **more})  # type: ignore[arg-type]


def recorded(ledger: Ledger, n: int, *, first: int = 0) -> None:
    """Appends n entries, one commit for all that wait."""
    for receipt in [ledger.append("tested", {"n": first + i}) for i in range(n)]:
        receipt.result(60)


@pytest.fixture
def signer() -> Signer:
    return Signer(NAME, SEED)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture(params=["sqlite", "postgres"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Opens the same place again and again, as a process after the other does; SQLite and PostgreSQL."""
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "ledger.db")
    from foureyes.ledger.postgres import PostgresStore

    url = request.getfixturevalue("postgres_url")
    return lambda: PostgresStore(url)


@pytest.fixture
def ledger(path: Path, signer: Signer, clock: Clock) -> Iterator[Ledger]:
    """An empty log in a SQLite file."""
    with Ledger.open(SqliteStore(path), signer=signer, options=options(clock=clock)) as opened:
        yield opened
