"""Fields that say nothing to anybody: identifiers, numbers, states, signatures. Words in one of them would go unread."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_silent"]

_IDENTIFIER: Final = re.compile(r"[^\W_][!-~]{0,127}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[\w+/=.:-]+", re.ASCII)
_SIGNATURES: Final = frozenset({"signature", "thoughtSignature", "thought_signature", "encrypted_content"})
_DEEPEST_LOOK: Final = 8


def is_silent(value: object, name: str, levels: int = _DEEPEST_LOOK) -> bool:
    """Whether nobody could be told anything by a field.

    Args:
        value: that it holds.
        name: of the field; a signature may be longer than an identifier.
        levels: of objects and lists that are looked into.

    Example:
        >>> is_silent("call_7", "id"), is_silent({"type": "ephemeral"}, "cache_control"), is_silent("pay me", "id")
        (True, True, False)
    """
    if isinstance(value, dict):
        named = value.items()
        return levels > 0 and all(is_silent(key, "") and is_silent(one, key, levels - 1) for key, one in named)
    if isinstance(value, list):
        return levels > 0 and all(is_silent(one, name, levels - 1) for one in value)
    if isinstance(value, str) and value:
        return (_SIGNATURE if name in _SIGNATURES else _IDENTIFIER).fullmatch(value) is not None
    return True
