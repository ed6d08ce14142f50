"""foureyes route: from the log of a real route to a route that has learnt, and to a report of it."""

from __future__ import annotations

import asyncio
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foureyes.calibration import Source
from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.cascade import Policy
from foureyes.cli import main
from foureyes.route.log import JsonlRouteLog
from foureyes.route.outcome import RoutedAnswer
from foureyes.route.parts import RouteParts
from foureyes.route.promised import RoutePromise
from foureyes.route.route import Route
from foureyes.route.rules import Prices, RouteMember, RouteRules
from foureyes.route.scripted import ScriptedRouteWriter
from foureyes.types import Exchange, Unscored

SOURCE = Source("log_cmp", "scripted-reader:1")
FILE = """\
# Support.
[route]
name = "support"
shadow = true  # until it has learnt

[[writers]]
model = "small"
price_in = 1.0
price_out = 2.0

[[writers]]
model = "large"
price_in = 10.0
price_out = 20.0

[reader]
reader = "gemma3-270m"
"""


@dataclass
class World:
    """Questions that two writers answer rightly or wrongly, and a reader who is the more surprised by what is wrong."""

    seed: int = 0
    right: dict[str, bool] = field(default_factory=dict)
    surprise: dict[str, float] = field(default_factory=dict)

    def answer(self, writer: str, question: str, skill: float) -> str:
        answer = f"{writer} on {question}"
        if answer not in self.right:
            rng = np.random.default_rng([self.seed, len(self.right)])
            self.right[answer] = bool(rng.random() < skill)
            self.surprise[answer] = float(rng.normal(1.0 if self.right[answer] else 2.2, 0.35))
        return answer


class SurprisedReader:
    """States what the world knows, and P(correct) by the calibrators it is given."""

    fingerprint = "scripted-reader:1"

    def __init__(self, world: World, calibrators: dict[str, ScoreCalibrator] | None = None) -> None:
        self._world, self._calibrators = world, calibrators or {}

    async def read(self, exchanges: Any, *, writer: str) -> list[tuple[float | Unscored, float | Unscored]]:
        return [self._one(exchange, writer) for exchange in exchanges]

    def _one(self, exchange: Exchange, writer: str) -> tuple[float | Unscored, float | Unscored]:
        signal = self._world.surprise[exchange.answer]
        if writer not in self._calibrators:
            return signal, Unscored("unavailable", "no calibrator")
        return signal, float(self._calibrators[writer].predict_proba([signal])[0])

    async def aclose(self) -> None:
        """Nothing is open."""


def traffic(
    world: World, path: Path, names: range, policy: Policy | None = None, calibrators: Any = None, **rules: Any
) -> list[RoutedAnswer]:
    """Sends questions through a real route that keeps its log."""

    async def sent() -> list[RoutedAnswer]:
        def says(name: str, skill: float) -> ScriptedRouteWriter:
            return ScriptedRouteWriter(name, lambda asked: world.answer(name, asked.messages[0].content, skill))

        members = [RouteMember(says("small", 0.7), Prices(1.0, 2.0)), RouteMember(says("large", 0.95), Prices(10, 20))]
        log = JsonlRouteLog(path, source=SOURCE, salt=b"x" * 16)
        reader = SurprisedReader(world, calibrators)
        route = Route("support", members, reader, policy, RouteRules(reading_price=1e-7, **rules), RouteParts(log=log))
        answers = [await route.answer(f"question {i}", request_id=f"r{i}") for i in names]
        await route.aclose()
        log.close()
        return answers

    return asyncio.run(sent())


def label(world: World, path: Path, names: range) -> Path:
    rows = [
        {"id": f"r{i}", "writer": writer, "correct": world.right[f"{writer} on question {i}"]}
        for i in names
        for writer in ("small", "large")
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def watched(world: World, tmp_path: Path) -> Path:
    (tmp_path / "route.toml").write_text(FILE, encoding="utf-8")
    traffic(world, tmp_path / "route.jsonl", range(800), shadow=True)
    label(world, tmp_path / "labels.jsonl", range(800))
    return tmp_path


def route(folder: Path, action: str, *options: str) -> int:
    return main(["route", action, str(folder / "route.jsonl"), "--route", str(folder / "route.toml"), *options])


def result(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_from_watching_to_a_route_that_keeps_its_promise(
    world: World, watched: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels, out, page = watched / "labels.jsonl", watched / "learned.toml", watched / "curve.html"
    options = ["--labels", str(labels), "--promise", "0.05", "--out", str(out), "--html", str(page), "--json"]
    assert route(watched, "learn", *options) == 0
    learned = result(capsys)["result"]
    document = tomllib.loads(out.read_text(encoding="utf-8"))
    assert "# until it has learnt" in out.read_text(encoding="utf-8")
    assert document["reader"]["fingerprint"] == SOURCE.model
    assert set(learned["written"]) == {path.name for path in watched.iterdir()} - {
        "route.toml",
        "route.jsonl",
        "route.jsonl.lock",
        "labels.jsonl",
        "curve.html",
    }
    promise = RoutePromise.from_json((watched / document["route"]["promise"]).read_text(encoding="utf-8"))
    policy = Policy.from_json((watched / document["route"]["policy"]).read_text(encoding="utf-8"))
    calibrators = {
        one["model"]: ScoreCalibrator.from_json((watched / one["calibrator"]).read_text(encoding="utf-8"))
        for one in document["writers"]
    }
    assert promise.limit == 0.05
    assert learned["cost"] < learned["strongest"]["cost"]
    assert page.read_text(encoding="utf-8").count("<svg") >= 1

    # And it is kept where it was not learnt: on other questions, by the route that decides.
    other = watched / "other.jsonl"
    answers = traffic(world, other, range(1000, 1600), policy, calibrators)
    good = [answer for answer in answers if answer.action == "answer"]
    right = [world.right[answer.reply["choices"][0]["message"]["content"]] for answer in good if answer.reply]
    assert len(good) > 300
    assert right.count(False) / len(right) < 0.08


def test_without_out_nothing_is_written(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.read_bytes() for path in watched.iterdir()}
    assert route(watched, "learn", "--labels", str(watched / "labels.jsonl"), "--promise", "0.05") == 0
    said = capsys.readouterr().out
    assert "nothing was written: give --out" in said
    assert '+calibrator = "support-calibrator-small-' in said
    assert "set shadow = false" in said
    assert {path.name: path.read_bytes() for path in watched.iterdir()} == before


def test_what_stands_at_out_is_replaced_only_when_told(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--labels", str(watched / "labels.jsonl"), "--promise", "0.05", "--out", str(watched / "route.toml")]
    assert route(watched, "learn", *options) == 1
    assert "--force" in capsys.readouterr().err
    assert (watched / "route.toml").read_text(encoding="utf-8") == FILE
    assert route(watched, "learn", *options, "--force") == 0
    first = (watched / "route.toml").read_text(encoding="utf-8")
    assert route(watched, "learn", *options, "--force") == 0
    assert (watched / "route.toml").read_text(encoding="utf-8") == first  # the same learnt of the same
    capsys.readouterr()


def test_a_budget_and_agreement(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert route(watched, "learn", "--agreement", "--budget", "0.0002", "--json") == 1
    assert "small: a calibrator learns from right and wrong answers; got 0 right" in result(capsys)["error"]["message"]
    options = ["--labels", str(watched / "labels.jsonl"), "--json"]
    assert route(watched, "learn", *options, "--budget", "0.0001") == 0
    found = result(capsys)["result"]
    assert found["cost"] <= 0.0001
    assert found["promise"] is None
    assert "+promise" not in found["diff"]
    assert route(watched, "learn", *options, "--budget", "0.000001") == 1
    capsys.readouterr()


def test_bad_labels_leave_everything_as_it_was(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels, out = watched / "labels.jsonl", watched / "out.toml"
    rows = labels.read_text(encoding="utf-8").splitlines()
    cases = {
        "not in the log": [*rows, '{"id": "r9999", "writer": "small", "correct": true}'],
        "labelled twice": [*rows, rows[0]],
        "not asked": [*rows, '{"id": "r1", "writer": "huge", "correct": true}'],
        "needs at least 144 requests": rows[:100],
        "right and wrong": [row.replace("false", "true") for row in rows],
        "no field 'correct'": ['{"id": "r1"}'],
    }
    for words, lines in cases.items():
        labels.write_text("\n".join(lines) + "\n", encoding="utf-8")
        assert route(watched, "learn", "--labels", str(labels), "--promise", "0.05", "--out", str(out)) == 1
        assert words in capsys.readouterr().err
        assert not list(watched.glob("support-*"))
        assert not out.exists()


def test_a_sample_is_drawn_to_be_labelled(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = watched / "todo.jsonl"
    assert route(watched, "sample", "--n", "50", "--promise", "0.05", "--out", str(out), "--json") == 0
    told = result(capsys)
    assert told["result"] == {"requests": 50, "answers": 100, "usable": 800, "needed": 144}
    assert "too few" in told["warnings"][0]
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert rows[0].keys() == {"id", "writer", "correct"}
    assert route(watched, "sample", "--out", str(out)) == 1  # never over labels
    assert "--force replaces it" in capsys.readouterr().err
    assert route(watched, "learn", "--labels", str(out), "--promise", "0.05") == 1
    assert "no request is labelled" in capsys.readouterr().err


def decided(world: World, folder: Path) -> Path:
    """A log of a route that decides, with outcomes posted back."""
    options = ["--labels", str(folder / "labels.jsonl"), "--promise", "0.05", "--out", str(folder / "learned.toml")]
    assert route(folder, "learn", *options) == 0
    document = tomllib.loads((folder / "learned.toml").read_text(encoding="utf-8"))
    policy = Policy.from_json((folder / document["route"]["policy"]).read_text(encoding="utf-8"))
    calibrators = {
        one["model"]: ScoreCalibrator.from_json((folder / one["calibrator"]).read_text(encoding="utf-8"))
        for one in document["writers"]
    }
    path = folder / "decided.jsonl"
    answers = traffic(world, path, range(2000, 2400), policy, calibrators)
    log = JsonlRouteLog(path, source=SOURCE, salt=b"x" * 16)
    for answer in answers:
        if answer.action == "answer" and answer.reply:
            right = world.right[answer.reply["choices"][0]["message"]["content"]]
            log.outcome(answer.request_id, correct=right)
    log.close()
    return path


def test_the_report_of_a_route_that_decides(world: World, watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, page = decided(world, watched), watched / "report.html"
    capsys.readouterr()
    command = ["route", "report", str(path), "--route", str(watched / "learned.toml"), "--html", str(page)]
    assert main([*command, "--json"]) == 0
    found = result(capsys)["result"]
    known = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    routed = [row for row in known if row["kind"] == "routed"]
    paid = sum(stage["cost"] + stage["reading_cost"] for row in routed for stage in row["stages"])
    assert found["savings"]["route"] == pytest.approx(paid / len(routed))
    assert found["savings"]["strongest"] == pytest.approx(200e-6)
    assert found["savings"]["low"] < found["savings"]["saved"] < found["savings"]["high"]
    assert found["held"]["limit"] == 0.05
    assert found["held"]["wrong"]["n"] == found["actions"]["answer"]
    assert [use["name"] for use in found["writers"]] == ["small", "large"]
    assert found["writers"][0]["kept"] + found["writers"][0]["escalated"] == 400
    assert found["flips"] is None  # where a route decides, it picks the questions that the strongest answers
    assert {one["of"] for one in found["drift"]} == {"signal", "confidence"}
    assert all(one["at"] is None for one in found["drift"])
    assert "saved" in page.read_text(encoding="utf-8")
    assert main(command[:-2]) == 0
    assert "of always asking the strongest" in capsys.readouterr().out


def test_the_report_of_a_route_that_watches(world: World, watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a policy it says what a switch would save and break, from labels of both writers."""
    decided(world, watched)
    document = tomllib.loads((watched / "learned.toml").read_text(encoding="utf-8"))
    policy = Policy.from_json((watched / document["route"]["policy"]).read_text(encoding="utf-8"))
    calibrators = {
        one["model"]: ScoreCalibrator.from_json((watched / one["calibrator"]).read_text(encoding="utf-8"))
        for one in document["writers"]
    }
    path = watched / "shadow.jsonl"
    traffic(world, path, range(3000, 3300), policy, calibrators, shadow=True)
    labels = label(world, watched / "more.jsonl", range(3000, 3300))
    capsys.readouterr()
    assert main(["route", "report", str(path), "--labels", str(labels), "--json"]) == 0
    found = result(capsys)["result"]
    assert found["watched"] == 300
    assert found["flips"]["negative"]["n"] == 300
    lost = sum(
        world.right[f"large on question {i}"] and not world.right[f"small on question {i}"] for i in range(3000, 3300)
    )
    assert 0 < found["flips"]["negative"]["k"] < lost + 300 - found["actions"]["answer"]
    assert found["savings"]["saved"] > 0
    assert found["savings"]["estimated"] == 0


def test_logs_that_cannot_be_used_are_named(watched: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, labels = watched / "route.jsonl", ["--labels", str(watched / "labels.jsonl"), "--promise", "0.05"]
    whole = log.read_text(encoding="utf-8")
    lines = whole.splitlines()
    cases = {
        "no request of route 'support'": whole.replace('"route":"support"', '"route":"sales"'),
        "signals of different readings do not compare": whole.replace("reader:1", "reader:2", 100),
        "none of them since": whole,
        "holds no routed request": "{}\n",
    }
    for words, text in cases.items():
        log.write_text(text, encoding="utf-8")
        since = ["--since", "2090-01-01"] if words.startswith("none") else []
        assert route(watched, "learn", *labels, *since) == 1
        assert words in capsys.readouterr().err
    log.write_text("\n".join(lines[:-1]) + "\n" + lines[-1][:50], encoding="utf-8")
    assert route(watched, "report", "--json") == 0
    told = result(capsys)
    assert "1 × last line cut" in told["warnings"][0]
    assert told["result"]["left_out"] == {"last line cut": 1}
    assert told["result"]["n"] == 799
    assert told["result"]["returned"] is None  # no policy decided anything
    assert [(use["unread"], use["failures"]) for use in told["result"]["writers"]] == [(0, {}), (0, {})]
    assert route(watched, "report", "--since", "soon") == 1
    assert "--since wants" in capsys.readouterr().err
    assert main(["route", "report", str(log), "--strongest", "huge"]) == 1
    assert "knows no writer 'huge'; it knows small, large" in capsys.readouterr().err
