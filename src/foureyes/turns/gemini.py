"""Google's Gemini: contents of parts, in the names of its REST interface or of its Python SDK.

A part is an object whose fields say what it holds. Those that the table does not list (``inlineData``, ``fileData``,
``executableCode`` …) cannot be read, and so are named; so is ``cachedContent``, which a request only refers to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.turns.mapping import (
    FieldTable,
    as_json,
    field_parts,
    listed,
    required,
    role_of,
    said,
    spoken,
    tool_of,
    unread_fields,
    with_tool_names,
    worded,
)
from foureyes.types import Message, OtherPart, Part, Reasoning, Role, ToolCall, ToolDefinition, ToolResult, render_parts

__all__ = ["FIELDS", "answer", "messages", "tools", "written"]

_ROLES: Final[Mapping[object, Role]] = {
    "user": "user",
    "model": "assistant",
    "system": "system",
    "function": "user",  # whose parts are results of tools, which have a role of their own
    "tool": "user",
    None: "user",
}
_SNAKE: Final = re.compile(r"_([a-z])")


def _function_call(value: object) -> Iterator[Part]:
    call = _camel(required(value, dict, "functionCall"))
    arguments = as_json(required(call.get("args") or {}, dict, "args"))
    yield ToolCall(required(call.get("name"), str, "name"), arguments, required(call.get("id") or "", str, "id"))
    yield from unread_fields(call, {"id", "name", "args"}, within="functionCall.")


def _function_response(value: object) -> Iterator[Part]:
    result = _camel(required(value, dict, "functionResponse"))
    content = as_json(required(result.get("response") or {}, dict, "response"))
    name, call_id = required(result.get("name") or "", str, "name"), required(result.get("id") or "", str, "id")
    yield ToolResult(content, call_id, name)
    yield from unread_fields(result, {"id", "name", "response", "scheduling"}, within="functionResponse.")


FIELDS: Final[FieldTable] = {
    "text": worded(str),
    "functionCall": _function_call,
    "functionResponse": _function_response,
}
"""What of a part can be read."""

_THOUGHT: Final[FieldTable] = {**FIELDS, "text": worded(Reasoning)}
_ABOUT: Final = frozenset({"thought", "thoughtSignature"})


def messages(body: Mapping[str, Any]) -> tuple[Message, ...]:
    """The conversation in a request, what the system says first.

    Args:
        body: with ``contents``, and ``systemInstruction`` beside them or within ``config``, where the SDK has it.

    Raises:
        InputError: it holds a content that is none.

    Example:
        >>> part = {"functionCall": {"name": "opens", "args": {"day": "Sunday"}}}
        >>> messages({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}, {"role": "model", "parts": [part]}]})[1].content
        '{"name": "opens", "arguments": {"day": "Sunday"}}'
    """
    fields = _whole(body)
    found = [Message.of("system", [OtherPart("cachedContent")])] if fields.get("cachedContent") else []
    if fields.get("systemInstruction") is not None:
        found.append(said("system", _content_parts(fields["systemInstruction"], "systemInstruction")))
    contents = fields.get("contents")
    for i, raw in enumerate(contents if isinstance(contents, list) else [] if contents is None else [contents]):
        found += _messages(raw, f"contents[{i}]")
    return with_tool_names(found)


def answer(response: Mapping[str, Any]) -> tuple[Message, ...]:
    """The assistant's message of every candidate, at least one; empty where its words were withheld.

    Raises:
        InputError: the response holds no candidate.
    """
    candidates = listed(response, "candidates")
    if not candidates:
        raise InputError("wanted a response with at least one candidate")
    return tuple(_candidate(raw, f"candidates[{i}]") for i, raw in enumerate(candidates))


def tools(body: Mapping[str, Any]) -> tuple[ToolDefinition, ...]:
    """What the model was allowed to call.

    Raises:
        InputError: a tool is none.
    """
    found = []
    for i, raw in enumerate(listed(_whole(body), "tools")):
        tool = {name: value for name, value in _camel(required(raw, dict, f"tools[{i}]")).items() if value is not None}
        for declared in listed(tool, "functionDeclarations"):
            known = ("parameters", "parametersJsonSchema")
            found.append(tool_of(_camel(required(declared, dict, f"tools[{i}]")), f"tools[{i}]", parameters=known))
        found += [ToolDefinition(name) for name in tool if name != "functionDeclarations"]
    return tuple(found)


def written(conversation: Sequence[Message]) -> list[dict[str, Any]]:
    """The turns of user and model as contents of a request; results are the user's. Thoughts are words.

    Args:
        conversation: without parts that cannot be read, and without what the system says.
    """
    roles = [("model" if turn.role == "assistant" else "user", turn) for turn in with_tool_names(conversation)]
    return [
        {"role": role, "parts": [part for _, turn in group for part in _written(turn)]}
        for role, group in groupby(roles, lambda one: one[0])
    ]


def _written(turn: Message) -> Iterator[dict[str, Any]]:
    for part in turn.parts or (turn.content,):
        if isinstance(part, ToolCall):
            arguments = json.loads(part.arguments) if part.arguments.strip() else {}
            yield {"functionCall": {**({"id": part.id} if part.id else {}), "name": part.name, "args": arguments}}
        elif isinstance(part, ToolResult):
            named = {**({"id": part.call_id} if part.call_id else {}), "name": part.name or "tool"}
            yield {"functionResponse": {**named, "response": {"output": part.content}}}
        else:
            yield {"text": render_parts([part]).text}


def _whole(body: Mapping[str, Any]) -> dict[str, Any]:
    """A request, with what the SDK keeps in its config beside its contents."""
    fields = _camel(required(body, dict, "the request"))
    config = fields.get("config")
    return {**(_camel(config) if isinstance(config, dict) else {}), **fields}


def _messages(raw: object, place: str) -> tuple[Message, ...]:
    role = "user" if isinstance(raw, str) else role_of(raw, _ROLES, place)
    return spoken(role, _content_parts(raw, place))


def _candidate(raw: object, place: str) -> Message:
    content = required(raw, dict, place).get("content")
    if content is None:
        return Message("assistant", "")
    if role_of({"role": "model", **required(content, dict, place)}, _ROLES, place) != "assistant":
        raise InputError(f"{place} must hold what the model says")
    return said("assistant", _content_parts(content, place))


def _content_parts(raw: object, place: str) -> Iterator[Part]:
    """Parts of a content, which may be a text alone."""
    if isinstance(raw, str):
        yield raw
        return
    content = required(raw, dict, place)
    for part in listed(content, "parts"):
        if not isinstance(part, dict):
            yield OtherPart("a part that is no object")
            continue
        fields = _camel(part)
        yield from field_parts(fields, _THOUGHT if fields.get("thought") is True else FIELDS, about=_ABOUT)
    yield from unread_fields(content, {"role", "parts"})


def _camel(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The same object, its names as the REST interface has them."""
    return {_SNAKE.sub(lambda found: found[1].upper(), name): value for name, value in raw.items()}
