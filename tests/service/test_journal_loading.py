"""Loading a tenant keeps no other from its turns, and one that cannot be loaded is left alone for a while."""

from __future__ import annotations

import asyncio
import itertools
import threading
from io import StringIO

import pytest

from foureyes.config import RateLimit
from foureyes.errors import StateError
from foureyes.guard.gate import AgentGate
from foureyes.guard.threads import BoundedThreads
from foureyes.monitoring import Monitor
from foureyes.service.formats import NewerFormat
from foureyes.service.journal_loading import JournalLoading
from foureyes.service.journal_reading import LoadedTenant
from foureyes.service.logs import open_log
from foureyes.service.sharing import Sharing
from foureyes.service.tenant_records import TenantRecords
from foureyes.shared_state.store import Overdue, SharedStore
from tests.shared_state.conftest import postgres_url, store

__all__ = ["postgres_url", "store"]


def records_of(name: str) -> TenantRecords:
    return TenantRecords(name, gate=AgentGate(), monitor=Monitor())


def test_tenants_that_are_loaded_keep_no_other_from_its_turns(
    store: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "answer_s", 60.0)
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: str | None) -> TenantRecords:
        begun.set()
        go_on.wait(60)
        return records_of("slow")

    async def scene() -> None:
        sharing = Sharing(store, open_log(StringIO()), lambda _: None)
        acme = sharing.turns_of(records_of("acme"), lambda _: records_of("acme"))
        await acme.catch_up()
        others = [sharing.turns_of(records_of(f"t{n}"), slow) for n in range(9)]
        loading = [asyncio.create_task(one.catch_up()) for one in others]
        await asyncio.to_thread(begun.wait, 60)
        assert await acme.acquire(RateLimit(requests_per_day=5), 1) is None
        assert not any(task.done() for task in loading)
        go_on.set()
        await asyncio.gather(*loading)
        await sharing.close([acme, *others])

    try:
        asyncio.run(scene())
    finally:
        go_on.set()


class Attempts:
    """A tenant of which the making of records fails, until it is let."""

    def __init__(self, store: SharedStore) -> None:
        self.error: Exception | None = None
        self.n, self.now = 0, 0.0
        self.threads = BoundedThreads(1, name="tested")
        self.loading = JournalLoading(store, "acme", self.made, threads=self.threads, clock=lambda: self.now)

    def made(self, _: str | None) -> TenantRecords:
        self.n += 1
        if self.error is not None:
            raise self.error
        return records_of("acme")

    async def found(self) -> LoadedTenant | Exception:
        try:
            return await self.loading.recorded()
        except Exception as error:  # noqa: BLE001 - whatever it is
            return error


def test_what_cannot_be_loaded_is_refused_from_memory_for_a_while_that_grows(store: SharedStore) -> None:
    async def scene() -> None:
        one = Attempts(store)
        one.error = NewerFormat("of another time")
        tried_at: list[float] = []
        for step in range(1, 4000):
            one.now, before = step / 20, one.n
            assert isinstance(error := await one.found(), StateError)
            assert "of another time" in str(error)
            assert isinstance(error.__cause__, NewerFormat)
            if one.n > before:
                tried_at.append(one.now)
        pauses = [later - earlier for earlier, later in itertools.pairwise(tried_at)]
        assert [round(pause) for pause in pauses] == [1, 2, 4, 8, 16, 30, 30, 30, 30, 30]
        one.now, one.error = 1000.0, None
        assert isinstance(await one.found(), LoadedTenant)
        one.error = NewerFormat("again")
        assert isinstance(await one.found(), StateError)
        one.now, before = 1001.5, one.n
        await one.found()
        assert one.n == before + 1
        one.threads.close()

    asyncio.run(scene())


def test_a_bug_is_told_once_and_then_refused_from_memory(store: SharedStore) -> None:
    async def scene() -> None:
        one = Attempts(store)
        one.error = KeyError("a secret")
        assert isinstance(await one.found(), KeyError)
        assert isinstance(error := await one.found(), StateError)
        assert "acme could not be loaded a moment ago: KeyError" in str(error)
        assert "secret" not in str(error)
        assert (error.__cause__, one.n) == (None, 1)
        one.threads.close()

    asyncio.run(scene())


def test_what_takes_too_long_to_read_is_refused_from_memory_too(store: SharedStore) -> None:
    async def scene() -> None:
        one = Attempts(store)
        one.error = Overdue("canceling statement due to statement timeout")
        one.error.__cause__ = OSError("the server")
        for _ in range(3):
            assert isinstance(await one.found(), StateError)
        assert one.n == 1
        one.now, one.error = 1.5, None
        assert isinstance(await one.found(), LoadedTenant)
        one.threads.close()

    asyncio.run(scene())


def test_a_database_that_is_back_is_asked_at_once(store: SharedStore) -> None:
    async def scene() -> None:
        one = Attempts(store)
        one.error = StateError("the database is away")
        one.error.__cause__ = OSError("no connection")
        assert await one.found() is one.error
        one.error = None
        assert isinstance(await one.found(), LoadedTenant)
        one.threads.close()

    asyncio.run(scene())
