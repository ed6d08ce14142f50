"""From a row to an exchange: every shape that is read, and every one that is refused with a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.layouts import AnswerReader, FieldMap
from foureyes.records import Record
from foureyes.types import Exchange, Message, ToolDefinition, ToolResult, Unscored


def exchange_of(row: dict[str, Any], fields: FieldMap, place: str) -> Exchange | Unscored:
    [found] = AnswerReader(fields=fields).answers(Record(place, row))
    return found.exchange


ASKED = [{"role": "user", "content": "Capital of Australia?"}]
ANSWERED = [*ASKED, {"role": "assistant", "content": "Sydney"}]
CONVERSATION = (Message("user", "Capital of Australia?"),)


@pytest.mark.parametrize(
    ("row", "fields", "wanted"),
    [
        ({"prompt": "q", "answer": "a"}, FieldMap(), Exchange("q", "a")),
        ({"prompt": "q", "response": "a"}, FieldMap(), Exchange("q", "a")),
        ({"prompt": "q", "completion": "a"}, FieldMap(), Exchange("q", "a")),
        ({"prompt": "q", "output": "a"}, FieldMap(), Exchange("q", "a")),
        ({"input": "q", "target": "a"}, FieldMap(), Exchange("q", "a")),
        ({"input": "q", "output": "a", "target": "gold"}, FieldMap(), Exchange("q", "a")),
        ({"input": ASKED, "target": "a"}, FieldMap(), Exchange(CONVERSATION, "a")),
        ({"prompt": ASKED, "answer": "a"}, FieldMap(), Exchange(CONVERSATION, "a")),
        ({"messages": ASKED, "answer": "a"}, FieldMap(), Exchange(CONVERSATION, "a")),
        ({"messages": ANSWERED}, FieldMap(), Exchange(CONVERSATION, "Sydney")),
        ({"messages": ANSWERED, "target": "Canberra"}, FieldMap(), Exchange(CONVERSATION, "Sydney")),
        ({"messages": ANSWERED, "answer": "x"}, FieldMap(answer="messages"), Exchange(CONVERSATION, "Sydney")),
        (
            {"messages": ANSWERED, "answer": "Canberra"},
            FieldMap(answer="answer"),
            Exchange((*CONVERSATION, Message("assistant", "Sydney")), "Canberra"),
        ),
        ({"q": "q", "a": "a", "answer": "gold"}, FieldMap(("q",), "a"), Exchange("q", "a")),
        ({"c": "Canberra it is.", "q": "q", "a": "a"}, FieldMap(("c", "q"), "a"), Exchange("Canberra it is.\nq", "a")),
        ({"c": "", "q": "q", "a": "a"}, FieldMap(("c", "q"), "a"), Exchange("q", "a")),
        ({"doc": {"q": "q"}, "resps": [["a"]]}, FieldMap(("doc.q",), "resps.0.0"), Exchange("q", "a")),
        ({"prompt": "In short: q", "question": "q", "answer": "a"}, FieldMap(), Exchange("In short: q", "a")),
        ({"prompt": "q", "context": "c", "answer": "a"}, FieldMap(("prompt",)), Exchange("q", "a")),
        (
            {"prompt": "q", "rules": "Be brief.", "answer": "a"},
            FieldMap(system="rules"),
            Exchange((Message("system", "Be brief."), Message("user", "q")), "a"),
        ),
        ({"prompt": None, "messages": ASKED, "answer": "a"}, FieldMap(), Exchange(CONVERSATION, "a")),
        ({"prompt": "q", "answer": None, "response": "a"}, FieldMap(), Exchange("q", "a")),
        ({"prompt": "q", "answer": "abc", "answer_span": [1, 2]}, FieldMap(), Exchange("q", "abc", (1, 2))),
        ({"prompt": "q", "answer": "abc", "answer_span": None}, FieldMap(), Exchange("q", "abc")),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
                    {"role": "assistant", "content": "c", "tool_calls": []},
                ]
            },
            FieldMap(),
            Exchange((Message("user", "a\nb"),), "c"),
        ),
    ],
)
def test_reads_every_shape(row: dict[str, Any], fields: FieldMap, wanted: Any) -> None:
    assert exchange_of(row, fields, "line 1") == wanted


@pytest.mark.parametrize(
    ("row", "fields", "why"),
    [
        (
            {},
            FieldMap(),
            "wanted a field 'prompt', 'messages' or 'input', and one 'answer', 'response', 'completion' or 'output'; the fields are none",
        ),
        ({"prompt": "q"}, FieldMap(), "wanted a field 'answer', 'response', 'completion' or 'output'"),
        (
            {"prompt": "q", "answer": "a"},
            FieldMap(prompt=("question",)),
            "wanted a field 'question'; the fields are 'prompt'",
        ),
        ({"prompt": "q", "answer": "a", "response": "b"}, FieldMap(), "both 'answer' and 'response'"),
        ({"prompt": "q", "messages": ASKED, "answer": "b"}, FieldMap(), "both 'prompt' and 'messages'"),
        (
            {"messages": ANSWERED, "answer": "x"},
            FieldMap(),
            "ends with the assistant's answer and there is 'answer' too",
        ),
        ({"messages": ASKED}, FieldMap(answer="messages"), "must be a conversation that ends with"),
        ({"prompt": "q"}, FieldMap(answer="prompt"), "must be a conversation that ends with"),
        (
            {"prompt": "q", "context": "c", "answer": "a"},
            FieldMap(),
            "'context' belongs to a prompt and is not in what was read of it; say what the prompt is with --map prompt=context+prompt",
        ),
        ({"c": "", "q": None, "a": "a"}, FieldMap(("c", "q"), "a"), "wanted text in 'c' or 'q'"),
        ({"c": [1], "q": "q", "a": "a"}, FieldMap(("c", "q"), "a"), "'c' must be text; got list"),
        (
            {"id": 1, "User Prompt": "q", "Answer": "a"},
            FieldMap(),
            "say which are meant with --map 'prompt=User Prompt' and --map answer=Answer",
        ),
        ({"input": {"messages": ASKED}, "answer": "a"}, FieldMap(), "leads into it with dots, such as input.messages"),
        (
            {"c": "c", "messages": ASKED, "a": "a"},
            FieldMap(("c", "messages"), "a"),
            "a conversation cannot be joined with texts: --map system=FIELD puts one before it",
        ),
        ({"prompt": 3, "answer": "a"}, FieldMap(), "'prompt' must be text or a list of messages; got int"),
        ({"prompt": "q", "answer": 42}, FieldMap(), "'answer' must be text or a message of the assistant; got int"),
        ({"prompt": "q", "answer": ["a"]}, FieldMap(), "'answer' must be text or a message of the assistant; got list"),
        ({"prompt": "q", "answer": {"role": "user", "content": "a"}}, FieldMap(), "must be the assistant's"),
        ({"prompt": "q", "answer": "a", "tools": ["hammer"]}, FieldMap(), "tools[0] must be an object"),
        ({"prompt": "q", "answer": "a", "tools": "[{"}, FieldMap(), "'tools' must be a list of tools, or one as JSON"),
        (
            {"prompt": "q", "answer": "a", "tools": [{"type": "function"}]},
            FieldMap(),
            "tools[0].function must be an object",
        ),
        ({"messages": ["hello"], "answer": "a"}, FieldMap(), "messages[0] must be an object"),
        ({"messages": [{"role": "user"}], "answer": "a"}, FieldMap(), "messages[0] must be an object"),
        ({"messages": [{"role": "critic", "content": "x"}], "answer": "a"}, FieldMap(), "role must be one of"),
        (
            {"messages": [{"role": ["user"], "content": "x"}], "answer": "a"},
            FieldMap(),
            "messages[0].role must be one of",
        ),
        (
            {"messages": [{"role": "user", "content": None}], "answer": "a"},
            FieldMap(),
            "content must be text or a list",
        ),
        ({"prompt": "\ud800", "answer": "a"}, FieldMap(), "lone surrogate"),
        ({"prompt": "q", "answer": "a\udfff"}, FieldMap(), "lone surrogate"),
        ({"prompt": "q", "answer": "abc", "answer_span": [2, 9]}, FieldMap(), "within 0..3; got 2..9"),
        ({"prompt": "q", "answer": "abc", "answer_span": [True, 2]}, FieldMap(), "list of two integers"),
        ({"prompt": "q", "answer": "abc", "answer_span": "0-2"}, FieldMap(), "list of two integers"),
    ],
)
def test_refuses_with_a_reason_and_a_place(row: dict[str, Any], fields: FieldMap, why: str) -> None:
    got = exchange_of(row, fields, "line 17")
    assert isinstance(got, Unscored)
    assert got.reason == "bad_row"
    assert got.detail.startswith("line 17: ")
    assert why in got.detail


CALL = {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": '{"to": "Ana", "amount": 1.50}'}}
PAYING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
TOOLS = [{"type": "function", "function": {"name": "pay", "parameters": {"type": "object"}}}]


def test_a_tool_call_is_an_answer_however_the_row_holds_it() -> None:
    asked = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Pay Ana 1.50."}]
    rows: list[dict[str, Any]] = [
        {"messages": [*asked, PAYING], "tools": TOOLS},
        {"messages": asked, "answer": PAYING, "tools": json.dumps(TOOLS)},
    ]
    one, other = (exchange_of(row, FieldMap(), "line 1") for row in rows)
    assert one == other
    assert isinstance(one, Exchange)
    assert one.answer == '{"name": "pay", "arguments": {"to": "Ana", "amount": 1.50}}'
    assert one.tools == (ToolDefinition("pay", parameters='{"type": "object"}'),)
    assert one.prompt[0] == Message("developer", "Be brief.")


def test_calls_and_results_of_the_history_are_read() -> None:
    said = [
        {"role": "user", "content": "Pay Ana."},
        PAYING,
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
        {"role": "assistant", "content": "Paid."},
    ]
    exchange = exchange_of({"messages": said}, FieldMap(), "line 1")
    assert isinstance(exchange, Exchange)
    assert exchange.answer == "Paid."
    assert isinstance(exchange.prompt, tuple)
    assert exchange.prompt[2].parts == (ToolResult("done", "c1", "pay"),)


IMAGE = {"type": "image_url", "image_url": {"url": "x"}}


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"messages": [{"role": "user", "content": [IMAGE]}], "answer": "a"}, "image_url in message 1"),
        ({"prompt": "q", "answer": {"role": "assistant", "content": "a", "audio": {"id": "x"}}}, "audio in the answer"),
        (
            {
                "prompt": "q",
                "answer": {
                    "role": "assistant",
                    "tool_calls": [{"function": {"name": "pay", "arguments": '{"a":1,"a":2}'}}],
                },
            },
            "arguments of the tool call 'pay' that are not a JSON object in the answer",
        ),
    ],
)
def test_what_cannot_be_read_is_named(row: dict[str, Any], named: str) -> None:
    got = exchange_of(row, FieldMap(), "line 17")
    assert got == Unscored("unread_part", f"line 17: cannot read {named}")


@pytest.mark.parametrize(
    ("row", "span"),
    [
        ({"prompt": "q", "answer": "so\n#### 42"}, (8, 10)),
        ({"prompt": "q", "answer": "so\n#### 42", "answer_span": [0, 2]}, (0, 2)),
        ({"prompt": "q", "answer": ""}, None),
    ],
)
def test_finds_the_final_answer(row: dict[str, Any], span: tuple[int, int] | None) -> None:
    [found] = AnswerReader(final_answer="####").answers(Record("line 1", row))
    assert isinstance(found.exchange, Exchange)
    assert found.exchange.answer_span == span


def test_an_answer_without_its_final_answer_says_so() -> None:
    [found] = AnswerReader(final_answer="####").answers(Record("line 1", {"prompt": "q", "answer": "no hashes"}))
    assert isinstance(found.exchange, Unscored)
    assert found.exchange.reason == "span"


def test_a_broken_pattern_is_refused_before_any_row() -> None:
    with pytest.raises(InputError, match="exactly one group"):
        AnswerReader(final_answer="no group")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        *("prompt", "messages", "input", "answer", "response", "target", "answer_span", "role", "content", "tools"),
        *("tool_calls", "function", "name", "arguments", "type", "text"),
    ]
)


@given(st.dictionaries(NAMES | st.text(), JSON | st.lists(st.dictionaries(NAMES, JSON)), max_size=6))
def test_nothing_in_a_row_escapes_as_an_exception(row: dict[str, Any]) -> None:
    assert isinstance(exchange_of(row, FieldMap(), "line 1"), Exchange | Unscored)
