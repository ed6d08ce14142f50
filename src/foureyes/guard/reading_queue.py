"""Which of the answers that wait are read next. Pure: no clock, no thread, no model.

A reader gives nothing back before it has read all that it was handed, so a call of it is kept short, and what is short does not
wait behind what is long:

1. An answer is due when as many characters were handed to the reader as when it came, and four times its own and its prompt's besides.
2. What is due first is read first, together with what else waits of the same prompt, which a reader reads once.
3. A call ends before it has more than so many characters that are new, and before an answer that has more than all those before it, which
   would wait for that one; but it has one answer at least.

So nothing overtakes an answer that comes after the reader was handed four times as many characters as the answer has itself: a long one waits
longer than by its turn, and not for ever.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from foureyes.types import Exchange, Prompt, ToolDefinition, text_of

__all__ = ["ReadingQueue"]

_PATIENCE: Final = 4
"""Times its own characters that an answer lets others be read first; more shortens the wait of short ones little."""

_FEW: Final = 512
"""Characters that are read in so little time that no answer minds waiting for them."""

Key = TypeVar("Key", bound=Hashable)

Shared: TypeAlias = tuple[Prompt, tuple[ToolDefinition, ...]]


@dataclass(frozen=True, slots=True)
class _Row:
    """What waits.

    Attributes:
        exchange: to be read.
        shared: what it may have in common with others: its prompt.
        size: characters of all of it.
        due: characters handed to the reader by then.
    """

    exchange: Exchange
    shared: Shared
    size: int
    due: int

    @property
    def beside_others(self) -> int:
        """Characters where its prompt is read anyhow."""
        return len(self.exchange.answer)


class ReadingQueue(Generic[Key]):
    """Exchanges that wait to be read, each under a key of its own.

    Args:
        most: exchanges in one call, ≥ 1.
        call_size: new characters in one call, unless of one exchange, ≥ 1.

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
        shared = (exchange.prompt, exchange.tools)
        told = sum(len(tool.description) + len(tool.parameters) for tool in exchange.tools)
        size = len(text_of(exchange.prompt)) + told + len(exchange.answer)
        self._rows[key] = _Row(exchange, shared, size, self._handed + _PATIENCE * size)

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
        batch: dict[Key, Exchange] = {}
        handed = 0
        for key, new in self._in_turn():
            if len(batch) == self._most or (batch and new > min(self._call_size - handed, max(handed, _FEW))):
                break
            batch[key] = self._rows[key].exchange
            handed += new
        for key in batch:
            del self._rows[key]
        self._handed += handed
        return batch

    def _in_turn(self) -> Iterator[tuple[Key, int]]:
        """Who waits, and how much each adds to those before it."""
        together: dict[Shared, list[Key]] = {}
        for key in sorted(self._rows, key=lambda key: self._rows[key].due):
            together.setdefault(self._rows[key].shared, []).append(key)
        for first, *others in together.values():
            yield first, self._rows[first].size
            yield from ((key, self._rows[key].beside_others) for key in others)
