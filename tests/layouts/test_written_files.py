"""Files that Inspect and lm_eval wrote themselves: see written/README.md."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from foureyes.layouts import AnswerReader, LoggedAnswer
from foureyes.records import Record, records
from foureyes.types import Exchange, Reading, Reasoning, ToolResult, Unscored

WRITTEN = Path(__file__).parent / "written"


def read(name: str) -> list[tuple[str, LoggedAnswer]]:
    return [(record.place, answer) for record, answer in AnswerReader().answers_of(records(WRITTEN / name))]


def said(answer: LoggedAnswer) -> Exchange:
    assert isinstance(answer.exchange, Exchange), answer.exchange
    return answer.exchange


def sample(place: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((WRITTEN / "inspect.json").read_text())["samples"][place]
    return copy.deepcopy(found)


def test_inspect_reads_calls_results_and_tools() -> None:
    place, answer = read("inspect.json")[0]
    exchange = said(answer)
    assert (place, exchange.answer, answer.correct) == ("entry 1 of samples", "It is closed.", True)
    assert isinstance(exchange.prompt, tuple)
    assert [turn.role for turn in exchange.prompt] == ["system", "user", "assistant", "tool"]
    assert exchange.prompt[2].calls[0].arguments == '{"branch": "North"}'
    [result] = exchange.prompt[3].parts
    assert isinstance(result, ToolResult)
    assert (result.content, result.name) == ("Sunday closed", "opening_hours")
    assert [(tool.name, tool.description) for tool in exchange.tools] == [
        ("opening_hours", "Opening hours of a branch.")
    ]


def test_inspect_reads_log_probs() -> None:
    [_, answer] = read("inspect.json")[0]
    assert isinstance(answer.author, Reading)
    assert answer.author.nll.tolist() == [0.5, 0.25, 0.125]


def test_inspect_shows_a_model_the_error_of_a_tool() -> None:
    exchange = said(read("inspect.json")[1][1])
    assert isinstance(exchange.prompt, tuple)
    assert exchange.prompt[3].content == "Error: there is no branch East"


def test_inspect_names_an_image_and_keeps_the_other_samples() -> None:
    answers = [answer.exchange for _, answer in read("inspect.json")]
    assert answers[2] == Unscored("unread_part", "entry 3 of samples: cannot read image in message 2")
    assert sum(isinstance(answer, Exchange) for answer in answers) == 3


def test_inspect_tells_thoughts_from_words() -> None:
    [_, answer] = read("inspect.json")[3]
    exchange = said(answer)
    assert exchange.turn is not None
    assert exchange.turn.parts == (Reasoning("91 = 7 * 13."), "No.")
    assert answer.correct is False


def test_inspect_resolves_attachments_or_says_which_is_missing() -> None:
    row = sample(0)
    [hashed] = row["attachments"]
    row["messages"][1]["content"] = f"attachment://{hashed}"
    [whole] = AnswerReader().answers(Record("entry 1", row))
    assert said(whole).prompt == said(read("inspect.json")[0][1]).prompt
    row["attachments"] = {}
    [lost] = AnswerReader().answers(Record("entry 1", row))
    assert isinstance(lost.exchange, Unscored)
    assert "lacks the attachment" in lost.exchange.detail


@pytest.mark.parametrize(
    ("scores", "correct"),
    [
        ({"a": {"value": "C"}, "b": {"value": 1}}, True),
        ({"a": {"value": "C"}, "b": {"value": "I"}}, None),
        ({"a": {"value": "P"}}, None),
        ({"a": {"value": "N"}}, False),
        ({"a": {"value": {"x": 1}}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_inspect_scorers_must_agree(scores: Any, correct: Any) -> None:
    [answer] = AnswerReader().answers(Record("entry 1", sample(0) | {"scores": scores}))
    assert answer.correct is correct


def test_inspect_sample_that_failed_says_why() -> None:
    row = sample(0) | {"output": {"model": "m", "choices": []}, "error": {"message": "out of time"}}
    [answer] = AnswerReader().answers(Record("entry 1", row))
    assert answer.exchange == Unscored("bad_row", "entry 1: the sample has no output: out of time")


def test_lm_eval_reads_one_response_with_its_verdict() -> None:
    found = [(said(answer).prompt, said(answer).answer, answer.correct) for _, answer in read("lm_eval_once.jsonl")]
    assert found == [
        ("Q: Capital of Australia?\nA:", "Sydney.", False),
        ("Q: Is 91 prime?\nA:", "Canberra.", False),
    ]


def test_lm_eval_reads_every_response_of_several() -> None:
    found = [(answer.which, said(answer).answer, answer.correct) for _, answer in read("lm_eval_twice.jsonl")[:2]]
    assert found == [("response 1", "Sydney.", None), ("response 2", "Canberra.", None)]


@pytest.mark.parametrize("name", ["lm_eval_choice.jsonl", "lm_eval_mutual.jsonl"])
def test_lm_eval_options_are_answers(name: str) -> None:
    found = [(answer.which, said(answer).answer, answer.correct, answer.logprob) for _, answer in read(name)]
    assert found[:3] == [
        ("option 1", "Sydney.", False, -1.5),
        ("option 2", "Canberra.", True, -3.0),
        ("option 3", "Perth.", False, -4.5),
    ]
    assert len(found) == 6


@pytest.mark.parametrize(
    ("target", "right"),
    [("1", [False, True, False]), ("Perth.", [False, False, True]), ("Hobart.", [None] * 3), ("7", [None] * 3)],
)
def test_lm_eval_target_is_a_place_or_the_words(target: str, right: Any) -> None:
    row = json.loads((WRITTEN / "lm_eval_choice.jsonl").read_text().splitlines()[0]) | {"target": target}
    assert [answer.correct for answer in AnswerReader().answers(Record("line 1", row))] == right


def test_lm_eval_lists_of_older_versions_are_read() -> None:
    row = json.loads((WRITTEN / "lm_eval_choice.jsonl").read_text().splitlines()[0])
    row["arguments"] = [[request["arg_0"], request["arg_1"]] for request in row["arguments"].values()]
    row["resps"] = [[[float(value), False]] for [[value, _]] in row["resps"]]
    found = AnswerReader().answers(Record("line 1", row))
    assert [answer.logprob for answer in found] == [-1.5, -3.0, -4.5]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"resps": []}, "'resps' must hold as many lists"),
        ({"arguments": {}}, "'resps' must hold as many lists"),
        ({"arguments": {"gen_args_0": "q"}}, "'arguments' must hold a prompt and what follows it"),
        ({"resps": ["a"]}, "'resps[]' must be a list"),
        ({"resps": [[["a"]]]}, "'resps' must hold texts"),
    ],
)
def test_lm_eval_that_is_not_so_says_how(change: dict[str, Any], why: str) -> None:
    row = json.loads((WRITTEN / "lm_eval_once.jsonl").read_text().splitlines()[0]) | change
    [answer] = AnswerReader().answers(Record("line 1", row))
    assert isinstance(answer.exchange, Unscored)
    assert why in answer.exchange.detail


def test_a_document_read_as_one_record_names_its_entries() -> None:
    [document] = records(WRITTEN / "inspect.json")
    found = AnswerReader().answers(document)
    assert [answer.which for answer in found] == [f"entry {i} of samples" for i in range(1, 5)]
