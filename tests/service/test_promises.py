"""A promise that no longer holds lets nothing through: from the file of a threshold to the answer of a route."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.asgi import call
from foureyes.calibration import Platt, Threshold
from foureyes.config import load, new_key, wiring
from foureyes.models.scripted import ScriptedReader
from foureyes.monitoring import Alarm
from foureyes.service.app import create_app
from foureyes.service.wiring import parts_of

NAME = "promise:foureyes/scripted"
CALM = {f"calm{i}": 0.7 + 0.02 * (i % 13) for i in range(40)}
DRIFTED = {f"drifted{i}": 0.35 + 0.01 * (i % 13) for i in range(40)}
PROMISED = Threshold(0.3, "error_rate", 0.05, 0.05, 0.01, 500, 300, 0.6, 0.55, 0.65)
CONFIGURED = """
[monitoring]
alpha = 0.1

[verifiers.reader]
kind = "reader"
reader = "scripted"
calibrator = "platt.json"
threshold = "cut.json"

[tenants.acme]
pii = "off"
"""


class Serving:
    """A service made of a configuration, whose one verifier reads from a script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = new_key("acme", {"admin"})
        self.sent: list[Alarm] = []
        platt = Platt.fit([0.1, 0.2, 0.4, 0.3, 1.5, 2.0], [1, 1, 1, 0, 0, 0])
        (folder / "platt.json").write_text(platt.to_json())
        self.built = self.build()
        self.app: Any = create_app(self.parts())

    def build(self, more: str = "", *, threshold: Threshold = PROMISED) -> wiring.Parts:
        (self.folder / "cut.json").write_text(threshold.to_json())
        file = self.folder / "foureyes.toml"
        file.write_text(CONFIGURED + more + self.key.toml)
        reader = ScriptedReader(CALM | DRIFTED)
        return wiring.build(load(file, {}), before=getattr(self, "built", None), open_reader=lambda _: reader)

    def parts(self) -> Any:
        return replace(parts_of(self.built), sinks=(self,))

    def reload(self, more: str = "", *, threshold: Threshold = PROMISED) -> None:
        self.built = self.build(more, threshold=threshold)
        self.app.state.live.replace(self.parts())

    def send(self, alarm: Alarm) -> None:
        """As a sink."""
        self.sent.append(alarm)

    def call(self, method: str, path: str, body: bytes = b"") -> Any:
        headers = {"x-api-key": self.key.presented, "content-type": "application/json"}
        return asyncio.run(call(self.app, method, path, body, headers))

    def verify(self, answer: str) -> dict[str, Any]:
        body = f'{{"prompt": "Which word?", "response": "{answer}"}}'.encode()
        answered: dict[str, Any] = self.call("POST", "/v1/guard/verify", body).json()
        return answered

    def alarms(self) -> list[str]:
        return [alarm["key"] for alarm in self.call("GET", "/v1/monitoring").json()["monitor"]["alarms"]]


@pytest.fixture(name="serving")
def open_serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path)
    yield serving
    asyncio.run(serving.built.close())


def drift(serving: Serving) -> None:
    """Answers such as came at first, then others, until an answer of those is no longer let through."""
    for word in CALM:
        assert serving.verify(word)["safe"] is True
    for word in [*DRIFTED, *DRIFTED]:
        if not serving.verify(word)["safe"]:
            return
    raise AssertionError("drift was not noticed")


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
    shown = serving.app.state.live.desk("acme").feed.latest(10, kind="alarm")
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
        reported = f'{{"agent_id": "a", "correct": false, "verification_id": "{made["request_id"]}"}}'
        assert serving.call("POST", "/v1/decisions/outcomes", reported.encode()).status == 200
    assert serving.verify("calm0")["votes"][0]["verdict"] == "abstain"
    assert [alarm.key for alarm in serving.sent] == [NAME]
    assert "above the promised 0.05" in serving.sent[0].statement
    [shown] = serving.app.state.live.desk("acme").feed.latest(10, kind="alarm")
    assert shown.value.key == NAME
    assert f'foureyes_alarms_total{{signal="{NAME}"}} 1.0' in serving.call("GET", "/metrics").body.decode()
