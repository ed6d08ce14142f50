"""A foreign server's own words, made fit for our messages.

The rule that holds throughout: what a server says is shown to people, so it may be neither long nor more than one line,
holds no control characters that could take over a terminal, and never repeats a secret, nor the half of one.
"""

from __future__ import annotations

import json
from typing import Final

__all__ = ["LOOKED_THROUGH", "beginning", "cleaned", "codes_of", "message_of"]

LOOKED_THROUGH: Final = 100_000
"""Bytes of a reply that are looked through for what is told of it."""

_LONGEST: Final = 300


def cleaned(words: str, *, secret: str | None = None) -> str:
    r"""One line of at most 300 printable characters, the secret blotted out, as it is and as JSON writes it.

    Example:
        >>> cleaned("no\taccess\x1b[2J for sk-123", secret="sk-123")
        'no access [2J for [key]'
    """
    line = "".join(c if c.isprintable() else " " for c in words)
    for form in _forms(secret):
        line = line.replace(form, "[key]")
    line = " ".join(line.split())
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"


def beginning(content: bytes, *, secret: str | None = None, is_whole: bool = True) -> bytes:
    """As much of a reply as is looked through; where it was cut, without what the secret may begin with.

    Args:
        content: all of the reply, or what came of it.
        secret: the key that was sent.
        is_whole: whether this is all of it.

    Example:
        >>> beginning(b"no such key: sk-1", secret="sk-123", is_whole=False)
        b'no such key: '
    """
    found = content[:LOOKED_THROUGH]
    if is_whole and len(found) == len(content):
        return found
    halves = (form[:n].encode() for form in _forms(secret) for n in range(1, len(form)))
    half = max((half for half in halves if found.endswith(half)), key=len, default=b"")
    return found.removesuffix(half)


def message_of(content: bytes) -> str:
    """The sentence in an error reply, whichever of the usual shapes it has.

    Example:
        >>> message_of(b'{"error": {"message": "no such model"}}')
        'no such model'
    """
    text = content.decode(errors="replace")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return text
    for _ in range(2):
        if isinstance(body, dict):
            body = body.get("error") or body.get("message") or body.get("detail") or body
    return body if isinstance(body, str) else json.dumps(body)


def codes_of(content: bytes) -> list[str]:
    """What an error reply calls its error, as OpenAI's protocol has it: its code and its type.

    Example:
        >>> codes_of(b'{"error": {"message": "no credit", "type": "insufficient_quota", "code": null}}')
        ['insufficient_quota']
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return []
    match body:
        case {"error": dict() as error}:
            return [error[name] for name in ("code", "type") if isinstance(error.get(name), str)]
        case _:
            return []


def _forms(secret: str | None) -> list[str]:
    """How a secret may be written, the longest first."""
    if not secret:
        return []
    escaped = json.dumps(secret)[1:-1]
    return sorted({secret, escaped, escaped.replace("/", "\\/")}, key=len, reverse=True)
