"""Callers that hang up, services that end, and bodies that mean two things, over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from foureyes.cascade.policy import ALWAYS, ConfidenceGate, Policy
from foureyes.http import RequestLimits
from foureyes.route.http_writer import HttpRouteWriter
from foureyes.route.parts import RouteParts
from foureyes.route.route import Route
from foureyes.route.rules import Prices, RouteMember
from foureyes.route.scripted import completion as answered
from foureyes.types import Exchange
from tests.route.upstreams import upstream, whole
from tests.service.house import House, open_house
from tests.service.loopback import serving
from tests.service.scripted_route import ScriptedRoute
from tests.service.test_openai_routes import ASKED, ask
from tests.service.test_openai_streams import CHUNKS, until
from tests.service.test_openai_upstreams import QUESTIONS

__all__ = ["open_house"]

SECRET_KEY, SECRET_WORDS = "sk-canary-of-the-upstream", "canary words"
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
SMALL_COST = 10 * 1e-6 + 5 * 2e-6


class SlowReader:
    """Is not sure of the small writer; may never be done, or never begin."""

    fingerprint = "slow"

    def __init__(self, *, hangs: bool) -> None:
        self.hangs, self.asked = hangs, 0

    async def read(self, exchanges: Sequence[Exchange], *, writer: str) -> Any:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        return [(1.0, 0.9 if writer == "large" else 0.1)] * len(exchanges)

    async def aclose(self) -> None:
        pass


class SilentLedger:
    """Never gives a receipt."""

    clear_reasons = False

    def __init__(self) -> None:
        self.asked = 0

    def text_hash(self, _: str, text: str) -> str:
        return str(len(text))

    def append(self, _: str, __: Any) -> Future[Any]:
        self.asked += 1
        return Future()


def route_of(url: str, reader: SlowReader, ledger: SilentLedger | None = None) -> Route:
    members = [
        RouteMember(HttpRouteWriter(name, model, url, key=SECRET_KEY, limits=RequestLimits(timeout_s=60)), Prices(1, 2))
        for name, model in (("small", "s"), ("large", "l"))
    ]
    policy = Policy((ConfidenceGate((0.8,), ("escalate", "answer")), ALWAYS))
    return Route("trivia", members, reader, policy, parts=RouteParts(recorder=ledger))


WHERE = {"the first writer": (1, 0.0), "the reader": (1, SMALL_COST), "the second writer": (2, SMALL_COST)}
WHERE |= {"the ledger": (2, 2 * SMALL_COST), "half a body": (0, 0.0)}


@pytest.mark.parametrize("where", WHERE)
def test_who_hangs_up_anywhere_stops_what_runs_and_what_was_paid_is_counted(house: House, where: str) -> None:
    n, cost = WHERE[where]
    silent = {"the first writer": 0, "the second writer": 1}.get(where)

    def script(i: int) -> bytes | float:
        model = "sl"[i]
        return 60.0 if i == silent else whole(200, {**answered("Canberra", model=model), "usage": USAGE})

    async def scene() -> None:
        reader, ledger = SlowReader(hangs=where == "the reader"), SilentLedger()
        async with upstream(script, close=True) as server:
            house.change(routes={"trivia": route_of(server.url, reader, ledger)})
            with serving(house.app) as url:
                there = await _sent(house, url, whole_body=where != "half a body")
                async with asyncio.timeout(30):
                    while not _reached(where, len(server.bodies), n, reader, ledger):  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
                    there.close()
                    while house.state.in_flight.used:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
                    while silent is not None and not server.hung_up:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
            assert len(server.bodies) == n

    asyncio.run(scene())
    [shown] = house.call("GET", "/v1/routes", key="audit").json()["routes"]
    assert shown["hung_up"] == (where != "half a body")
    assert (shown["cost"], shown["hung_up_cost"]) == (pytest.approx(cost), pytest.approx(cost))
    assert sum(one["unpriced"] for one in shown["writers"]) == (silent is not None)
    assert shown["by_action"] == {}


async def _sent(house: House, url: str, *, whole_body: bool) -> asyncio.StreamWriter:
    """A request on a connection of its own, or the first half of it."""
    place = urlsplit(url)
    _, there = await asyncio.open_connection(place.hostname, place.port)
    body = json.dumps(ASKED).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.keys['route'].presented}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    there.write(head.encode() + (body if whole_body else body[: len(body) // 2]))
    await there.drain()
    return there


def _reached(where: str, asked: int, n: int, reader: SlowReader, ledger: SilentLedger) -> bool:
    return asked == n and (where != "the reader" or reader.asked == 1) and (where != "the ledger" or ledger.asked == 1)


TWICE = {
    "/v1/chat/completions": b'{"model": "trivia", "messages": [{"role": "user", "content": "a", "content": "b"}]}',
    "/v1/completions": b'{"model": "trivia", "prompt": "a", "prompt": "b"}',
    "/v1/responses": b'{"model": "trivia", "input": "a", "input": "b"}',
}


@pytest.mark.parametrize("path", TWICE)
def test_a_key_that_stands_twice_is_refused_before_anybody_is_asked(house: House, path: str) -> None:
    route = ScriptedRoute()
    house.change(routes={"trivia": route})
    reply = ask(house, TWICE[path], path)
    assert (reply.status_code, route.asked) == (400, [])
    assert "same key twice" in reply.json()["error"]["message"]


@pytest.mark.parametrize("path", QUESTIONS)
@pytest.mark.parametrize("kind", ["whole", "held", "annotated"])
def test_who_is_cut_off_at_the_end_of_the_service_gets_an_end_and_no_unread_answer(
    house: House, monkeypatch: pytest.MonkeyPatch, path: str, kind: str
) -> None:
    monkeypatch.setattr("foureyes.service.running.DRAIN_S", 0)
    annotates = kind == "annotated"
    route = ScriptedRoute(annotates=annotates, chunks=list(CHUNKS), waits=asyncio.Event())
    house.change(routes={"trivia": route})
    headers = {"Authorization": f"Bearer {house.keys['route'].presented}"}
    body = {**QUESTIONS[path], "stream": kind != "whole"}
    with ThreadPoolExecutor(1) as pool:
        with serving(house.app) as url:
            asked = pool.submit(httpx.post, url + path, json=body, headers=headers, timeout=60)
            until(lambda: getattr(route.waits, "_waiters", None))
        reply = asked.result(60)
    assert route.cancelled == 1
    assert "the service is ending" in reply.text
    assert reply.status_code == (200 if annotates else 503)
    assert ("berra" in reply.text) == annotates
    assert not any(word in reply.text for word in ("[DONE]", '"stop"', "response.completed", '"foureyes":'))


def test_what_is_held_is_finished_when_the_service_ends_in_time(house: House) -> None:
    route = ScriptedRoute(waits=asyncio.Event())
    house.change(routes={"trivia": route})
    headers = {"Authorization": f"Bearer {house.keys['route'].presented}"}
    with ThreadPoolExecutor(1) as pool:
        with serving(house.app) as url:
            body = {**ASKED, "stream": True}
            asked = pool.submit(httpx.post, f"{url}/v1/chat/completions", json=body, headers=headers, timeout=60)
            until(lambda: getattr(route.waits, "_waiters", None))
            waits: Any = route.waits
            house.change(routes={})  # as a reload would
            waits._loop.call_soon_threadsafe(lambda: waits._loop.call_later(0.2, waits.set))
        reply = asked.result(60)
    assert reply.status_code == 200
    assert reply.text.endswith("data: [DONE]\n\n")
    assert reply.headers["x-foureyes-confidence"] == "0.9"


def test_keys_and_words_stand_in_no_log_no_error_and_no_figure(
    house: House, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    said = [
        whole(401, {"error": {"message": f"bad key {SECRET_KEY}: {SECRET_WORDS}"}}),
        whole(200, {"error": {"message": f"{SECRET_WORDS} {SECRET_KEY}"}}),
        whole(200, b"\xff" + SECRET_WORDS.encode()),
        whole(200, {**answered(SECRET_WORDS, model="another"), "usage": USAGE}),
        whole(200, {**answered(SECRET_WORDS, model="s"), "choices": [{"message": {"content": SECRET_WORDS}}]}),
        whole(500, {"error": {"message": SECRET_KEY}}),
    ]
    told: list[str] = []

    async def scene() -> None:
        async with upstream(lambda i: said[i // 2], close=True) as server:
            house.change(routes={"trivia": route_of(server.url, SlowReader(hangs=False))})
            headers = {"Authorization": f"Bearer {house.keys['admin'].presented}"}
            question = {**ASKED, "messages": [{"role": "user", "content": SECRET_WORDS}]}
            with serving(house.app) as url:
                async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
                    for _ in said:
                        reply = await client.post("/v1/chat/completions", json=question)
                        told.extend((reply.text, str(reply.headers)))
                    shown = ("/metrics", "/v1/routes", "/v1/routes/answers", "/v1/monitoring")
                    told.extend([(await client.get(path)).text for path in shown])
            assert [f"bearer {SECRET_KEY}" in head.lower() for head in server.heads] == [True] * 12

    asyncio.run(scene())
    out, err = capfd.readouterr()
    for text in (*told, house.log.getvalue(), out, err, caplog.text):
        assert SECRET_KEY not in text
        assert SECRET_WORDS not in text
