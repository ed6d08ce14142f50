"""OpenAI's chat completions, and what servers that speak it add: vLLM, DeepSeek, LiteLLM and their like.

Kinds that the table does not list (``image_url``, ``input_audio``, ``file`` …) cannot be read, and so are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.turns import anthropic
from foureyes.turns.mapping import (
    CUSTOM_INPUT,
    FieldTable,
    ShapeTable,
    WireShape,
    as_json,
    content_parts,
    field_parts,
    listed,
    required,
    role_of,
    said,
    shaped_parts,
    tool_of,
    tool_result,
    unread_fields,
    with_call_ids,
    with_tool_names,
    worded,
)
from foureyes.types import Message, Part, Reasoning, Refusal, Role, ToolCall, ToolDefinition, ToolResult, render_parts

__all__ = ["PARTS", "answer", "message", "messages", "tools", "written"]

_ROLES: Final[Mapping[object, Role]] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",  # the old word
}


def _function(raw: Mapping[str, Any]) -> Iterator[Part]:
    called = required(raw.get("function"), dict, "function")
    yield _call(called, raw.get("id"))
    yield from unread_fields(called, {"name", "arguments"}, within="function.")


def _custom(raw: Mapping[str, Any]) -> Iterator[Part]:
    called = required(raw.get("custom"), dict, "custom")
    arguments = as_json({"input": required(called.get("input"), str, "input")})
    yield _call({"name": called.get("name"), "arguments": arguments}, raw.get("id"))
    yield from unread_fields(called, {"name", "input"}, within="custom.")


def _call(called: Mapping[str, Any], call_id: object = None) -> ToolCall:
    arguments = called.get("arguments") or ""
    if isinstance(arguments, dict):  # as Ollama sends them
        arguments = as_json(arguments)
    return ToolCall(
        required(called.get("name"), str, "name"),
        required(arguments, str, "arguments"),
        required(call_id or "", str, "id"),
    )


_OF_CALLS: Final = frozenset({"id", "index", "extra_content"})  # the last holds a signature

PARTS: Final[ShapeTable] = {
    "text": WireShape(lambda raw: worded(str)(raw.get("text")), {"text"}, {"cache_control"}),
    "refusal": WireShape(lambda raw: worded(Refusal)(raw.get("refusal")), {"refusal"}),
    "function": WireShape(_function, {"function"}, _OF_CALLS),
    "custom": WireShape(_custom, {"custom"}, _OF_CALLS),
}
"""Kinds of content parts and of tool calls that can be read."""


def _content(value: object) -> Iterator[Part]:
    return content_parts(value, PARTS, usual="text")


def _tool_calls(value: object) -> Iterator[Part]:
    return (part for raw in required(value, list, "tool_calls") for part in shaped_parts(raw, PARTS, usual="function"))


def _function_call(value: object) -> Iterator[Part]:
    return _function({"function": value})


_FIELDS: Final[FieldTable] = {
    "reasoning_content": worded(Reasoning),
    "reasoning": worded(Reasoning),  # the newer name; servers send both
    "thinking_blocks": lambda value: content_parts(value, anthropic.BLOCKS),  # LiteLLM's, beside the above
    "content": _content,
    "refusal": worded(Refusal),
    "tool_calls": _tool_calls,
    "function_call": _function_call,  # the old way
}
"""What of a message is said."""

_ABOUT: Final = frozenset({"role", "name", "id", "tool_call_id", "cache_control"})


def message(raw: object, place: str = "message") -> Message:
    """One message.

    Args:
        raw: as decoded from JSON.
        place: where it stands, for the message of an error.

    Raises:
        InputError: it is not an object with a role that is known and something to say.

    Example:
        >>> call = {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": '{"amount": 5}'}}
        >>> message({"role": "assistant", "content": None, "tool_calls": [call]}).content
        '{"name": "pay", "arguments": {"amount": 5}}'
        >>> message({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "…"}}]}).unread
        ('image_url',)
    """
    role = role_of(raw, _ROLES, place)
    fields = required(raw, dict, place)
    if not fields.keys() & _FIELDS.keys():
        raise InputError(f'{place} must be an object like {{"role": "user", "content": "…"}}')
    if fields.get("content") is None and role in ("system", "developer", "user"):
        raise InputError(f"{place}.content must be text or a list of parts; got null")
    if role != "tool":
        return said(role, _once(field_parts(fields, _FIELDS, about=_ABOUT)))
    others: FieldTable = {**_FIELDS, "content": lambda _: ()}
    return said(role, [*_result(fields), *field_parts(fields, others, about=_ABOUT)])


def messages(body: Mapping[str, Any]) -> tuple[Message, ...]:
    """The conversation in a request.

    Raises:
        InputError: it holds no list of messages, or a message that is none.
    """
    given = required(required(body, dict, "the request").get("messages"), list, "messages")
    return with_tool_names(message(raw, f"messages[{i}]") for i, raw in enumerate(given))


def answer(response: Mapping[str, Any]) -> tuple[Message, ...]:
    """The assistant's message of every choice, at least one.

    Raises:
        InputError: the response is no chat completion.
    """
    found = [
        message(required(choice, dict, f"choices[{i}]").get("message"), f"choices[{i}].message")
        for i, choice in enumerate(listed(response, "choices"))
    ]
    if not found or any(one.role != "assistant" for one in found):
        raise InputError("wanted a chat completion whose choices hold messages of the assistant")
    return tuple(found)


def tools(body: Mapping[str, Any]) -> tuple[ToolDefinition, ...]:
    """What the model was allowed to call.

    Raises:
        InputError: a tool is none.
    """
    offered = [_tool(required(raw, dict, f"tools[{i}]"), f"tools[{i}]") for i, raw in enumerate(listed(body, "tools"))]
    old = [
        tool_of(raw, f"functions[{i}]", parameters=("parameters",)) for i, raw in enumerate(listed(body, "functions"))
    ]
    return (*offered, *old)


def written(conversation: Sequence[Message]) -> list[dict[str, Any]]:
    """A conversation as a request says it; :func:`messages` reads it back. Thoughts are words, as no field holds them.

    Args:
        conversation: without parts that cannot be read.
    """
    return [_written(turn) for turn in with_call_ids(conversation)]


def _written(turn: Message) -> dict[str, Any]:
    if turn.role == "tool":
        results = [part for part in turn.parts if isinstance(part, ToolResult)] or [ToolResult(turn.content)]
        return {"role": "tool", "tool_call_id": results[0].call_id, "content": turn.content}
    calls = [
        {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.arguments or "{}"}}
        for part in turn.parts
        if isinstance(part, ToolCall)
    ]
    if not calls:
        return {"role": turn.role, "content": turn.content}
    words = render_parts([part for part in turn.parts if not isinstance(part, ToolCall)]).text
    return {"role": turn.role, "content": words or None, "tool_calls": calls}


def _tool(raw: Mapping[str, Any], place: str) -> ToolDefinition:
    match raw.get("type", "function"):
        case "function":
            return tool_of(raw.get("function"), f"{place}.function", parameters=("parameters",))
        case "custom":
            return tool_of(
                {**required(raw.get("custom"), dict, place), "schema": CUSTOM_INPUT}, place, parameters=("schema",)
            )
        case kind:
            return ToolDefinition(required(kind, str, f"{place}.type"))


def _result(fields: Mapping[str, Any]) -> list[Part]:
    return tool_result(fields.get("content"), PARTS, call_id=fields.get("tool_call_id"), name=fields.get("name"))


def _once(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts, each thought once: servers send it under more than one name."""
    seen = set()
    for part in parts:
        if isinstance(part, Reasoning):
            if part in seen:
                continue
            seen.add(part)
        yield part
