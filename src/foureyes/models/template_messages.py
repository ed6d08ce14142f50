"""Messages as chat templates take them: in the shape of OpenAI's requests, with the ids and roles that templates ask for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from foureyes.json_text import parsed_strictly
from foureyes.models.argument_numbers import plain_value
from foureyes.models.prompts import tools_in_words
from foureyes.types import Message, ToolCall, ToolDefinition, render_parts

__all__ = [
    "CallForm",
    "CallIds",
    "TemplateConversation",
    "call_message",
    "calling",
    "joined_roles",
    "tool_object",
    "with_tools_in_words",
]


@dataclass(frozen=True, slots=True)
class TemplateConversation:
    """What a template is given.

    Attributes:
        messages: role, content and the rest, as in OpenAI's requests.
        tools: what may be called; ``None`` where there is nothing, or the template knows no tools.
        generation: whether it ends where the assistant's turn begins.
    """

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] | None = None
    generation: bool = True


@dataclass(frozen=True, slots=True)
class CallForm:
    """How a template wants a turn with calls.

    Attributes:
        arguments: as an object, or as its JSON text.
        no_words: the content of a turn that only calls.
    """

    arguments: Literal["object", "text"]
    no_words: str | None


class CallIds:
    """Numbers the ids of calls: what a server drew at random says nothing, and some templates take only such ids."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, str]] = []
        self._n = 0

    def new(self, call_id: str) -> str:
        """The id of a call."""
        self._n += 1
        self._waiting.append((call_id, _numbered_id(self._n)))
        return _numbered_id(self._n)

    def of(self, call_id: str) -> str:
        """The id of the first call of that id, or of any, that has no result yet."""
        i = next((i for i, (old, _) in enumerate(self._waiting) if old == call_id), 0)
        return self._waiting.pop(i)[1] if self._waiting else _numbered_id(max(self._n, 1))


def _numbered_id(n: int) -> str:
    return f"call{n:05d}"


def call_message(turn: Message, form: CallForm, ids: CallIds, plain: Callable[[object], Any]) -> dict[str, Any]:
    """A turn with tool calls as a message; ``plain`` makes the arguments what a template can print."""
    words = render_parts([part for part in turn.parts if not isinstance(part, ToolCall)]).text
    return calling(words, [(call.name, plain(call.parsed()), ids.new(call.id)) for call in turn.calls], form)


def calling(words: str, calls: Sequence[tuple[str, Any, str]], form: CallForm) -> dict[str, Any]:
    """A message of the assistant that calls tools, each by its name, arguments and id."""
    listed = [
        {
            "id": call_id,
            "type": "function",
            "function": {
                "name": name,
                "arguments": arguments if form.arguments == "object" else json.dumps(arguments, ensure_ascii=False),
            },
        }
        for name, arguments, call_id in calls
    ]
    return {"role": "assistant", "content": words or form.no_words, "tool_calls": listed}


def joined_roles(turns: Sequence[tuple[dict[str, Any], str]]) -> list[dict[str, Any]]:
    """Messages in which one that was given another role is joined to a neighbour of that role.

    Many templates want the system first and alone, and user and assistant in turn.
    """
    found: list[dict[str, Any]] = []
    before_took = False
    for message, role in turns:
        took = message["role"] != role
        if found and found[-1]["role"] == message["role"] and (took or before_took):
            found[-1] = {**found[-1], "content": f"{found[-1]['content']}\n\n{message['content']}"}
        else:
            found.append(message)
        before_took = took
    return found


def tool_object(tool: ToolDefinition) -> dict[str, Any]:
    """A tool as OpenAI's requests define it."""
    parameters = plain_value(parsed_strictly(tool.parameters))
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": parameters},
    }


def with_tools_in_words(messages: list[dict[str, Any]], tools: Sequence[ToolDefinition]) -> list[dict[str, Any]]:
    """The same, with the tools told in words by whoever speaks first."""
    first, *rest = messages
    return [{**first, "content": f"{tools_in_words(tools)}\n\n{first['content']}"}, *rest]
