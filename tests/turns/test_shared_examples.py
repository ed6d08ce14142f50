"""Every logged exchange among the shared examples is mapped, and nothing of it is passed over."""

import json
import os
from pathlib import Path

import pytest

from foureyes.turns import anthropic, gemini, openai_chat, openai_responses

SHARED = Path(os.environ.get("FOUREYES_SHARED", Path(__file__).parents[2].parent / "shared")) / "data"
FOLDER = SHARED / "openai_logprob_logs"
SHAPES = {
    "openai_chat": openai_chat,
    "reasoning_chat": openai_chat,
    "openai_responses": openai_responses,
    "anthropic_messages": anthropic,
    "gemini": gemini,
}
UNREAD = {
    ("openai_chat", 11): ["image_url"],
    ("openai_chat", 12): ["input_audio"],
    ("openai_chat", 13): ["file"],
    ("openai_responses", 5): ["input_image"],
    ("anthropic_messages", 5): ["image", "redacted_thinking"],
    ("gemini", 4): ["inlineData"],
}

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason=f"the shared data is not here: {FOLDER}")


def lines(name):
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]


def texts(value):
    """What people and models say in a logged body: texts under these names, and leaves of arguments and results."""
    match value:
        case dict():
            for name, inner in value.items():
                if name in {
                    "text",
                    "content",
                    "arguments",
                    "refusal",
                    "output",
                    "thinking",
                    "reasoning_content",
                    "input",
                }:
                    yield from said(inner)
                elif name in {"args", "response"}:
                    yield from leaves(inner)
                elif name not in {"logprobs", "logprobsResult", "tools"}:
                    yield from texts(inner)
        case list():
            for inner in value:
                yield from texts(inner)


def said(value):
    return [value] if isinstance(value, str) else texts(value)


def leaves(value):
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from leaves(inner)


@pytest.mark.parametrize("name", SHAPES)
def test_every_example_is_mapped(name):
    shape = SHAPES[name]
    for number, line in enumerate(lines(name), start=1):
        turns = [*shape.messages(line["request"]), *shape.answer(line["response"])]
        everything = "\n".join(turn.content for turn in turns)
        for text in [*texts(line["request"]), *texts(line["response"].get("candidates") or line["response"])]:
            try:
                found = json.loads(text)
            except ValueError:
                found = None
            expected = leaves(found) if isinstance(found, dict) else [text]
            assert all(one in everything for one in expected), (number, text)
        assert [kind for turn in turns for kind in turn.unread] == UNREAD.get((name, number), []), number
        assert [tool.name for tool in shape.tools(line["request"])] == (
            ["get_opening_hours"] if line["request"].get("tools") else []
        )


def test_a_turn_with_tools_reads_the_same_in_every_shape():
    example = {"openai_chat": 6, "openai_responses": 3, "anthropic_messages": 3, "gemini": 3}
    for name, number in example.items():
        line = lines(name)[number - 1]
        turns = [*SHAPES[name].messages(line["request"]), *SHAPES[name].answer(line["response"])]
        call, result, answer = turns[-3:]
        assert (call.role, result.role, answer.role) == ("assistant", "tool", "assistant")
        assert '{"name": "get_opening_hours", "arguments": {"branch": "North"' in call.content
        assert "closed" in result.content
        assert result.parts[0].name == "get_opening_hours"
        assert "closed on Sunday." in answer.content


def test_bodies_of_batches_and_of_litellm_are_chat_completions():
    assert [openai_chat.messages(line["body"])[0].role for line in lines("openai_batch_input")] == ["user", "user"]
    answered = [
        line["response"] for line in lines("openai_batch_output") if (line["response"] or {}).get("status_code") == 200
    ]
    assert [openai_chat.answer(line["body"])[0].content for line in answered] == [
        "No.",
        "The North branch is closed on Sunday.",
    ]
    asked = [line for line in lines("litellm_generic_guardrail") if line["structured_messages"]]
    unread = [
        kind
        for line in asked
        for turn in openai_chat.messages({"messages": line["structured_messages"]})
        for kind in turn.unread
    ]
    assert unread == ["image_url"]
