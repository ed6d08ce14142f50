"""Whoever takes a response too slowly holds nothing for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from itertools import pairwise
from typing import Any

import pytest

from bench.asgi import scope_of
from bench.virtual import run
from foureyes.service import sending
from foureyes.service.sending import BoundedStream
from tests.service.house import House, open_house
from tests.service.scripted_route import ScriptedRoute
from tests.service.test_openai_routes import ASKED, ask

__all__ = ["open_house"]


LISTS = ["/v1/decisions", "/v1/ledger/entries", "/v1/suite/vault/ledger", "/v1/routes/answers"]


@pytest.fixture(name="full")
def fill_house(house: House) -> House:
    """A tenant that has verified three answers and routed three, and shows their texts."""
    house.change(show_texts=True, routes={"trivia": ScriptedRoute()})
    for i in range(3):
        assert house.call("POST", "/v1/guard/verify", {"prompt": "p", "response": f"answer {i}"}).status == 200
        assert ask(house, ASKED).status_code == 200
    return house


async def never(*_: Any) -> Any:
    await asyncio.get_running_loop().create_future()


async def get(house: House, path: str, send: Any) -> None:
    await house.app(scope_of("GET", path, {"x-api-key": house.keys["admin"].presented}), never, send)


def cut_off(house: House, path: str) -> list[Any]:
    """What was sent until nobody waited any longer for a reader who takes the head and no part."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)
        if message.get("body"):
            await never()

    asyncio.run(asyncio.wait_for(get(house, path, send), 30))
    return sent


@pytest.mark.parametrize("path", [*LISTS, "/v1/ledger/export"])
def test_what_nobody_takes_is_cut_off_and_frees_the_tenants_share(
    full: House, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(sending, "_SENT_S", 1e-3)
    sent = cut_off(full, path)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[-1]["more_body"]
    assert full.state.in_flight.used == 0


def test_events_that_nobody_takes_are_cut_off(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_SENT_S", 1e-3)
    assert cut_off(house, "/v1/events")[-1]["more_body"]
    assert (house.state.in_flight.used, house.state.tenant("acme").feed.full) == (0, False)


@pytest.mark.parametrize("path", LISTS)
def test_others_get_their_turn_before_each_item_of_a_list(full: House, path: str) -> None:
    turns: list[int] = []

    async def scene() -> None:
        n_turns = 0

        async def others() -> None:
            nonlocal n_turns
            while True:
                n_turns += 1
                await asyncio.sleep(0)

        async def send(message: Any) -> None:
            if message.get("body"):
                turns.append(n_turns)

        waiting = asyncio.create_task(others())
        await get(full, path, send)
        waiting.cancel()

    asyncio.run(scene())
    assert len(turns) >= 5, "begin, three items, end"
    assert all(later > earlier for earlier, later in pairwise(turns))


def test_a_list_in_parts_is_the_json_of_the_whole(full: House) -> None:
    for path in LISTS:
        reply = full.call("GET", path)
        found = reply.json()
        items = found if isinstance(found, list) else next(iter(found.values()))
        assert (len(items), reply.headers["content-type"]) == (3, "application/json"), path
    assert full.call("GET", "/v1/ledger/entries?start=99").json() == {"entries": [], "size": 3}


def test_whoever_takes_much_has_longer_to_take_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The export of a large log takes long over any line; one who takes nothing gets no longer by it."""
    allowed: list[float] = []

    async def note(most_s: float, *_: Any) -> None:
        allowed.append(most_s)

    async def parts() -> AsyncGenerator[bytes]:
        for _ in range(3):
            yield bytes(100 * sending._SLOWEST_BYTES_PER_S)

    monkeypatch.setattr(sending, "_sent_within", note)
    asyncio.run(BoundedStream(parts(), media_type="text/plain").stream_response(never))
    earned = [later - earlier for earlier, later in pairwise(allowed)]
    assert allowed[0] == sending._SENT_S
    assert earned[0] <= 0, "the head is no part"
    assert all(0 < one <= 100 for one in earned[1:])


def test_whoever_takes_each_part_slowly_is_cut_off_when_all_took_too_long() -> None:
    taken: list[float] = []

    async def parts() -> AsyncGenerator[str]:
        for _ in range(4):
            yield "part"

    async def send(message: Any) -> None:
        if message.get("body"):
            await asyncio.sleep(50)
            taken.append(asyncio.get_running_loop().time())

    async def scene() -> float:
        await BoundedStream(parts(), media_type="text/plain").stream_response(send)
        return asyncio.get_running_loop().time()

    assert (run(scene()), taken) == (pytest.approx(sending._SENT_S, abs=1e-3), [50.0, 100.0])


def test_what_makes_the_parts_is_closed_where_they_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_SENT_S", 1e-3)
    closed: list[bool] = []

    async def parts() -> AsyncGenerator[str]:
        try:
            yield "["
        finally:
            closed.append(True)

    async def send(message: Any) -> None:
        if message.get("body"):
            await never()

    async def scene() -> list[bool]:
        await BoundedStream(parts(), media_type="text/plain").stream_response(send)
        return list(closed)

    assert asyncio.run(scene()) == [True]


def test_a_time_out_of_what_makes_the_parts_is_an_error() -> None:
    async def parts() -> AsyncGenerator[str]:
        yield "["
        raise TimeoutError("the database")

    async def send(_: Any) -> None:
        pass

    with pytest.raises(TimeoutError, match="the database"):
        asyncio.run(BoundedStream(parts(), media_type="text/plain").stream_response(send))
