"""What came of our own events is told once, to whoever waits or to whoever sends alarms, also when a tenant is loaded anew."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import psycopg
import pytest

from foureyes.errors import StateError
from foureyes.service import shared_tenant as module
from foureyes.service.own_events import OwnEvents
from foureyes.service.tenant_events import Suspended
from foureyes.service.tenant_records import Applied
from foureyes.service.wish import Wish
from foureyes.shared_state.journal import EventBatch, Journaled, JournalTail, Place, StoreTurn
from foureyes.shared_state.store import SharedStore
from tests.service.journal_events import AT, verified
from tests.service.test_shared_tenant import Replica, played, replicas
from tests.shared_state.conftest import postgres_url, store

__all__ = ["postgres_url", "store"]


def test_what_came_of_anothers_event_in_our_place_is_not_ours() -> None:
    async def scene() -> None:
        late: list[Applied] = []
        own, wish = OwnEvents("it is lost", late.append), Wish(raw=b"ours")
        own.add(Place(5, AT), [wish])
        own.tell(Journaled(4, AT, b"ours"), Applied())
        assert not wish.done.done()
        own.tell(Journaled(5, AT, b"another's"), Applied())
        with pytest.raises(StateError, match="it is lost"):
            await wish.done
        assert late == []

    played(scene)


class Held:
    """A store whose answer to a turn is kept back, and then says that the journal does not go on from what was known."""

    def __init__(self, store: SharedStore) -> None:
        self._turn = store.turn
        self.added, self.go_on = threading.Event(), threading.Event()

    def __call__(self, tenant: str, known: Place, batch: EventBatch, *rest: Any) -> StoreTurn:
        done = self._turn(tenant, known, batch, *rest)
        if not batch.events:
            return done
        self.added.set()
        self.go_on.wait()
        return StoreTurn(JournalTail(continues=False, events=(), head=done.followed.head), done.first, done.unkept)


@pytest.mark.parametrize("events", [3, 23])
def test_an_alarm_whose_event_is_loaded_anew_is_sent_once(
    store: SharedStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch, events: int
) -> None:
    """With few events it follows the snapshot, with many the snapshot covers it."""
    monkeypatch.setattr(module, "SNAPSHOT_EVERY", 10)
    monkeypatch.setattr(store, "answer_s", 60.0)
    theirs = SharedStore(postgres_url)

    async def scene() -> None:
        async with replicas(store, 1) as (one,), replicas(theirs, 1) as (other,):
            await one.turns.catch_up()
            held = Held(store)
            monkeypatch.setattr(store, "turn", held)
            adding = asyncio.ensure_future(one.add(Suspended("a test", AT)))
            await asyncio.to_thread(held.added.wait)
            for n in range(events):
                await other.add(verified(f"v-{n}"))
            held.go_on.set()
            found = await asyncio.gather(adding, return_exceptions=True)
            told = [
                alarm for applied in (*found, *one.late) if isinstance(applied, Applied) for alarm in applied.alarms
            ]
            assert [(alarm.key, alarm.tenant) for alarm in told] == [("promise:p/a", "acme")]
            assert isinstance(found[0], StateError) == (events > 10)
            assert other.late == []
            assert one.records.to_json() == other.records.to_json()

    played(scene)
    theirs.close()


def test_an_event_that_the_database_forgot_is_told_to_be_lost(
    store: SharedStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "answer_s", 60.0)
    theirs = SharedStore(postgres_url)

    async def scene() -> None:
        async with replicas(store, 1) as (one,), replicas(theirs, 1) as (other,):
            await one.add(verified("v"))
            held = Held(store)
            monkeypatch.setattr(store, "turn", held)
            adding = asyncio.ensure_future(one.add(Suspended("a test", AT)))
            await asyncio.to_thread(held.added.wait)
            with psycopg.connect(postgres_url, autocommit=True) as connection:
                connection.execute("DELETE FROM foureyes_tenant_events WHERE number > 1")
                connection.execute("UPDATE foureyes_tenants SET head = 1")
            await other.add(verified("in its place"))
            held.go_on.set()
            with pytest.raises(StateError, match="was loaded anew"):
                await adding
            assert one.late == []
            assert one.records.monitor.promises[0].holds
            assert one.records.to_json() == other.records.to_json()

    played(scene)
    theirs.close()


def test_whoever_hangs_up_at_the_moment_it_is_told_takes_no_alarm_away(
    store: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with replicas(store, 1) as (one,):
            adding: list[asyncio.Future[Applied]] = []
            settle = OwnEvents.settle

            def told(own: OwnEvents, wish: Wish, applied: Applied) -> None:
                settle(own, wish, applied)
                adding[0].cancel()

            monkeypatch.setattr(OwnEvents, "settle", told)
            adding.append(asyncio.ensure_future(one.add(Suspended("a test", AT))))
            with pytest.raises(asyncio.CancelledError):
                await adding[0]
            assert [alarm.key for applied in one.late for alarm in applied.alarms] == ["promise:p/a"]

    played(scene)


def test_a_page_that_saw_numbers_of_before_the_database_was_put_back_begins_anew(
    store: SharedStore, postgres_url: str
) -> None:
    async def shown(one: Replica, after: int, n: int) -> list[int]:
        found: list[int] = []
        async for event in one.records.feed.watch(after, every_s=60.0):
            assert event is not None
            if event.kind == "decision":
                found.append(event.id // 256)
            if len(found) == n:
                break
        return found

    async def scene() -> None:
        async with replicas(store, 1) as (one,):
            for n in range(1, 7):
                await one.add(verified(f"v-{n}"))
            assert await shown(one, 4 * 256 + 255, 2) == [5, 6]
            with psycopg.connect(postgres_url, autocommit=True) as connection:
                connection.execute("DELETE FROM foureyes_tenant_events WHERE number > 3")
                connection.execute("UPDATE foureyes_tenants SET head = 3")
            await one.turns.catch_up()
            assert await shown(one, 6 * 256 + 255, 3) == [1, 2, 3]
            await one.add(verified("later"))
            assert await shown(one, 3 * 256 + 255, 1) == [4]

    played(scene)
