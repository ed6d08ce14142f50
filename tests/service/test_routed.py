"""What is told of routes, and outcomes posted back, with a real route and its log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from foureyes.calibration import Source
from foureyes.cascade.policy import ALWAYS, ConfidenceGate, Policy
from foureyes.cli import main
from foureyes.config import Keyring, new_key
from foureyes.route.log import JsonlRouteLog, salt_beside
from foureyes.route.log_reading import read_route_log
from foureyes.route.parts import RouteParts
from foureyes.route.route import Route
from foureyes.route.rules import Prices, RouteMember, RouteRules
from foureyes.route.scripted import ScriptedRouteReader, ScriptedRouteWriter
from tests.service.house import House, Recording, open_house
from tests.service.test_openai_routes import ASKED, ask

__all__ = ["open_house"]

POLICY = Policy((ConfidenceGate((0.8,), ("escalate", "answer")), ALWAYS))


def opened(path: Path, **rules: Any) -> Route:
    """Two writers, of which the small one is wrong about every other question."""
    log = JsonlRouteLog(path, source=Source("log_cmp", "scripted"), salt=salt_beside(path))

    async def close() -> None:
        log.close()

    small = ScriptedRouteWriter("small", lambda request: "Sydney" if "?" in request.messages[0].content else "Canberra")
    members = [
        RouteMember(small, Prices(1.0, 2.0)),
        RouteMember(ScriptedRouteWriter("large", "Canberra"), Prices(10.0, 20.0)),
    ]
    reader = ScriptedRouteReader({"Sydney": 0.1, "Canberra": 0.9})
    parts = RouteParts(log=log, closers=(close,))
    return Route("trivia", members, reader, POLICY, RouteRules(reading_price=1e-6, **rules), parts)


def asked(question: str) -> dict[str, Any]:
    return {**ASKED, "messages": [{"role": "user", "content": question}]}


@pytest.fixture
def route(house: House, tmp_path: Path) -> Route:
    found = opened(tmp_path / "route.jsonl")
    house.change(routes={"trivia": found, "quiet": found})
    return found


def test_flow_costs_and_what_the_strongest_would_have_cost(house: House, route: Route) -> None:
    replies = [ask(house, asked(question)) for question in ("Capital?", "Capital.", "Capital.")]
    assert [one.json()["choices"][0]["message"]["content"] for one in replies] == ["Canberra"] * 3
    assert [one.headers["x-foureyes-stage"] for one in replies] == ["large", "small", "small"]
    trivia, quiet = house.call("GET", "/v1/routes", key="audit").json()["routes"]
    assert (quiet["name"], quiet["by_action"]) == ("quiet", {})
    assert trivia["by_action"] == {"answer": 3}
    assert [(one["name"], one["by_action"]) for one in trivia["writers"]] == [
        ("small", {"escalate": 1, "answer": 2}),
        ("large", {"answer": 1}),
    ]
    assert trivia["cost"] == pytest.approx(3 * 2e-5 + 2e-4 + 4e-6)
    assert trivia["strongest_cost"] == pytest.approx(3 * 2e-4)
    assert trivia["expected_right"] == pytest.approx(0.9)


def test_an_outcome_counts_once_and_goes_into_the_log(house: House, route: Route, tmp_path: Path) -> None:
    names = [ask(house, asked("Capital.")).headers["x-foureyes-request-id"] for _ in range(2)]
    for name, correct in zip(names, (True, False), strict=True):
        posted = house.call("POST", "/v1/route/outcomes", {"request_id": name, "correct": correct}, key="report")
        assert posted.json() == {"request_id": name, "route": "trivia", "kept": True}
    again = house.call("POST", "/v1/route/outcomes", {"request_id": names[0], "correct": False}, key="report")
    assert again.status == 409
    trivia = house.call("GET", "/v1/routes", key="audit").json()["routes"][0]
    assert (trivia["right"], trivia["wrong"]) == (1, 1)
    assert 0 < trivia["right_low"] < 0.5 < trivia["right_high"] < 1
    kept = read_route_log(tmp_path / "route.jsonl").outcomes
    assert {name: one.correct for (name, _), one in kept.items()} == dict(zip(names, (True, False), strict=True))
    page = house.call("GET", "/metrics", key=None).body.decode()
    assert 'foureyes_route_outcomes_total{correct="true",route="trivia"} 1.0' in page


def test_an_answer_before_the_restart_is_found_in_the_log(house: House, tmp_path: Path) -> None:
    first = opened(tmp_path / "route.jsonl")
    house.change(routes={"trivia": first})
    name = ask(house, asked("Capital.")).headers["x-foureyes-request-id"]
    house.state.tenant("acme").routed.__init__()
    posted = [
        house.call("POST", "/v1/route/outcomes", {"request_id": name, "correct": True}, key="report") for _ in range(2)
    ]
    assert [one.status for one in posted] == [200, 409]


def test_an_outcome_of_anothers_answer_is_refused(house: House, route: Route) -> None:
    name = ask(house, asked("Capital.")).headers["x-foureyes-request-id"]
    parts = house.state.parts
    other = new_key("other", {"report"})
    tenants = {**parts.tenants, "other": parts.tenants["acme"]}
    keyring = Keyring((*(key.stored for key in house.keys.values()), other.stored), clock=lambda: house.now)
    house.state.replace(replace(parts, tenants=tenants, keyring=keyring))
    headers = {"authorization": f"Bearer {other.presented}"}
    body = {"request_id": name, "correct": False}
    assert house.call("POST", "/v1/route/outcomes", body, key=None, headers=headers).status == 404
    assert house.call("POST", "/v1/route/outcomes", body, key="report").status == 200


def test_an_outcome_of_a_writer_counts_once_without_a_log_too(house: House) -> None:
    members = [RouteMember(ScriptedRouteWriter("small", "Canberra"))]
    house.change(routes={"trivia": Route("trivia", members, ScriptedRouteReader(otherwise=0.9), Policy((ALWAYS,)))})
    name = ask(house, asked("Capital.")).headers["x-foureyes-request-id"]
    writers = ["small", "small", None, None, *(f"nobody-{i}" for i in range(70))]
    bodies = [{"request_id": name, "correct": True, "writer": writer} for writer in writers]
    statuses = [house.call("POST", "/v1/route/outcomes", body, key="report").status for body in bodies]
    assert statuses == [200, 409, 200, 409, *[200] * 62, *[409] * 8]


def test_an_outcome_of_nothing_is_refused(house: House, route: Route) -> None:
    unknown = {"request_id": "nothing", "correct": True}
    assert house.call("POST", "/v1/route/outcomes", unknown, key="report").status == 404
    assert house.call("POST", "/v1/route/outcomes", unknown, key="route").status == 403
    assert house.call("POST", "/v1/route/outcomes", {"request_id": "nothing"}, key="report").status == 422


def test_answers_can_be_opened_to_their_stages_and_their_texts_where_these_are_shown(
    house: House, route: Route
) -> None:
    ask(house, asked("Capital?"))
    [hidden] = house.call("GET", "/v1/routes/answers", key="audit").json()["answers"]
    assert (hidden["messages"], hidden["answers"]) == (None, None)
    assert [stage["confidence"] for stage in hidden["foureyes"]["stages"]] == [0.1, 0.9]
    assert "Sydney" not in str(hidden)
    house.change(routes={"trivia": route}, show_texts=True)
    ask(house, asked("Capital?"))
    shown, _ = house.call("GET", "/v1/routes/answers?route=trivia", key="audit").json()["answers"]
    assert shown["messages"][0]["content"] == "Capital?"
    assert shown["answers"] == [["Sydney"], ["Canberra"]]
    assert len(house.call("GET", "/v1/routes/answers?limit=1", key="audit").json()["answers"]) == 1
    assert house.call("GET", "/v1/routes/answers?route=other", key="audit").json()["answers"] == []


def test_an_answer_is_opened_to_its_tokens_where_texts_are_shown(house: House, route: Route) -> None:
    hidden = ask(house, asked("Capital?")).headers["x-foureyes-request-id"]
    assert house.call("GET", f"/v1/routes/answers/{hidden}/tokens", key="audit").status == 404
    house.change(routes={"trivia": route}, show_texts=True)
    name = ask(house, asked("Capital?")).headers["x-foureyes-request-id"]
    for stage, words in ((0, "Sydney"), (1, "Canberra")):
        told = house.call("GET", f"/v1/routes/answers/{name}/tokens?stage={stage}", key="audit").json()
        assert "".join(spot["lead"] + spot["pieces"][0][1] for spot in told["tokens"]) == words
        assert all(0 <= spot["strength"] <= 1 and spot["nats"] >= 0 for spot in told["tokens"])
        assert (told["more"], told["concealed"], told["missing"]) == (0, False, None)
    assert house.call("GET", f"/v1/routes/answers/{name}/tokens?stage=2", key="audit").status == 404
    assert house.call("GET", f"/v1/routes/answers/{name}/tokens", key="route").status == 403
    assert house.call("GET", "/v1/routes/answers/nothing/tokens", key="audit").status == 404
    house.change(routes={"trivia": route}, show_texts=False)
    assert house.call("GET", f"/v1/routes/answers/{name}/tokens", key="audit").status == 404
    latest = house.call("GET", "/v1/routes/answers", key="audit").json()["answers"]
    assert {(one["messages"], one["answers"]) for one in latest} == {(None, None)}


def test_somebody_lets_a_suspended_promise_hold_again(house: House) -> None:
    class Keeper:
        statement, suspended, reason = "At most 5 % wrong.", True, "confidences changed"

        def observe(self, *_: Any) -> None:
            pass

        def acknowledge(self) -> None:
            self.suspended = False

    members = [RouteMember(ScriptedRouteWriter("small", "Canberra"))]
    keeper: Any = Keeper()
    parts = RouteParts(keeper=keeper, recorder=Recording(house.ledger), tenant="acme")
    route = Route("trivia", members, ScriptedRouteReader(otherwise=0.9), Policy((ALWAYS,)), None, parts)
    house.change(routes={"trivia": route})
    body = {"route": "trivia", "note": "looked at forty of them"}
    assert house.call("GET", "/v1/routes", key="audit").json()["routes"][0]["suspended"] is True
    assert [house.call("POST", "/v1/routes/resume", body, key=key).status for key in ("route", "audit", "report")] == [
        403
    ] * 3
    done = house.call("POST", "/v1/routes/resume", body, key="resume")
    assert done.json() == {"route": "trivia", "suspended_for": "confidences changed", "suspended": False}
    assert house.call("POST", "/v1/routes/resume", body, key="resume").status == 409
    assert house.call("POST", "/v1/routes/resume", {"route": "other"}, key="resume").status == 404
    [entry] = house.ledger.entries(0)
    assert (entry.payload["note"], entry.payload["suspended_for"]) == (body["note"], "confidences changed")
    assert entry.payload["by"] == f"acme/{house.keys['resume'].stored.id}"
    assert [line["suspended_for"] for line in house.logged() if line["event"] == "promise"] == ["confidences changed"]


def test_every_routed_answer_stands_in_the_record_that_an_auditor_verifies(house: House, tmp_path: Path) -> None:
    members = [RouteMember(ScriptedRouteWriter("small", "Canberra"))]
    parts = RouteParts(recorder=Recording(house.ledger), tenant="acme")
    route = Route("trivia", members, ScriptedRouteReader(otherwise=0.9), Policy((ALWAYS,)), None, parts)
    house.change(routes={"trivia": route})
    receipts = [ask(house, {**ASKED, "stream": stream}).headers["x-foureyes-receipt"] for stream in (False, True)]
    assert receipts == ["0", "1"]
    export, public = tmp_path / "export.jsonl", tmp_path / "guard.pub"
    export.write_bytes(house.call("GET", "/v1/ledger/export", key="audit").body)
    public.write_text(str(house.ledger.keys[0]))
    assert main(["ledger", "verify", str(export), "--key", str(public)]) == 0
    export.write_bytes(export.read_bytes().replace(b'"answer"', b'"failed"', 1))
    assert main(["ledger", "verify", str(export), "--key", str(public)]) == 3
