"""JSON objects as text: fields go in and out while the text of the others stays as it was written."""

from __future__ import annotations

import json
import re
from typing import Final

__all__ = ["dump", "splice", "without"]

_GAP: Final = re.compile(r"[ \t\r\n]*")


def splice(text: str, name: str, value: str) -> str:
    """Adds a field, whose value is a JSON text, to a JSON object's text, as its last one.

    Example:
        >>> splice('{"prompt":"a", "n": 1.50}', "foureyes", '{"v": {}}')
        '{"prompt":"a", "n": 1.50, "foureyes": {"v": {}}}'
    """
    body = text[:-1].rstrip()
    comma = "" if body == "{" else ", "
    return f"{body}{comma}{dump(name)}: {value}}}"


def without(text: str, name: str) -> str:
    """A JSON object's text without its fields of this name; the text of the others is untouched."""
    decoder, kept, at = json.JSONDecoder(), [], _after_gap(text, 1)
    while text[at] != "}":
        key, end = decoder.raw_decode(text, at)
        _, end = decoder.raw_decode(text, _after_gap(text, _after_gap(text, end) + 1))
        if key != name:
            kept.append(text[at:end])
        at = _after_gap(text, end)
        if text[at] == ",":
            at = _after_gap(text, at + 1)
    return "{" + ", ".join(kept) + "}"


def dump(value: object) -> str:
    """JSON on one line, its text readable, its numbers finite and at full precision."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _after_gap(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap else at
