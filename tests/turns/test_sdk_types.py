"""What the providers' own packages build is read whole: every kind of part that they know."""

import json
import typing

import pytest

from foureyes.turns import anthropic, gemini, openai_chat, openai_responses
from foureyes.types import Reasoning, Refusal, ToolCall, ToolResult

openai = pytest.importorskip("openai")
anthropic_sdk = pytest.importorskip("anthropic")
genai = pytest.importorskip("google.genai")


def test_a_completion_with_everything_in_it():
    from openai.types.chat import ChatCompletion

    said = {
        "role": "assistant",
        "content": "I will pay.",
        "refusal": "Not all of it.",
        "reasoning_content": "Whom?",
        "annotations": [
            {"type": "url_citation", "url_citation": {"start_index": 0, "end_index": 1, "title": "t", "url": "u"}}
        ],
        "audio": {"id": "a", "data": "UklG", "expires_at": 1, "transcript": "I will pay."},
        "function_call": {"name": "old", "arguments": "{}"},
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": '{"amount":1.50}'}},
            {"id": "c2", "type": "custom", "custom": {"name": "note", "input": "paid"}},
        ],
    }
    completion = ChatCompletion.model_validate(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": i, "finish_reason": "stop", "message": said} for i in range(2)],
        }
    )
    first, second = openai_chat.answer(completion.model_dump())
    assert first == second
    assert first.parts[:6] == (
        Reasoning("Whom?"),
        "I will pay.",
        Refusal("Not all of it."),
        ToolCall("pay", '{"amount":1.50}', "c1"),
        ToolCall("note", '{"input": "paid"}', "c2"),
        ToolCall("old", "{}"),
    )
    assert first.unread == ("annotations", "audio")


def test_every_part_a_chat_request_may_hold_is_read_or_named():
    from openai.types.chat import ChatCompletionContentPartParam, ChatCompletionMessageParam
    from pydantic import TypeAdapter

    parts = [
        {"type": "text", "text": "Pay."},
        {"type": "image_url", "image_url": {"url": "data:x"}},
        {"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}},
        {"type": "file", "file": {"file_id": "f"}},
    ]
    known = {
        typing.get_args(typing.get_type_hints(kind)["type"])[0]
        for kind in typing.get_args(ChatCompletionContentPartParam)
    }
    assert known == {part["type"] for part in parts}
    turns = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": parts, "name": "desk"},
        {"role": "assistant", "audio": {"id": "a1"}, "content": None},
    ]
    for turn in turns:
        TypeAdapter(ChatCompletionMessageParam).validate_python(turn)
    developer, user, assistant = openai_chat.messages({"messages": turns})
    assert (developer.role, user.role) == ("developer", "user")
    assert user.parts[0] == "Pay."
    assert user.unread == ("image_url", "input_audio", "file")
    assert assistant.unread == ("audio",)


def test_every_item_of_a_response_is_read_or_named():
    from openai.types.responses import Response, ResponseOutputItem

    read = [
        {
            "type": "reasoning",
            "id": "r",
            "summary": [{"type": "summary_text", "text": "Whom?"}],
            "encrypted_content": "x",
        },
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [
                {"type": "output_text", "text": "I will ", "annotations": []},
                {"type": "output_text", "text": "pay.", "annotations": []},
                {"type": "refusal", "refusal": "No."},
            ],
        },
        {"type": "function_call", "call_id": "c1", "name": "pay", "arguments": '{"amount":5}'},
        {"type": "custom_tool_call", "call_id": "c2", "name": "note", "input": "paid"},
    ]
    response = Response.model_validate(
        {
            "id": "x",
            "object": "response",
            "created_at": 1,
            "model": "m",
            "output": read,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
        }
    )
    (turn,) = openai_responses.answer(response.model_dump())
    assert turn.unread == ()
    assert turn.parts == (
        Reasoning("Whom?"),
        "I will pay.",
        Refusal("No."),
        ToolCall("pay", '{"amount":5}', "c1"),
        ToolCall("note", '{"input": "paid"}', "c2"),
    )
    kinds = {
        typing.get_args(kind.model_fields["type"].annotation)[0]
        for kind in typing.get_args(typing.get_args(ResponseOutputItem)[0])
    }
    for kind in kinds - {item["type"] for item in read} - {"function_call_output", "custom_tool_call_output"}:
        (turn,) = openai_responses.answer({"output": [{"type": kind, "id": "x"}]})
        assert turn.unread == (kind,)


def test_every_block_of_an_anthropic_message_is_read_or_named():
    from anthropic.types import ContentBlock, Message

    read = [
        {"type": "thinking", "thinking": "Whom?", "signature": "s"},
        {"type": "text", "text": "I will ", "citations": None},
        {"type": "text", "text": "pay.", "citations": None},
        {"type": "tool_use", "id": "t1", "name": "pay", "input": {"amount": 5}},
    ]
    answer = Message.model_validate(
        {
            "id": "x",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": read,
            "stop_reason": "tool_use",
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
    )
    (turn,) = anthropic.answer(answer.model_dump())
    assert turn.unread == ()
    assert turn.parts == (Reasoning("Whom?"), "I will pay.", ToolCall("pay", '{"amount": 5}', "t1"))
    kinds = {
        typing.get_args(kind.model_fields["type"].annotation)[0]
        for kind in typing.get_args(typing.get_args(ContentBlock)[0])
    }
    for kind in kinds - {block["type"] for block in read}:
        assert anthropic.answer({"role": "assistant", "content": [{"type": kind}]})[0].unread == (kind,)


def test_a_users_turn_with_results_is_a_message_for_each():
    from anthropic.types import MessageParam
    from pydantic import TypeAdapter

    image = {"type": "image", "source": {"type": "url", "url": "https://example.org/x.png"}}
    turn = {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "closed"},
            {
                "type": "tool_result",
                "tool_use_id": "t2",
                "content": [{"type": "text", "text": "open"}, image],
                "is_error": True,
            },
            {"type": "text", "text": "Which?"},
        ],
    }
    TypeAdapter(MessageParam).validate_python(turn)
    first, second, rest = anthropic.messages({"messages": [turn]})
    assert (first.parts, second.parts) == ((ToolResult("closed", "t1"),), (ToolResult("open", "t2"),))
    assert (first.role, rest.role) == ("tool", "user")
    assert rest.unread == ("image",)


def test_every_field_of_a_gemini_part_is_read_or_named():
    from google.genai import types

    response = types.GenerateContentResponse(
        candidates=[
            types.Candidate(
                content=types.Content(
                    role="model",
                    parts=[
                        types.Part(text="Whom?", thought=True),
                        types.Part(text="I will "),
                        types.Part(text="pay.", thought_signature=b"s"),
                        types.Part(function_call=types.FunctionCall(id="f1", name="pay", args={"amount": 5})),
                    ],
                )
            )
        ]
    )
    for dumped in (response.model_dump(exclude_none=True), response.model_dump(mode="json", by_alias=True)):
        (turn,) = gemini.answer(dumped)
        assert turn.parts == (Reasoning("Whom?"), "I will pay.", ToolCall("pay", '{"amount": 5}', "f1"))
        assert turn.unread == ()
    kinds = set(types.Part.model_fields) - {
        "text",
        "thought",
        "thought_signature",
        "function_call",
        "function_response",
    }
    for kind in kinds:
        (turn,) = gemini.answer({"candidates": [{"content": {"role": "model", "parts": [{kind: {"x": "y"}}]}}]})
        assert len(turn.unread) == 1, kind
    blocked = types.GenerateContentResponse(candidates=[types.Candidate(finish_reason="SAFETY")])
    assert gemini.answer(blocked.model_dump(exclude_none=True))[0].content == ""


def test_tools_of_every_shape_are_the_same_definition():
    schema = {"type": "object", "properties": {"amount": {"type": "number"}}}
    told = {"name": "pay", "description": "Pays."}
    found = [
        openai_chat.tools({"tools": [{"type": "function", "function": {**told, "parameters": schema}}]}),
        openai_chat.tools({"functions": [{**told, "parameters": schema}]}),
        openai_responses.tools({"tools": [{"type": "function", **told, "parameters": schema, "strict": True}]}),
        anthropic.tools({"tools": [{**told, "input_schema": schema}]}),
        gemini.tools({"tools": [{"functionDeclarations": [{**told, "parameters": schema}]}]}),
        gemini.tools({"config": {"tools": [{"function_declarations": [{**told, "parameters_json_schema": schema}]}]}}),
    ]
    assert all(len(tools) == 1 for tools in found)
    assert len(set(found)) == 1
    assert json.loads(found[0][0].parameters) == schema
    hosted = [
        openai_responses.tools({"tools": [{"type": "web_search"}]}),
        anthropic.tools({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        gemini.tools({"tools": [{"googleSearch": {}}]}),
    ]
    assert [tools[0].name for tools in hosted] == ["web_search", "web_search", "googleSearch"]
