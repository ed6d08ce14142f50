"""The same ten answers in twenty layouts, written by the tools themselves: every file yields the same ten pairs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import chain
from typing import Any

import pytest

from foureyes.layouts import AnswerReader, LoggedAnswer
from foureyes.records import Record
from foureyes.types import Exchange, Reading, Unscored, text_of
from tests.layouts.shared_files import DATA, needs, records_of

FOLDER = "answer_file_layouts"
pytestmark = needs(FOLDER)

SYSTEM = "You answer questions about the town library."
WRONG = {0, 3, 6, 9}


def read(*names: str) -> list[LoggedAnswer]:
    records: Iterable[Record] = chain.from_iterable(records_of(DATA / FOLDER / name) for name in names)
    return [answer for _, answer in AnswerReader().answers_of(records)]


def table() -> list[dict[str, Any]]:
    """The plain table of the ten: question, context, answer."""
    return [json.loads(line) for line in (DATA / FOLDER / "qa_context.jsonl").read_text().splitlines()]


def asked(answer: LoggedAnswer) -> Exchange:
    assert isinstance(answer.exchange, Exchange), answer.exchange
    return answer.exchange


WITH_CALLS = ("sharegpt.jsonl", "messages.jsonl")
"""Whose first row has a tool's result where the others have a passage."""

LABELLED = (
    *("qa_context.jsonl", "kto.jsonl", "lm_eval_samples_generate_until.jsonl", "inspect_ai_log.json"),
    *("promptfoo_results.json", "openai_evals_log.jsonl"),
)
SINGLE = (
    *("alpaca.jsonl", "alpaca.json", "alpaca_system_history.jsonl", "sharegpt.jsonl", "messages.jsonl", "ragas.jsonl"),
    *("prompt_completion.jsonl", "prompt_completion_conversational.jsonl", "langfuse_observations.jsonl", *LABELLED),
)


@pytest.mark.parametrize("name", SINGLE)
def test_every_layout_yields_the_same_ten_pairs(name: str) -> None:
    found = read(name)
    assert [asked(answer).answer for answer in found] == [row["answer"] for row in table()]
    for i, (answer, row) in enumerate(zip(found, table(), strict=True)):
        prompt = text_of(asked(answer).prompt)
        assert row["question"] in prompt
        if i == 0 and name in WITH_CALLS:
            assert "tool: Sunday closed" in prompt
            continue
        assert all(words in prompt for words in row["context"].rstrip(".。").split(". "))


@pytest.mark.parametrize("name", LABELLED)
def test_graded_layouts_say_which_are_right(name: str) -> None:
    assert [answer.correct for answer in read(name)] == [i not in WRONG for i in range(10)]


def test_scores_of_langfuse_say_which_are_right_whichever_file_comes_first() -> None:
    files = ("langfuse_observations.jsonl", "langfuse_scores.jsonl")
    for names in (files, files[::-1]):
        assert [answer.correct for answer in read(*names)] == [i not in WRONG for i in range(10)]


@pytest.mark.parametrize("name", ["dpo.jsonl", "dpo_conversational.jsonl", "dpo_implicit_prompt.jsonl"])
def test_preferences_hold_both_answers(name: str) -> None:
    found = read(name)
    assert [(answer.which, answer.correct) for answer in found] == [("chosen", True), ("rejected", False)] * 10
    given = [asked(answer).answer for answer in found]
    for i, row in enumerate(table()):
        assert row["answer"] == given[2 * i + (i in WRONG)]
        assert row["reference"] == given[2 * i]
        assert row["question"] in text_of(asked(found[2 * i]).prompt)


def test_options_of_a_choice_are_answers_with_what_the_model_gave_them() -> None:
    found = read("lm_eval_samples_multiple_choice.jsonl")
    assert [(answer.which, answer.correct) for answer in found] == [("option 1", True), ("option 2", False)] * 10
    assert [asked(answer).answer for answer in found[::2]] == [row["reference"] for row in table()]
    assert [answer.logprob for answer in found[:2]] == [pytest.approx(-2.5), pytest.approx(-3.2)]


@pytest.mark.parametrize(
    ("name", "turns"),
    [
        ("alpaca_system_history.jsonl", ["system", "user", "assistant", "user"]),
        ("sharegpt.jsonl", ["system", "user", "assistant", "user"]),
        ("messages.jsonl", ["system", "user", "assistant", "user"]),
        ("prompt_completion_conversational.jsonl", ["system", "user"]),
        ("inspect_ai_log.json", ["system", "user"]),
        ("openai_evals_log.jsonl", ["system", "user"]),
    ],
)
def test_what_the_system_says_and_earlier_turns_are_read(name: str, turns: list[str]) -> None:
    prompt = asked(read(name)[7]).prompt
    assert [turn.role for turn in prompt if not isinstance(turn, str)] == turns
    assert SYSTEM in text_of(prompt)


@pytest.mark.parametrize("name", WITH_CALLS)
def test_calls_results_and_tools_are_read(name: str) -> None:
    exchange = asked(read(name)[0])
    assert [tool.name for tool in exchange.tools] == ["get_opening_hours"]
    assert isinstance(exchange.prompt, tuple)
    assert exchange.prompt[1].calls[0].arguments == '{"branch": "North"}'
    assert exchange.prompt[2].content == "Sunday closed"


def test_inspect_logs_hold_their_authors_log_probs() -> None:
    found = [answer.author for answer in read("inspect_ai_log.json")]
    assert all(isinstance(author, Reading) for author in found)
    assert isinstance(found[3], Reading)
    assert found[3].mean_nll == pytest.approx(0.38)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("alpaca.jsonl", "read as Alpaca, 10 rows; prompt = instruction + input; answer = output"),
        (
            "qa_context.jsonl",
            "read as questions and answers, 10 rows; prompt = context + question; answer = answer; label = label",
        ),
        (
            "inspect_ai_log.json",
            (
                "read as Inspect samples, 10 rows; prompt = messages before the output, with its tools; "
                "answer = every choice of output; label = scores"
            ),
        ),
    ],
)
def test_says_in_one_line_how_it_read(name: str, said: str) -> None:
    reader = AnswerReader()
    assert all(
        isinstance(answer.exchange, Exchange) for _, answer in reader.answers_of(records_of(DATA / FOLDER / name))
    )
    assert reader.said() == said


def test_a_file_of_scores_alone_says_what_it_lacks() -> None:
    found = read("langfuse_scores.jsonl")
    assert len(found) == 10
    assert all(
        isinstance(answer.exchange, Unscored) and "give the file with that observation" in answer.exchange.detail
        for answer in found
    )
