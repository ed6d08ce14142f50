"""Which places hang, as far as that can be told from rows that hang wherever they are read. Start at :class:`Hangs`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

__all__ = ["Hangs"]

_MOST: Final = 2
"""Things in a row over which a place hung, and no other did: then it is the place."""

T = TypeVar("T")


class Hangs(Generic[T]):
    """What workers hung over since something was last read where they were.

    Example:
        >>> hangs = Hangs[str]()
        >>> for place, piece in (("a", "1"), ("a", "1"), ("b", "1"), ("a", "2"), ("a", "3")):
        ...     hangs.hung(place, piece)
        >>> hangs.at("a"), hangs.blamed("a"), hangs.at("b")
        (2, True, 0)
    """

    def __init__(self) -> None:
        self._over: defaultdict[Hashable, list[T]] = defaultdict(list)

    def hung(self, place: Hashable, what: T) -> None:
        """Counts a hang; what hung elsewhere before is to blame itself, and no place for it."""
        elsewhere = [over for other, over in self._over.items() if other != place and what in over]
        for over in elsewhere:
            over.remove(what)
        if not elsewhere and what not in self._over[place]:
            self._over[place].append(what)

    def forget(self, place: Hashable) -> None:
        """Something was read there, or nothing is any more."""
        self._over.pop(place, None)

    def at(self, place: Hashable) -> int:
        """Things in a row over which the place hung, and no other did."""
        return len(self._over.get(place, ()))

    def blamed(self, place: Hashable) -> bool:
        """Whether the place is to be given up."""
        return self.at(place) >= _MOST
