"""Reading a journal keeps nobody waiting, and says what it cannot read."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from io import StringIO

import psycopg
import pytest

from foureyes.config import RateLimit
from foureyes.errors import StateError
from foureyes.service import journal_loading
from foureyes.service import shared_tenant as module
from foureyes.service.event_json import encode
from foureyes.service.logs import open_log
from foureyes.service.sharing import Sharing
from foureyes.service.tenant_records import TenantRecords
from foureyes.shared_state.journal import EventBatch, Place
from foureyes.shared_state.store import SharedStore
from tests.service.journal_events import verified
from tests.service.test_shared_tenant import Replica, played, replicas
from tests.shared_state.conftest import postgres_url, store

__all__ = ["postgres_url", "store"]


def test_a_tenant_is_loaded_beside_the_event_loop(store: SharedStore) -> None:
    applied_in: set[threading.Thread] = set()

    class Watched(TenantRecords):
        def apply(self, *args, **more):  # type: ignore[no-untyped-def]
            applied_in.add(threading.current_thread())
            return super().apply(*args, **more)

    def made(document: str | None) -> TenantRecords:
        plain = Replica.made(fresh, document)
        return Watched("acme", gate=plain.gate, monitor=plain.monitor)

    async def scene() -> None:
        async with replicas(store, 1) as (one,):
            for n in range(5):
                await one.add(verified(f"v-{n}"))
            async with replicas(store, 1) as (late,):
                late.turns._loading._load = made  # type: ignore[misc]
                await late.turns.catch_up()
                assert late.records.to_json() == one.records.to_json()
                assert applied_in
                assert threading.main_thread() not in applied_in

    fresh = Replica(store)
    played(scene)
    fresh.threads.close()


def test_others_get_their_turn_while_many_events_are_applied(
    store: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SLICE", 10)
    seen: set[int] = set()

    async def watch(one: Replica) -> None:
        while True:
            seen.add(one.turns.head)
            await asyncio.sleep(0)

    async def scene() -> None:
        async with replicas(store, 1) as (one,):
            await one.turns.catch_up()
            store.turn("acme", Place(), EventBatch([encode(verified(f"v-{n}"), texts=True) for n in range(35)]))
            watching = asyncio.create_task(watch(one))
            await one.turns.catch_up()
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            assert {10, 20, 30} <= seen

    played(scene)


NEWER = json.dumps({"id": "1", "format": 2, "kind": "verified", "event": {"better": True}})


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            f"UPDATE foureyes_tenant_events SET event = '{NEWER}'::bytea",  # noqa: S608 - of this module
            "event 1 of acme cannot be read: an event of format 2",
        ),
        (
            """INSERT INTO foureyes_tenant_snapshots VALUES ('acme', 1, '{"format": "foureyes.tenant", "version": 2}')""",
            "the snapshot of acme cannot be read: a foureyes.tenant of version 2",
        ),
        (
            """UPDATE foureyes_tenants SET allowance =
               '{"spent": 0, "filled_at": 0, "day": 1, "used": 0, "day_began_at": 0, "weekly": 7}'""",
            "what acme used of its allowance cannot be read: an allowance that a newer version wrote, with weekly",
        ),
    ],
)
def test_what_a_newer_version_wrote_is_named_and_nobody_is_admitted_until_it_can_be_read(
    store: SharedStore, postgres_url: str, statement: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rate = RateLimit(requests_per_day=50)
    monkeypatch.setattr(journal_loading, "_FIRST_PAUSE_S", 0.0)

    async def scene() -> None:
        async with replicas(store, 1) as (one,):
            await one.add(verified("v"))
            assert await one.turns.acquire(rate, 1) is None
            assert not one.turns.is_outdated
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]
        async with replicas(store, 1) as (fresh,):
            with pytest.raises(StateError):
                await fresh.turns.acquire(rate, 1)
            assert fresh.turns.is_outdated
            assert named in json.loads(fresh.said.getvalue().splitlines()[0])["error"]
            with psycopg.connect(postgres_url, autocommit=True) as connection:
                connection.execute("UPDATE foureyes_tenants SET head = 0, allowance = ''")
                connection.execute("TRUNCATE foureyes_tenant_events, foureyes_tenant_snapshots")
            assert await fresh.turns.acquire(rate, 1) is None
            assert not fresh.turns.is_outdated

    played(scene)


NEWER_ALLOWANCE = '{"spent": 0, "filled_at": 0, "day": 1, "used": 0, "day_began_at": 0, "weekly": 7}'


def write_allowance(url: str, allowance: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE foureyes_tenants SET allowance = %s", (allowance,))


def test_an_allowance_that_a_newer_version_wrote_is_told_until_it_can_be_read(
    store: SharedStore, postgres_url: str
) -> None:
    rate = RateLimit(requests_per_day=50)

    async def scene() -> None:
        async with replicas(store) as (one, other):
            sharing = Sharing(store, open_log(StringIO()), one.late.append)
            assert await one.turns.acquire(rate, 1) is None
            write_allowance(postgres_url, NEWER_ALLOWANCE)
            with pytest.raises(StateError):
                await one.turns.acquire(rate, 1)
            for n in range(3):
                await other.add(verified(f"v-{n}"))
                await sharing.follow([one.turns])
                assert one.turns.is_outdated
                assert one.shown == other.shown
            await sharing.follow([one.turns])
            assert one.turns.is_outdated
            assert '"usable":true' not in one.said.getvalue()
            write_allowance(postgres_url, "")
            await sharing.follow([one.turns])
            assert not one.turns.is_outdated
            assert '"usable":true' in one.said.getvalue()
            await sharing.close([])

    played(scene)


def test_a_tenant_that_has_no_limits_any_more_is_not_held_up_by_its_allowance(
    store: SharedStore, postgres_url: str
) -> None:
    async def scene() -> None:
        async with replicas(store, 1) as (one,):
            await one.turns.catch_up()
            write_allowance(postgres_url, NEWER_ALLOWANCE)
            with pytest.raises(StateError):
                await one.turns.acquire(RateLimit(requests_per_day=50), 1)
            assert one.turns.is_outdated
            assert await one.turns.acquire(RateLimit(), 1) is None
            assert not one.turns.is_outdated

    played(scene)
