"""A value that must not be seen: not in a log, an error, a ``repr``, a debugger's list of variables or a pickle."""

from __future__ import annotations

import hmac
from typing import Any, Final, NoReturn, Self, final

__all__ = ["Secret"]

_HIDDEN: Final = "***"


@final
class Secret:
    """A secret. Only :meth:`reveal` shows it, and only to whoever uses it.

    pydantic's ``SecretStr`` would do for what is printed; it can be pickled, and has a ``__dict__``.

    Args:
        value: the secret.

    Example:
        >>> key = Secret("sk-123")
        >>> key, f"{key}", key.reveal()
        (Secret('***'), '***', 'sk-123')
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The secret itself."""
        return self.__value

    def __repr__(self) -> str:
        return f"Secret({_HIDDEN!r})"

    def __str__(self) -> str:
        return _HIDDEN

    def __format__(self, spec: str) -> str:
        return format(_HIDDEN, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is never pickled: give the other process the name of its source")
