"""OpenAI's routes: what the gateway asks a route, what it tells of the answer, and how it refuses."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from openai.types.chat import ChatCompletion

from foureyes.errors import InputError
from tests.service.house import House, open_house
from tests.service.loopback import serving
from tests.service.scripted_route import ScriptedRoute, completion

__all__ = ["open_house"]

ASKED = {"model": "foureyes/trivia", "messages": [{"role": "user", "content": "Capital of Australia?"}]}


@pytest.fixture
def route(house: House) -> ScriptedRoute:
    scripted = ScriptedRoute()
    house.change(routes={"trivia": scripted})
    return scripted


def ask(house: House, body: Any, path: str = "/v1/chat/completions", *, key: str = "route", **options: Any) -> Any:
    """One request over a real socket."""
    with serving(house.app) as url, httpx.Client(base_url=url, timeout=30) as client:
        headers = {"Authorization": f"Bearer {house.keys[key].presented}"}
        if isinstance(body, bytes):
            return client.post(path, content=body, headers={**headers, "Content-Type": "application/json"})
        if body is None:
            return client.get(path, headers=headers)
        return client.post(path, json=body, headers=headers, **options)


def events(reply: httpx.Response) -> list[Any]:
    """Data of a stream."""
    assert reply.headers["content-type"].startswith("text/event-stream")
    data = [line.removeprefix("data: ") for line in reply.text.splitlines() if line.startswith("data: ")]
    return [one if one == "[DONE]" else json.loads(one) for one in data]


def test_an_answer_is_the_writers_reply_and_what_was_found(house: House, route: ScriptedRoute) -> None:
    reply = ask(house, ASKED)
    assert reply.status_code == 200, reply.text
    body = reply.json()
    told = body.pop("foureyes")
    assert body == route.reply
    ChatCompletion.model_validate(body)
    assert (told["route"], told["action"], told["confidence"], told["cost"]) == ("trivia", "answer", 0.9, 0.0011)
    assert [stage["writer"] for stage in told["stages"]] == ["small"]
    heads = {name: value for name, value in reply.headers.items() if name.startswith("x-foureyes-")}
    assert heads == {
        "x-foureyes-route": "trivia",
        "x-foureyes-request-id": told["request_id"],
        "x-foureyes-action": "answer",
        "x-foureyes-stage": "small",
        "x-foureyes-stages": "1",
        "x-foureyes-confidence": "0.9",
        "x-foureyes-cost": "0.0011",
    }
    assert told["request_id"] == reply.headers["x-request-id"]


def test_a_name_that_the_caller_chose_names_no_answer(house: House, route: ScriptedRoute) -> None:
    with serving(house.app) as url:
        headers = {"Authorization": f"Bearer {house.keys['route'].presented}", "X-Request-ID": "mine"}
        found = [httpx.post(f"{url}/v1/chat/completions", json=ASKED, headers=headers).headers for _ in range(2)]
    assert {one["x-request-id"] for one in found} == {"mine"}
    assert len({one["x-foureyes-request-id"] for one in found} | {"mine"}) == 3


def test_every_field_goes_to_the_route_as_it_came(house: House, route: ScriptedRoute) -> None:
    more = {
        "temperature": 0.5,
        "seed": 7,
        "stop": ["\n"],
        "n": 2,
        "logprobs": True,
        "top_logprobs": 3,
        "response_format": {"type": "json_object"},
        "tools": [{"type": "function", "function": {"name": "pay", "parameters": {"type": "object"}}}],
        "a_field_of_tomorrow": {"deep": [1, 2.5, None, "ü"]},
    }
    reply = ask(house, {**ASKED, **more, "stream": True, "stream_options": {"include_usage": True}})
    assert reply.status_code == 200
    [asked] = route.asked
    assert asked.body == {"messages": ASKED["messages"], **more}
    assert (asked.n, [tool.name for tool in asked.tools]) == (2, ["pay"])


@pytest.mark.parametrize("usage", [False, True])
def test_a_stream_is_that_of_openai(house: House, route: ScriptedRoute, *, usage: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if usage else {}
    reply = ask(house, {**ASKED, "stream": True, **options})
    *chunks, done = events(reply)
    assert done == "[DONE]"
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert deltas == [{"role": "assistant", "content": ""}, {"content": "Canberra"}, {}]
    assert [one["finish_reason"] for chunk in chunks for one in chunk["choices"]] == [None, None, "stop"]
    assert [chunk.get("usage", "none") for chunk in chunks] == (
        [None, None, None, route.reply["usage"]] if usage else ["none"] * 3
    )
    assert [("foureyes" in chunk) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1]["foureyes"]["confidence"] == 0.9
    assert reply.headers["x-foureyes-confidence"] == "0.9"


def test_tool_calls_are_streamed_with_their_place(house: House, route: ScriptedRoute) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": "{}"}}
    route.reply = completion({"content": None, "tool_calls": [call, {**call, "id": "c2"}]}, finish="tool_calls")
    *chunks, _ = events(ask(house, {**ASKED, "stream": True}))
    assert chunks[1]["choices"][0]["delta"] == {"tool_calls": [{"index": 0, **call}, {"index": 1, **call, "id": "c2"}]}
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("action", ["abstain", "person"])
@pytest.mark.parametrize("stream", [False, True])
def test_where_nothing_is_returned_a_refusal_is(
    house: House, route: ScriptedRoute, action: Any, *, stream: bool
) -> None:
    route.action = action
    reply = ask(house, {**ASKED, "n": 2, "stream": stream})
    assert (reply.status_code, reply.headers["x-foureyes-action"]) == (200, action)
    assert "Canberra" not in reply.text
    if stream:
        *chunks, _ = events(reply)
        refusals = [
            one["delta"]["refusal"] for chunk in chunks for one in chunk["choices"] if "refusal" in one["delta"]
        ]
    else:
        body = ChatCompletion.model_validate(reply.json())
        refusals = [one.message.refusal for one in body.choices]
        assert {one.message.content for one in body.choices} == {None}
    assert len(refusals) == 2
    assert all(refusals)


def test_a_route_that_failed_is_an_error_that_says_what_it_tried(house: House, route: ScriptedRoute) -> None:
    route.action = "failed"
    for stream in (False, True):
        reply = ask(house, {**ASKED, "stream": stream})
        assert reply.status_code == 503
        error = reply.json()["error"]
        assert (error["type"], error["code"]) == ("server_error", "route_failed")
        assert "small: unavailable" in error["message"]
        assert reply.json()["foureyes"]["stages"][0]["failure"] == "unavailable"
        assert reply.headers["x-foureyes-action"] == "failed"
        assert "x-should-retry" not in reply.headers


@pytest.mark.parametrize(
    ("body", "key", "status", "code", "words"),
    [
        ({**ASKED, "model": "foureyes/none"}, "route", 404, "model_not_found", "'foureyes/none'"),
        (ASKED, "verify", 403, "insufficient_permissions", "'route'"),
        ({"model": "foureyes/trivia"}, "route", 400, None, "messages"),
        ({**ASKED, "n": 0}, "route", 400, None, "n must be"),
        ({**ASKED, "stream": "yes"}, "route", 400, None, "stream must be true or false"),
        (b"{", "route", 400, None, "not JSON"),
        (b"[]", "route", 400, None, "must be an object"),
        (b'{"messages": [NaN]}', "route", 400, None, "NaN"),
        (b"[" * 100_000, "route", 400, None, "nested too deeply"),
    ],
)
def test_errors_have_openais_shape(
    house: House, route: ScriptedRoute, body: Any, key: str, status: int, code: str | None, words: str
) -> None:
    reply = ask(house, body, key=key)
    assert reply.status_code == status, reply.text
    error = reply.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], words in error["message"]) == (code, True), error
    assert not route.asked


def test_an_error_names_its_field(house: House, route: ScriptedRoute) -> None:
    body = {**ASKED, "messages": [{"role": "nobody", "content": "?"}]}
    assert ask(house, body).json()["error"]["param"] == "messages[0].role"
    route.error = InputError("temperature must be a number")
    assert ask(house, {**ASKED, "temperature": "hot"}).json()["error"]["param"] == "temperature"


def test_whatever_a_route_raises_is_told_without_its_words(house: House, route: ScriptedRoute) -> None:
    route.error = ZeroDivisionError("a secret")
    reply = ask(house, ASKED)
    assert (reply.status_code, reply.json()["error"]["type"]) == (500, "server_error")
    assert "secret" not in reply.text
    assert "a secret" not in house.log.getvalue()


def test_models_are_the_tenants_routes(house: House, route: ScriptedRoute) -> None:
    listed = ask(house, None, "/v1/models").json()
    assert [one["id"] for one in listed["data"]] == ["foureyes/trivia"]
    assert ask(house, None, "/v1/models/foureyes/trivia").json()["id"] == "foureyes/trivia"
    assert ask(house, None, "/v1/models/foureyes/other").json()["error"]["code"] == "model_not_found"


def test_a_rate_limit_is_told_as_openai_tells_it(house: House, route: ScriptedRoute) -> None:
    from foureyes.config.settings import RateLimit

    house.change(routes={"trivia": route}, rate=RateLimit(requests_per_minute=1, burst=1))
    replies = [ask(house, ASKED) for _ in range(3)]
    assert {reply.status_code for reply in replies} == {200, 429}
    last = replies[-1]
    assert last.json()["error"]["code"] == "rate_limit_exceeded"
    assert int(last.headers["retry-after"]) >= 1


def test_what_routes_did_is_counted(house: House, route: ScriptedRoute) -> None:
    ask(house, ASKED)
    page = house.call("GET", "/metrics", key=None).body.decode()
    assert 'foureyes_route_answers_total{action="answer",route="trivia"} 1.0' in page
    assert 'foureyes_route_stages_total{action="answer",route="trivia",writer="small"} 1.0' in page
    assert 'foureyes_http_requests_total{route="/v1/chat/completions",status="200"} 1.0' in page
