"""Pairs of a chosen and a rejected answer, as DPO takes them: both are answers, one right and one wrong.

The prompt stands beside them, or within both: as turns before the last, or in the transcripts of HH-RLHF.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.asked import stated_prompt
from foureyes.layouts.completions import completed
from foureyes.layouts.conversations import turn_of, turns_of
from foureyes.layouts.fields import (
    SYSTEM_FIELDS,
    TOOLS_FIELD,
    listed,
    system_in,
    tools_of,
    with_system,
)
from foureyes.layouts.leftovers import nothing_else
from foureyes.layouts.making import logged
from foureyes.types import Message, Prompt

__all__ = ["is_preference", "preference_answers"]

_SIDES: Final = {"chosen": True, "rejected": False}
_HUMAN: Final = "\n\nHuman: "
_ASSISTANT: Final = "\n\nAssistant:"


def is_preference(row: Mapping[str, Any]) -> bool:
    """Whether a row holds two answers of which one was chosen."""
    return all(row.get(side) is not None for side in _SIDES)


def preference_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """Both answers, the chosen one first."""
    tools = tools_of(TOOLS_FIELD, row.get(TOOLS_FIELD))
    for side, correct in _SIDES.items():
        prompt, turn = _within(row, side) or _beside(row, side)
        yield logged(prompt, turn, tools=tools, which=side, correct=correct)


def _within(row: Mapping[str, Any], side: str) -> tuple[Prompt, Message] | None:
    """Prompt and answer of a side that holds both."""
    value = row[side]
    if isinstance(value, str) and value.startswith(_HUMAN):
        turns = tuple(_transcript(value))
    elif isinstance(value, list) and len(value) > 1:
        turns = turns_of(side, value)
    else:
        return None
    if turns[-1].role != "assistant":
        raise InputError(f"{side!r} must end with a turn of the assistant")
    if turns[0].role == "assistant":
        return None
    prompt = with_system(turns[:-1], system_in(row))
    nothing_else(row, prompt, {side, *SYSTEM_FIELDS})
    return prompt, turns[-1]


def _beside(row: Mapping[str, Any], side: str) -> tuple[Prompt, Message]:
    prompt = stated_prompt(row)
    if prompt is None:
        raise InputError(
            f"'chosen' and 'rejected' have no prompt, neither beside them nor within both; the fields are {listed(row)}; "
            "say which it is with --map prompt=FIELD and --map answer=chosen"
        )
    value = row[side]
    if isinstance(value, dict) and "from" in value:
        return prompt, turn_of(value, side, [])
    return completed(prompt, side, [value] if isinstance(value, dict) else value)


def _transcript(text: str) -> Iterator[Message]:
    r"""Turns of a text such as ``\n\nHuman: Hi\n\nAssistant: Hello``."""
    for piece in text.split(_HUMAN)[1:]:
        asked, *answers = piece.split(_ASSISTANT)
        yield Message("user", asked.strip())
        yield from (Message("assistant", words.strip()) for words in answers)
