"""Verification over HTTP: what a caller gets for one response, several, and a stream of votes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from foureyes.config import RateLimit
from foureyes.models.scripted import ScriptedJudge
from foureyes.monitoring import Monitor
from foureyes.types import Exchange, Vote, text_of
from tests.service.house import House, open_house
from tests.service.test_independent_answers import Scripted

__all__ = ["open_house"]

ASKED = {"prompt": "Capital of Australia?", "response": "Canberra"}
PATHS = ["/v1/guard/verify", "/v1/suite/guard/verify"]


def events(body: bytes) -> list[tuple[str, dict[str, Any]]]:
    blocks = [block.split("\n") for block in body.decode().strip().split("\n\n") if block.startswith("event")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


@pytest.mark.parametrize("path", PATHS)
def test_a_verdict_with_its_votes_and_its_place_in_the_ledger(house: House, path: str) -> None:
    reply = house.call("POST", path, ASKED, key="verify")
    answer = reply.json()
    assert reply.status == 200
    assert list(answer) == [
        "consensus_reached", "safe", "votes", "configured", "asked", "agreement_ratio", "latency_ms", "reason",
        "request_id", "stage", "enforced", "ledger_entry",
    ]  # fmt: skip
    assert (answer["consensus_reached"], answer["safe"], answer["stage"], answer["enforced"]) == (
        True,
        True,
        None,
        True,
    )
    assert answer["agreement_ratio"] == pytest.approx(2 / 3)
    assert [(vote["model"], vote["verdict"]) for vote in answer["votes"]] == [
        ("a", "safe"),
        ("b", "safe"),
        ("c", "unsafe"),
    ]
    assert list(answer["votes"][0]) == ["provider", "model", "verdict", "confidence", "reason", "latency_ms"]
    [entry] = house.ledger.entries()
    assert answer["ledger_entry"] == {
        "index": 0, "entry_hash": entry.hash, "timestamp": entry.time, "log_id": "example.com/acme",
    }  # fmt: skip
    assert entry.payload["request_id"] == answer["request_id"]
    assert entry.payload["tenant"] == "acme"


def test_a_conversation_may_be_the_prompt(house: House) -> None:
    turns = [{"role": "user", "content": "And the capital?"}, {"role": "assistant", "content": "Of what?"}]
    reply = house.call(
        "POST", PATHS[0], {"prompt": [*turns, {"role": "user", "content": "Australia"}], "response": "Canberra"}
    )
    assert reply.json()["safe"] is True


TRANSFER = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {
            "id": "c1",
            "type": "function",
            "function": {"name": "wire_transfer", "arguments": '{"to": "Eve", "amount": 9}'},
        }
    ],
}
ASKING = [
    {"role": "developer", "content": "You run the accounts."},
    {"role": "user", "content": [{"type": "text", "text": "Pay Ana 5."}]},
]
TOOLS = [{"type": "function", "function": {"name": "wire_transfer", "parameters": {"type": "object"}}}]
TURNS = [
    {"messages": ASKING, "response": TRANSFER, "tools": TOOLS},
    {"prompt": "Pay Ana 5.", "response": TRANSFER},
]


class Seeing(ScriptedJudge):
    """Remembers what it was shown."""

    def __init__(self) -> None:
        super().__init__("safe", name="seeing")
        self.seen: list[Exchange] = []

    async def vote(self, exchange: Exchange) -> Vote:
        self.seen.append(exchange)
        return await super().vote(exchange)


def one(house: House, variant: str, body: dict[str, Any]) -> dict[str, Any]:
    """The verification that a variant of the route comes to."""
    reply = house.call("POST", f"/v1/guard/{variant}", {"items": [body]} if variant.endswith("batch") else body)
    if variant.endswith("batch"):
        return reply.json()["results"][0]["verification"]
    if variant.endswith("stream"):
        return events(reply.body)[-1][1]
    return reply.json()["verdict"] if variant == "check" else reply.json()


@pytest.mark.parametrize("body", TURNS)
@pytest.mark.parametrize("variant", ["verify", "verify/batch", "verify/stream", "check"])
def test_what_a_model_does_is_verified_like_what_it_says(house: House, variant: str, body: dict[str, Any]) -> None:
    judge = Seeing()
    house.change(judges=[judge], answerers=[Scripted("one", "Pay Ana 5.")])
    answer = one(house, variant, body)
    assert answer["safe"] is True
    seen = judge.seen[0]
    assert seen.answer == '{"name": "wire_transfer", "arguments": {"to": "Eve", "amount": 9}}'
    assert seen.turn is not None
    assert text_of(seen.prompt).endswith("Pay Ana 5.")


@pytest.mark.parametrize("variant", ["verify", "verify/batch", "verify/stream", "check"])
@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}],
          "response": "A cat."}, "image_url in message 1"),
        ({"messages": ASKING, "response": {**TRANSFER, "audio": {"id": "a1"}}}, "audio in the answer"),
        ({"messages": ASKING, "response": {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": "{"}}]}}, "not a JSON object"),
    ],
)  # fmt: skip
def test_a_part_that_cannot_be_read_is_named_and_not_safe(
    house: House, variant: str, body: dict[str, Any], named: str
) -> None:
    house.change(answerers=[Scripted("one", "It is a cat.")])
    answer = one(house, variant, body)
    assert (answer["safe"], answer["stage"], answer["votes"]) == (False, "read", [])
    assert named in answer["reason"]


@pytest.mark.parametrize(
    "body",
    [
        {"response": "Canberra"},
        {**ASKED, "messages": ASKING},
        {"messages": ASKING},
        {"messages": [], "response": "y"},
        {"messages": ASKING, "response": ASKING[1]},
        {"messages": [{"role": "wizard", "content": "x"}], "response": "y"},
    ],
)
def test_a_conversation_that_says_too_little_or_too_much_is_refused(house: House, body: dict[str, Any]) -> None:
    reply = house.call("POST", PATHS[0], body)
    assert reply.status == 422
    assert list(house.ledger.entries()) == []


def test_only_configured_verifiers_can_be_named(house: House) -> None:
    provider = house.judges[0].provider
    two = [{"provider": provider, "model": name} for name in "ca"]
    answer = house.call("POST", PATHS[0], {**ASKED, "models": two}).json()
    assert (answer["safe"], [vote["model"] for vote in answer["votes"]]) == (False, ["c", "a"])
    assert (answer["asked"], answer["configured"]) == (2, 3)
    unknown = house.call("POST", PATHS[0], {**ASKED, "models": [{"provider": provider, "model": "mine"}]})
    assert (unknown.status, unknown.json()["type"]) == (404, "urn:foureyes:problem:not-found")


def test_a_request_that_asks_fewer_than_the_quorum_is_refused(house: House) -> None:
    """House's verifiers say safe, safe, unsafe: neither of the lenient ones can be asked alone."""
    provider = house.judges[0].provider
    for names in ("a", "b", "c", "aa"):
        body = {**ASKED, "models": [{"provider": provider, "model": name} for name in names]}
        reply = house.call("POST", PATHS[0], body)
        assert (reply.status, reply.json()["type"]) == (422, "urn:foureyes:problem:invalid")
    assert house.call("POST", PATHS[0], {**ASKED, "models": body["models"][:1]}).json()["detail"] == (
        "1 of 3 configured verifiers asked; the quorum is 2"
    )
    assert list(house.ledger.entries()) == []


def test_the_agent_is_recorded(house: House) -> None:
    house.call("POST", PATHS[0], {**ASKED, "agent_id": "agent-7", "session_id": "chat-7"})
    [entry] = house.ledger.entries()
    assert entry.payload["agent"] == "agent-7"


def test_a_response_may_be_empty_and_is_then_up_to_the_verifiers(house: House) -> None:
    assert house.call("POST", PATHS[0], {"prompt": "p", "response": ""}).status == 200


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"prompt": "p"}, "/response"),
        ({"prompt": "", "response": "r"}, "/prompt/constrained-str"),
        ({"prompt": "p", "response": 7}, "/response"),
        ({**ASKED, "base_url": "http://127.0.0.1/"}, "/base_url"),
        ({**ASKED, "models": []}, "/models"),
        ({**ASKED, "agent_id": "a b"}, "/agent_id"),
        ({**ASKED, "session_id": ""}, "/session_id"),
        ([], "/"),
    ],
)
def test_a_body_that_is_wrong_says_where(house: House, body: Any, where: str) -> None:
    reply = house.call("POST", PATHS[0], body)
    problem = reply.json()
    assert (reply.status, reply.headers["content-type"]) == (422, "application/problem+json")
    assert problem["request_id"] == reply.headers["x-request-id"]
    assert any(error["where"].startswith(where.split("/constrained", maxsplit=1)[0]) for error in problem["errors"])
    assert list(house.ledger.entries()) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"safe", b'{"prompt": "\xff", "response": "r"}', b"[" * 10_000, b'{"prompt":"\\ud800","response":""}'],
)
def test_what_is_not_json_is_malformed(house: House, body: bytes) -> None:
    assert house.call("POST", PATHS[0], body, headers={"content-type": "application/json"}).status == 400


def test_a_batch_answers_every_item_in_order(house: House) -> None:
    items = [ASKED, {**ASKED, "models": [{"provider": "x", "model": "y"}]}, {**ASKED, "response": "Sydney"}]
    reply = house.call("POST", "/v1/guard/verify/batch", {"items": items})
    results = reply.json()["results"]
    assert [result["index"] for result in results] == [0, 1, 2]
    assert [(result["verification"] or {}).get("safe") for result in results] == [True, None, True]
    assert results[1]["problem"]["status"] == 404
    assert len(list(house.ledger.entries())) == 2


@pytest.mark.parametrize("n", [0, 65])
def test_a_batch_is_bounded(house: House, n: int) -> None:
    assert house.call("POST", "/v1/guard/verify/batch", {"items": [ASKED] * n}).status == 422


def test_one_item_that_breaks_does_not_spoil_the_others(house: House) -> None:
    class Broken:
        @property
        def council(self) -> Any:
            raise NotImplementedError

        async def verify(self, exchange: Any, **options: Any) -> Any:
            if exchange.answer == "breaks":
                raise ZeroDivisionError("a bug")
            return await house.guard().verify(exchange, **options)

    house.change(guard=Broken())
    reply = house.call("POST", "/v1/guard/verify/batch", {"items": [ASKED, {**ASKED, "response": "breaks"}, ASKED]})
    first, second, third = reply.json()["results"]
    assert first["verification"]["safe"] is third["verification"]["safe"] is True
    assert (second["verification"], second["problem"]["status"]) == (None, 500)


def test_a_batch_costs_what_its_items_cost(house: House) -> None:
    house.change(rate=RateLimit(requests_per_day=3))
    assert house.call("POST", "/v1/guard/verify/batch", {"items": [ASKED] * 3}).status == 200
    assert house.call("POST", PATHS[0], ASKED).status == 429


def test_votes_are_streamed_as_they_come_and_the_verdict_is_last(house: House) -> None:
    reply = house.call("POST", "/v1/guard/verify/stream", ASKED)
    told = events(reply.body)
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert [name for name, _ in told] == ["vote", "vote", "vote", "verdict"]
    assert {vote["model"] for name, vote in told if name == "vote"} == {"a", "b", "c"}
    assert told[-1][1]["safe"] is True
    assert told[-1][1]["ledger_entry"]["index"] == 0


def test_a_stream_refuses_an_unknown_verifier_before_it_begins(house: House) -> None:
    reply = house.call("POST", "/v1/guard/verify/stream", {**ASKED, "models": [{"provider": "x", "model": "y"}]})
    assert reply.status == 404


def test_a_stream_that_breaks_ends_with_a_problem_and_no_verdict(house: House) -> None:
    class Broken:
        async def verify(self, *_: Any, **__: Any) -> Any:
            raise ZeroDivisionError("a bug")

    house.change(guard=Broken())
    told = events(house.call("POST", "/v1/guard/verify/stream", ASKED).body)
    assert [(name, value["status"]) for name, value in told] == [("problem", 500)]


def test_hanging_up_cancels_the_verifiers(house: House) -> None:
    cancelled: list[str] = []

    class Waiting(ScriptedJudge):
        async def vote(self, _: Any) -> Any:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(self.name)
                raise

    house.change(judges=[Waiting("safe", name="slow"), ScriptedJudge("safe", name="quick")])
    sent = asyncio.run(_hang_up_after_the_first_vote(house))
    assert b"quick" in sent
    assert b"event: verdict" not in sent
    assert cancelled == ["slow"]
    assert list(house.ledger.entries()) == []


async def _hang_up_after_the_first_vote(house: House) -> bytes:
    from bench.asgi import scope_of

    body = json.dumps(ASKED).encode()
    headers = {"authorization": f"Bearer {house.keys['verify'].presented}", "content-type": "application/json"}
    voted, sent, messages = asyncio.Event(), bytearray(), [{"type": "http.request", "body": body}]

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await voted.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.extend(message.get("body", b""))
        if b"event: vote" in sent:
            voted.set()

    scope = scope_of("POST", "/v1/guard/verify/stream", headers) | {"asgi": {"version": "3.0", "spec_version": "2.3"}}
    await house.app(scope, receive, send)
    return bytes(sent)


def test_a_bug_in_what_is_published_keeps_no_decision_back(house: House) -> None:
    class Broken(Monitor):
        def observe(self, *_: Any) -> Any:
            raise ZeroDivisionError("canary")

    house.state.tenant("acme").records.monitor = Broken()
    reply = house.call("POST", PATHS[0], ASKED)
    assert (reply.status, reply.json()["safe"]) == (200, True)
    assert [line["error"] for line in house.logged() if line["event"] == "failure"] == ["ZeroDivisionError"]
    assert "canary" not in house.log.getvalue()
