"""The feed: bounded, ordered, and never in anybody's way."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from foureyes.errors import StateError
from foureyes.service.feed import Event, Feed, Lagging, Later


async def first(feed: Feed[int], n: int, *, after: int = 0) -> list[Event[int] | None]:
    seen = []
    async for event in feed.watch(after, every_s=60.0):
        seen.append(event)
        if len(seen) == n:
            break
    return seen


async def read_to_the_end(watching: Any) -> None:
    while True:
        await anext(watching)


def test_it_remembers_the_last_few() -> None:
    feed = Feed[int](keep=3)
    for value in range(10):
        feed.add("n", value)
    assert [event.value for event in feed.after(0)] == [7, 8, 9]
    assert [event.id for event in feed.after(9)] == [10]


def test_the_latest_come_first_and_by_kind() -> None:
    feed = Feed[int]()
    for value in range(6):
        feed.add("even" if value % 2 == 0 else "odd", value)
    assert [event.value for event in asyncio.run(feed.latest(2, kind="odd"))] == [5, 3]
    assert [event.value for event in asyncio.run(feed.latest(2))] == [5, 4]


def test_a_watcher_gets_the_past_and_then_what_comes() -> None:
    async def watch() -> list[int]:
        feed = Feed[int]()
        feed.add("n", 1)
        watching = asyncio.create_task(first(feed, 3))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        feed.add("n", 2)
        feed.add("n", 3)
        return [event.value for event in await watching if event]

    assert asyncio.run(watch()) == [1, 2, 3]


def test_silence_is_told_now_and_then() -> None:
    async def watch() -> object:
        async for event in Feed[int]().watch(0, every_s=0.001):
            return event
        return "ended"

    assert asyncio.run(watch()) is None


def test_who_does_not_keep_up_is_let_go_and_others_are_not() -> None:
    async def watch() -> tuple[bool, int]:
        feed = Feed[int](keep=1000)
        slow = aiter(feed.watch(0, every_s=60.0))
        feed.add("n", 0)
        await anext(slow)
        quick = asyncio.create_task(first(feed, 301))
        for value in range(1, 301):
            feed.add("n", value)
            await asyncio.sleep(0)
        with pytest.raises(Lagging):
            await read_to_the_end(slow)
        return feed.full, len(await quick)

    assert asyncio.run(watch()) == (False, 301)


def test_whoever_watches_what_is_replaced_is_told_to_come_back_for_what_it_did_not_see() -> None:
    async def watch() -> list[int]:
        feed = Feed[int]()
        feed.add("n", 0)
        watching = aiter(feed.watch(0, every_s=60.0))
        await anext(watching)
        feed.replace([Event(n, "alarm", n) for n in (1, 2, 3)])
        feed.add("n", 4)
        with pytest.raises(Lagging):
            await anext(watching)
        return [event.id for event in await first(feed, 3, after=1)]

    assert asyncio.run(watch()) == [2, 3, 4]


def test_only_so_many_may_watch() -> None:
    async def watch() -> tuple[bool, bool]:
        feed = Feed[int](watchers=1)
        feed.add("n", 0)
        watching = feed.watch(0, every_s=60.0)
        await anext(watching)
        during = feed.full
        await watching.aclose()  # type: ignore[attr-defined] - an async generator behind its protocol
        return during, feed.full

    assert asyncio.run(watch()) == (True, False)


@pytest.mark.parametrize(("known", "seen"), [(3, [4]), (4, [5]), (5, [1, 2, 3, 4]), (10**9, [1, 2, 3, 4])])
def test_whoever_knows_later_numbers_than_there_are_begins_anew(known: int, seen: list[int]) -> None:
    async def watch() -> list[int]:
        feed = Feed[int]()
        for n in range(1, 5):
            feed.add("n", n)
        watching = asyncio.create_task(first(feed, len(seen), after=known))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        feed.add("n", 5)
        return [event.id for event in await watching if event]

    assert asyncio.run(watch()) == seen


def test_numbers_up_to_which_something_happened_are_not_later_ones() -> None:
    async def watch() -> list[int]:
        feed = Feed[int]()
        feed.replace([Event(n, "alarm", n) for n in (1, 2, 3)], last=9)
        watching = asyncio.create_task(first(feed, 1, after=7))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        feed.add("n", 10, number=10)
        return [event.id for event in await watching if event]

    assert asyncio.run(watch()) == [10]


def test_what_nobody_looks_at_is_not_made() -> None:
    made: list[int] = []

    def make(n: int) -> int:
        made.append(n)
        return n * n

    feed = Feed[int]()
    for n in range(5):
        feed.add("n", Later(partial(make, n)))
    assert made == []
    assert [event.value for event in asyncio.run(feed.latest(2))] == [16, 9]
    assert [event.value for event in asyncio.run(feed.latest(2))] == [16, 9]
    assert made == [4, 3], "and made once"


def unreadable() -> int:
    raise StateError("by a newer version")


def test_what_cannot_be_shown_is_passed_over_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def watch() -> list[int]:
        feed.add("n", Later(unreadable))
        watching = asyncio.create_task(first(feed, 3))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        feed.add("n", Later(unreadable))
        feed.add("n", 6)
        return [event.id for event in await watching if event]

    feed = Feed[int]()
    feed.add("n", Later(unreadable))
    feed.add("n", 2)
    feed.add("n", 3)
    assert asyncio.run(watch()) == [2, 3, 6]
    assert [event.id for event in asyncio.run(feed.latest(2))] == [6, 3]
    assert [event.id for event in asyncio.run(feed.latest(9, wanted=lambda value: value != 3))] == [6, 2]
    n, oldest = asyncio.run(feed.remembered("n"))
    assert (n, oldest and oldest.id) == (6, 2)
    assert asyncio.run(feed.remembered("other")) == (0, None)
    assert [record.getMessage().splitlines()[0] for record in caplog.records] == [
        "an event of the page failed with StateError; raised at:"
    ]


def test_what_cannot_be_made_is_tried_once_and_told_each_time() -> None:
    tried: list[int] = []

    def make() -> int:
        tried.append(1)
        return unreadable()

    later = Later(make)
    for _ in range(3):
        with pytest.raises(StateError, match="by a newer version"):
            _ = later.value
    assert len(tried) == 1


@pytest.mark.parametrize("look", ["search", "oldest", "follow"])
def test_whoever_looks_at_much_that_is_not_made_yet_lets_others_take_their_turns(look: str) -> None:
    async def scene() -> list[int]:
        made_at: list[int] = []

        def make() -> int:
            made_at.append(turns)
            return unreadable()

        feed = Feed[int]()
        for _ in range(200):
            feed.add("n", Later(make))
        looking = asyncio.create_task(looks[look](feed))
        turns = 0
        while not looking.done():
            turns += 1
            await asyncio.sleep(0)
        await looking
        return made_at

    async def follow(feed: Feed[int]) -> None:
        async for _ in feed.watch(0, every_s=0.001):
            return

    looks: dict[str, Any] = {
        "search": lambda feed: feed.latest(1, wanted=lambda _: False),
        "oldest": lambda feed: feed.remembered("n"),
        "follow": follow,
    }
    made_at = asyncio.run(scene())
    assert len(made_at) == len(set(made_at)) == 200
