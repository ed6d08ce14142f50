import asyncio

import pytest

from foureyes.config.part_cache import PartCache, close


def test_a_part_is_made_once_and_taken_over_from_before():
    made = []
    first = PartCache({})
    for _ in range(2):
        first.get_or_make("a", lambda: made.append("a") or "part a")
    second = PartCache(first.parts)
    assert second.get_or_make("a", lambda: pytest.fail("it is there")) == "part a"
    assert second.get_or_make("b", lambda: "part b") == "part b"
    assert made == ["a"]
    assert (second.made, set(second.parts)) == ({"b": "part b"}, {"a", "b"})


class Sync:
    closed = False

    def close(self):
        self.closed = True


class Async:
    closed = False

    async def aclose(self):
        self.closed = True


def test_parts_are_closed_in_their_own_way_and_others_left_alone():
    parts = [Sync(), Async(), object()]

    async def end():
        for part in parts:
            await close(part)

    asyncio.run(end())
    assert parts[0].closed
    assert parts[1].closed
