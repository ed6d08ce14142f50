"""Parts by the settings they are made of, so that what did not change is not made again."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar, cast

__all__ = ["PartCache", "close"]

T = TypeVar("T")


class PartCache:
    """Takes parts over from an earlier cache, or has them made.

    Args:
        earlier: parts made before, by what they are made of.

    Example:
        >>> cache = PartCache({"a": 1})
        >>> cache.get_or_make("a", lambda: 2), cache.get_or_make("b", lambda: 3), cache.parts, cache.made
        (1, 3, {'a': 1, 'b': 3}, {'b': 3})
    """

    def __init__(self, earlier: Mapping[Hashable, Any]) -> None:
        self._earlier = earlier
        self.parts: dict[Hashable, Any] = {}

    def get_or_make(self, what: Hashable, make: Callable[[], T]) -> T:
        """The part that is made of this."""
        if what not in self.parts:
            self.parts[what] = self._earlier[what] if what in self._earlier else make()
        return cast("T", self.parts[what])

    @property
    def made(self) -> dict[Hashable, Any]:
        """Those that were not there before."""
        return {what: part for what, part in self.parts.items() if what not in self._earlier}


async def close(part: Any) -> None:
    """Closes a part that can be closed, in whichever of the two ways."""
    ending = getattr(part, "aclose", None) or getattr(part, "close", None)
    if ending is not None and inspect.isawaitable(ended := ending()):
        await ended
