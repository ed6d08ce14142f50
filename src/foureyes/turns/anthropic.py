"""Anthropic's messages.

What one message holds may become several: a user's turn that brings tool results is one message for each of them, and one
for what stands beside them. Signatures say nothing to anybody; ``redacted_thinking`` cannot be read, and so is named.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.turns.mapping import (
    ShapeTable,
    WireShape,
    as_json,
    content_parts,
    listed,
    required,
    role_of,
    said,
    spoken,
    tool_of,
    tool_result,
    unread_fields,
    with_call_ids,
    with_tool_names,
    worded,
)
from foureyes.types import Message, Part, Reasoning, Role, ToolCall, ToolDefinition, ToolResult, render_parts

__all__ = ["BLOCKS", "answer", "called_tools", "messages", "tools", "written"]

_ROLES: Final[Mapping[object, Role]] = {"system": "system", "user": "user", "assistant": "assistant"}


def _tool_use(raw: Mapping[str, Any]) -> list[Part]:
    arguments = as_json(required(raw.get("input"), dict, "input"))
    return [ToolCall(required(raw.get("name"), str, "name"), arguments, required(raw.get("id") or "", str, "id"))]


def _tool_result(raw: Mapping[str, Any]) -> list[Part]:
    return tool_result(raw.get("content"), BLOCKS, call_id=raw.get("tool_use_id"))


BLOCKS: Final[ShapeTable] = {
    "text": WireShape(lambda raw: worded(str)(raw.get("text")), {"text"}, {"cache_control"}),
    "thinking": WireShape(lambda raw: worded(Reasoning)(raw.get("thinking")), {"thinking"}, {"signature"}),
    "tool_use": WireShape(_tool_use, {"name", "input"}, {"id", "cache_control", "caller", "toolset_name"}),
    "tool_result": WireShape(_tool_result, {"content"}, {"tool_use_id", "is_error", "cache_control", "toolset_name"}),
}
"""Kinds of blocks that can be read."""


def messages(body: Mapping[str, Any]) -> tuple[Message, ...]:
    """The conversation in a request, what the system says first.

    Raises:
        InputError: it holds no list of messages, or a message that is none.

    Example:
        >>> result = {"type": "tool_result", "tool_use_id": "t1", "content": "closed"}
        >>> body = {"messages": [{"role": "user", "content": [result, {"type": "text", "text": "And Monday?"}]}]}
        >>> [(message.role, message.content) for message in messages(body)]
        [('tool', 'closed'), ('user', 'And Monday?')]
    """
    fields = required(body, dict, "the request")
    system = list(content_parts(fields.get("system"), BLOCKS))
    found = [said("system", system)] if system else []
    for i, raw in enumerate(required(fields.get("messages"), list, "messages")):
        found += _messages(raw, f"messages[{i}]")
    return with_tool_names(found)


def answer(response: Mapping[str, Any]) -> tuple[Message, ...]:
    """The assistant's message, the only one.

    Raises:
        InputError: the response is no message of the assistant.
    """
    if role_of(response, _ROLES, "response") != "assistant":
        raise InputError("wanted a message of the assistant")
    return (said("assistant", _content(response, "response")),)


def tools(body: Mapping[str, Any]) -> tuple[ToolDefinition, ...]:
    """What the model was allowed to call.

    Raises:
        InputError: a tool is none.
    """
    return tuple(
        tool_of(
            {"name": raw.get("type"), **raw} if isinstance(raw, dict) else raw,
            f"tools[{i}]",
            parameters=("input_schema",),
        )
        for i, raw in enumerate(listed(body, "tools"))
    )


def written(conversation: Sequence[Message]) -> list[dict[str, Any]]:
    """The turns of user and assistant as a request says them; results are the user's. Thoughts are words.

    Args:
        conversation: without parts that cannot be read, and without what the system says.
    """
    roles = [("assistant" if turn.role == "assistant" else "user", turn) for turn in with_call_ids(conversation)]
    found = []
    for role, group in groupby(roles, lambda one: one[0]):
        turns = [turn for _, turn in group]
        plain = len(turns) == 1 and not turns[0].parts
        blocks = [block for turn in turns for block in _blocks(turn)]
        found.append({"role": role, "content": turns[0].content if plain else blocks})
    return found


def called_tools(conversation: Sequence[Message]) -> list[dict[str, Any]]:
    """Tools of the names that a conversation calls: the interface takes no call of a tool that it was not told of."""
    names = dict.fromkeys(part.name for turn in conversation for part in turn.parts if isinstance(part, ToolCall))
    return [{"name": name, "input_schema": {"type": "object"}} for name in names]


def _blocks(turn: Message) -> Iterator[dict[str, Any]]:
    for part in turn.parts or (turn.content,):
        if isinstance(part, ToolCall):
            arguments = json.loads(part.arguments) if part.arguments.strip() else {}
            yield {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments}
        elif isinstance(part, ToolResult):
            yield {"type": "tool_result", "tool_use_id": part.call_id, "content": part.content}
        elif text := render_parts([part]).text:
            yield {"type": "text", "text": text}


def _messages(raw: object, place: str) -> tuple[Message, ...]:
    role = role_of(raw, _ROLES, place)
    fields = required(raw, dict, place)
    return spoken(role, [*_content(fields, place), *unread_fields(fields, {"role", "content"})])


def _content(raw: Mapping[str, Any], place: str) -> Iterator[Part]:
    if raw.get("content") is None:
        raise InputError(f"{place}.content must be text or a list of blocks; got nothing")
    return content_parts(raw["content"], BLOCKS)
