"""Logs of providers as their own packages write them, and what is wrong in logs: each named, nothing else lost."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import pytest
from anthropic.types import Message as ClaudeMessage
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion
from openai.types.chat import ChatCompletion

from foureyes.layouts import AnswerReader, FieldMap, Layout, LoggedAnswer
from foureyes.layouts.table import LAYOUTS
from foureyes.records import Record
from foureyes.types import Exchange, Reading, Reasoning, Refusal, Unscored

ASKED_TURNS = [{"role": "user", "content": "Is 91 prime?"}]
ASKED: dict[str, Any] = {"model": "m", "messages": ASKED_TURNS, "top_logprobs": 2}


def answers(row: dict[str, Any]) -> list[LoggedAnswer]:
    return AnswerReader().answers(Record("line 3", row))


def one(row: dict[str, Any]) -> LoggedAnswer:
    [found] = answers(row)
    return found


def why(row: dict[str, Any]) -> str:
    found = one(row).exchange
    assert isinstance(found, Unscored), found
    return str(found)


def token(text: str, logprob: float, *others: float) -> dict[str, Any]:
    own = {"token": text, "logprob": logprob, "bytes": list(text.encode())}
    top = [own, *({"token": f"x{i}", "logprob": value, "bytes": None} for i, value in enumerate(others))]
    return {**own, "top_logprobs": top}


def chat(*texts: str | None, logprobs: Any = None, **message: Any) -> dict[str, Any]:
    """A chat completion as OpenAI's package dumps it."""
    choices = [
        {
            "index": i,
            "message": {"role": "assistant", "content": text, **message},
            "finish_reason": "stop",
            "logprobs": logprobs,
        }
        for i, text in enumerate(texts)
    ]
    made = ChatCompletion.model_validate(
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}
    )
    dumped: dict[str, Any] = json.loads(made.model_dump_json())
    return dumped


@pytest.mark.parametrize(
    "row",
    [
        {"request": ASKED, "response": chat("No.")},
        {**ASKED, "response": chat("No.")},
        {**ASKED, **chat("No.")},
        {"request": ASKED, "response": chat("No."), "id": 7, "correct": True},
        {"request": {"url": "/v1/chat", "body": ASKED}, "response": {"status_code": 200, "body": chat("No.")}},
    ],
)
def test_finds_request_and_response_wherever_they_stand(row: dict[str, Any]) -> None:
    exchange = one(row).exchange
    assert isinstance(exchange, Exchange)
    assert (exchange.prompt[0].content if not isinstance(exchange.prompt, str) else "", exchange.answer) == (
        "Is 91 prime?",
        "No.",
    )
    assert one(row).correct is row.get("correct")


def test_every_choice_is_an_answer() -> None:
    found = answers({"request": {**ASKED, "n": 2}, "response": chat("No.", "Yes.")})
    assert [answer.which for answer in found] == ["choice 1", "choice 2"]


def test_reads_reasoning_beside_the_words_and_its_log_probs() -> None:
    logprobs = {"content": [token("No", -0.5, -1.5), token(".", -0.25, -2.5)]}
    found = one({"request": ASKED, "response": chat("No.", reasoning_content="7 * 13", logprobs=logprobs)})
    assert isinstance(found.exchange, Exchange)
    assert found.exchange.turn is not None
    assert found.exchange.turn.parts == (Reasoning("7 * 13"), "No.")
    assert isinstance(found.author, Reading)
    assert (found.author.answer, found.author.nll.tolist()) == ("No.", [0.5, 0.25])


def test_log_probs_of_thoughts_within_the_words_are_left_out() -> None:
    logprobs = {"content": [token("<think>", -1.0), token("7*13", -2.0), token("</think>", -1.0), token("No", -0.5)]}
    found = one({"request": ASKED, "response": chat("<think>7*13</think>No", logprobs=logprobs)})
    assert isinstance(found.author, Reading)
    assert (found.author.answer, found.author.nll.tolist()) == ("No", [0.5])


def test_a_refusal_has_log_probs_of_its_own() -> None:
    logprobs = {"content": None, "refusal": [token("I can't.", -0.5)]}
    found = one({"request": ASKED, "response": chat(None, refusal="I can't.", logprobs=logprobs)})
    assert isinstance(found.exchange, Exchange)
    assert found.exchange.turn is not None
    assert found.exchange.turn.parts == (Refusal("I can't."),)
    assert isinstance(found.author, Reading)


@pytest.mark.parametrize(
    ("logprobs", "said"),
    [
        ({"content": [token("Yes", -0.5), token(".", -0.2)]}, "do not spell the answer: 'Yes.' for 'No.'"),
        ({"content": [token("No", -0.5)]}, "do not spell the answer"),
        ({"content": [{**token("No.", -0.5), "logprob": None}]}, "wanted a log-probability; got null"),
        ({"content": [{**token("No.", -0.5), "logprob": -9999.0}]}, "wanted a finite log-probability"),
        ({"content": [token("No.", 0.5)]}, "at most 0; got 0.5"),
        ({"content": [token("No.", -0.1, -0.1)]}, "not those of a distribution"),
        ({"content": [3]}, "logprobs.content[]: wanted dict; got 3"),
        (0.5, "wanted log-probabilities of tokens; got 0.5"),
    ],
)
def test_log_probs_that_are_not_those_of_the_answer_are_refused_and_the_answer_kept(logprobs: Any, said: str) -> None:
    response = chat("No.")
    response["choices"][0]["logprobs"] = logprobs
    found = one({"request": ASKED, "response": response})
    assert isinstance(found.exchange, Exchange)
    assert isinstance(found.author, Unscored)
    assert said in found.author.detail


def test_a_token_of_which_only_itself_is_stated_may_not_be_the_most_likely() -> None:
    alone = one({"request": ASKED, "response": chat("No", logprobs={"content": [token("No", -3.0)]})}).author
    assert isinstance(alone, Reading)
    p = math.exp(-3.0)
    assert alone.entropy_low[0] == pytest.approx(
        -p * math.log(p) - (1 - p) * math.log(1 - p)
    )  # the rest may be one token


LEGACY: dict[str, Any] = {
    "id": "c",
    "object": "text_completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "text": "91 is composite.",
            "finish_reason": "stop",
            "logprobs": {
                "tokens": ["91", " is", " composite", "."],
                "token_logprobs": [-2.0, -0.5, -1.0, -0.25],
                "top_logprobs": [
                    {"91": -2.0, "It": -0.5},
                    {" is": -0.5},
                    {" prime": -0.7, " composite": -1.0},
                    {".": -0.25},
                ],
                "text_offset": [0, 2, 5, 15],
            },
        }
    ],
}


def legacy(**choice: Any) -> dict[str, Any]:
    return {**LEGACY, "choices": [{**LEGACY["choices"][0], **choice}]}


def test_old_completions_state_log_probs_too() -> None:
    response = json.loads(Completion.model_validate(LEGACY).model_dump_json())
    found = one({"request": {"prompt": "Is 91 prime?"}, "response": response})
    assert isinstance(found.exchange, Exchange)
    assert (found.exchange.prompt, found.exchange.answer) == ("Is 91 prime?", "91 is composite.")
    assert isinstance(found.author, Reading)
    assert found.author.nll.tolist() == [2.0, 0.5, 1.0, 0.25]


@pytest.mark.parametrize("beside", [{"request": {"prompt": "91 is", "echo": True}}, {}])
def test_a_prompt_that_was_sent_back_is_no_answer(beside: dict[str, Any]) -> None:
    logprobs = {**LEGACY["choices"][0]["logprobs"], "token_logprobs": [None, -0.5, -1.0, -0.25], "top_logprobs": None}
    response = {**legacy(logprobs=logprobs), "usage": {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}}
    found = one({**beside, "response": response} if beside else response)
    assert isinstance(found.exchange, Exchange)
    assert (found.exchange.prompt, found.exchange.answer) == ("91 is", " composite.")
    assert isinstance(found.author, Reading)
    assert found.author.nll.tolist() == [1.0, 0.25]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (legacy(), "holds an answer and not its prompt"),
        ({"request": {"prompt": [[1, 2]]}, "response": legacy()}, "token numbers cannot be read"),
        ({"request": {"prompt": ["a", "b"]}, "response": legacy()}, "1 choices are not as many for each of 2 prompts"),
        ({"request": {"prompt": "x", "echo": True}, "response": legacy()}, "must begin with its prompt"),
        (chat("No."), "holds an answer and not its prompt"),
        ({"response": chat("No.")}, "holds an answer and not its prompt"),
        (
            {"request": ASKED, "response": {"error": {"message": "too many requests"}}},
            "the call failed: too many requests",
        ),
        ({"request": ASKED, "error": "timed out", "response": None}, "the call failed: timed out"),
        ({"request": {**ASKED, "documents": ["d"]}, "response": chat("No.")}, "'documents' belongs to a prompt"),
        ({"request": ASKED, "response": {**chat("No."), "choices": []}}, "wanted a chat completion whose choices hold"),
        ({"type": "message", "role": "assistant", "content": []}, "holds an answer and not its prompt"),
        ({"candidates": []}, "holds an answer and not its prompt"),
        ({"object": "chat.completion.chunk", "id": "c", "choices": []}, "a piece of the streamed answer 'c'"),
        (
            {"request": ASKED, "response": [{"object": "chat.completion.chunk", "id": "c", "choices": []}]},
            "a piece of the streamed answer 'c'",
        ),
    ],
)
def test_says_what_a_log_lacks(row: dict[str, Any], said: str) -> None:
    assert said in why(row)


def test_an_image_is_named() -> None:
    image = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}
    found = why({"request": {"messages": [image]}, "response": chat("No.")})
    assert found == "unread_part: line 3: cannot read image_url in message 1"


def test_reads_what_anthropics_package_writes() -> None:
    made = ClaudeMessage.model_validate(
        {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "c",
            "content": [{"type": "thinking", "thinking": "7 * 13", "signature": "s"}, {"type": "text", "text": "No."}],
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
    )
    asked = {"system": "Be brief.", "messages": ASKED["messages"]}
    exchange = one({"request": asked, "response": json.loads(made.model_dump_json())}).exchange
    assert isinstance(exchange, Exchange)
    assert [turn.content for turn in exchange.prompt if not isinstance(turn, str)] == ["Be brief.", "Is 91 prime?"]
    assert exchange.turn is not None
    assert exchange.turn.parts == (Reasoning("7 * 13"), "No.")


def test_plain_rows_may_hold_log_probs() -> None:
    found = one({"prompt": "q", "answer": "No.", "logprobs": [token("No", -0.5), token(".", -0.25)], "model": "m"})
    assert isinstance(found.author, Reading)
    assert (found.author.model, found.author.mean_nll) == ("m", 0.375)


@pytest.mark.parametrize(
    ("row", "prompt", "answer"),
    [
        ({"input": "q", "output": "a"}, "q", "a"),
        ({"input": '[{"role": "user", "content": "q"}]', "output": '{"role": "assistant", "content": "a"}'}, "q", "a"),
        ({"input": '["not", "messages"]', "output": "a"}, '["not", "messages"]', "a"),
        (
            {
                "input": {"messages": [{"role": "user", "content": "q"}]},
                "output": [{"role": "assistant", "content": "a"}],
            },
            "q",
            "a",
        ),
        ({"input": {"role": "user", "content": "q"}, "output": chat("a")}, "q", "a"),
    ],
)
def test_reads_inputs_and_outputs_of_langfuse_in_any_shape(row: dict[str, Any], prompt: str, answer: str) -> None:
    exchange = one({"id": "o", "traceId": "t", "type": "GENERATION", **row}).exchange
    assert isinstance(exchange, Exchange)
    said = exchange.prompt if isinstance(exchange.prompt, str) else exchange.prompt[-1].content
    assert (said, exchange.answer) == (prompt, answer)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"type": "SPAN", "input": "q", "output": "a"}, "an observation of type 'SPAN' is no call of a model"),
        ({"type": "GENERATION", "input": "q", "output": None}, "has no input or no output"),
        ({"type": "GENERATION", "input": {"question": "q"}, "output": "a"}, "--map prompt=input.FIELD"),
        ({"type": "GENERATION", "input": "q", "output": {"text": "a"}}, "--map answer=output.FIELD"),
        (
            {"type": "GENERATION", "input": {"messages": [], "documents": ["d"]}, "output": "a"},
            "'documents' belongs to a prompt",
        ),
    ],
)
def test_says_what_of_an_observation_is_not_known(row: dict[str, Any], said: str) -> None:
    assert said in why({"id": "o", "traceId": "t", **row})


def test_a_map_reaches_into_an_observation() -> None:
    row = {"id": "o", "traceId": "t", "type": "GENERATION", "input": {"question": "q"}, "output": {"text": "a"}}
    reader = AnswerReader(fields=FieldMap(("input.question",), "output.text"))
    [found] = reader.answers(Record("line 1", row))
    assert found.exchange == Exchange("q", "a")
    assert reader.said().endswith(
        "prompt = input.question; answer = output.text; label = the score named correct, by observationId"
    )


PROMPTFOO = {"prompt": {"raw": "q"}, "promptIdx": 0, "testIdx": 0, "success": True}


@pytest.mark.parametrize(
    ("row", "prompt", "answer"),
    [
        ({"response": {"output": "a"}}, "q", "a"),
        ({"response": {"output": {"b": 1}}}, "q", '{"b": 1}'),
        ({"prompt": {"raw": '[{"role": "user", "content": "q"}]'}, "response": {"output": "a"}}, "q", "a"),
        ({"prompt": {"raw": "[1] q"}, "response": {"output": "a"}}, "[1] q", "a"),
    ],
)
def test_reads_results_of_promptfoo(row: dict[str, Any], prompt: str, answer: str) -> None:
    found = one({**PROMPTFOO, **row})
    assert isinstance(found.exchange, Exchange)
    said = found.exchange.prompt if isinstance(found.exchange.prompt, str) else found.exchange.prompt[-1].content
    assert (said, found.exchange.answer, found.correct) == (prompt, answer, None)  # nothing was asserted


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"response": {"error": "no key"}, "error": "no key"}, "the call failed: no key"),
        ({"response": None, "error": "timed out"}, "the call failed: timed out"),
        ({"prompt": {"raw": "- role: user\n  content: q"}, "response": {"output": "a"}}, "a chat in YAML"),
    ],
)
def test_says_what_of_a_result_is_not_read(row: dict[str, Any], said: str) -> None:
    assert said in why({**PROMPTFOO, **row})


def test_a_line_that_is_cut_is_named_and_the_others_are_read() -> None:
    rows = [
        Record("line 1", {"prompt": "q", "answer": "a"}),
        Record("line 2", None, "the line is cut"),
        Record("line 3", {}),
    ]
    found = [str(answer.exchange) for _, answer in AnswerReader().answers_of(rows)]
    assert found[1] == "bad_row: line 2: the line is cut"
    assert found[2].startswith("bad_row: line 3: wanted a field 'prompt'")
    assert len(found) == 3


def test_a_forced_layout_is_the_only_one() -> None:
    [found] = AnswerReader(layout="alpaca").answers(Record("line 1", {"prompt": "q", "answer": "a"}))
    assert str(found.exchange).startswith("bad_row: line 1: wanted Alpaca; it has the layout 'plain'")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
ROWS: list[dict[str, Any]] = [
    {"request": ASKED, "response": chat("No.", logprobs={"content": [token("No.", -0.5, -2.0)]})},
    {"request": {"prompt": "q"}, "response": LEGACY},
    {
        "request": {"contents": [{"parts": [{"text": "q"}]}]},
        "response": {"candidates": [{"content": {"parts": [{"text": "a"}]}}]},
    },
    {
        "request": {"input": "q"},
        "response": {"object": "response", "output": [{"type": "message", "role": "assistant"}]},
    },
    {"custom_id": "a", "response": {"status_code": 200, "body": chat("a")}, "error": None},
    {"custom_id": "a", "body": ASKED},
    {
        "id": "o",
        "traceId": "t",
        "type": "GENERATION",
        "input": {"messages": [{"role": "user", "content": "q"}]},
        "output": "a",
    },
    {"observationId": "o", "dataType": "NUMERIC", "name": "correct", "value": 1, "id": "s"},
    {"event_id": 1, "sample_id": "a", "type": "sampling", "data": {"prompt": "q", "sampled": ["a"]}},
    {"event_id": 2, "sample_id": "a", "type": "match", "data": {"correct": True}},
    {
        "epoch": 1,
        "input": "q",
        "target": "a",
        "messages": [],
        "output": {"choices": [{"message": {"role": "assistant", "content": "a"}}]},
    },
    {
        "doc": {},
        "target": "0",
        "arguments": {"g": {"arg_0": "q", "arg_1": "a"}},
        "resps": [[["-1", "True"]]],
        "filtered_resps": [],
    },
    {**PROMPTFOO, "response": {"output": "a"}},
    {
        "input_type": "response",
        "litellm_call_id": "i",
        "texts": ["a"],
        "structured_messages": ASKED["messages"],
        "tool_calls": None,
    },
    {
        "messages": [*ASKED_TURNS, {"role": "assistant", "content": "a"}],
        "guardrails": {"context": {"relevant_chunks": "c"}},
    },
    {"prompt": "q", "chosen": "a", "rejected": [{"role": "assistant", "content": "b"}]},
    {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "tools": "[]"},
    {"instruction": "i", "input": "x", "output": "a", "history": [["a", "b"]]},
    {"user_input": "q", "retrieved_contexts": ["c"], "response": "a"},
    {"question": "q", "context": "c", "answer": "a", "label": 1},
    {"prompt": "q", "completion": "a", "label": True},
    {"data": [{"prompt": "q", "answer": "a"}], "has_more": False},
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: Iterable[tuple[Any, Any]] = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [path, *(found for key, one in inner for found in places(one, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    made = dict(value) if isinstance(value, dict) else list(value)
    made[path[0]] = changed(value[path[0]], path[1:], new)
    return made


@given(st.data())
def test_nothing_in_a_record_escapes_as_an_exception(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(ROWS))
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(places(row)[1:]))
        row = changed(row, path, data.draw(JSON))
    reader = AnswerReader()
    assert reader.answers(Record("line 1", row))
    for _, answer in reader.answers_of([Record("line 1", row), *(Record("line 2", one) for one in ROWS)]):
        assert isinstance(answer.exchange, Exchange | Unscored)
    assert isinstance(reader.said(), str)


@given(st.sampled_from(LAYOUTS), st.sampled_from(ROWS))
def test_a_forced_layout_never_raises(layout: Layout, row: dict[str, Any]) -> None:
    assert AnswerReader(layout=layout.name).answers(Record("line 1", row))
