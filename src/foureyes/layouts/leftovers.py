"""What belongs to a prompt and was not read: a row that has it is refused, as its answer would be read on less than the row says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.fields import SYSTEM_FIELDS
from foureyes.types import Prompt

__all__ = ["nothing_else"]

_PROMPTING: Final = (
    *(*SYSTEM_FIELDS, "instruction", "instructions", "history"),
    *("context", "contexts", "retrieved_contexts", "document", "documents", "knowledge", "passage", "passages"),
    *("background", "evidence", "article", "paragraph", "choices", "options"),
    *("question", "query", "user_input", "prompt", "input", "messages", "conversations"),
    *("images", "image", "videos", "audios", "audio"),
)
"""Names of what belongs to a prompt, by whatever layout; a row that has more of them than were read says more."""


def nothing_else(row: Mapping[str, Any], prompt: Prompt, read: Collection[str]) -> None:
    """Refuses a row with a field that belongs to a prompt and was not read, unless its words stand in the prompt already.

    Raises:
        InputError: there is one; it says how to map it.
    """
    for name in _PROMPTING:
        value = row.get(name)
        if not value or name in read:
            continue
        if isinstance(value, str) and value.strip() in _words(prompt):
            continue
        known = "+".join(one for one in _PROMPTING if one in read and row.get(one)) or "FIELD"
        raise InputError(
            f"{name!r} belongs to a prompt and is not in what was read of it; "
            f"say what the prompt is with --map prompt={name}+{known}, or --map prompt={known} without it"
        )


def _words(prompt: Prompt) -> str:
    return prompt if isinstance(prompt, str) else "\n".join(turn.content for turn in prompt)
