"""What replicas share, at a real PostgreSQL: turns one after the other, events once and in order, snapshots."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from foureyes.errors import InputError, StateError
from foureyes.shared_state import store as module
from foureyes.shared_state.journal import EventBatch, LoadedJournal, Place
from foureyes.shared_state.store import Overdue, SharedStore, Unanswered, Unkept
from tests.ledger.proxy import Proxy

NOTHING = Place()


def add(store: SharedStore, *events: bytes, known: Place = NOTHING, tenant: str = "acme") -> Any:
    return store.turn(tenant, known, EventBatch(events))


def numbered(events: Any) -> list[tuple[int, bytes]]:
    return [(one.number, one.event) for one in events]


def test_a_tenant_begins_with_nothing(store: SharedStore) -> None:
    assert store.load("acme") == LoadedJournal(0, None, [])
    followed = store.follow("acme", NOTHING)
    assert (followed.continues, list(followed.events), followed.head) == (True, [], 0)
    assert store.heads() == {"acme": 0}


def test_a_tenant_that_was_not_begun_is_an_error(store: SharedStore) -> None:
    for ask in (lambda: store.follow("acme", NOTHING), lambda: add(store, b"a")):
        with pytest.raises(StateError, match="no row for the tenant acme"):
            ask()


def test_events_come_in_order_to_whoever_follows(store: SharedStore) -> None:
    store.load("acme")
    store.load("other")
    assert add(store, b"a", b"\x00b").first.number == 1
    add(store, b"elsewhere", tenant="other")
    turn = add(store, b"c")
    assert (turn.first.number, numbered(turn.followed.events)) == (3, [(1, b"a"), (2, b"\x00b")])
    found = store.follow("acme", NOTHING)
    assert (found.continues, numbered(found.events), found.head) == (True, [(1, b"a"), (2, b"\x00b"), (3, b"c")], 3)
    later = store.follow("acme", Place(2, found.events[1].at))
    assert (later.continues, numbered(later.events)) == (True, [(3, b"c")])
    assert numbered(store.load("acme").events) == numbered(found.events)


def test_turns_of_many_leave_no_gap_and_count_once(store: SharedStore, postgres_url: str) -> None:
    store.load("acme")
    stores = [SharedStore(postgres_url) for _ in range(3)]
    firsts: list[int] = []

    def work(which: int) -> None:
        for n in range(20):
            turn = stores[which].turn(
                "acme", NOTHING, EventBatch([b"%d-%d" % (which, n)]), lambda used, *_: str(int(used or 0) + 1)
            )
            firsts.append(turn.first.number)

    threads = [threading.Thread(target=work, args=(which,)) for which in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(firsts) == list(range(1, 61))
    seen: list[str] = []
    store.turn("acme", NOTHING, EventBatch(()), lambda used, *_: (seen.append(used), used)[1])
    assert seen == ["60"]
    for one in stores:
        one.close()


def test_the_clock_of_an_allowance_only_goes_on(store: SharedStore, postgres_url: str) -> None:
    store.load("acme")
    clocks: list[tuple[float, float]] = []

    def look(used: str, clock: float, now: float) -> str:
        clocks.append((clock, now))
        return used

    store.turn("acme", NOTHING, EventBatch(()), look)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("UPDATE foureyes_tenants SET wall = wall + 1e6")  # as if the server had been set back since
    store.turn("acme", NOTHING, EventBatch(()), look)
    store.turn("acme", NOTHING, EventBatch(()), look)
    (first, _), (second, now), (third, later) = clocks
    assert first <= second == pytest.approx(first)
    assert third - second == pytest.approx(later - now)


def test_what_the_allowance_refuses_adds_nothing(store: SharedStore) -> None:
    store.load("acme")
    with pytest.raises(ZeroDivisionError):
        store.turn("acme", NOTHING, EventBatch([b"a"]), lambda *_: str(1 / 0))
    assert store.heads() == {"acme": 0}
    assert add(store, b"b").first.number == 1


def test_a_commit_whose_answer_was_lost_is_found_and_not_repeated(
    wire: tuple[Proxy, SharedStore], store: SharedStore
) -> None:
    proxy, cut = wire
    store.load("acme")
    batch = EventBatch([b"a", b"b"])
    proxy.cut = 1
    with pytest.raises(StateError):
        cut.turn("acme", NOTHING, batch)
    add(store, b"of another")
    used: list[str] = []
    turn = cut.turn("acme", NOTHING, batch, lambda *_: used.append("once") or "1")  # type: ignore[func-returns-value]
    assert (turn.first.number, used) == (1, ["once"])
    assert numbered(store.follow("acme", NOTHING).events) == [(1, b"a"), (2, b"b"), (3, b"of another")]


def test_what_never_reached_the_server_is_added(wire: tuple[Proxy, SharedStore], store: SharedStore) -> None:
    _, cut = wire
    store.load("acme")
    batch = EventBatch([b"a"], placed=1)  # as after an attempt that was rolled back
    assert cut.turn("acme", NOTHING, batch).first.number == 1
    again = EventBatch([b"c"], placed=2)
    add(store, b"took its place")
    assert cut.turn("acme", NOTHING, again).first.number == 3
    assert numbered(store.follow("acme", NOTHING).events) == [(1, b"a"), (2, b"took its place"), (3, b"c")]


def test_where_nobody_can_tell_nothing_is_repeated(
    store: SharedStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.load("acme")
    add(store, b"a")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DELETE FROM foureyes_tenant_events")
    with pytest.raises(Unanswered):
        store.turn("acme", NOTHING, EventBatch([b"b"], placed=1))


def test_a_snapshot_is_what_a_new_replica_starts_from(store: SharedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_EVENTS", 2)
    store.load("acme")
    add(store, *(b"%d" % n for n in range(1, 11)))
    store.keep("acme", 8, "what eight led to")
    store.keep("acme", 4, "older")
    loaded = store.load("acme")
    assert (loaded.number, loaded.document) == (8, "what eight led to")
    assert [one.number for one in loaded.events] == [7, 8, 9, 10]
    followed = store.follow("acme", NOTHING)
    assert (followed.continues, followed.events[0].number) == (False, 7)


def test_a_journal_that_was_put_back_does_not_continue(store: SharedStore, postgres_url: str) -> None:
    store.load("acme")
    add(store, b"a", b"b", b"c")
    known = store.follow("acme", NOTHING).events[-1]
    place = Place(known.number, known.at)
    assert store.follow("acme", place).continues
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DELETE FROM foureyes_tenant_events WHERE number > 1")
        connection.execute("UPDATE foureyes_tenants SET head = 1")
    assert not store.follow("acme", place).continues
    add(store, b"other", b"other", b"other")
    assert not store.follow("acme", place).continues, "another event stands where ours stood"


def test_without_a_snapshot_it_does_not_grow_for_ever(store: SharedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_UNKEPT", 3)
    store.load("acme")
    add(store, b"a", b"b", b"c")
    with pytest.raises(StateError, match="3 events since its snapshot"):
        add(store, b"d")
    store.keep("acme", 3, "kept")
    assert add(store, b"d").first.number == 4


def test_a_server_that_is_away_is_an_error_without_a_password() -> None:
    with pytest.raises(StateError) as refused:
        SharedStore("postgresql://eyes:canary@127.0.0.1:1/records")
    assert "127.0.0.1/records" in str(refused.value)
    assert "canary" not in str(refused.value)
    with pytest.raises(InputError, match="not a PostgreSQL URL"):
        SharedStore("canary")


def test_it_goes_on_after_its_connections_were_ended(wire: tuple[Proxy, SharedStore]) -> None:
    proxy, cut = wire
    cut.load("acme")
    proxy.served = False
    proxy.cut = 1
    with pytest.raises(StateError):
        add(cut, b"a")
    with pytest.raises(StateError):
        add(cut, b"b")
    proxy.served = True
    assert add(cut, b"c").first.number == 2


def test_two_schemas_are_two_places(store: SharedStore, postgres_url: str) -> None:
    store.load("acme")
    add(store, b"a")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        schema = connection.execute("SELECT current_schema()").fetchone()
        assert schema is not None
        connection.execute(f"CREATE SCHEMA other_{schema[0]}")
    other = SharedStore(postgres_url.replace(quote(schema[0]), f"other_{schema[0]}"))
    assert other.load("acme").events == []
    other.close()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA other_{schema[0]} CASCADE")


def test_the_bytes_that_follow_a_snapshot_are_bounded_too(store: SharedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_UNKEPT_BYTES", 100)
    store.load("acme")
    assert [add(store, b"x" * 60).unkept, add(store, b"y" * 60).unkept] == [60, 120]
    with pytest.raises(Unkept, match=r"2 events since its snapshot, 0\.0 MiB, and no newer one"):
        add(store, b"z")
    assert store.turn("acme", NOTHING, EventBatch(())).unkept == 120, "to follow is always allowed"
    store.keep("acme", 1, "kept")
    assert add(store, b"z" * 10).unkept == 70


def test_of_large_events_fewer_stay_behind_a_snapshot(store: SharedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", 10)
    store.load("acme")
    add(store, *(b"%04d" % n for n in range(1, 11)))
    store.keep("acme", 8, "what eight led to")
    assert [one.number for one in store.load("acme").events] == [6, 7, 8, 9, 10], "5 had 12 bytes behind it"
    store.keep("acme", 10, "what ten led to")
    assert [one.number for one in store.load("acme").events] == [8, 9, 10]
    add(store, b"x" * 100)
    store.keep("acme", 11, "what eleven led to")
    assert [one.number for one in store.load("acme").events] == [11]
    assert add(store, b"y").first.number == 12


def test_no_more_bytes_are_read_at_once_than_a_page_has_but_one_event_is(
    store: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGE_BYTES", 10)
    store.load("acme")
    add(store, b"1234", b"5678", b"x" * 50, b"9", b"0")
    seen, known = [], NOTHING
    while (found := store.follow("acme", known)).events:
        assert found.continues
        seen.append([one.number for one in found.events])
        known = Place(found.events[-1].number, found.events[-1].at)
    assert seen == [[1, 2], [3], [4, 5]]


def test_no_answer_brings_more_than_a_page_of_a_journal_that_is_loaded(
    wire: tuple[Proxy, SharedStore], store: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, behind = wire
    monkeypatch.setattr(module, "_PAGE_BYTES", 1 << 18)
    behind.load("acme")
    for n in range(20):
        add(store, *(b"%d-%d" % (n, k) + b"x" * 100_000 for k in range(5)))
    store.keep("acme", 30, "what thirty led to")
    proxy.most = 1 << 19
    assert behind.load("acme") == store.load("acme")
    assert [one.number for one in behind.load("acme").events] == list(range(1, 101))


def test_a_journal_whose_beginning_is_forgotten_is_loaded_page_by_page(
    store: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_EVENTS", 4)
    monkeypatch.setattr(module, "_PAGE_BYTES", 10)
    store.load("acme")
    add(store, b"1234", b"5678", b"x" * 50, b"9", b"0", b"y" * 20, b"12", b"345678901")
    store.keep("acme", 6, "what six led to")
    assert [one.number for one in store.load("acme").events] == [3, 4, 5, 6, 7, 8]


def test_what_takes_too_long_is_told_from_a_server_that_is_away(
    store: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.schema, "HEADS", "SET statement_timeout = 1; SELECT pg_sleep(60)")
    with pytest.raises(Overdue, match="statement timeout"):
        store.heads()
