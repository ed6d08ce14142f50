"""Which of the answers that wait are read next. Pure: no clock, no thread, no model.

A reader gives nothing back before it has read all that it was handed, so a call of it is kept short, and what is short does not
wait behind what is long:

1. An answer is due when as many characters were handed to the reader as when it came, and four times its own and its prompt's besides.
2. What is due first is read first, together with what else waits of the same prompt, which a reader reads once.
3. A call ends before it has more than so many characters that are new, and before an answer that has more than all those before it, which
   would wait for that one; but it has one answer at least.
4. The prompt under way does not count against further answers to it, which may be as much as so many characters or as their prompt: else a long
   prompt would be read again for every few of them.

So nothing overtakes an answer that comes after the reader was handed four times as many characters as the answer has itself: a long one waits
longer than by its turn, and not for ever.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from heapq import nsmallest
from typing import Final, Generic, TypeVar

from foureyes.types import Exchange, Prompt, ToolDefinition, text_of

__all__ = ["ReadingQueue"]

_PATIENCE: Final = 4
"""Times its own characters that an answer lets others be read first; more shortens the wait of short ones little."""

_FEW: Final = 512
"""Characters that are read in so little time that no answer minds waiting for them."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, eq=False)
class _Shared:
    """What a row may have in common with others; its hash is taken once, as a prompt may be of many messages."""

    prompt: Prompt
    tools: tuple[ToolDefinition, ...]
    hashed: int

    @classmethod
    def of(cls, exchange: Exchange) -> _Shared:
        return cls(exchange.prompt, exchange.tools, hash((exchange.prompt, exchange.tools)))

    @property
    def size(self) -> int:
        """Characters of it."""
        told = sum(len(tool.description) + len(tool.parameters) for tool in self.tools)
        return len(text_of(self.prompt)) + told

    def __hash__(self) -> int:
        return self.hashed

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Shared) or self.hashed != other.hashed:
            return False
        return (self.prompt, self.tools) == (other.prompt, other.tools)


@dataclass(frozen=True, slots=True)
class _Row:
    """What waits.

    Attributes:
        exchange: to be read.
        shared: what it may have in common with others: its prompt.
        before: characters of that.
        due: characters handed to the reader by then.
    """

    exchange: Exchange
    shared: _Shared
    before: int
    due: int

    @property
    def own(self) -> int:
        """Characters where its prompt is read anyhow."""
        return len(self.exchange.answer)


class ReadingQueue(Generic[Key]):
    """Exchanges that wait to be read, each under a key of its own.

    Args:
        most: exchanges in one call, ≥ 1.
        call_size: new characters in one call, unless of one exchange or of answers to one prompt, ≥ 1.

    Example:
        >>> queue = ReadingQueue[str](most=64, call_size=100)
        >>> for answer in ("long " * 30, "short", "brief"):
        ...     queue.add(answer[:5], Exchange("Why?", answer))
        >>> list(queue.take()), list(queue.take())
        (['short', 'brief'], ['long '])
    """

    def __init__(self, *, most: int, call_size: int) -> None:
        self._most: Final = most
        self._call_size: Final = call_size
        self._rows: dict[Key, _Row] = {}
        self._handed = 0

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, key: Key, exchange: Exchange) -> None:
        """Has an exchange wait."""
        shared = _Shared.of(exchange)
        before = shared.size
        due = self._handed + _PATIENCE * (before + len(exchange.answer))
        self._rows[key] = _Row(exchange, shared, before, due)

    def discard(self, key: Key) -> None:
        """Has one wait no longer, if it does."""
        self._rows.pop(key, None)

    def clear(self) -> list[Key]:
        """Has nobody wait; who did."""
        keys = list(self._rows)
        self._rows.clear()
        return keys

    def take(self) -> Mapping[Key, Exchange]:
        """What is read in the next call; it waits no longer."""
        chosen: list[Key] = []
        handed = 0
        for key, new, room in self._in_turn():
            if len(chosen) == self._most or (chosen and new > min(room - handed, max(handed, _FEW))):
                break
            chosen.append(key)
            handed += new
        self._handed += handed
        return {key: self._rows.pop(key).exchange for key in chosen}

    def _in_turn(self) -> Iterator[tuple[Key, int, int]]:
        """Who waits, how much each adds to those before it, and how much all may have then."""
        keys = nsmallest(1, self._rows, key=self._due) if self._most == 1 else sorted(self._rows, key=self._due)
        together: dict[_Shared, list[Key]] = {}
        for key in keys:
            together.setdefault(self._rows[key].shared, []).append(key)
        for first, *others in together.values():
            row = self._rows[first]
            yield first, row.before + row.own, self._call_size
            room = row.before + max(self._call_size, row.before)  # the prompt is read, however many answers follow it
            yield from ((key, self._rows[key].own, room) for key in others)

    def _due(self, key: Key) -> int:
        return self._rows[key].due
