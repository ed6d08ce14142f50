"""Work done several at once and handed back in order, with no more of it in hand than is of use."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Final, TypeVar

__all__ = ["in_order"]

T = TypeVar("T")
R = TypeVar("R")

_READY: Final = 4
"""Times as much as is under way may wait, done, for what is before it."""


def in_order(
    items: Iterable[T],
    begin: Callable[[T], Future[R]],
    *,
    at_once: Callable[[], int],
    size: Callable[[T], int] = lambda _: 1,
) -> Iterator[R]:
    """Begins work on items ahead of their turn, and hands what comes of each back in their order.

    Where one fails, what came of those before it is handed back first; those behind it are lost.

    Args:
        items: taken as far ahead as it takes to have that much under way.
        begin: begins work on one.
        at_once: how much is to be under way, ≥ 1: at least one item is.
        size: of an item.
    """
    rest, waiting = iter(items), deque[tuple[int, Future[R]]]()
    try:
        while True:
            while _has_room(waiting, at_once()):
                try:
                    item = next(rest)
                except StopIteration:
                    break
                waiting.append((size(item), begin(item)))
            if not waiting:
                return
            if waiting[0][1].done():
                yield waiting.popleft()[1].result()
            else:
                wait([future for _, future in waiting if not future.done()], return_when=FIRST_COMPLETED)
    finally:
        for _, future in waiting:  # what has not begun never will
            future.cancel()


def _has_room(waiting: Iterable[tuple[int, Future[R]]], most: int) -> bool:
    """Whether too little is under way, while not too much that is done waits for what is before it."""
    held = list(waiting)
    under_way = sum(n for n, future in held if not future.done())
    return not held or (under_way < most and sum(n for n, _ in held) < _READY * most)
