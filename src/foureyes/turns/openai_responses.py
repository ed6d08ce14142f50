"""OpenAI's Responses: items, of which those that one turn of the assistant is made of become one message.

Kinds that the table does not list (``input_image``, ``web_search_call``, ``computer_call`` …) cannot be read, and so are
named; so is what a request only refers to (``previous_response_id``, ``conversation``, ``prompt``). Encrypted reasoning says
nothing to anybody but the provider; its summary is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.turns.mapping import (
    CUSTOM_INPUT,
    ShapeTable,
    WireShape,
    as_json,
    content_parts,
    listed,
    required,
    role_of,
    said,
    shaped_parts,
    spoken,
    tool_of,
    tool_result,
    with_tool_names,
    worded,
)
from foureyes.types import Message, OtherPart, Part, Reasoning, Refusal, Role, ToolCall, ToolDefinition, ToolResult

__all__ = ["ITEMS", "answer", "messages", "tools"]

_ROLES: Final[Mapping[object, Role]] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
}
_REFERENCES: Final = ("previous_response_id", "conversation", "prompt")


def _text(raw: Mapping[str, Any]) -> list[Part]:
    return worded(str)(raw.get("text"))


def _message(raw: Mapping[str, Any]) -> Iterator[Part]:
    return content_parts(raw.get("content"), ITEMS)


def _function_call(raw: Mapping[str, Any]) -> list[Part]:
    return [_call(raw, required(raw.get("arguments"), str, "arguments"))]


def _custom_tool_call(raw: Mapping[str, Any]) -> list[Part]:
    return [_call(raw, as_json({"input": required(raw.get("input"), str, "input")}))]


def _call(raw: Mapping[str, Any], arguments: str) -> ToolCall:
    return ToolCall(
        required(raw.get("name"), str, "name"), arguments, required(raw.get("call_id") or "", str, "call_id")
    )


def _output(raw: Mapping[str, Any]) -> list[Part]:
    return tool_result(raw.get("output"), ITEMS, call_id=raw.get("call_id"), name=raw.get("name"))


def _reasoning(raw: Mapping[str, Any]) -> Iterator[Part]:
    shown = [part for name in ("summary", "content") for part in content_parts(raw.get(name), ITEMS)]
    return (Reasoning(part) if isinstance(part, str) else part for part in shown)


_OF_ITEMS: Final = frozenset({"id", "call_id", "status", "caller", "namespace", "created_by", "phase"})
_OUTPUT: Final = WireShape(_output, {"output", "name"}, _OF_ITEMS)

ITEMS: Final[ShapeTable] = {
    "message": WireShape(_message, {"content"}, _OF_ITEMS | {"role"}),
    "input_text": WireShape(_text, {"text"}),
    "output_text": WireShape(_text, {"text", "logprobs"}),  # the latter say the text once more
    "summary_text": WireShape(_text, {"text"}),
    "reasoning_text": WireShape(_text, {"text"}),
    "refusal": WireShape(lambda raw: worded(Refusal)(raw.get("refusal")), {"refusal"}),
    "function_call": WireShape(_function_call, {"name", "arguments"}, _OF_ITEMS),
    "custom_tool_call": WireShape(_custom_tool_call, {"name", "input"}, _OF_ITEMS),
    "function_call_output": _OUTPUT,
    "custom_tool_call_output": _OUTPUT,
    "reasoning": WireShape(_reasoning, {"summary", "content"}, _OF_ITEMS | {"encrypted_content"}),
}
"""Kinds of items, and of contents within them, that can be read."""


def messages(body: Mapping[str, Any]) -> tuple[Message, ...]:
    """The conversation in a request, its instructions first.

    Raises:
        InputError: it holds an item that is none.

    Example:
        >>> call = {"type": "function_call", "call_id": "c1", "name": "opens", "arguments": '{"day": "Sunday"}'}
        >>> result = {"type": "function_call_output", "call_id": "c1", "output": "never"}
        >>> [message.role for message in messages({"instructions": "Be brief.", "input": [call, result]})]
        ['system', 'assistant', 'tool']
    """
    fields = required(body, dict, "the request")
    references: list[Part] = [OtherPart(name) for name in _REFERENCES if fields.get(name)]
    start: list[tuple[Role, list[Part]]] = [("system", references)] if references else []
    return _merged([*start, *_given(fields, "instructions", "system"), *_given(fields, "input", "user")])


def answer(response: Mapping[str, Any]) -> tuple[Message, ...]:
    """The assistant's message, the only one, of all items of the output.

    Raises:
        InputError: the response has no list of items.
    """
    if required(response, dict, "the response").get("output") is None:
        raise InputError("wanted a response with a list of output items")
    found = [_said(raw, f"output[{i}]") for i, raw in enumerate(listed(response, "output"))]
    return (said("assistant", (part for _, parts in found for part in parts)),)


def tools(body: Mapping[str, Any]) -> tuple[ToolDefinition, ...]:
    """What the model was allowed to call.

    Raises:
        InputError: a tool is none.
    """
    return tuple(
        _tool(required(raw, dict, f"tools[{i}]"), f"tools[{i}]") for i, raw in enumerate(listed(body, "tools"))
    )


def _tool(raw: Mapping[str, Any], place: str) -> ToolDefinition:
    if raw.get("type") == "custom":
        return tool_of({**raw, "schema": CUSTOM_INPUT}, place, parameters=("schema",))
    return tool_of({"name": raw.get("type"), **raw}, place, parameters=("parameters",))


def _given(body: Mapping[str, Any], name: str, role: Role) -> list[tuple[Role, list[Part]]]:
    """What a field holds that may be a text of somebody's, or a list of items."""
    if isinstance(body.get(name), str):
        return [(role, [body[name]])]
    return [_said(raw, f"{name}[{i}]") for i, raw in enumerate(listed(body, name))]


def _said(raw: object, place: str) -> tuple[Role, list[Part]]:
    """Who says an item, and what."""
    item = required(raw, dict, place)
    kind = item.get("type") or "message"
    parts = list(shaped_parts(item, ITEMS, usual="message"))
    if kind == "message":
        return role_of(item, _ROLES, place), parts
    is_output = isinstance(kind, str) and kind.endswith("_output")
    return "tool" if is_output or any(isinstance(part, ToolResult) for part in parts) else "assistant", parts


def _merged(turns: Iterable[tuple[Role, list[Part]]]) -> tuple[Message, ...]:
    """Items as messages; those of the assistant that follow one another are one turn."""
    found: list[Message] = []
    for is_assistant, group in groupby(turns, lambda turn: turn[0] == "assistant"):
        if is_assistant:
            found.append(said("assistant", (part for _, parts in group for part in parts)))
        else:
            found += [message for role, parts in group for message in spoken(role, parts)]
    return with_tool_names(found)
