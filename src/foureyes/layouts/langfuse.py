"""Observations that Langfuse keeps of calls, and the scores that belong to them.

Input and output have whatever shape the traced program gave them: text, a message, a list of messages, an object that holds
them, or any of those as JSON text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.fields import answer_of, prompt_of, tools_of
from foureyes.layouts.leftovers import nothing_else
from foureyes.layouts.making import logged
from foureyes.turns import openai_chat
from foureyes.types import Message, Prompt, ToolDefinition

__all__ = ["is_observation", "is_score", "observation_answers"]

_CALL: Final = "GENERATION"


def is_observation(row: Mapping[str, Any]) -> bool:
    """Whether a row is an observation of Langfuse's."""
    return "traceId" in row and isinstance(row.get("type"), str) and {"input", "output"} <= row.keys()


def is_score(row: Mapping[str, Any]) -> bool:
    """Whether a row is a score of Langfuse's."""
    return {"observationId", "dataType", "value", "name"} <= row.keys()


def observation_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """The one output."""
    if row["type"] != _CALL:
        raise InputError(f"an observation of type {row['type']!r:.40} is no call of a model; wanted {_CALL}")
    if row["output"] is None or row["input"] is None:
        raise InputError("the observation has no input or no output")
    prompt, tools = _asked(_decoded(row["input"]))
    yield logged(prompt, _said(_decoded(row["output"])), tools=tools)


def _asked(value: Any) -> tuple[Prompt, tuple[ToolDefinition, ...]]:
    match value:
        case str():
            return value, ()
        case [*_]:
            return prompt_of("input", value), ()
        case {"messages": [*turns]}:
            prompt = prompt_of("input.messages", turns)
            nothing_else(value, prompt, {"messages"})
            functions = openai_chat.tools({"functions": value.get("functions")})
            return prompt, (*tools_of("input.tools", value.get("tools")), *functions)
        case {"role": str()}:
            return prompt_of("input", [value]), ()
        case _:
            raise InputError(
                f"'input' must be text or messages; got {value!r:.60}; say which of it is the prompt with --map prompt=input.FIELD"
            )


def _said(value: Any) -> Message:
    match value:
        case str():
            return Message("assistant", value)
        case {"choices": [{"message": dict(message)}]}:
            return answer_of("output.choices[0].message", message)
        case {"messages": [*_, dict(message)]} | [*_, dict(message)] if message.get("role") == "assistant":
            return answer_of("output", message)
        case {"role": str()} | {"content": _}:
            return answer_of("output", {"role": "assistant", **value})
        case _:
            raise InputError(
                f"'output' must be text or a message; got {value!r:.60}; say which of it is the answer with --map answer=output.FIELD"
            )


def _decoded(value: object) -> Any:
    """A value, or what it says where it is JSON text of a message or of several."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        found = parsed_json(value)
    except ValueError:
        return value
    match found:
        case [{"role": _}, *_] | {"role": _} | {"messages": _} | {"choices": _}:
            return found
        case _:
            return value
