"""Whoever takes a response too slowly holds nothing for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from bench.asgi import scope_of
from foureyes.service import sending
from foureyes.service.sending import BoundedStream
from tests.service.house import House, open_house

__all__ = ["open_house"]


async def never(*_: Any) -> Any:
    await asyncio.get_running_loop().create_future()


def test_decisions_that_nobody_takes_are_broken_off_and_free_the_tenants_share(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_SENT_S", 1e-3)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)
        if message.get("body"):
            await never()

    headers = {"x-api-key": house.keys["audit"].presented}
    asyncio.run(house.app(scope_of("GET", "/v1/decisions", headers), never, send))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[-1]["more_body"]
    assert house.state.in_flight.used == 0


def test_a_time_out_of_what_makes_the_parts_is_an_error() -> None:
    async def parts() -> AsyncGenerator[str]:
        yield "["
        raise TimeoutError("the database")

    async def send(_: Any) -> None:
        pass

    with pytest.raises(TimeoutError, match="the database"):
        asyncio.run(BoundedStream(parts()).stream_response(send))
