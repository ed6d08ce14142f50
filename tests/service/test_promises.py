"""A promise that no longer holds lets nothing through: from the file of a threshold to the answer of a route."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from foureyes.guard.gate import ActionOutcome
from tests.service.promised import CALM, DRIFTED, NAME, PROMISED, Serving, drift


@pytest.fixture(name="serving")
def open_serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path)
    yield serving
    asyncio.run(serving.built.close())


def test_drift_suspends_a_promise_and_its_verifiers_safe_becomes_an_abstention(serving: Serving) -> None:
    drift(serving)
    answer = serving.verify("calm0")
    [vote] = answer["votes"]
    assert (answer["safe"], answer["consensus_reached"], vote["verdict"]) == (False, False, "abstain")
    assert "its promise is suspended: " in vote["reason"]
    assert vote["confidence"] > PROMISED.cut


def test_whoever_watches_is_told(serving: Serving) -> None:
    drift(serving)
    assert NAME in serving.alarms()
    assert [alarm.key for alarm in serving.sent].count(NAME) == 1
    shown = asyncio.run(serving.app.state.foureyes.tenant("acme").feed.latest(10, kind="alarm"))
    assert NAME in [entry.value.key for entry in shown]
    assert f'foureyes_alarms_total{{signal="{NAME}"}} 1.0' in serving.call("GET", "/metrics").body.decode()


def test_acknowledged_it_holds_again_for_what_comes_then(serving: Serving) -> None:
    drift(serving)
    assert serving.call("POST", "/v1/monitoring/acknowledge", f'{{"key": "{NAME}"}}'.encode()).status == 200
    assert NAME not in serving.alarms()
    assert all(serving.verify(word)["safe"] for word in DRIFTED)


def test_another_change_of_the_configuration_does_not_lift_a_suspension(serving: Serving) -> None:
    drift(serving)
    serving.reload('mode = "observe"\n')
    assert serving.verify("calm0")["safe"] is False
    assert NAME in serving.alarms()


def test_a_new_threshold_renews_it(serving: Serving) -> None:
    drift(serving)
    serving.reload(threshold=replace(PROMISED, limit=0.1))
    assert serving.verify("calm0")["safe"] is True
    assert NAME not in serving.alarms()


def test_outcomes_that_break_a_promise_suspend_it_and_are_told(serving: Serving) -> None:
    for n in range(40):
        made = serving.verify(f"calm{n}")
        if not made["safe"]:
            break
        reported = f'{{"correct": false, "verification_id": "{made["request_id"]}"}}'
        assert serving.call("POST", "/v1/decisions/outcomes", reported.encode()).status == 200
    assert serving.verify("calm0")["votes"][0]["verdict"] == "abstain"
    assert [alarm.key for alarm in serving.sent] == [NAME]
    assert "above the promised 0.05" in serving.sent[0].statement
    [shown] = asyncio.run(serving.app.state.foureyes.tenant("acme").feed.latest(10, kind="alarm"))
    assert shown.value.key == NAME
    assert f'foureyes_alarms_total{{signal="{NAME}"}} 1.0' in serving.call("GET", "/metrics").body.decode()


def test_what_a_reader_read_is_watched_too(serving: Serving) -> None:
    serving.verify("calm3")
    monitor = serving.call("GET", "/v1/monitoring").json()["monitor"]
    surprise = pytest.approx(-math.log(CALM["calm3"]))
    assert monitor["verifiers"][0]["log_cmp"]["mean"] == surprise
    assert monitor["timeline"]["log_cmp"][-1] == surprise
    assert [detector["signal"] for detector in monitor["detectors"]].count("log_cmp:foureyes/scripted") == 1


@pytest.mark.parametrize("broken", ["observe", "report"])
def test_a_monitor_that_fails_has_seen_nothing_and_no_promise_holds(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    made = serving.verify("calm0")
    with monkeypatch.context() as patch:
        patch.setattr(serving.app.state.foureyes.tenant("acme").monitor, broken, fails)
        if broken == "observe":
            assert serving.verify("calm1")["safe"] is True  # it was decided while the promise held
        else:
            reported = f'{{"correct": true, "verification_id": "{made["request_id"]}"}}'
            assert serving.call("POST", "/v1/decisions/outcomes", reported.encode()).status == 200
    assert serving.verify("calm2")["votes"][0]["verdict"] == "abstain"
    assert [alarm.key for alarm in serving.sent] == [NAME]
    assert "the monitor failed" in serving.sent[0].statement


def test_a_verification_that_could_not_be_shown_is_watched_all_the_same(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    tenant = serving.app.state.foureyes.tenant("acme")
    monkeypatch.setattr(tenant.feed, "add", fails)
    assert serving.verify("calm0")["safe"] is True
    assert serving.call("GET", "/v1/monitoring").json()["monitor"]["total"] == 1
    assert serving.verify("calm1")["safe"] is True


def test_what_could_not_be_told_to_the_monitor_suspends_every_promise(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("foureyes.service.verification.observation_of", lambda *_: 1 / 0)
        serving.verify("calm0")
    assert serving.verify("calm1")["votes"][0]["verdict"] == "abstain"


def test_an_agent_whose_record_could_not_be_kept_is_one_that_nobody_knows(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = serving.app.state.foureyes.tenant("acme").gate
    for _ in range(30):
        gate.report("agent-7", ActionOutcome(correct=True))
    assert gate.decide("agent-7").action == "allow"
    monkeypatch.setattr(gate, "hear", lambda *_, **__: 1 / 0)
    body = b'{"prompt": "Which word?", "response": "calm0", "agent_id": "agent-7"}'
    assert serving.call("POST", "/v1/guard/verify", body).status == 200
    assert gate.decide("agent-7").code == "unknown_agent"
