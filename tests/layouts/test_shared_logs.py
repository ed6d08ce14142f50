"""Logs of providers, validated by their own packages: every line of every file read as it says, log-probs included."""

from __future__ import annotations

import math
from itertools import chain

import pytest

from foureyes.layouts import AnswerReader, LoggedAnswer
from foureyes.signals.within import own_signals
from foureyes.types import Exchange, Reading, Unscored, Written
from tests.layouts.shared_files import DATA, needs, records_of

FOLDER = "openai_logprob_logs"
pytestmark = needs(FOLDER)

CLOSED, OPENS = "The North branch is closed on Sunday.", "The North branch opens at 10:30."
CALL = '{"name": "get_opening_hours", "arguments": {"branch": "North", "day": "Sunday"}}'
UNREAD, BAD = "unread_part: ", "bad_row: "


def read(*names: str) -> list[tuple[str, LoggedAnswer]]:
    records = chain.from_iterable(records_of(DATA / FOLDER / f"{name}.jsonl") for name in names)
    return [(record.place, answer) for record, answer in AnswerReader().answers_of(records)]


def said(answer: LoggedAnswer) -> str:
    exchange = answer.exchange
    if isinstance(exchange, Unscored):
        return str(exchange)
    return exchange.answer[slice(*exchange.answer_span)] if exchange.answer_span else exchange.answer


EXPECTED: dict[str, list[str]] = {
    "openai_chat": [
        *(CLOSED, OPENS, CLOSED, "It is closed on Sunday.", CALL, CLOSED),
        f"I will look both up.\n{CALL}\n{CALL.replace('North', 'Quay')}",
        *("75", "I'm sorry, I can't help with that.", "The front desk has no public phone number in my data."),
        UNREAD + "line 11: cannot read image_url in message 1",
        UNREAD + "line 12: cannot read input_audio in message 1",
        UNREAD + "line 13: cannot read file in message 2",
        *(CLOSED, OPENS, "The North branch is", "", "Closed 🙂", "It is closed.", '{"open": false}'),
    ],
    "reasoning_chat": [
        *("No, 91 = 7 x 13.", "No.", "No, 91 = 7 x 13.", "No."),
        "empty_answer: line 5: the answer ends within its reasoning",
    ],
    "openai_text_completion": [BAD + "line 1: holds an answer and not its prompt", "."],
    "openai_chat_chunks": [BAD + f"line {i}: a piece of the streamed answer 'chatcmpl-fe0040'" for i in range(1, 7)],
    "openai_responses": [
        *(CLOSED, CALL, "It is closed on Sunday.", "No, 91 = 7 x 13."),
        UNREAD + "line 5: cannot read input_image in message 1",
    ],
    "openai_batch_input": [BAD + f"line {i}: the request 'row-{i}' of a batch; give the file" for i in (1, 2)],
    "openai_batch_output": [
        BAD + "line 1: answers the request 'row-2' of a batch, whose prompt stands in the batch's input file",
        BAD + "line 2: answers the request 'row-1' of a batch, whose prompt stands in the batch's input file",
        BAD + "line 3: the request 'row-3' of a batch failed with HTTP 400: Invalid value for 'top_logprobs'.",
        BAD + "line 4: the request 'row-4' of a batch came to nothing: This request could not be executed",
    ],
    "anthropic_messages": [
        *(CLOSED, 'Let me look.\n{"name": "get_opening_hours", "arguments": {"branch": "North"}}'),
        *("It is closed on Sunday.", "No, 91 = 7 x 13."),
        UNREAD + "line 5: cannot read image in message 1, redacted_thinking in the answer",
    ],
    "gemini": [
        *(
            "It is closed.",
            '{"name": "get_opening_hours", "arguments": {"branch": "North"}}',
            "It is closed on Sunday.",
        ),
        UNREAD + "line 4: cannot read inlineData in message 1",
        "",
    ],
    "litellm_generic_guardrail": [
        *(BAD + f"line {i}: a request that a guardrail was shown, and no answer" for i in range(1, 7)),
        *(BAD + f"line {i}: an answer that a guardrail was shown without its prompt" for i in range(7, 14)),
    ],
    "nemo_guardrails": [
        *(BAD + f"line {i}: a request to a guarded model, and no answer" for i in (1, 2)),
        CLOSED,
        BAD + "line 4: holds an answer and not its prompt",
    ],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_line_is_read_or_says_why_not(name: str) -> None:
    found = [said(answer) for _, answer in read(name)]
    assert len(found) == len(EXPECTED[name])
    for got, wanted in zip(found, EXPECTED[name], strict=True):
        assert got.startswith(wanted) if wanted.startswith(BAD) else got == wanted


def test_no_file_is_left_out() -> None:
    assert {path.stem for path in (DATA / FOLDER).glob("*.jsonl")} - {"index"} == EXPECTED.keys()


@pytest.mark.parametrize(
    ("name", "line", "roles", "tools"),
    [
        ("openai_chat", 1, ["system", "user"], 0),
        ("openai_chat", 6, ["system", "user", "assistant", "tool"], 1),
        ("openai_chat", 8, ["developer", "user"], 0),
        ("openai_chat", 18, ["user", "assistant", "tool"], 0),
        ("openai_responses", 3, ["system", "user", "assistant", "tool"], 1),
        ("anthropic_messages", 3, ["system", "user", "assistant", "tool"], 1),
        ("gemini", 2, ["system", "user"], 1),
        ("gemini", 3, ["user", "assistant", "tool"], 1),
    ],
)
def test_the_whole_prompt_is_read(name: str, line: int, roles: list[str], tools: int) -> None:
    exchange = next(answer.exchange for place, answer in read(name) if place == f"line {line}")
    assert isinstance(exchange, Exchange)
    assert [turn.role for turn in exchange.prompt if not isinstance(turn, str)] == roles
    assert len(exchange.tools) == tools


@pytest.mark.parametrize(
    "order", [("openai_batch_input", "openai_batch_output"), ("openai_batch_output", "openai_batch_input")]
)
def test_both_files_of_a_batch_make_whole_exchanges(order: tuple[str, str]) -> None:
    found = {said(answer): answer for _, answer in read(*order)}
    assert len(found) == 4
    assert isinstance(found["No."].exchange, Exchange)
    assert [turn.content for turn in found["No."].exchange.prompt if not isinstance(turn, str)] == ["Is 91 prime?"]
    assert isinstance(found["No."].author, Reading)
    assert sum(text.startswith(BAD) for text in found) == 2


WITH_LOGPROBS = {
    ("openai_chat", "line 1", ""): 8,
    ("openai_chat", "line 2", ""): 10,
    ("openai_chat", "line 3", ""): 8,
    ("openai_chat", "line 6", ""): 8,
    ("openai_chat", "line 9", ""): 9,
    ("openai_chat", "line 11", ""): 2,
    ("openai_chat", "line 14", "choice 1"): 8,
    ("openai_chat", "line 14", "choice 2"): 10,
    ("openai_chat", "line 15", ""): 4,
    ("openai_chat", "line 17", ""): 4,
    ("openai_chat", "line 19", ""): 5,
    ("reasoning_chat", "line 2", ""): 2,
    ("openai_text_completion", "line 2", ""): 1,
    ("openai_responses", "line 1", ""): 8,
}


def test_log_probs_in_a_log_are_their_authors_reading() -> None:
    found = {
        (name, place, answer.which): len(answer.author.nll)
        for name in EXPECTED
        for place, answer in read(name)
        if isinstance(answer.author, Reading)
    }
    assert found == WITH_LOGPROBS


def test_log_probs_of_other_tokens_than_the_words_are_refused() -> None:
    [(_, answer), *_] = read("gemini")
    assert isinstance(answer.author, Unscored)
    assert "do not spell the answer: 'It is closed' for 'It is closed.'" in answer.author.detail


def test_g_ppl_and_bounds_of_g_ent_come_without_a_model() -> None:
    [(_, answer), *_] = read("openai_chat")
    assert isinstance(answer.exchange, Exchange)
    assert isinstance(answer.author, Reading)
    own = own_signals(Written(answer.exchange, answer.author, "stop"))
    assert not isinstance(own, Unscored)
    logprobs = [-0.072571, -0.020203, -0.005013, -0.34249, -0.127833, -0.030459, -0.478036, -0.040822]
    assert own.log_g_ppl == pytest.approx(-sum(logprobs) / 8)
    assert own.g_ent is None  # bounds alone
    low, high = answer.author.mean_entropy
    assert 0 < low < high < math.log(200_000)
    assert answer.author.model == "gpt-4o-mini-2024-07-18"


def test_a_character_in_several_tokens_is_spelled_by_its_bytes() -> None:
    answer = next(answer for place, answer in read("openai_chat") if place == "line 17")
    assert isinstance(answer.author, Reading)
    assert [token.text for token in answer.author.tokens] == ["Closed", " ", "🙂", "🙂"]
