"""Conversations that end with the answer: OpenAI's messages, and ShareGPT's turns, which say who speaks with ``from``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.fields import (
    ANSWER_FIELDS,
    SYSTEM_FIELDS,
    TOOLS_FIELD,
    answer_span,
    prompt_of,
    system_in,
    tools_of,
    verdict,
    with_system,
)
from foureyes.layouts.leftovers import nothing_else
from foureyes.layouts.making import logged
from foureyes.turns import openai_chat
from foureyes.turns.mapping import as_json, required, said, unread_fields
from foureyes.types import Message, OtherPart, Part, Role, ToolCall, ToolDefinition, ToolResult

__all__ = ["is_messages", "is_sharegpt", "messages_answers", "sharegpt_answers", "turn_of", "turns_of"]

_SPEAKERS: Final[Mapping[object, Role]] = {
    **dict.fromkeys(("human", "user", "prompter"), "user"),
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "bing", "bard", "model", "ai"), "assistant"),
    **dict.fromkeys(("function_call", "tool_call"), "assistant"),
    **dict.fromkeys(("observation", "tool", "function_response", "tool_response"), "tool"),
    "system": "system",
}
_NAMES: Final = ("conversations", "conversation")
_CALLS: Final = ("function_call", "tool_call")
_OF_TURNS: Final = frozenset({"from", "value", "weight", "loss"})


def is_messages(row: Mapping[str, Any]) -> bool:
    """Whether a row holds messages that end with the assistant, and no answer beside them."""
    match row.get("messages"):
        case [*_, {"role": "assistant"}]:
            return not any(row.get(name) for name in ANSWER_FIELDS)
        case _:
            return False


def messages_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """The last turn of the assistant."""
    turns = prompt_of("messages", row["messages"])
    tools = (*tools_of(TOOLS_FIELD, row.get(TOOLS_FIELD)), *openai_chat.tools({"functions": row.get("functions")}))
    yield _last(row, "messages", turns if isinstance(turns, tuple) else (), tools)


def is_sharegpt(row: Mapping[str, Any]) -> bool:
    """Whether a row holds a list of turns under ShareGPT's name."""
    return any(isinstance(row.get(name), list) for name in _NAMES)


def sharegpt_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """The last turn of the assistant."""
    name = next(name for name in _NAMES if isinstance(row.get(name), list))
    yield _last(row, name, turns_of(name, row[name]), tools_of(TOOLS_FIELD, row.get(TOOLS_FIELD)))


def turns_of(name: str, value: object) -> tuple[Message, ...]:
    """Turns as ShareGPT writes them, or as OpenAI does.

    Raises:
        InputError: they are neither.
    """
    given = required(value, list, name)
    if given and all(isinstance(turn, dict) and "from" not in turn for turn in given):
        found = prompt_of(name, given)
        return found if isinstance(found, tuple) else ()
    turns: list[Message] = []
    for i, raw in enumerate(given):
        turns.append(turn_of(raw, f"{name}[{i}]", turns))
    return tuple(turns)


def turn_of(raw: object, place: str, earlier: list[Message]) -> Message:
    """One turn as ShareGPT writes it.

    Args:
        raw: with ``from`` and ``value``.
        place: for the message of an error.
        earlier: turns before it, whose last call a tool's words answer.

    Raises:
        InputError: it is none.
    """
    turn = required(raw, dict, place)
    speaker, words = turn.get("from"), required(turn.get("value"), str, f"{place}.value")
    role = _SPEAKERS.get(speaker.lower()) if isinstance(speaker, str) else None
    if role is None:
        raise InputError(f"{place}.from must be one of {', '.join(map(str, _SPEAKERS))}; got {speaker!r:.40}")
    return said(role, [*_parts(str(speaker).lower(), role, words, earlier), *unread_fields(turn, _OF_TURNS)])


def _parts(speaker: str, role: Role, words: str, earlier: list[Message]) -> Iterator[Part]:
    if speaker in _CALLS:
        yield from _calls(words)
    elif role == "tool":
        yield ToolResult(words, name=next((call.name for turn in reversed(earlier) for call in turn.calls), ""))
    else:
        yield words


def _calls(words: str) -> Iterator[Part]:
    try:
        found = parsed_json(words)
        for call in found if isinstance(found, list) else [found]:
            arguments = call.get("arguments", {})
            text = arguments if isinstance(arguments, str) else as_json(arguments)
            yield ToolCall(required(call.get("name"), str, "name"), text)
    except (ValueError, AttributeError, InputError):
        yield OtherPart("malformed function_call")


def _last(
    row: Mapping[str, Any], name: str, turns: tuple[Message, ...], tools: Sequence[ToolDefinition]
) -> LoggedAnswer:
    if not turns or turns[-1].role != "assistant":
        raise InputError(f"{name!r} must end with a turn of the assistant, which is the answer")
    prompt = with_system(turns[:-1], system_in(row))
    nothing_else(row, prompt, {name, *SYSTEM_FIELDS})
    return logged(prompt, turns[-1], tools=tools, span=answer_span(row), correct=verdict(row))
