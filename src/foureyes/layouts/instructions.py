"""Data sets of instructions: Alpaca's, with the system and the history that LLaMA-Factory adds, and Dolly's names for the same.

Joined as LLaMA-Factory does it: earlier turns first, then the instruction, and its input on a line below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.answer_field import answer_field
from foureyes.layouts.fields import (
    ANSWER_FIELDS,
    SYSTEM_FIELDS,
    TOOLS_FIELD,
    answer_of,
    answer_span,
    joined,
    system_in,
    tools_of,
    verdict,
    with_system,
)
from foureyes.layouts.leftovers import nothing_else
from foureyes.layouts.making import logged
from foureyes.types import Message, Prompt

__all__ = ["instruction_answers", "instruction_prompt", "is_instruction"]

_INPUTS: Final = ("input", "context")
_READ: Final = frozenset({"instruction", *_INPUTS, "history", *SYSTEM_FIELDS})


def is_instruction(row: Mapping[str, Any]) -> bool:
    """Whether a row holds an instruction and what was answered."""
    return isinstance(row.get("instruction"), str) and any(row.get(name) is not None for name in ANSWER_FIELDS)


def instruction_answers(row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
    """The one answer."""
    name = answer_field(row)
    tools = tools_of(TOOLS_FIELD, row.get(TOOLS_FIELD))
    yield logged(
        instruction_prompt(row),
        answer_of(name, row[name]),
        tools=tools,
        span=answer_span(row),
        correct=verdict(row),
    )


def instruction_prompt(row: Mapping[str, Any]) -> Prompt:
    """What is asked: system, history, instruction and input.

    Raises:
        InputError: it is not of that form, or there is more that belongs to a prompt.
    """
    present = [name for name in _INPUTS if row.get(name)]
    if len(present) > 1:
        raise InputError("both 'input' and 'context' are there; say what the prompt is with --map prompt=FIELD+FIELD")
    asked = joined(row, ("instruction", *present))
    earlier = list(_history(row.get("history")))
    prompt: Prompt = (*earlier, Message("user", asked)) if earlier else asked
    prompt = with_system(prompt, system_in(row))
    nothing_else(row, prompt, _READ)
    return prompt


def _history(value: object) -> Iterator[Message]:
    for pair in value if isinstance(value, list) else [] if value is None else [value]:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise InputError(f"'history' must be a list of pairs of texts; got {pair!r:.60} in it")
        yield Message("user", pair[0])
        yield Message("assistant", pair[1])
