"""The prompt of a row that stands under any of the names that prompts go by, with all that belongs to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foureyes.layouts.conversations import turns_of
from foureyes.layouts.fields import SYSTEM_FIELDS, prompt_of, system_in, with_system
from foureyes.layouts.instructions import instruction_prompt
from foureyes.layouts.leftovers import nothing_else
from foureyes.layouts.questions import question_prompt
from foureyes.types import Prompt

__all__ = ["stated_prompt"]


def stated_prompt(row: Mapping[str, Any]) -> Prompt | None:
    """What is asked; ``None`` where no field of a known name says it.

    Raises:
        InputError: the field holds no prompt, or there is more that belongs to one.
    """
    if row.get("instruction"):
        return instruction_prompt(row)
    if not row.get("prompt") and any(row.get(name) for name in ("question", "query")):
        return question_prompt(row)
    for name in ("prompt", "conversations", "messages", "input"):
        if row.get(name):
            found = turns_of(name, row[name]) if name == "conversations" else prompt_of(name, row[name])
            prompt = with_system(found, system_in(row))
            nothing_else(row, prompt, {name, *SYSTEM_FIELDS})
            return prompt
    return None
