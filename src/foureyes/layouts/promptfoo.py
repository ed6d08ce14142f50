"""Results that promptfoo writes: the prompt as it was sent, the output, and whether the assertions held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.fields import prompt_of, tools_of, truth
from foureyes.layouts.making import logged
from foureyes.turns.mapping import as_json
from foureyes.types import Message, Prompt

__all__ = ["is_promptfoo", "promptfoo_answers"]


def is_promptfoo(row: Mapping[str, Any]) -> bool:
    """Whether a row is one result of promptfoo's."""
    match row:
        case {"prompt": {"raw": str()}, "promptIdx": _, "testIdx": _}:
            return True
        case _:
            return False


def promptfoo_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """The one output."""
    response = row.get("response")
    output = response.get("output") if isinstance(response, dict) else None
    if output is None:
        raise InputError(f"the call failed: {row.get('error')!s:.200}")
    words = output if isinstance(output, str) else as_json(output)
    yield logged(
        _prompt(row["prompt"]["raw"]),
        Message("assistant", words),
        tools=tools_of("tools", _tools(row)),
        correct=_graded(row),
    )


def _prompt(raw: str) -> Prompt:
    """A text, or messages that promptfoo sends as such where the text is a list of them in JSON."""
    if raw.lstrip()[:7] == "- role:":
        raise InputError(
            "'prompt.raw' is a chat in YAML, which is not read; say what the prompt is with --map prompt=FIELD"
        )
    if not raw.lstrip().startswith("["):
        return raw
    try:
        found = parsed_json(raw)
    except ValueError:
        return raw
    is_chat = isinstance(found, list) and found and all(isinstance(turn, dict) and "role" in turn for turn in found)
    return prompt_of("prompt.raw", found) if is_chat else raw


def _tools(row: Mapping[str, Any]) -> object:
    """What the model could call, where the prompt's own configuration says so."""
    match row.get("prompt"):
        case {"config": {"tools": list(tools)}}:
            return tools
        case _:
            return None


def _graded(row: Mapping[str, Any]) -> bool | None:
    """Whether it passed; a test without assertions passes whatever was said."""
    match row.get("gradingResult"):
        case {"componentResults": [_, *_]}:
            return truth(row.get("success"), "success")
        case _:
            return None
