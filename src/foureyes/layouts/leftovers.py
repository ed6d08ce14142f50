"""What belongs to a prompt and was not read: a row that has it is refused, as its answer would be read on less than the row says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.fields import SYSTEM_FIELDS, joined, value_at
from foureyes.types import Prompt

__all__ = ["nothing_else", "prompted"]

_SEEN: Final = ("images", "image", "image_url", "videos", "video", "audios", "audio", "attachments")
"""Names of what is seen or heard, whatever a field says of where it lies."""

_PROMPTING: Final = (
    *(*SYSTEM_FIELDS, "system_instruction", "developer", "persona"),
    *("instruction", "instructions", "history", "chat_history", "conversation_history", "dialogue_history", "dialogue"),
    *("context", "contexts", "ctx", "ctxs", "retrieved_contexts", "document", "documents", "docs", "knowledge"),
    *("passage", "passages", "background", "evidence", "article", "paragraph", "story", "premise", "source_info"),
    *("retrieved_docs", "retrieved_documents", "retrieved_chunks", "chunks", "snippets", "search_results"),
    *("choices", "options", "answer_choices", "endings", "hint", "hints"),
    *("few_shot", "few_shot_examples", "demonstrations", "data_sources", "sql_context", "starter_code", "suffix"),
    *("question", "query", "user_input", "user_prompt", "full_prompt", "formatted_prompt"),
    *("prompt", "input", "inputs", "messages", "conversations"),
    *_SEEN,
)
"""Names of what belongs to a prompt, by whatever layout; a row that has more of them than were read says more."""


def _bare(name: str) -> str:
    return name.lower().translate(str.maketrans("", "", " _-"))


_BARE: Final = frozenset(map(_bare, _PROMPTING))


def nothing_else(row: Mapping[str, Any], prompt: Prompt, read: Collection[str]) -> None:
    """Refuses a row with a field that belongs to a prompt and was not read, unless its words stand in the prompt already.

    Raises:
        InputError: there is one; it says how to map it.
    """
    for name, value in row.items():
        if not value or name in read or _bare(name) not in _BARE:
            continue
        if _stands_in(value, _words(prompt)):
            continue
        raise InputError(f"{name!r} belongs to a prompt and is not in what was read of it; {_remedy(row, name, read)}")


def prompted(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The same row with the fields that are named for its prompt and no others.

    Raises:
        InputError: several are named and one is not text.
    """
    others = {name: value for name, value in row.items() if name not in _PROMPTING and name not in names}
    if len(names) > 1:
        return {**others, "prompt": joined(row, names)}
    name = names[0] if names[0] in row else "prompt"
    return {**others, name: value_at(row, names[0])}


def _remedy(row: Mapping[str, Any], name: str, read: Collection[str]) -> str:
    """What to say so that the row is read, with the field where it can stand in a prompt, and without it."""
    names = [one for one in _PROMPTING if one in read and row.get(one)]
    known = "+".join(names) or "FIELD"
    if name in _SEEN or not _is_text(row[name]):
        return f"it cannot be joined as it is; --map prompt={known} reads the row without it"
    if all(_is_text(row[one]) for one in names):
        return f"say what the prompt is with --map prompt={name}+{known}, or --map prompt={known} without it"
    return f"say where it goes with --map system={name}, before the conversation, or --map prompt={known} without it"


def _is_text(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))


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
