"""Reasoning in front of an answer, where a log or a server keeps both in one text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["ReasoningPlace", "find_reasoning"]

_OPENS: Final = re.compile(r"\s*<think>")
_CLOSES: Final = "</think>"
_QUOTES: Final = frozenset("`'\"“«")


@dataclass(frozen=True, slots=True)
class ReasoningPlace:
    """Where in a text the reasoning stands, and where the answer.

    Attributes:
        span: characters of the reasoning, without its marks and the white space beside them.
        answer: the first character of the answer; the end of the text where there is none.
        opened: whether the text opens the reasoning itself; a chat template may have done it in the prompt.
        closed: whether it ends; there is no answer behind reasoning that does not.
    """

    span: tuple[int, int]
    answer: int
    opened: bool
    closed: bool


def find_reasoning(text: str) -> ReasoningPlace | None:
    r"""Where a text that a model wrote holds reasoning before its answer: ``<think>…</think>``, or ``…</think>`` alone.

    The second is what a model writes whose chat template opens the reasoning. A mark in quotes, or one of a pair in the
    middle of a text, is spoken of and no mark.

    Example:
        >>> text = "<think>\n2 + 2?\n</think>\n\nIt is 4."
        >>> place = find_reasoning(text)
        >>> text[slice(*place.span)], text[place.answer :]
        ('2 + 2?', 'It is 4.')
        >>> find_reasoning("It is 4.") is None
        True
    """
    opened = _OPENS.match(text)
    start = opened.end() if opened else 0
    end = text.find(_CLOSES, start)
    if opened is None and (end < 0 or text[end - 1 : end] in _QUOTES or "<think>" in text[:end]):
        return None
    thought = text[start:] if end < 0 else text[start:end]
    first = start + len(thought) - len(thought.lstrip())
    span = first, first + len(thought.strip())
    if end < 0:
        return ReasoningPlace(span, len(text), opened=True, closed=False)
    behind = text[end + len(_CLOSES) :]
    answer = len(text) - len(behind.lstrip())
    return ReasoningPlace(span, answer, opened=opened is not None, closed=True)
