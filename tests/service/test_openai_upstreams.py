"""The gateway between real sockets: a client on one side, a writer's server on the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from foureyes.cascade.policy import ALWAYS, Policy
from foureyes.http import RequestLimits
from foureyes.route.http_writer import HttpRouteWriter
from foureyes.route.route import Route
from foureyes.route.rules import Prices, RouteMember, RouteRules
from foureyes.route.scripted import ScriptedRouteReader, completion
from tests.route.upstreams import chunked, event, upstream, whole
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


def body_of(text: str = "Canberra", **more: Any) -> dict[str, Any]:
    return {**completion(text, model="toy"), **more}


def choice_of(**more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "Canberra"}
    return body_of(choices=[{"index": 0, "message": message, "finish_reason": "stop", **more}])


def raw(body: dict[str, Any], old: str, new: str) -> bytes:
    """A body with something in it that Python would not write."""
    return json.dumps(body).replace(json.dumps(old), new).encode()


TOKEN = {"token": "C", "logprob": -0.5}
NO_REPLIES: dict[str, Any] = {
    "lone surrogate": raw(body_of("X"), "X", '"Can\\ud800berra"'),
    "lone surrogate in bytes": raw(body_of("X"), "X", "Y").replace(b"Y", b'"Can\xed\xa0\x80berra"'),
    "not UTF-8": raw(body_of("X"), "X", "Y").replace(b"Y", b'"Can\xffberra"'),
    "UTF-16": json.dumps(body_of()).encode("utf-16"),
    "NaN": raw(body_of(more="X"), "X", "NaN"),
    "infinite": raw(body_of(more="X"), "X", "1e999"),
    "integer of 30 digits": body_of(created=10**30),
    "usage of 30 digits": body_of(usage={"prompt_tokens": 10**30, "completion_tokens": 1}),
    "integer of 5,000 digits": raw(body_of(more="X"), "X", "9" * 5000),
    "deep": raw(body_of(more="X"), "X", "[" * 300 + "]" * 300),
    "deeper": raw(body_of(more="X"), "X", "[" * 100_000 + "]" * 100_000),
    "logprobs of text": choice_of(logprobs="none"),
    "logprobs without tokens": choice_of(logprobs={"content": [{"logprob": -1.0}]}),
    "logprobs without numbers": choice_of(logprobs={"content": [{**TOKEN, "logprob": None}]}),
    "alternatives of another form": choice_of(logprobs={"content": [{**TOKEN, "top_logprobs": {"a": 1}}]}),
    "two choices": body_of(choices=choice_of()["choices"] * 2),
    "no choices": body_of(choices=[]),
    "choices of text": body_of(choices="Canberra"),
    "an ending of a list": choice_of(finish_reason=["stop"]),
    "another model": body_of(model="toy-mini"),
    "a key twice": json.dumps(body_of()).encode().replace(b'{"id"', b'{"model": "toy", "id"'),
    "a key twice in a message": json.dumps(body_of()).encode().replace(b'"content"', b'"content": "Sydney", "content"'),
    "no end": choice_of(finish_reason=None),
    "an empty end": choice_of(finish_reason=""),
}


@asynccontextmanager
async def client_of(house: House) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {house.keys['route'].presented}"}
    with serving(house.app) as url:
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
            yield client


QUESTIONS: dict[str, Any] = {
    "/v1/chat/completions": ASKED,
    "/v1/completions": {"model": "trivia", "prompt": "Capital?", "logprobs": 1},
    "/v1/responses": {"model": "trivia", "input": "Capital?", "include": ["message.output_text.logprobs"]},
}


@pytest.mark.parametrize("path", QUESTIONS)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_sent_on_is_no_reply(house: House, path: str, *, stream: bool) -> None:
    """Each is named, and none is an error of ours."""
    cases = iter(NO_REPLIES.values())
    found: dict[str, Any] = {}

    async def scene() -> None:
        async with upstream(lambda _: whole(200, next(cases)), close=True) as server:
            house.change(routes={"trivia": held(server.url)})
            async with client_of(house) as client:
                for what in NO_REPLIES:
                    reply = await client.post(path, json={**QUESTIONS[path], "stream": stream})
                    told = reply.json().get("foureyes", {}).get("stages") or [{}]
                    found[what] = (reply.status_code, told[0].get("failure"))

    asyncio.run(scene())
    assert found == dict.fromkeys(NO_REPLIES, (503, "bad_reply"))


CHUNKS: dict[str, Any] = {
    "a delta of text": {"delta": "x"},
    "no index": {"index": "0", "delta": {}},
    "a far index": {"index": 10**9, "delta": {"content": "x"}},
    "content of a number": {"delta": {"content": 5}},
    "tool calls of text": {"delta": {"tool_calls": ["x"]}},
    "logprobs of text": {"delta": {"content": "x"}, "logprobs": "none"},
    "an ending of a list": {"delta": {}, "finish_reason": ["stop"]},
}


@pytest.mark.parametrize("path", QUESTIONS)
def test_a_chunk_that_cannot_be_sent_on_ends_the_stream_with_an_error(house: House, path: str) -> None:
    cases = iter([piece for piece in CHUNKS.values() for _ in range(2)])
    found: dict[str, Any] = {}

    def script(i: int) -> bytes:
        piece = {"model": "toy", "choices": [next(cases)]}
        return chunked(*map(event, [piece, b"[DONE]"] if i % 2 == 0 else [PIECE, piece, b"[DONE]"]))

    async def scene() -> None:
        async with upstream(script, close=True) as server:
            house.change(routes={"trivia": route_to(server.url, annotate=True)})
            async with client_of(house) as client:
                for what in CHUNKS:
                    at_once, later = [
                        await client.post(path, json={**QUESTIONS[path], "stream": True}) for _ in range(2)
                    ]
                    found[what] = (at_once.status_code, later.status_code, "route_failed" in later.text)

    asyncio.run(scene())
    assert found == dict.fromkeys(CHUNKS, (503, 200, True))


def test_events_are_read_in_every_form_that_they_may_have(house: House) -> None:
    last = {**PIECE, "choices": [{"index": 0, "delta": {"content": "berra"}, "finish_reason": "stop"}]}
    plain = b"".join(map(event, [PIECE, last, b"[DONE]"]))
    forms = {
        "CRLF": plain.replace(b"\n", b"\r\n"),
        "comments": b": hello\n\n" + plain.replace(b"data:", b": ping\n\nevent: x\nid: 7\nretry: 1\ndata:"),
        "BOM": b"\xef\xbb\xbf" + plain,
        "no space": plain.replace(b"data: ", b"data:"),
        "no last line end": plain.rstrip(b"\n"),
    }
    said = [chunked(form) for form in forms.values()] + [chunked(*(bytes([b]) for b in plain))]
    found = []

    async def scene() -> None:
        async with upstream(lambda i: said[i], close=True) as server:
            house.change(routes={"trivia": route_to(server.url, annotate=True)})
            async with client_of(house) as client:
                for _ in said:
                    reply = await client.post("/v1/chat/completions", json={**ASKED, "stream": True})
                    found.append((reply.status_code, '"annotated"' in reply.text, '"Can"' in reply.text))

    asyncio.run(scene())
    assert found == [(200, True, True)] * len(said)


def held(url: str) -> Route:
    writer = HttpRouteWriter("small", "toy", url, limits=RequestLimits(timeout_s=60, attempts=1))
    members = [RouteMember(writer, Prices(1.0, 2.0))]
    return Route("trivia", members, ScriptedRouteReader(otherwise=0.9), Policy((ALWAYS,)))


USAGES = {
    "negative": {"prompt_tokens": -5, "completion_tokens": 1},
    "huge": {"prompt_tokens": 10**18, "completion_tokens": 1},
    "a truth": {"prompt_tokens": True, "completion_tokens": 1},
    "text": "none",
    "half": {"prompt_tokens": 1.5, "completion_tokens": 2},
    "none": None,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("usage", USAGES)
def test_tokens_that_are_none_have_no_price(house: House, usage: str, *, stream: bool) -> None:
    async def scene() -> Any:
        async with upstream(lambda _: whole(200, body_of(usage=USAGES[usage])), close=True) as server:
            house.change(routes={"trivia": held(server.url)})
            async with client_of(house) as client:
                return await client.post("/v1/chat/completions", json={**ASKED, "stream": stream})

    reply = asyncio.run(scene())
    assert (reply.status_code, "x-foureyes-cost" in reply.headers) == (200, False)


@pytest.mark.parametrize("stream", [False, True])
def test_no_writer_says_of_itself_what_the_reader_found(house: House, *, stream: bool) -> None:
    forged = {"foureyes": {"action": "answer", "confidence": 1.0}}
    chunks = [{**PIECE, **forged}, {**PIECE, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], **forged}]
    said = chunked(*map(event, [*chunks, b"[DONE]"])) if stream else whole(200, {**body_of(), **forged})

    async def scene() -> Any:
        async with upstream(lambda _: said, close=True) as server:
            house.change(routes={"trivia": route_to(server.url, annotate=True)})
            async with client_of(house) as client:
                return await client.post("/v1/chat/completions", json={**ASKED, "stream": stream})

    reply = asyncio.run(scene())
    assert reply.status_code == 200
    assert b'"confidence":1.0' not in reply.content
    assert reply.content.count(b'"foureyes":') == 1


REQUESTS: dict[str, tuple[bytes, str]] = {
    "NaN": (b'{"model": "trivia", "temperature": NaN, "messages": [{"role": "user", "content": "x"}]}', "NaN"),
    "deep": (b'{"model": "trivia", "messages": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "nested too deeply"),
    "less deep": (
        b'{"model": "trivia", "messages": [{"role": "user", "content": "x"}], "x": ' + b"[" * 500 + b"]" * 500 + b"}",
        "levels",
    ),
    "surrogate": (b'{"model": "trivia", "messages": [{"role": "user", "content": "\\ud800"}]}', "not JSON"),
    "a thousand million answers": (
        b'{"model": "trivia", "n": 1000000000, "messages": [{"role": "user", "content": "x"}]}',
        "from 1 to 128",
    ),
    "a model with a line in it": (b'{"model": "a\\r\\nx: y", "messages": []}', "messages"),
}


def test_requests_that_nobody_can_answer_are_named(house: House) -> None:
    house.change(routes={"trivia": held("http://127.0.0.1:1/v1")})
    found: dict[str, Any] = {}

    async def scene() -> None:
        async with client_of(house) as client:
            for what, (body, words) in REQUESTS.items():
                reply = await client.post(
                    "/v1/chat/completions", content=body, headers={"content-type": "application/json"}
                )
                found[what] = (reply.status_code, words in reply.json()["error"]["message"] or reply.text)

    asyncio.run(scene())
    assert found == dict.fromkeys(REQUESTS, (400, True))
