"""Tokens that stand for personal data in a text: ``[EMAIL_ADDRESS_1_K3F9QX2D]``.

A token is a kind, a number within its conversation and a tag under the conversation's key. It holds nothing of the value
but the fact that it is the same value again. Its alphabet is made to survive: square brackets, capitals, digits and
underscores need no escape in JSON, HTML or XML and are no tag that a sanitiser strips; the tag is base 32, which has no
0, 1 or 8 to be mistaken for O, I or B. Case does not count, because models change it; everything else does.

A ``[`` stands only at a token's beginning and a ``]`` only at its end, so replacing parts of a text by tokens can form no
token but those put in. Whatever looks like a token in a text that is to be concealed is itself replaced by one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from typing import Final

from foureyes.privacy.findings import Finding

__all__ = ["LOOKALIKE", "canonical", "mint", "replace_tokens", "token_shapes", "tokens_in"]

LOOKALIKE: Final = "TOKEN"
"""Kind of what only looks like a token."""

_SHAPE: Final = re.compile(r"\[[A-Z][A-Z0-9_]{0,39}_[1-9][0-9]{0,8}_[A-Z2-7]{8}\]", re.ASCII | re.IGNORECASE)


def mint(key: bytes, kind: str, number: int, value: str) -> str:
    """Makes the token of a value.

    Args:
        key: the conversation's, for tags.
        kind: what the value is.
        number: of this value among those of its kind, from 1.
        value: the personal data.

    Example:
        >>> mint(bytes(32), "EMAIL_ADDRESS", 1, "ana@example.org")
        '[EMAIL_ADDRESS_1_6LJB7CBK]'
    """
    tag = base64.b32encode(hmac.digest(key, b"tag\0" + value.encode(), hashlib.sha256)[:5]).decode()
    return f"[{kind}_{number}_{tag}]"


def token_shapes(text: str) -> Iterator[Finding]:
    """Finds what looks like a token, whoever wrote it there."""
    return (Finding(match.start(), match.end(), LOOKALIKE) for match in _SHAPE.finditer(text))


def tokens_in(text: str) -> set[str]:
    """What looks like a token, in the spelling in which tokens are issued."""
    return {canonical(match.group()) for match in _SHAPE.finditer(text)}


def canonical(token: str) -> str:
    """The spelling in which a token was issued."""
    return token.upper()


def replace_tokens(text: str, value_of: Callable[[str], str | None]) -> str:
    """Replaces tokens once, from left to right; what is put in is not looked at again.

    Args:
        text: any.
        value_of: given a token in its canonical spelling, its value; ``None`` leaves what is there as it is.
    """

    def value(match: re.Match[str]) -> str:
        found = value_of(canonical(match.group()))
        return match.group() if found is None else found

    return _SHAPE.sub(value, text)
