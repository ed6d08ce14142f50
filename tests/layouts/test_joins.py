"""What belongs together and stands apart: joined whichever comes first, and nothing dropped that has no other half."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.layouts import AnswerReader, FieldMap, joins
from foureyes.records import Record
from foureyes.types import Exchange, Unscored

ASKED = {"messages": [{"role": "user", "content": "q"}]}


def request(key: str) -> dict[str, Any]:
    return {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": ASKED}


def output(key: str) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": f"answer {key}"}}
    return {"custom_id": key, "response": {"status_code": 200, "body": {"choices": [choice]}}, "error": None}


def sampled(key: str) -> dict[str, Any]:
    return {
        "run_id": "r",
        "event_id": 0,
        "sample_id": key,
        "type": "sampling",
        "data": {"prompt": "q", "sampled": [key]},
    }


def matched(key: str) -> dict[str, Any]:
    return {"run_id": "r", "event_id": 0, "sample_id": key, "type": "match", "data": {"correct": key != "b"}}


def observed(key: str) -> dict[str, Any]:
    return {"id": key, "traceId": "t", "type": "GENERATION", "input": "q", "output": key}


def scored(key: str, value: Any = 1.0, name: str = "correct") -> dict[str, Any]:
    return {"id": "s", "observationId": key, "dataType": "NUMERIC", "name": name, "value": value}


def read(rows: list[dict[str, Any]], **options: Any) -> list[tuple[str, str, bool | None]]:
    """Place, answer or reason, verdict."""
    found = AnswerReader(**options).answers_of(Record(f"line {i}", row) for i, row in enumerate(rows, 1))
    return [
        (record.place, one.exchange.answer if isinstance(one.exchange, Exchange) else str(one.exchange), one.correct)
        for record, one in found
    ]


@given(st.permutations([request("a"), output("a"), request("b"), output("b")]))
def test_a_batch_is_joined_in_any_order(rows: list[dict[str, Any]]) -> None:
    assert sorted(answer for _, answer, _ in read(rows)) == ["answer a", "answer b"]


@given(st.permutations([observed("a"), scored("a"), observed("b"), scored("b", 0), scored("b", 0.3, "helpful")]))
def test_scores_are_joined_in_any_order(rows: list[dict[str, Any]]) -> None:
    assert sorted((answer, correct) for _, answer, correct in read(rows)) == [("a", True), ("b", False)]


def other(key: str) -> dict[str, Any]:
    return {**request(key), "body": {"messages": [{"role": "user", "content": "another question"}]}}


@pytest.mark.parametrize(
    "rows",
    [
        [request("a"), other("a"), output("a"), output("a")],
        [output("a"), output("a"), request("a"), other("a")],
        [output("a"), output("a"), other("a")],
    ],
)
def test_no_answer_is_read_after_a_question_of_another_batch(rows: list[dict[str, Any]]) -> None:
    found = read(rows)
    assert [place for place, _, _ in found] == [f"line {i}" for i, row in enumerate(rows, 1) if "response" in row]
    assert all("several requests or answers of a batch have one custom_id" in why for _, why, _ in found)


def test_batches_one_after_the_other_may_have_the_same_ids() -> None:
    records = [Record("x", row) for row in (request("a"), output("a"), other("a"), output("a"))]
    found = [answer.exchange for _, answer in AnswerReader().answers_of(records)]
    assert [one.prompt[-1].content for one in found if isinstance(one, Exchange) and isinstance(one.prompt, tuple)] == [
        "q",
        "another question",
    ]


def test_verdicts_that_contradict_each_other_are_none() -> None:
    rows = [scored("a", 1.0), scored("a", 0.0), observed("a"), scored("b"), scored("b"), observed("b")]
    assert read(rows) == [("line 3", "a", None), ("line 6", "b", True)]


def test_events_are_joined_as_they_come() -> None:
    rows = [{"spec": {"run_config": {}}}, sampled("a"), matched("a"), sampled("b"), matched("b"), {"final_report": {}}]
    assert read(rows) == [("line 2", "a", True), ("line 4", "b", False)]


def test_nobody_knows_which_of_two_samples_matched() -> None:
    assert [correct for _, _, correct in read([sampled("a"), sampled("a"), matched("a")])] == [None, None]


def test_halves_alone_are_answers_or_say_what_they_lack() -> None:
    found = read([request("a"), output("b"), observed("c"), scored("d"), sampled("e"), matched("f")])
    said = {place: answer for place, answer, _ in found}
    assert said["line 3"] == "c"
    assert said["line 5"] == "e"
    assert "the request 'a' of a batch; give the file with its output too" in said["line 1"]
    assert "the request 'b' of a batch, which is not among the requests that were given" in said["line 2"]
    assert "a score of the observation 'd'" in said["line 4"]
    assert "holds no answer" in said["line 6"]
    assert len(said) == 6


def test_a_map_names_the_score_that_says_what_is_right() -> None:
    rows = [observed("a"), scored("a", 0, "faithful"), scored("a", 1, "correct")]
    assert read(rows, fields=FieldMap(label="faithful")) == [("line 1", "a", False)]


def test_a_grade_is_no_verdict() -> None:
    assert read([observed("a"), scored("a", 0.7)]) == [("line 1", "a", None)]


def test_a_failed_request_of_a_batch_says_so_once() -> None:
    failed = {**output("a"), "response": {"status_code": 500, "body": {"error": {"message": "oops"}}}}
    assert read([request("a"), failed]) == [
        ("line 2", "bad_row: line 2: the request 'a' of a batch failed with HTTP 500: oops", None)
    ]


def test_batches_of_anthropic_are_joined_too() -> None:
    message = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "answer"}], "model": "c"}
    rows = [
        {"custom_id": "a", "params": ASKED},
        {"custom_id": "a", "result": {"type": "succeeded", "message": message}},
        {"custom_id": "b", "result": {"type": "errored", "error": {"error": {"message": "overloaded"}}}},
    ]
    assert [answer for _, answer, _ in read(rows)] == [
        "answer",
        "bad_row: line 3: the request 'b' of a batch came to nothing: errored overloaded",
    ]


def test_what_waits_too_long_goes_on_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joins, "HELD", 2)
    rows = [observed("a"), observed("b"), observed("c"), scored("a"), scored("c")]
    found = {(place, answer): correct for place, answer, correct in read(rows)}
    assert found["line 1", "a"] is None
    assert found["line 3", "c"] is True
    assert any(answer.startswith("bad_row") and place == "line 4" for place, answer in found)


def test_an_entry_that_is_no_object_is_named() -> None:
    found = list(
        AnswerReader().answers_of([Record("entry 1", {"data": [3, {"prompt": "q", "answer": "a"}], "meta": {}})])
    )
    assert isinstance(found[0][1].exchange, Unscored)
    assert found[0][1].exchange.detail == "entry 1 of data: wanted an object; got int"
    assert isinstance(found[1][1].exchange, Exchange)


def test_scored_rows_wait_for_nothing() -> None:
    reader = AnswerReader().answers_of(Record("line 1", {**observed(key), "foureyes": {}}) for key in ("a", "b"))
    record, _ = next(reader)
    assert record.fields is not None
    assert record.fields["id"] == "a"
    assert len(list(reader)) == 1
