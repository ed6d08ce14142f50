"""Names for what happens once, such as a verification or an entry of a ledger."""

from __future__ import annotations

import os
from collections import deque
from typing import Final

__all__ = ["new_id"]

_DIGITS: Final = 32
_READY: Final[deque[str]] = deque()


def new_id() -> str:
    """128 random bits as 32 hexadecimal digits: nobody guesses the next one, and none comes twice.

    The system is asked for many at once, since asking is what they cost. Any thread may call it; a forked process draws
    its own.

    Example:
        >>> len(new_id()), new_id() == new_id()
        (32, False)
    """
    try:
        return _READY.popleft()
    except IndexError:
        digits = os.urandom(_DIGITS // 2 * 256).hex()
        first, *others = (digits[at : at + _DIGITS] for at in range(0, len(digits), _DIGITS))
        _READY.extend(others)
        return first


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_READY.clear)
