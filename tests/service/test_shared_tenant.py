"""Replicas' turns at a real PostgreSQL: one allowance, one order of events, and nothing without the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from io import StringIO
from typing import Any

import psycopg
import pytest

from foureyes.config import RateLimit
from foureyes.errors import StateError
from foureyes.guard.gate import ActionOutcome, AgentGate
from foureyes.guard.threads import BoundedThreads
from foureyes.monitoring import Monitor, Promise, PromiseWatch
from foureyes.service import shared_tenant as module
from foureyes.service import wish
from foureyes.service.journal_loading import JournalLoading
from foureyes.service.logs import open_log
from foureyes.service.shared_tenant import SharedTenant
from foureyes.service.sharing import Sharing
from foureyes.service.tenant_events import Acknowledged, ActionReported, OutcomeReported, Suspended, TenantEvent
from foureyes.service.tenant_records import Applied, TenantRecords
from foureyes.shared_state.journal import EventBatch, Place, StoreTurn
from foureyes.shared_state.store import SharedStore
from tests.ledger.proxy import Proxy
from tests.service.journal_events import AT, verified
from tests.shared_state.conftest import postgres_url, store, wire

__all__ = ["postgres_url", "store", "wire"]

NO_LIMIT = RateLimit()


class Replica:
    """One tenant in one replica."""

    def __init__(self, store: SharedStore) -> None:
        self.said = StringIO()
        self.late: list[Applied] = []
        self.store = store
        self.records = self.made(None)
        self.threads = BoundedThreads(2, name="tested")
        loading = JournalLoading(store, "acme", self.made, threads=self.threads)
        self.turns = SharedTenant(
            store, self.records, loading, threads=self.threads, log=open_log(self.said), tell=self.late.append
        )

    def made(self, document: str | None) -> TenantRecords:
        if document is not None:
            return TenantRecords.from_json(document, name="acme")
        watch = PromiseWatch(Promise(0.8, "error_rate", 0.05, "at most 5 % wrong"), (), name="p/a")
        return TenantRecords("acme", gate=AgentGate(), monitor=Monitor(promises=[watch]))

    async def add(self, event: TenantEvent) -> Applied:
        return await self.turns.append(event, texts=True)

    @property
    def shown(self) -> list[tuple[int, str]]:
        return [(entry.id, entry.kind) for entry in self.records.feed.after(0)]


@asynccontextmanager
async def replicas(store: SharedStore, n: int = 2) -> AsyncIterator[list[Replica]]:
    several = [Replica(store) for _ in range(n)]
    try:
        yield several
    finally:
        for one in several:
            await one.turns.close()
            one.threads.close()


def played(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scene())


def test_what_one_replica_saw_the_other_knows_when_it_admits(store: SharedStore) -> None:
    async def scene() -> None:
        async with replicas(store) as (one, other):
            for n in range(30):
                await one.add(verified(f"v-{n}", unsafe=True))
            assert other.records.gate.decide("agent-7").code == "unknown_agent"
            assert await other.turns.acquire(NO_LIMIT, 1) is None
            assert other.records.gate.decide("agent-7").code == "often_unsafe"
            assert other.records.to_json() == one.records.to_json()
            assert other.shown == one.shown

    played(scene)


def test_an_outcome_counts_at_one_replica_only(store: SharedStore) -> None:
    async def scene() -> None:
        async with replicas(store, 3) as several:
            await several[0].add(verified("v"))
            reported = OutcomeReported("v", ActionOutcome(correct=True), AT)
            found = await asyncio.gather(*(one.add(reported) for one in several for _ in range(3)))
            assert [applied.refused for applied in found].count(False) == 1
            for one in several:
                await one.turns.catch_up()
            assert {one.records.gate.record("agent-7").outcomes for one in several} == {1}

    played(scene)


def test_what_cannot_be_written_down_was_not_watched_so_promises_are_suspended_for_all(store: SharedStore) -> None:
    async def scene() -> None:
        async with replicas(store) as (one, other):
            applied = await one.add(verified("\ud800"))  # no UTF-8 has it
            assert [type(error) for error in applied.failures] == [TypeError]
            assert len(applied.alarms) == 1
            await other.turns.catch_up()
            assert [alarm.key for alarm in other.records.monitor.active_alarms] == [applied.alarms[0].key]

    played(scene)


def test_a_promise_is_suspended_and_acknowledged_for_all(store: SharedStore) -> None:
    async def scene() -> None:
        async with replicas(store) as (one, other):
            [alarm] = (await one.add(Suspended("a test", AT))).alarms
            assert alarm.tenant == "acme"
            await other.turns.catch_up()
            assert not other.records.monitor.promises[0].holds
            assert not (await other.add(Acknowledged(alarm.key, AT))).refused
            assert (await one.add(Acknowledged(alarm.key, AT))).refused
            assert one.records.monitor.promises[0].holds

    played(scene)


def test_a_quota_is_the_tenants(store: SharedStore) -> None:
    async def scene() -> None:
        async with replicas(store, 4) as several:
            rate = RateLimit(requests_per_day=50)
            found = await asyncio.gather(*(one.turns.acquire(rate, 1) for one in several for _ in range(40)))
            assert found.count(None) == 50
            assert all(wait is None or wait > 0 for wait in found)

    played(scene)


def test_a_burst_is_the_tenants_and_a_batch_is_taken_whole(store: SharedStore) -> None:
    async def scene() -> None:
        async with replicas(store) as (one, other):
            rate = RateLimit(requests_per_minute=0.001, burst=10)
            assert await one.turns.acquire(rate, 8) is None
            assert await other.turns.acquire(rate, 3) is not None
            assert await other.turns.acquire(rate, 0) is None
            assert await other.turns.acquire(rate, 2) is None
            assert await one.turns.acquire(rate, 1) is not None

    played(scene)


def test_a_new_replica_goes_on_from_a_snapshot(store: SharedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SNAPSHOT_EVERY", 20)

    async def scene() -> None:
        async with replicas(store, 1) as (one,):
            for n in range(50):
                await one.add(verified(f"v-{n}", unsafe=n % 2 == 0))
            await one.add(OutcomeReported("v-1", ActionOutcome(correct=True), AT))
            assert store.load("acme").number == 40
            async with replicas(store, 1) as (fresh,):
                await fresh.turns.catch_up()
                assert fresh.records.to_json() == one.records.to_json()
                assert fresh.shown == one.shown
                assert (await fresh.add(OutcomeReported("v-1", ActionOutcome(correct=True), AT))).refused
                assert not (await fresh.add(OutcomeReported("v-2", ActionOutcome(correct=True), AT))).refused

    played(scene)


def test_one_that_fell_behind_what_is_kept_loads_anew(store: SharedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SNAPSHOT_EVERY", 10)
    monkeypatch.setattr("foureyes.shared_state.store.KEPT_EVENTS", 5)

    async def scene() -> None:
        async with replicas(store) as (one, other):
            await one.add(verified("v"))
            await other.turns.catch_up()
            for n in range(40):
                await one.add(verified(f"v-{n}"))
            await other.add(verified("of the other"))
            await one.turns.catch_up()
            assert other.records.gate.record("agent-7") == one.records.gate.record("agent-7")
            assert other.records.monitor.snapshot(AT)["total"] == 42
            assert '"reloaded":true' in other.said.getvalue()
            assert '"reloaded":true' not in one.said.getvalue()

    played(scene)


def test_more_than_a_page_is_followed_to_its_end(store: SharedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foureyes.shared_state.store._PAGE", 7)

    async def scene() -> None:
        async with replicas(store) as (one, other):
            await other.turns.catch_up()
            for n in range(30):
                await one.add(verified(f"v-{n}"))
            await other.add(verified("last"))
            await one.turns.catch_up()
            assert other.records.to_json() == one.records.to_json()

    played(scene)


@pytest.mark.parametrize("batch", [1, 500])
def test_lost_answers_lose_no_event_and_double_none(
    wire: tuple[Proxy, SharedStore], store: SharedStore, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, cut = wire
    monkeypatch.setattr(wish, "_MOST_ADDED", batch)

    async def scene() -> None:
        async with replicas(cut, 1) as (one,), replicas(store, 1) as (other,):
            await one.turns.catch_up()
            proxy.cut = 3
            outcomes = [ActionReported("agent-7", ActionOutcome(correct=True), AT) for _ in range(5)]
            await asyncio.gather(*(one.add(outcome) for outcome in outcomes))
            await other.turns.catch_up()
            assert other.records.gate.record("agent-7").outcomes == 5
            assert one.records.gate.record("agent-7").outcomes == 5

    played(scene)


def test_without_the_store_nobody_is_admitted_and_what_happened_is_added_later(
    wire: tuple[Proxy, SharedStore], store: SharedStore
) -> None:
    proxy, cut = wire

    async def scene() -> None:
        async with replicas(cut, 1) as (one,), replicas(store, 1) as (other,):
            await one.turns.catch_up()
            proxy.served, proxy.cut = False, 1
            late = asyncio.ensure_future(one.add(Suspended("a test", AT)))
            with pytest.raises(StateError):
                await one.turns.acquire(NO_LIMIT, 1)
            with pytest.raises(StateError):
                await one.turns.acquire(RateLimit(requests_per_day=5), 1)
            with pytest.raises(StateError):
                await late
            proxy.served = True
            while not one.shown:  # noqa: ASYNC110 - what is waited for happens in the service
                await asyncio.sleep(0.01)
            await other.turns.catch_up()
            assert other.shown == one.shown == [(256, "alarm")]
            assert [alarm.kind for applied in one.late for alarm in applied.alarms] == ["promise"]
            assert other.late == []
            told = [line for line in one.said.getvalue().splitlines() if '"usable"' in line]
            assert ['"usable":false' in told[0], '"usable":true' in told[-1], len(told)] == [True, True, 2]

    played(scene)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE foureyes_tenants SET allowance = '{}'", "what acme used of its allowance"),
        ('UPDATE foureyes_tenants SET allowance = \'{"spent": -9, "used": 0, "day": 1}\'', "allowance"),
        ("UPDATE foureyes_tenant_events SET event = 'nothing'::bytea", "event 1 of acme"),
        ("INSERT INTO foureyes_tenant_snapshots VALUES ('acme', 1, '{}')", "the snapshot of acme"),
        ("INSERT INTO foureyes_tenant_snapshots VALUES ('acme', 9, '{}')", "acme are not one journal"),
        ("UPDATE foureyes_tenant_events SET number = 3", "acme are not one journal"),
        ("DELETE FROM foureyes_tenant_events", "acme are not one journal"),
        ("DELETE FROM foureyes_tenants", "acme are not one journal"),
        ("ALTER TABLE foureyes_tenants DROP COLUMN allowance", "allowance"),
        ("DROP TABLE foureyes_tenant_events", "foureyes_tenant_events"),
    ],
)
def test_what_cannot_be_read_is_named_and_nobody_is_admitted(
    store: SharedStore, postgres_url: str, statement: str, named: str
) -> None:
    async def scene() -> None:
        async with replicas(store, 1) as (one,):
            await one.add(verified("v"))
            assert await one.turns.acquire(RateLimit(requests_per_day=50), 1) is None
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]
        async with replicas(store, 1) as (fresh,):
            for _ in range(2):
                with pytest.raises(StateError):
                    await fresh.turns.acquire(RateLimit(requests_per_day=50), 1)
            assert named in fresh.said.getvalue()
            assert fresh.records.gate.agents in ((), ("agent-7",))

    played(scene)


def test_many_who_wait_for_a_store_that_hangs_are_refused(
    store: SharedStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 3)
    monkeypatch.setattr(store, "answer_s", 0.2)

    async def scene() -> None:
        async with replicas(store, 1) as (one,):
            await one.turns.catch_up()
            with psycopg.connect(postgres_url) as holding:
                holding.execute("SELECT * FROM foureyes_tenants FOR UPDATE")
                found = await asyncio.gather(
                    *(one.turns.acquire(RateLimit(requests_per_day=9), 1) for _ in range(9)), return_exceptions=True
                )
                assert all(isinstance(error, StateError) for error in found)
                assert any("wait for it" in str(error) for error in found)
            monkeypatch.setattr(store, "answer_s", 10.0)
            assert await one.turns.acquire(RateLimit(requests_per_day=9), 1) is None

    played(scene)


def test_whoever_only_watches_is_told_too(store: SharedStore) -> None:
    async def scene() -> None:
        async with replicas(store) as (one, other):
            sharing = Sharing(store, open_log(StringIO()), one.late.append)
            await one.add(verified("v"))
            await sharing.follow([other.turns])
            assert other.shown == one.shown
            assert sharing.is_usable
            store.close()

    played(scene)


def test_a_store_that_is_away_is_seen(wire: tuple[Proxy, SharedStore]) -> None:
    proxy, cut = wire

    async def scene() -> None:
        async with replicas(cut, 1) as (one,):
            sharing = Sharing(cut, open_log(StringIO()), one.late.append)
            await sharing.follow([one.turns])
            cut.close()  # so that every question needs a new connection
            proxy.served = False
            await sharing.follow([one.turns])
            assert not sharing.is_usable
            proxy.served = True
            await sharing.follow([one.turns])
            assert sharing.is_usable

    played(scene)


def test_large_events_that_waited_together_are_not_added_all_at_once(
    store: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def turn(tenant: str, known: Place, batch: EventBatch, *rest: Any) -> StoreTurn:
        sizes.append(len(batch.events))
        return SharedStore.turn(store, tenant, known, batch, *rest)

    async def scene() -> None:
        monkeypatch.setattr(store, "turn", turn)
        monkeypatch.setattr(wish, "_LARGEST_ADDED", 5000)
        async with replicas(store, 1) as (one,):
            await asyncio.gather(
                *(one.add(Suspended("x" * 2000, AT)) for _ in range(5)), one.add(Suspended("x" * 9000, AT))
            )
            assert sizes == [2, 2, 1, 1]
            assert one.turns.head == 6

    played(scene)


def test_an_operator_is_told_how_many_events_were_given_up_at_the_end(
    store: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def turn(*_: object) -> StoreTurn:
        raise StateError("not now")

    async def scene() -> None:
        async with replicas(store, 1) as (one,):
            await one.turns.catch_up()
            monkeypatch.setattr(module, "_END_S", 0.01)
            monkeypatch.setattr(store, "answer_s", 0.01)
            monkeypatch.setattr(store, "turn", turn)
            for number in range(3):
                with pytest.raises(StateError):
                    await one.add(Suspended(f"{number}", AT))
            await one.turns.close()
            assert '"given_up":3' in one.said.getvalue().replace(" ", "")

    played(scene)


def test_a_snapshot_is_due_after_many_bytes_too(store: SharedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SNAPSHOT_EVERY_BYTES", 5000)

    async def scene() -> None:
        async with replicas(store, 1) as (one,):
            await asyncio.gather(*(one.add(Suspended("x" * 2000, AT)) for _ in range(2)))
            assert store.load("acme").document is None
            await one.add(Suspended("x" * 2000, AT))
            await one.turns.catch_up()
            assert store.load("acme").number == 3
            await one.add(Suspended("x" * 2000, AT))
            await one.turns.catch_up()
            assert store.load("acme").number == 3

    played(scene)


def test_where_no_snapshot_could_be_kept_for_long_one_is_kept_as_soon_as_it_can_be(
    store: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foureyes.shared_state.store._MOST_UNKEPT", 5)
    monkeypatch.setattr(store, "answer_s", 30.0)

    async def scene() -> None:
        async with replicas(store) as (one, other):
            await one.turns.catch_up()
            for n in range(5):
                await other.add(verified(f"v-{n}"))
            assert store.load("acme").document is None
            assert not (await one.add(verified("one more"))).failures
            assert store.load("acme").number == 5
            await other.turns.catch_up()
            assert one.records.to_json() == other.records.to_json()

    played(scene)
