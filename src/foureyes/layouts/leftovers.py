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
        if _stands_in(value, _words(prompt)):
            continue
        known = "+".join(one for one in _PROMPTING if one in read and row.get(one)) or "FIELD"
        raise InputError(
            f"{name!r} belongs to a prompt and is not in what was read of it; "
            f"say what the prompt is with --map prompt={name}+{known}, or --map prompt={known} without it"
        )


def _stands_in(value: object, words: str) -> bool:
    """Whether a prompt says all that a field says: its text, its texts, or the turns in it that are not the assistant's."""
    match value:
        case str():
            return value.strip() in words
        case {"role": "assistant"} | {"from": "gpt" | "assistant"}:
            return True
        case {"content": said} | {"value": said}:
            return _stands_in(said, words)
        case list():
            return all(_stands_in(one, words) for one in value)
        case _:
            return False


def _words(prompt: Prompt) -> str:
    return prompt if isinstance(prompt, str) else "\n".join(turn.content for turn in prompt)
