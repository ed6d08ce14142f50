"""A foreign server's own words, made fit for our messages.

The rule that holds throughout: what a server says is shown to people, so it may be neither long nor more than one line,
holds no control characters that could take over a terminal, and never repeats a secret.
"""

from __future__ import annotations

import json
from typing import Final

__all__ = ["cleaned", "message_of"]

_LONGEST: Final = 300


def cleaned(words: str, *, secret: str | None = None) -> str:
    r"""One line of at most 300 printable characters, the secret blotted out.

    Example:
        >>> cleaned("no\taccess\x1b[2J for sk-123", secret="sk-123")
        'no access [2J for [key]'
    """
    line = "".join(c if c.isprintable() else " " for c in words)
    if secret:
        line = line.replace(secret, "[key]")
    line = " ".join(line.split())
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"


def message_of(content: bytes) -> str:
    """The sentence in an error reply, whichever of the usual shapes it has.

    Example:
        >>> message_of(b'{"error": {"message": "no such model"}}')
        'no such model'
    """
    text = content[:100_000].decode(errors="replace")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return text
    for _ in range(2):
        if isinstance(body, dict):
            body = body.get("error") or body.get("message") or body.get("detail") or body
    return body if isinstance(body, str) else json.dumps(body)
