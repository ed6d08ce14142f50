"""A route's log: what it keeps, what it never keeps, and what it refuses."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from foureyes.calibration import Source
from foureyes.errors import InputError
from foureyes.route.log import JsonlRouteLog, salt_beside
from foureyes.route.log_reading import read_route_log
from foureyes.route.log_records import plain_answer, record_of
from foureyes.route.outcome import Candidate, RoutedAnswer, RouteRequest, RouteStage
from foureyes.route.roles import OutcomeKnown
from foureyes.types import Message, TokenUsage, Unscored

SOURCE = Source("log_cmp", "reader:1")
SALT = b"s" * 32


def request_of(question: str) -> RouteRequest:
    body = {"messages": [{"role": "user", "content": question}]}
    return RouteRequest(body, (Message("user", question),))


def stage_of(writer: str, answer: str, confidence: float | Unscored = 0.9, **further: object) -> RouteStage:
    choice = {"index": 0, "message": {"role": "assistant", "content": answer}}
    signal = confidence if isinstance(confidence, Unscored) else 1 - confidence
    candidate = Candidate(choice, Message("assistant", answer), signal, confidence)
    usage = TokenUsage(10, 5)
    return replace(
        RouteStage(writer, f"{writer}-model", (candidate,), 0, "answer", usage=usage, cost=0.01, reading_cost=0.001),
        **further,  # type: ignore[arg-type]
    )


def answer_of(name: str, *stages: RouteStage, **further: object) -> RoutedAnswer:
    reply = {"choices": [stages[-1].candidates[0].choice]}
    confidence = stages[-1].candidates[0].confidence
    done = RoutedAnswer(
        name, "support", "answer", stages, reply, confidence, enforced=True, would="answer", at=1767225600.0
    )
    return replace(done, **further)  # type: ignore[arg-type]


def open_log(path: Path, **further: object) -> JsonlRouteLog:
    return JsonlRouteLog(path, source=SOURCE, salt=SALT, **further)  # type: ignore[arg-type]


def keep(log: JsonlRouteLog, name: str, answer: str = "Paris", question: str = "Capital of France?") -> None:
    asyncio.run(log.keep(request_of(question), answer_of(name, stage_of("small", answer))))


def test_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    log = open_log(tmp_path / "route.jsonl")
    strong = stage_of("large", "Rome", 0.8)
    small = stage_of("small", "Paris", Unscored("context", "too long"), action="escalate", failure="unread")
    done = answer_of("r1", small, stage_of("large", "paris."), enforced=False, would="abstain", baseline=strong)
    asyncio.run(log.keep(request_of("Capital of France?"), done))
    log.close()
    (found,) = read_route_log(tmp_path / "route.jsonl").requests
    assert (found.id, found.route, found.source) == ("r1", "support", SOURCE)
    assert (found.would, found.enforced, found.at) == ("abstain", False, 1767225600.0)
    assert [stage.writer for stage in found.stages] == ["small", "large"]
    assert (found.stages[0].signal, found.stages[0].failure) == (None, "unread")
    assert found.stages[0].answer == found.stages[1].answer  # without case and final mark they are equal
    assert found.baseline is not None
    assert found.baseline.answer != found.stages[0].answer
    assert found.stages[1].usage == (10, 5)
    assert found.stages[1].paid == pytest.approx(0.011)


def test_holds_no_text_unless_asked(tmp_path: Path) -> None:
    for texts in (False, True):
        log = open_log(tmp_path / f"{texts}.jsonl", texts=texts)
        keep(log, "r1", answer="Amaryllis", question="Which flower?")
        log.close()
        words = (tmp_path / f"{texts}.jsonl").read_text(encoding="utf-8").casefold()
        assert ("amaryllis" in words, "flower" in words) == (texts, texts)


def test_another_salt_gives_other_hashes(tmp_path: Path) -> None:
    hashes = set()
    for salt in (SALT, b"t" * 32):
        log = JsonlRouteLog(tmp_path / f"{salt[:1].decode()}.jsonl", source=SOURCE, salt=salt)
        keep(log, "r1")
        log.close()
        (found,) = read_route_log(tmp_path / f"{salt[:1].decode()}.jsonl").requests
        hashes |= {found.question, found.stages[0].answer}
    assert len(hashes) == 4


def test_the_first_outcome_stays(tmp_path: Path) -> None:
    path = tmp_path / "route.jsonl"
    log = open_log(path)
    keep(log, "r1")
    assert log.outcome("r1", correct=True, at=5.0) == 0.9
    assert log.outcome("r1", correct=False, writer="large", at=6.0) is None
    with pytest.raises(OutcomeKnown, match="known already"):
        log.outcome("r1", correct=False)
    with pytest.raises(InputError, match="no request 'r2'"):
        log.outcome("r2", correct=True)
    log.close()
    log = open_log(path)  # it remembers across a restart
    with pytest.raises(OutcomeKnown):
        log.outcome("r1", correct=False)
    log.close()
    found = read_route_log(path).outcomes
    assert {key: outcome.correct for key, outcome in found.items()} == {("r1", None): True, ("r1", "large"): False}


def test_a_cut_last_line_is_left_out_and_the_next_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "route.jsonl"
    log = open_log(path)
    keep(log, "r1")
    keep(log, "r2")
    log.close()
    path.write_bytes(path.read_bytes()[:-40])
    assert read_route_log(path).left_out == {"last line cut": 1}
    log = open_log(path)
    keep(log, "r3")
    log.close()
    found = read_route_log(path)
    assert [one.id for one in found.requests] == ["r1", "r3"]
    assert sum(found.left_out.values()) == 1


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[1]",
        '{"v": 2, "kind": "routed"}',
        '{"v": 1, "kind": "other"}',
        '{"v": 1, "kind": "outcome", "id": "r1", "correct": 1, "at": 0}',
        '{"v": 1, "kind": "outcome", "id": "r1"}',
        "nothing",
        "",
    ],
)
def test_what_is_no_record_is_refused(line: str) -> None:
    with pytest.raises(InputError):
        record_of(line)


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    log = open_log(tmp_path / "route.jsonl")
    keep(log, "r1")
    log.close()
    record = json.loads((tmp_path / "route.jsonl").read_text(encoding="utf-8"))
    for name, value in {"signal": "much", "confidence": 1.5, "cost": float("nan")}.items():
        broken = {**record, "stages": [{**record["stages"][0], name: value}]}
        with pytest.raises(InputError):
            record_of(json.dumps(broken))


def test_grows_to_its_bound_only(tmp_path: Path) -> None:
    path = tmp_path / "route.jsonl"
    log = open_log(path, max_bytes=1 << 16, files=2)
    for i in range(600):
        keep(log, f"r{i}")
    with pytest.raises(InputError, match="rotated out"):
        log.outcome("r0", correct=True)
    log.outcome("r599", correct=True)
    log.close()
    files = sorted(one.name for one in tmp_path.iterdir())
    assert files == ["route.jsonl", "route.jsonl.1", "route.jsonl.2", "route.jsonl.lock"]
    assert all(one.stat().st_size <= 1 << 16 for one in tmp_path.iterdir())
    ids = [one.id for one in read_route_log(path).requests]
    assert ids == [f"r{i}" for i in range(600 - len(ids), 600)]


def test_one_process_writes(tmp_path: Path) -> None:
    log = open_log(tmp_path / "route.jsonl")
    with pytest.raises(InputError, match="another process"):
        open_log(tmp_path / "route.jsonl")
    log.close()
    open_log(tmp_path / "route.jsonl").close()


def test_the_salt_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "route.jsonl"
    salt = salt_beside(path)
    assert salt == salt_beside(path)
    assert (tmp_path / "route.jsonl.salt").stat().st_mode & 0o077 == 0
    (tmp_path / "route.jsonl.salt").write_bytes(b"short")
    with pytest.raises(InputError, match="5 bytes"):
        salt_beside(path)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text('{"prompt": "?"}\n' * 3, encoding="utf-8")
    with pytest.raises(InputError, match="no routed request: 3 ×"):
        read_route_log(path)
    with pytest.raises(InputError, match="no such file"):
        read_route_log(tmp_path / "none.jsonl")


def test_tool_calls_are_told_apart() -> None:
    def calling(arguments: str) -> str:
        call = {"id": "x", "type": "function", "function": {"name": "pay", "arguments": arguments}}
        return plain_answer({"message": {"content": None, "tool_calls": [call]}})

    assert calling('{"amount": 1}') != calling('{"amount": 2}')
    assert calling('{"amount": 1}') == calling('{"amount": 1}')
