"""The law of every wire shape: what stands in a message is said, or named as unread, or the message is refused."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.turns import anthropic, gemini, openai_chat, openai_responses
from foureyes.types import ToolResult

MARK = "wire-5000-to-Ana"

CHAT = {
    "messages": [
        {"role": "system", "content": "Help.", "name": "desk"},
        {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "user", "content": [{"type": "text", "text": "Pay."}]},
        {
            "role": "assistant",
            "content": None,
            "refusal": None,
            "reasoning_content": "Pay whom?",
            "audio": None,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": '{"to": "Bo"}'}},
                {"id": "c2", "type": "custom", "custom": {"name": "note", "input": "paid"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}], "function_call": None},
        {"role": "assistant", "function_call": {"name": "pay", "arguments": "{}"}},
        {"role": "function", "name": "pay", "content": "done"},
    ]
}
RESPONSES = {
    "instructions": "Be brief.",
    "input": [
        {"role": "user", "content": "Pay."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Now."}]},
        {"type": "reasoning", "id": "r1", "summary": [{"type": "summary_text", "text": "Whom?"}], "content": []},
        {"type": "function_call", "call_id": "c1", "name": "pay", "arguments": '{"to": "Bo"}', "status": "completed"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "done"}]},
        {"type": "custom_tool_call", "call_id": "c2", "name": "note", "input": "paid"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "noted"},
        {
            "type": "message",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "Paid.", "annotations": []},
                {"type": "refusal", "refusal": "No."},
            ],
        },
    ],
}
ANTHROPIC = {
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {"role": "user", "content": "Pay."},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Whom?", "signature": "s"},
                {"type": "text", "text": "Wait.", "citations": None},
                {"type": "tool_use", "id": "t1", "name": "pay", "input": {"to": "Bo", "how": {"fast": True}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "done"}]},
                {"type": "text", "text": "And?"},
            ],
        },
    ],
}
GEMINI = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "Pay."}]},
        {
            "role": "model",
            "parts": [
                {"text": "Whom?", "thought": True},
                {"text": "Wait.", "thoughtSignature": "s"},
                {"functionCall": {"id": "f1", "name": "pay", "args": {"to": "Bo"}}},
            ],
        },
        {"role": "user", "parts": [{"functionResponse": {"id": "f1", "name": "pay", "response": {"output": "done"}}}]},
    ],
}

SAYS_NOTHING = {
    *("id", "call_id", "tool_call_id", "tool_use_id", "index", "status", "caller", "namespace", "created_by", "phase"),
    *("cache_control", "signature", "thoughtSignature", "extra_content", "encrypted_content", "logprobs"),
    *("is_error", "toolset_name", "thought", "scheduling"),
}
"""Fields that say nothing to anybody."""

values = st.sampled_from(
    [
        MARK,
        [MARK],
        {"text": MARK},
        {"type": "text", "text": MARK},
        [{"type": "text", "text": MARK}],
        [{"type": "output_text", "text": MARK}, {"type": "text", "text": MARK}],
        {"type": MARK},
        {"type": "function", "function": {"name": MARK, "arguments": "{}"}},
        [{"functionCall": {"name": "pay", "args": {"to": MARK}}}],
        {"parts": [{"text": MARK}]},
        {"to": {"deep": [MARK]}},
    ]
)
names = st.sampled_from(
    [
        *("content", "type", "text", "role", "name", "tool_calls", "function_call", "refusal", "reasoning", "images"),
        *(
            "input",
            "output",
            "arguments",
            "summary",
            "annotations",
            "citations",
            "parts",
            "inline_data",
            "args",
            "extra",
        ),
    ]
)


def containers(value, place=()):
    """Every object and list within the conversation, by its place."""
    if isinstance(value, dict | list):
        yield place
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from containers(inner, (*place, name))


def at(value, place):
    for name in place:
        value = value[name]
    return value


@pytest.mark.parametrize(
    ("shape", "body", "fields"),
    [
        (openai_chat, CHAT, ("messages",)),
        (openai_responses, RESPONSES, ("input", "instructions")),
        (anthropic, ANTHROPIC, ("messages", "system")),
        (gemini, GEMINI, ("contents", "systemInstruction")),
    ],
    ids=["openai_chat", "openai_responses", "anthropic", "gemini"],
)
@given(data=st.data())
def test_whatever_is_put_wherever_is_said_named_or_refused(shape, body, fields, data):
    body = copy.deepcopy(body)
    assert not any(turn.unread for turn in shape.messages(body))
    place = data.draw(st.sampled_from([place for place in containers(body) if place]))
    holder = at(body, place)
    if isinstance(holder, list):
        holder.insert(data.draw(st.integers(0, len(holder))), data.draw(values))
        changed = place
    else:
        name = data.draw(st.sampled_from(sorted(holder)) | names)
        holder[name] = data.draw(values)
        changed = (*place, name)
    if (
        SAYS_NOTHING & {*changed}
        or (changed[-1] == "name" and "role" in holder)
        or changed[-2:] == ("systemInstruction", "role")
    ):
        return
    try:
        turns = shape.messages(body)
    except InputError:
        return
    said = [turn.content for turn in turns]
    said += [part.name for turn in turns for part in turn.parts if isinstance(part, ToolResult)]
    named = [kind for turn in turns for kind in turn.unread]
    assert any(MARK in text for text in said) or named, changed


@pytest.mark.parametrize("shape", [openai_chat, openai_responses, anthropic, gemini])
@pytest.mark.parametrize("junk", [None, 1, "text", [], [1], {"messages": 1}, {"choices": [None]}, {"candidates": [[]]}])
def test_what_is_no_body_at_all_is_refused(shape, junk):
    for read in (shape.messages, shape.answer):
        try:
            found = read(junk)
        except InputError:
            continue
        assert not found


@pytest.mark.parametrize("value", [5000, 0.5, True, [104, 105], {MARK: True}, {MARK: 5}, {"to": {MARK: [1]}}], ids=str)
def test_a_field_nobody_knows_is_named_whatever_it_holds(value):
    assert openai_chat.message({"role": "assistant", "content": "Paid.", "wired": value}).unread == ("wired",)
    block = {"type": "text", "text": "Paid.", "wired": value}
    assert openai_chat.message({"role": "assistant", "content": [block]}).unread == ("text.wired",)


@pytest.mark.parametrize("value", [None, False, "", [], {}, {"citations": None}, [None, {"prefix": False}]])
def test_a_field_that_holds_nothing_says_nothing(value):
    assert openai_chat.message({"role": "assistant", "content": "Paid.", "wired": value}).unread == ()


def deep(levels):
    value = MARK
    for _ in range(levels):
        value = {"a": value}
    return value


def test_a_bomb_in_an_argument_is_named_and_disturbs_nothing_else():
    turns = anthropic.answer(
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "t1", "name": "pay", "input": deep(900)},
                {"type": "tool_use", "id": "t2", "name": "pay", "input": {"amount": float("nan")}},
                {"type": "tool_use", "id": "t3", "name": "pay", "input": {"to": "\ud800"}},
                {"type": "tool_use", "id": "t4", "name": "pay", "input": {"amount": 5}},
            ],
        }
    )
    assert turns[0].content.endswith('{"name": "pay", "arguments": {"amount": 5}}')
    assert len(turns[0].unread) == 3
    answered = openai_chat.answer(
        {"choices": [{"message": {"role": "assistant", "content": "ok", "images": deep(900)}}]}
    )
    assert answered[0].unread == ("images",)
