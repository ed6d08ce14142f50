"""The whole way with real parts: a route watches, learns, is opened again, decides, is told outcomes, and is suspended."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from foureyes.cli import main
from foureyes.errors import ConfigError
from foureyes.models.scripted import ScriptedReader
from foureyes.route.log_reading import read_route_log
from foureyes.route.opening import open_route
from foureyes.route.scripted import completion
from tests.route.upstreams import upstream, whole

FILE = """\
[route]
name = "support"
shadow = true      # until it has learnt
log = "route.jsonl"
on_suspension = "closed"

[[writers]]
model = "small"
base_url = "URL"
price_in = 1.0
price_out = 2.0

[[writers]]
model = "large"
base_url = "URL"
price_in = 10.0
price_out = 20.0

[reader]
reader = "scripted"
"""
READER = ScriptedReader({f"w{i}": 0.98 - 0.0096 * i for i in range(100)}, name="scripted")


def word(model: str, question: str) -> int:
    """Which of a hundred answers a model gives, the first ones the likelier to the reader."""
    drawn = zlib.crc32(f"{model}|{question}".encode()) % 100
    return drawn if model == "small" else drawn // 3


def is_right(model: str, question: str) -> bool:
    return zlib.crc32(f"truth|{model}|{question}".encode()) % 1000 > 1000 * (word(model, question) / 70) ** 2


def put(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


async def answers(path: Path, questions: list[str], *, outcomes: bool = False) -> list[Any]:
    """What a route of a file answers, over sockets."""

    def reply(i: int) -> bytes:
        body = server.bodies[i]
        return whole(200, completion(f"w{word(body['model'], body['messages'][0]['content'])}", model=body["model"]))

    async with upstream(reply) as server:
        put(path, "URL", server.url)
        route = open_route(path, open_reader=lambda _: READER)
        done = []
        for question in questions:
            answer = await route.answer(question)
            await route.settled()
            if outcomes and answer.action == "answer":
                route.outcome(answer.request_id, correct=False)  # whatever it was: the world has changed
            done.append(answer)
        await route.aclose()
        put(path, server.url, "URL")
    return done


async def test_the_whole_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, log = tmp_path / "route.toml", tmp_path / "route.jsonl"
    path.write_text(FILE, encoding="utf-8")
    questions = [f"question {i}" for i in range(500)]
    watched = await answers(path, questions)
    assert all(answer.reply["choices"][0]["message"]["content"].startswith("w") for answer in watched)

    rows = [
        {"id": one.id, "writer": writer, "correct": is_right(writer, questions[i])}
        for i, one in enumerate(read_route_log(log).requests)
        for writer in one.asked
    ]
    assert len(rows) == 1000
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = ["route", "learn", str(log), "--route", str(path), "--labels", str(tmp_path / "labels.jsonl")]
    assert main([*command, "--promise", "0.1", "--out", str(path), "--force"]) == 0
    assert "at most 0.1 are not right" in capsys.readouterr().out

    learned = path.read_text(encoding="utf-8")
    path.write_text(learned.replace("shadow = true", "shadow = false"), encoding="utf-8")
    others = [f"other {i}" for i in range(300)]
    decided = await answers(path, others)
    good = [(one, question) for one, question in zip(decided, others, strict=True) if one.action == "answer"]
    wrong = sum(not is_right(one.stages[-1].writer, question) for one, question in good)
    assert len(good) > 100
    assert wrong / len(good) < 0.15
    assert {len(one.stages) for one in decided} == {1, 2}
    assert not any(one.suspended for one in decided)

    told = await answers(path, [f"third {i}" for i in range(150)], outcomes=True)
    assert told[-1].suspended
    assert (told[-1].action, told[-1].reply) == ("failed", None)
    after = await answers(path, ["after a restart"])
    assert after[0].suspended
    assert main(["route", "report", str(log), "--route", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["result"]
    assert found["held"]["verdict"] == "broken"
    assert found["suspended"] > 0
    assert found["watched"] == 500


async def test_what_was_learnt_of_other_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "route.toml"
    path.write_text(FILE, encoding="utf-8")
    await answers(path, ["one question"])
    path.write_text(path.read_text(encoding="utf-8") + 'fingerprint = "other"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="fingerprint"):
        await answers(path, ["one question"])
