"""What the dashboard asks for."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

from foureyes.errors import StateError
from foureyes.monitoring import Alarm, Monitor, MonitorSettings
from foureyes.monitoring.webhook import Webhook
from foureyes.service.feed import Later
from foureyes.service.tenant_events import Verified
from foureyes.service.tenant_state import observation_of
from foureyes.service.wire.decisions import AlarmItem, FeedItem
from foureyes.types import Exchange, Verdict, Vote
from tests.monitoring.receiver import Receiver, serving
from tests.service.house import House, open_house

__all__ = ["open_house"]

ASKED = {"prompt": "Capital of Australia?", "response": "Canberra", "agent_id": "agent-7"}


def verified(house: House, n: int = 3) -> House:
    for i in range(n):
        house.call("POST", "/v1/guard/verify", {**ASKED, "response": f"answer {i}"})
    return house


def test_decisions_come_newest_first_and_without_texts(house: House) -> None:
    verified(house)
    found = house.call("GET", "/v1/decisions?limit=2", key="audit").json()["decisions"]
    assert [decision["verification"]["ledger_entry"]["index"] for decision in found] == [2, 1]
    assert [(decision["agent_id"], decision["prompt"], decision["response"]) for decision in found] == [
        ("agent-7", None, None)
    ] * 2
    assert found[0]["at"] == "2027-01-15T08:00:00.000+00:00"
    assert [vote["verdict"] for vote in found[0]["verification"]["votes"]] == ["safe", "safe", "unsafe"]


def test_texts_are_shown_only_where_the_tenant_shows_them(house: House) -> None:
    house.change(show_texts=True)
    verified(house, 1)
    [decision] = house.call("GET", "/v1/decisions").json()["decisions"]
    assert (decision["prompt"], decision["response"]) == ("Capital of Australia?", "answer 0")


def looked_for(house: House, query: str) -> list[str]:
    reply = house.call("GET", f"/v1/decisions?{query}", key="audit")
    assert reply.status == 200, reply.body
    return [decision["verification"]["request_id"] for decision in reply.json()["decisions"]]


def test_decisions_are_found_by_request_agent_session_and_time(house: House) -> None:
    made = []
    for i, agent in enumerate(["agent-7", "agent-8", "agent-7"]):
        body = {**ASKED, "agent_id": agent, "session_id": f"chat-{i}"}
        made.append(house.call("POST", "/v1/guard/verify", body).json()["request_id"])
        house.now += 60
    assert looked_for(house, f"request_id={made[1]}") == [made[1]]
    assert looked_for(house, f"request_id={made[1][:12]}") == [made[1]]
    assert looked_for(house, "request_id=nobody") == []
    assert looked_for(house, "agent_id=agent-7") == [made[2], made[0]]
    assert looked_for(house, "agent_id=agent-7&limit=1") == [made[2]]
    assert looked_for(house, "session_id=chat-1") == [made[1]]
    assert looked_for(house, "since=2027-01-15T08:01:00Z") == [made[2], made[1]]
    assert looked_for(house, "since=2027-01-15T09:01:00%2B01:00&until=2027-01-15T08:01:00Z") == [made[1]]
    told = house.call("GET", "/v1/decisions?agent_id=agent-8").json()
    assert (told["remembered"], told["since"]) == (3, "2027-01-15T08:00:00.000+00:00")


def test_a_search_that_cannot_be_meant_is_refused(house: House) -> None:
    for query in ("since=yesterday", "since=2027-01-15T08:01:00", "agent_id=two%20words", "limit=0", "whose=mine"):
        assert house.call("GET", f"/v1/decisions?{query}").status == 422, query


def test_the_snapshot_says_whether_anything_is_held_back(house: House) -> None:
    assert house.call("GET", "/v1/monitoring").json()["mode"] == "enforce"
    house.change(guard=house.guard(mode="observe"))
    verified(house, 2)
    told = house.call("GET", "/v1/monitoring").json()
    assert (told["mode"], told["monitor"]["figures"]["observed_only"]) == ("observe", 2)


def test_the_snapshot_counts_what_was_verified(house: House) -> None:
    verified(house)
    snapshot = house.call("GET", "/v1/monitoring", key="audit").json()
    assert snapshot["tenant"] == "acme"
    assert snapshot["monitor"]["total"] == 3
    names = {verifier for verifier in json.dumps(snapshot["monitor"]["verifiers"]).split('"') if "/" in verifier}
    assert names == {f"{judge.provider}/{judge.name}" for judge in house.judges}


def test_an_alarm_that_does_not_stand_cannot_be_ended(house: House) -> None:
    reply = house.call("POST", "/v1/monitoring/acknowledge", {"key": "drift:confidence"}, key="audit")
    assert reply.status == 404


def test_what_the_monitor_is_told_has_no_text() -> None:
    votes = (
        Vote("p", "a", "safe", 0.75, "canary", 1.0, log_cmp=1.3),
        Vote("p", "b", "error", None, "canary", 2.0),
        Vote("p", "c", "safe", 0.25),
    )
    told = observation_of(
        Verdict(consensus_reached=True, safe=True, votes=votes, agreement_ratio=2 / 3, latency_ms=5.0, reason="canary"),
        7.0,
    )
    assert (told.at, told.safe, told.consensus, told.confidence, told.latency_ms) == (7.0, True, True, 0.5, 5.0)
    assert [opinion.verifier for opinion in told.opinions] == ["p/a", "p/b", "p/c"]
    assert [opinion.log_cmp for opinion in told.opinions] == [1.3, None, None]
    assert "canary" not in repr(told)


def test_alarms_reach_whoever_watches(house: House) -> None:
    tenant = house.state.tenant("acme")
    tenant.records.monitor = Monitor(MonitorSettings(max_error_rate=0.05))
    failing = Verdict(
        consensus_reached=False,
        safe=False,
        votes=(Vote("p", "a", "error"),),
        agreement_ratio=0.0,
        latency_ms=1.0,
        reason="none",
    )
    raised: list[Alarm] = []
    for i in range(2000):
        seen = replace(observation_of(failing, float(i)), agent="agent-7", session="chat-7")
        raised += tenant.records.apply(Verified(f"v-{i}", seen, None, None, seen.at)).alarms
    assert [alarm.key for alarm in raised] == ["rate:errors:p/a"]
    [event] = asyncio.run(tenant.feed.latest(1, kind="alarm"))
    assert event.value == AlarmItem.of(raised[0])
    [sent] = watch(house, "/v1/events", 1)
    assert (sent["event"], sent["data"]["key"]) == ("alarm", "rate:errors:p/a")
    told = {name: sent["data"][name] for name in ("tenant", "agent_id", "session_id")}
    assert told == {"tenant": "acme", "agent_id": "agent-7", "session_id": "chat-7"}
    active = house.call("GET", "/v1/monitoring").json()["monitor"]["alarms"]
    assert [alarm["key"] for alarm in active] == ["rate:errors:p/a"]
    ended = house.call("POST", "/v1/monitoring/acknowledge", {"key": "rate:errors:p/a"}, key="audit").json()
    assert ended == {"key": "rate:errors:p/a", "active": []}


def test_a_poisoned_memory_is_named_to_its_tenant_and_to_no_stranger(house: House) -> None:
    house.change(judges=[Echoing("a"), Echoing("b")])
    for i in range(30):
        for said, source in (("fine", "manual"), ("wrong", "notes-of-jane")):
            body = {**ASKED, "response": said, "session_id": f"s-{i}", "sources": [source, "index"]}
            assert house.call("POST", "/v1/guard/verify", body).status == 200
    monitor = house.call("GET", "/v1/monitoring").json()["monitor"]
    [alarm] = [alarm for alarm in monitor["alarms"] if alarm["kind"] == "origin"]
    assert alarm["key"] == "origin:source:notes-of-jane"
    assert alarm["agent"] == "agent-7"
    found = {row["name"]: row for row in monitor["origins"]["source"]["shown"]}
    assert (found["notes-of-jane"]["disputed"]["k"], found["manual"]["disputed"]["k"]) == (30, 0)
    assert found["index"]["disputed"]["n"] == 60
    logged = [line for line in house.logged() if line["event"] == "alarm"]
    assert {line["tenant"] for line in logged} <= {"acme"}
    metrics = house.call("GET", "/metrics", key=None).body.decode()
    assert 'foureyes_alarms_total{signal="origin:source"} 1.0' in metrics
    assert "jane" not in metrics


def test_the_receiver_of_alarms_is_told_tenant_and_agent(house: House) -> None:
    receiver = Receiver()
    with serving(receiver) as url:
        webhook = Webhook(url, secret=b"sixteen bytes or more", clock=lambda: house.now)
        house.change(judges=[Echoing("a")])
        house.state.parts = replace(house.state.parts, sinks=(webhook,))
        for said, agent in (("fine", "agent-7"), ("wrong", "agent-8")) * 20:
            house.call("POST", "/v1/guard/verify", {**ASKED, "response": said, "agent_id": agent})
        webhook.close()
    told = {(alarm["key"], alarm["tenant"], alarm["agent"]) for alarm in (json.loads(b) for _, b in receiver.requests)}
    assert ("origin:agent:agent-8", "acme", "agent-8") in told
    assert {tenant for _, tenant, _ in told} == {"acme"}


def test_a_response_names_a_bounded_number_of_memories_by_plain_names(house: House) -> None:
    for sources in (["a"] * 17, ["two words"], ["x" * 129], [""], "notes", [1]):
        assert house.call("POST", "/v1/guard/verify", {**ASKED, "sources": sources}).status == 422, sources


class Echoing:
    """A judge that says what the response tells it to."""

    provider = "test"

    def __init__(self, name: str) -> None:
        self.name = name

    async def vote(self, exchange: Exchange) -> Vote:
        return Vote("test", self.name, "unsafe" if exchange.answer == "wrong" else "safe", 0.9)


def watch(house: House, path: str, n: int, **headers: str) -> list[dict[str, Any]]:
    """The first n events of a stream, which is then hung up on."""
    from bench.asgi import scope_of

    async def run() -> bytes:
        sent, enough, first = bytearray(), asyncio.Event(), [{"type": "http.request", "body": b""}]

        async def receive() -> Any:
            if first:
                return first.pop()
            await enough.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.extend(message.get("body", b""))
            if sent.count(b"\nevent: ") >= n:
                enough.set()

        key = {"authorization": f"Bearer {house.keys['audit'].presented}"}
        scope = scope_of("GET", path, {**key, **headers}) | {"asgi": {"version": "3.0", "spec_version": "2.3"}}
        await house.app(scope, receive, send)
        return bytes(sent)

    blocks = [block.split("\n") for block in asyncio.run(run()).decode().split("\n\n") if block.startswith("id")]
    return [{"id": int(b[0][4:]), "event": b[1][7:], "data": json.loads(b[2][6:])} for b in blocks]


def test_events_begin_with_what_is_remembered(house: House) -> None:
    verified(house)
    told = watch(house, "/v1/events", 3)
    assert [(event["id"], event["event"]) for event in told] == [(1, "decision"), (2, "decision"), (3, "decision")]
    assert told[0]["data"]["verification"]["safe"] is True


def test_events_go_on_after_the_one_seen_last(house: House) -> None:
    verified(house)
    assert [event["id"] for event in watch(house, "/v1/events?after=1", 2)] == [2, 3]
    assert [event["id"] for event in watch(house, "/v1/events", 1, **{"last-event-id": "2"})] == [3]


def test_a_line_that_this_version_cannot_read_is_passed_over(house: House) -> None:
    def unreadable() -> FeedItem:
        raise StateError("by a newer version")

    verified(house, 1)
    house.state.tenant("acme").feed.add("decision", Later(unreadable))
    verified(house, 1)
    for query in ("", "?agent_id=agent-7"):
        told = house.call("GET", f"/v1/decisions{query}", key="audit")
        assert (told.status, len(told.json()["decisions"]), told.json()["remembered"]) == (200, 2, 3)
        assert told.json()["since"] == "2027-01-15T08:00:00.000+00:00"
    assert [event["id"] for event in watch(house, "/v1/events", 2)] == [1, 3]
    assert [event["id"] for event in watch(house, "/v1/events", 1, **{"last-event-id": "1"})] == [3]


def test_whoever_hangs_up_is_forgotten(house: House) -> None:
    verified(house, 1)
    for _ in range(70):
        watch(house, "/v1/events", 1)
    assert not house.state.tenant("acme").feed.full


def test_figures_for_prometheus_carry_units_and_no_tenant(house: House) -> None:
    verified(house)
    reply = house.call("GET", "/metrics", key=None)
    text = reply.body.decode()
    assert reply.headers["content-type"].startswith("text/plain")
    assert 'foureyes_verdicts_total{verdict="safe"} 3.0' in text
    assert 'foureyes_votes_total{model="c",' in text
    assert 'foureyes_http_request_duration_seconds_bucket{le="0.001",route="/v1/guard/verify"}' in text
    assert "acme" not in text


def test_the_page_is_served(house: House) -> None:
    page = house.call("GET", "/", key=None)
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_ready_or_not_and_why(house: House) -> None:
    assert house.call("GET", "/readyz", key=None).json() == {"ready": True, "not_ready": {}, "needs_restart": []}
    house.state.file_is_broken = True
    reply = house.call("GET", "/readyz", key=None)
    told = {"configuration": "the file on the disk is broken; the one before it is in force"}
    assert (reply.status, reply.json()) == (503, {"ready": False, "not_ready": told, "needs_restart": []})
