"""What a provider is sent of a conversation is valid by its own package, and reads back as that conversation."""

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foureyes.turns import anthropic, gemini, openai_chat
from foureyes.types import Message, Reasoning, Refusal, ToolCall, ToolResult

pytest.importorskip("openai")
pytest.importorskip("anthropic")
pytest.importorskip("google.genai")

PAID = (
    Message("user", "Pay Ana 5."),
    Message.of(
        "assistant", [Reasoning("Whom?"), "Looking.", ToolCall("find", '{"name": "Ana"}', "c1"), ToolCall("now")]
    ),
    Message.of("tool", [ToolResult("AT01", "c1", "find")]),
    Message.of("tool", [ToolResult("noon", "", "now")]),
    Message("user", "Go on."),
    Message.of("assistant", [Refusal("No."), ToolCall("note", "", "c1")]),
    Message.of("tool", [ToolResult("noted", "c1", "note")]),
)

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
calls = st.builds(
    ToolCall, words, st.just('{"a": [1, "x"]}'), st.sampled_from(["", "c1", "c1", "bad id", "functions.f:0"])
)


@st.composite
def conversations(draw):
    turns = [Message("user", draw(words))]
    for _ in range(draw(st.integers(0, 3))):
        asked = draw(st.lists(calls, min_size=1, max_size=2))
        turns.append(Message.of("assistant", [*draw(st.lists(words, max_size=1)), *asked]))
        turns += [Message.of("tool", [ToolResult(draw(words), call.id, call.name)]) for call in asked]
        turns += draw(st.sampled_from([[], [Message("user", "Go on.")]]))
    return tuple(turns)


@cache
def adapters():
    from anthropic.types import MessageParam, ToolParam
    from openai.types.chat import ChatCompletionMessageParam
    from pydantic import TypeAdapter

    return TypeAdapter(ChatCompletionMessageParam), TypeAdapter(MessageParam), TypeAdapter(ToolParam)


def content(turns):
    return [(turn.role, turn.content) for turn in turns]


@settings(max_examples=30)
@given(conversations())
def test_it_reads_back_as_it_was(turns):
    back = openai_chat.messages({"messages": openai_chat.written(turns)})
    assert content(back) == content(turns)
    assert content(anthropic.messages({"messages": anthropic.written(turns)})) == content(turns)
    read = gemini.messages({"contents": gemini.written(turns)})
    assert [turn.role for turn in read] == [turn.role for turn in turns]
    assert [turn.content for turn in read if turn.role != "tool"] == [
        turn.content for turn in turns if turn.role != "tool"
    ]
    ids = [part.id for turn in back for part in turn.parts if isinstance(part, ToolCall)]
    assert len(set(ids)) == len(ids)
    assert [part.call_id for turn in back for part in turn.parts if isinstance(part, ToolResult)] == ids


@settings(max_examples=30)
@given(conversations())
def test_it_is_valid_by_the_providers_packages(turns):
    from google.genai import types

    said, answered, offered = adapters()
    for turn in openai_chat.written(turns):
        said.validate_python(turn)
    for turn in anthropic.written(turns):
        answered.validate_python(turn)
    for tool in anthropic.called_tools(turns):
        offered.validate_python(tool)
    for turn in gemini.written(turns):
        types.Content.model_validate(turn)


def test_turns_of_user_and_model_alternate_where_a_provider_wants_it():
    for found in (anthropic.written(PAID), gemini.written(PAID)):
        roles = [turn["role"] for turn in found]
        assert all(one != other for one, other in pairwise(roles))


def test_nothing_of_it_is_left_out():
    for found in (openai_chat.written(PAID), anthropic.written(PAID), gemini.written(PAID)):
        for text in ("Pay Ana 5.", "Whom?", "Looking.", "find", "AT01", "noon", "Go on.", "No.", "noted"):
            assert text in str(found)


def test_very_many_calls_without_an_id_get_one_each():
    calls = [ToolCall("pay")] * 20_000
    [_, turn] = openai_chat.written([Message("user", "Pay."), Message.of("assistant", calls)])
    assert len({call["id"] for call in turn["tool_calls"]}) == len(calls)
