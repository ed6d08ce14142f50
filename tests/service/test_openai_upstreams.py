"""The gateway between real sockets: a client on one side, a writer's server on the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from foureyes.http import RequestLimits
from foureyes.route.http_writer import HttpRouteWriter
from foureyes.route.route import Route
from foureyes.route.rules import RouteMember, RouteRules
from foureyes.route.scripted import ScriptedRouteReader
from tests.route.upstreams import chunked, event
from tests.service.house import House, open_house
from tests.service.loopback import serving
from tests.service.test_openai_routes import ASKED

__all__ = ["open_house"]

PIECE = {
    "model": "toy",
    "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Can"}, "finish_reason": None}],
}


@asynccontextmanager
async def raw_server(said: bytes) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A server that says something and waits: its address, and what is set once its caller has hung up."""
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        there.write(said)
        while await reader.read(1 << 16):
            pass
        gone.set()
        there.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", gone
    finally:
        server.close()


def route_to(url: str, **rules: Any) -> Route:
    writer = HttpRouteWriter("small", "toy", url, limits=RequestLimits(timeout_s=60, attempts=1))
    return Route("trivia", [RouteMember(writer)], ScriptedRouteReader(otherwise=0.9), None, RouteRules(**rules))


def test_who_hangs_up_on_an_annotated_stream_closes_the_connection_to_the_writer(house: House) -> None:
    async def scene() -> None:
        async with raw_server(chunked(event(PIECE), end=False)) as (upstream, gone):
            house.change(routes={"trivia": route_to(upstream, annotate=True)})
            headers = {"Authorization": f"Bearer {house.keys['route'].presented}"}
            with serving(house.app) as url:
                async with (
                    httpx.AsyncClient(headers=headers, timeout=30) as client,
                    client.stream("POST", f"{url}/v1/chat/completions", json={**ASKED, "stream": True}) as reply,
                ):
                    assert b"Can" in await anext(aiter(reply.aiter_bytes()))
                    assert not gone.is_set()
                await asyncio.wait_for(gone.wait(), 30)
                while house.state.in_flight.used:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        assert house.state.tenant("acme").routed.tallies["trivia"].hung_up == 1

    asyncio.run(scene())
