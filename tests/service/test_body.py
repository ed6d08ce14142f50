"""The route of everything that has a body: what reaches an endpoint, and what cannot."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from bench.asgi import call
from foureyes.errors import ConfigError
from foureyes.service.body import BodyRoute
from foureyes.service.wire.guard import VerifyRequest
from tests.service.house import House, open_house

__all__ = ["open_house"]


def test_a_route_with_a_body_must_say_who_may_call_it() -> None:
    app = FastAPI()
    app.router.route_class = BodyRoute
    with pytest.raises(ConfigError, match="lets anybody in"):

        @app.post("/open")
        async def endpoint(body: VerifyRequest) -> None:
            """Has no Call."""


def test_a_body_in_pieces_is_put_together(house: House) -> None:
    body = b'{"prompt": "p", "response": "\xc3\xa4"}'
    headers = {"x-api-key": house.keys["verify"].presented, "content-type": "application/json"}
    reply = asyncio.run(call(house.app, "POST", "/v1/guard/verify", [bytes([byte]) for byte in body], headers))
    assert reply.json()["safe"] is True


def test_a_caller_who_hangs_up_half_way_is_not_verified(house: House) -> None:
    from bench.asgi import scope_of

    sent: list[Any] = []
    messages = [{"type": "http.request", "body": b'{"prompt":', "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {"x-api-key": house.keys["verify"].presented, "content-type": "application/json"}
    asyncio.run(house.app(scope_of("POST", "/v1/guard/verify", headers), receive, send))
    assert sent[0]["status"] == 400
    assert list(house.ledger.entries()) == []


def test_the_answer_is_as_long_as_it_says(house: House) -> None:
    reply = house.call("POST", "/v1/guard/verify", {"prompt": "p", "response": "ä"})
    assert int(reply.headers["content-length"]) == len(reply.body)
    assert reply.headers["content-type"] == "application/json"


def test_depth_is_bounded_by_the_parser_and_not_by_the_stack(house: House) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        body = b'{"prompt": "p", "response": ' + opening * 100_000 + b"1" + closing * 100_000 + b"}"
        assert house.call("POST", "/v1/guard/verify", body, headers={"content-type": "application/json"}).status == 400


UNREADABLE = {
    "a key twice": (b'{"prompt": "p", "response": "bad", "response": "good"}', "same key twice"),
    "a key twice, escaped": (b'{"prompt": "p", "response": "bad", "respons\\u0065": "good"}', "same key twice"),
    "a key twice, inside": (
        b'{"prompt": [{"role": "user", "content": "a", "content": "b"}], "response": "r"}',
        "same key",
    ),
    "NaN": (b'{"prompt": "p", "response": NaN}', "NaN"),
    "minus infinity": (b'{"prompt": "p", "response": -Infinity}', "Infinity"),
    "beyond a float": (b'{"prompt": "p", "response": 1e999}', "too large"),
    "5,000 digits": (b'{"prompt": "p", "response": 1' + b"0" * 5_000 + b"}", "not JSON"),
    "depth": (b'{"prompt": "p", "response": ' + b"[" * 500 + b"]" * 500 + b"}", "nested too deeply"),
    "great depth": (b'{"prompt": "p", "response": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    "half": (b'{"prompt": "p"', "not JSON"),
    "UTF-16": ('{"prompt": "p", "response": "r"}'.encode("utf-16"), "not JSON"),
    "a mark before it": (b'\xef\xbb\xbf{"prompt": "p", "response": "r"}', "not JSON"),
}


@pytest.mark.parametrize(("body", "wanted"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_body_that_could_be_read_in_two_ways_is_refused_by_name(house: House, body: bytes, wanted: str) -> None:
    reply = house.call("POST", "/v1/guard/verify", body, headers={"content-type": "application/json"})
    problem = reply.json()
    assert (reply.status, problem["type"]) == (400, "urn:foureyes:problem:malformed")
    assert wanted in problem["detail"]
    assert list(house.ledger.entries()) == []
