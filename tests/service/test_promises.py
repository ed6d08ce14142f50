"""A promise that no longer holds lets nothing through: from the file of a threshold to the answer of a route."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

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
    shown = serving.app.state.foureyes.tenant("acme").feed.latest(10, kind="alarm")
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
    [shown] = serving.app.state.foureyes.tenant("acme").feed.latest(10, kind="alarm")
    assert shown.value.key == NAME
    assert f'foureyes_alarms_total{{signal="{NAME}"}} 1.0' in serving.call("GET", "/metrics").body.decode()


def test_what_a_reader_read_is_watched_too(serving: Serving) -> None:
    serving.verify("calm3")
    monitor = serving.call("GET", "/v1/monitoring").json()["monitor"]
    surprise = pytest.approx(-math.log(CALM["calm3"]))
    assert monitor["verifiers"][0]["log_cmp"]["mean"] == surprise
    assert monitor["timeline"]["log_cmp"][-1] == surprise
    assert [detector["signal"] for detector in monitor["detectors"]].count("log_cmp:foureyes/scripted") == 1
