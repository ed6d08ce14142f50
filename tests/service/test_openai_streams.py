"""Streams that are sent as they come, and callers who hang up, over real sockets."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import httpx
import openai
import pytest

from bench.asgi import scope_of
from foureyes.errors import ModelUnavailable
from foureyes.service import sending
from tests.service.house import House, open_house
from tests.service.loopback import serving
from tests.service.scripted_route import USAGE, ScriptedRoute
from tests.service.test_openai_routes import ASKED, ask, events

__all__ = ["open_house"]

HEAD = {"id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1_800_000_000, "model": "toy-small"}
PATIENCE_S = 90


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


CHUNKS = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Can"}),
    chunk({"content": "berra"}),
    chunk({}, "stop"),
    {**HEAD, "choices": [], "usage": USAGE},
]


@pytest.fixture
def route(house: House) -> ScriptedRoute:
    scripted = ScriptedRoute(annotates=True, action="annotated", chunks=list(CHUNKS))
    house.change(routes={"trivia": scripted})
    return scripted


def until(met: Any) -> None:
    """Waits for something that must come to be."""
    ends = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_an_annotated_stream_ends_with_what_was_read(house: House, route: ScriptedRoute) -> None:
    reply = ask(house, {**ASKED, "stream": True, "stream_options": {"include_usage": True}})
    *chunks, done = events(reply)
    assert done == "[DONE]"
    assert chunks[-1].pop("foureyes")["action"] == "annotated"
    assert [{**one, "usage": None} for one in CHUNKS[:-1]] + [CHUNKS[-1]] == chunks
    assert reply.headers["x-foureyes-request-id"] == reply.headers["x-request-id"]


def test_pieces_come_before_the_answer_is_read_and_its_end_afterwards(house: House, route: ScriptedRoute) -> None:
    with serving(house.app) as url:
        route.waits = asyncio.Event()
        client = openai.OpenAI(base_url=f"{url}/v1", api_key=house.keys["route"].presented)
        stream = client.chat.completions.create(**ASKED, stream=True)
        pieces = iter(stream)
        words = [next(pieces).choices[0].delta.content for _ in range(3)]
        assert words == ["", "Can", "berra"]
        loop_of(route).call_soon_threadsafe(route.waits.set)
        [last] = list(pieces)
        assert last.choices[0].finish_reason == "stop"
        assert last.foureyes["confidence"] == 0.9


def loop_of(route: ScriptedRoute) -> Any:
    """The loop that waits for the route's event."""
    until(lambda: route.waits is not None and getattr(route.waits, "_loop", None) is not None)
    return route.waits._loop


@pytest.mark.parametrize("sent", [0, 2])
def test_an_upstream_that_breaks_off_ends_the_stream_with_an_error(
    house: House, route: ScriptedRoute, sent: int
) -> None:
    route.chunks, route.error = (
        route.chunks[:sent],
        ModelUnavailable("small at http://10.0.0.1 broke off", model="small"),
    )
    with serving(house.app) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key=house.keys["route"].presented, max_retries=0)
        with pytest.raises(openai.APIError) as raised:
            list(client.chat.completions.create(**ASKED, stream=True))
    assert isinstance(raised.value, openai.InternalServerError) == (sent == 0)
    assert "10.0.0.1" not in str(raised.value)


def test_a_reader_that_fails_ends_the_stream_with_an_error(house: House, route: ScriptedRoute) -> None:
    route.action = "failed"
    *chunks, error = events(ask(house, {**ASKED, "stream": True}))
    assert error["error"]["code"] == "route_failed"
    assert not any(choice.get("finish_reason") for one in chunks for choice in one["choices"])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("annotates", [False, True])
def test_who_hangs_up_cancels_the_writer_and_is_counted(
    house: House, route: ScriptedRoute, *, stream: bool, annotates: bool
) -> None:
    route.waits, route.annotates = asyncio.Event(), annotates
    headers = {"Authorization": f"Bearer {house.keys['route'].presented}", "Content-Type": "application/json"}
    with serving(house.app) as url:
        with closing(HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE_S)) as caller:
            caller.request("POST", "/v1/chat/completions", json.dumps({**ASKED, "stream": stream}), headers)
            until(lambda: route.asked)
            if stream and annotates:
                assert caller.getresponse().readline().startswith(b"data: ")
        until(lambda: route.cancelled)
        until(lambda: house.state.in_flight.used == 0)
        page = httpx.get(f"{url}/metrics").text
    assert route.cancelled == len(route.asked) == 1
    assert 'foureyes_route_hangups_total{route="trivia"} 1.0' in page
    assert house.state.tenant("acme").routed.tallies["trivia"].hung_up == 1
    assert not [line for line in house.logged() if line["event"] == "failure"]


def test_who_takes_no_piece_is_one_who_hung_up(
    house: House, route: ScriptedRoute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_SENT_S", 1e-3)
    body = [json.dumps({**ASKED, "stream": True}).encode()]

    async def receive() -> Any:
        if body:
            return {"type": "http.request", "body": body.pop()}
        return await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        if message.get("body"):
            await asyncio.get_running_loop().create_future()

    headers = {"x-api-key": house.keys["route"].presented, "content-type": "application/json"}
    asked = house.app(scope_of("POST", "/v1/chat/completions", headers), receive, send)
    asyncio.run(asyncio.wait_for(asked, 30))
    assert (route.cancelled, house.state.in_flight.used) == (1, 0)
    assert house.state.tenant("acme").routed.tallies["trivia"].hung_up == 1
    assert not [line for line in house.logged() if line["event"] == "failure"]
