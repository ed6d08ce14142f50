"""Thoughts that stand in the words of an answer, between ``<think>`` and ``</think>``, where no server told them apart."""

from __future__ import annotations

import re
from typing import Final

from foureyes.types import Message, Part, Reasoning

__all__ = ["thoughts_apart"]

_OPENS: Final = re.compile(r"\s*<think>")
_CLOSE: Final = "</think>"


def thoughts_apart(turn: Message) -> Message:
    r"""The same turn, with thoughts at the start of its words as a part of their own.

    Thoughts begin with ``<think>``, or at once where only their end is marked, since many templates write the opening tag into
    the prompt; without an end all of it is thoughts. A tag further on in an answer is text.

    Example:
        >>> thoughts_apart(Message("assistant", "<think>\n7 * 13\n</think>\n\nNo.")).parts
        (Reasoning(text='7 * 13'), 'No.')
        >>> thoughts_apart(Message("assistant", "Write <think> first.")).parts
        ()
    """
    if turn.parts or turn.role != "assistant" or "think>" not in turn.content:
        return turn
    opened = _OPENS.match(turn.content)
    if opened is None and not _only_closed(turn.content):
        return turn
    thoughts, _, words = turn.content[opened.end() if opened else 0 :].partition(_CLOSE)
    parts: list[Part] = [Reasoning(thoughts.strip())] if thoughts.strip() else []
    if words.strip() or not parts:
        parts.append(words.lstrip())
    return Message.of("assistant", parts)


def _only_closed(text: str) -> bool:
    return text.count(_CLOSE) == 1 and "<think>" not in text
