"""Names for what happens once, such as a verification or an entry of a ledger."""

from __future__ import annotations

import secrets

__all__ = ["new_id"]


def new_id() -> str:
    """128 random bits as 32 hexadecimal digits: nobody guesses the next one, and none comes twice.

    Example:
        >>> len(new_id()), new_id() == new_id()
        (32, False)
    """
    return secrets.token_hex(16)
