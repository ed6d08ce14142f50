"""From a prompt and an answer to the exact text a verifier reads.

A model with a chat template reads the conversation through its own template, generation prompt included. A base model
has none and reads a plain question-and-answer form. Either way the answer is tokenised by itself, without special
tokens, and appended: no token ever spans the boundary, and no end-of-sequence token is scored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

from foureyes.types import Exchange, Prompt, Reasoning, ToolDefinition, Unscored
from foureyes.types.reasoning import find_reasoning

__all__ = [
    "PLAIN_PREFIX",
    "TEMPLATE_DATE",
    "as_messages",
    "plain_prompt",
    "tools_in_words",
    "unread_prompt",
    "why_unread",
]

PLAIN_PREFIX: Final = " "
"""Stands between the plain form's ``Answer:`` and the answer; it is read as part of the answer's first token."""

TEMPLATE_DATE: Final = "26 Jul 2024"
"""The day on which every chat template is applied: some print the date, and a reading must not depend on when it is made."""

_SPEAKER = {
    "system": "Instruction",
    "developer": "Instruction",
    "user": "Question",
    "assistant": "Answer",
    "tool": "Result",
}


def as_messages(prompt: Prompt) -> list[dict[str, str]]:
    """The prompt as the list of role/content objects that chat templates and chat endpoints take."""
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    return [{"role": message.role, "content": message.content} for message in prompt]


def tools_in_words(tools: Sequence[ToolDefinition]) -> str:
    """What may be called, for models that have no form of their own for it: one function a line, as JSON."""
    return "\n".join(["You may call these functions:", *map(_tool_line, tools)])


def _tool_line(tool: ToolDefinition) -> str:
    fields = {"name": tool.name, "description": tool.description}
    return f'{json.dumps(fields, ensure_ascii=False)[:-1]}, "parameters": {tool.parameters}}}'


def plain_prompt(prompt: Prompt, tools: Sequence[ToolDefinition] = ()) -> str:
    r"""The plain question-and-answer form for base models, up to where the answer begins.

    Example:
        >>> plain_prompt("Capital of Australia?")
        'Question: Capital of Australia?\nAnswer:'
    """
    turns = [f"{_SPEAKER[turn['role']]}: {turn['content']}" for turn in as_messages(prompt)]
    told = [f"Instruction: {tools_in_words(tools)}"] if tools else []
    return "\n".join([*told, *turns, "Answer:"])


def unread_prompt(prompt: Prompt) -> Unscored | None:
    """Why no model may be shown this prompt: a part of it cannot be read, or it is empty; ``None`` where it may be."""
    if isinstance(prompt, str):
        return None if prompt.strip() else _empty_prompt()
    found = [f"{kind} in message {i}" for i, turn in enumerate(prompt, 1) if turn.parts for kind in turn.unread]
    if found:
        return _unread(found)
    return None if any(turn.content.strip() for turn in prompt) else _empty_prompt()


def why_unread(exchange: Exchange) -> Unscored | None:
    """Why no reader may read this exchange: a part cannot be read, or there is nothing to read; ``None`` where it may be.

    Example:
        >>> from foureyes.types import Message, OtherPart
        >>> str(why_unread(Exchange((Message.of("user", [OtherPart("image_url")]),), "A cat.")))
        'unread_part: cannot read image_url in message 1'
    """
    if exchange.unread:
        return _unread(exchange.unread)
    if not exchange.answer.strip():
        return Unscored("empty_answer", "the answer is empty; wanted at least one visible character")
    if (only_thought := _only_thought(exchange)) is not None:
        return Unscored("empty_answer", only_thought)
    return unread_prompt(exchange.prompt)


def _only_thought(exchange: Exchange) -> str | None:
    """In which way all of an answer is reasoning; ``None`` where something follows it."""
    if exchange.turn is not None:
        rest = [part for part in exchange.turn.parts if not isinstance(part, Reasoning)]
        said = any(not isinstance(part, str) or part.strip() for part in rest)
        return None if said else "the answer is empty: nothing follows its reasoning"
    place = find_reasoning(exchange.answer)
    if place is None or place.answer < len(exchange.answer):
        return None
    return f"the answer is empty: {'nothing follows its reasoning' if place.closed else 'its reasoning never ends'}"


def _unread(named: Iterable[str]) -> Unscored:
    return Unscored("unread_part", f"cannot read {', '.join(named)}")


def _empty_prompt() -> Unscored:
    return Unscored("empty_prompt", "the prompt is empty; wanted something the answer can be conditioned on")
