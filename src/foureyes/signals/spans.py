r"""Where in a long answer the final answer stands.

Only what is found counts: an answer without its marker has no final answer, and the row says so.
"""

from __future__ import annotations

import re
from typing import Final

from foureyes.errors import InputError

__all__ = ["final_answer_span"]

_AFTER_HASHES: Final = re.compile(r"####[ \t]*([^\n]*\S)")
_BOXED: Final = "\\boxed{"


def final_answer_span(answer: str, pattern: str) -> tuple[int, int] | None:
    r"""Finds the final answer: the *last* match wins, since reasoning may quote earlier ones.

    Args:
        answer: the whole answer.
        pattern: ``"####"`` (GSM8K: the rest of the line after the hashes), ``"boxed"`` (the argument of
            ``\boxed{…}``, braces balanced), or a regular expression with exactly one group, which is the final answer.

    Returns:
        Half-open range of characters, or ``None`` when there is no such place or it is empty.

    Raises:
        InputError: the pattern is not a regular expression with exactly one group.

    Example:
        >>> final_answer_span("6 * 7 = 42\n#### 42", "####")
        (16, 18)
        >>> final_answer_span(r"so \boxed{\frac{1}{2}}.", "boxed")
        (10, 21)
    """
    if pattern == "boxed":
        return _last_boxed(answer)
    matches = [m.span(1) for m in _compiled(pattern).finditer(answer) if m.group(1)]
    return matches[-1] if matches else None


def _compiled(pattern: str) -> re.Pattern[str]:
    if pattern == "####":
        return _AFTER_HASHES
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError(f"final-answer pattern {pattern!r} is not a regular expression: {error}") from error
    if compiled.groups != 1:
        raise InputError(f"final-answer pattern {pattern!r} must have exactly one group; it has {compiled.groups}")
    return compiled


def _last_boxed(answer: str) -> tuple[int, int] | None:
    opening = answer.rfind(_BOXED)
    while opening >= 0:
        start = opening + len(_BOXED)
        end = _matching_brace(answer, start)
        if end is not None and end > start:
            return start, end
        opening = answer.rfind(_BOXED, 0, opening)
    return None


def _matching_brace(text: str, start: int) -> int | None:
    depth = 1
    for i in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return i
    return None
