"""A bounded list of a tenant's latest decisions and alarms, and a queue for every browser that follows them.

Memory is bounded twice: the feed keeps the last 2 000, and a watcher that does not keep up is let go (it is told so
and may come back with the id it saw last). Adding never waits for anybody. One event loop uses a feed; whatever has to be made
before it can be shown is made one at a time, with everybody else's turn in between.

Start at :meth:`Feed.add` and :meth:`Feed.watch`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar, cast

from foureyes.errors import StateError
from foureyes.guard.deadline import log_failure

__all__ = ["Event", "Feed", "Lagging", "Later"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_PENDING: Final = 256
"""Events a watcher may be behind before it is let go."""


class Lagging(Exception):
    """The watcher was too slow; what it missed is in the feed."""


class Later(Generic[T_co]):
    """A value that is made when somebody looks at it for the first time.

    Args:
        make: makes it; what this raises, whoever looks is told, each time. A feed passes over a :class:`~foureyes.errors.StateError`.

    Example:
        >>> Later(lambda: 1 + 1).value
        2
    """

    __slots__ = ("_error", "_make", "_value")

    def __init__(self, make: Callable[[], T_co]) -> None:
        self._make: Callable[[], T_co] | None = make
        self._value: T_co | None = None
        self._error: StateError | None = None

    @property
    def is_made(self) -> bool:
        """Whether to look costs nothing any more."""
        return self._make is None or self._error is not None

    @property
    def value(self) -> T_co:
        """The value."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._make is not None:
            try:
                self._value, self._make = self._make(), None
            except StateError as error:  # it was read in vain, and is not read again
                self._error = error
                raise
        return cast("T_co", self._value)


@dataclass(frozen=True, slots=True)
class Event(Generic[T]):
    """A numbered entry of a feed.

    Attributes:
        id: grows, from 1: by one, unless whoever adds events gives them numbers.
        kind: ``"decision"``, ``"alarm"``, …
        held: what happened, or what makes it for whoever looks.
    """

    id: int
    kind: str
    held: T | Later[T]

    @property
    def value(self) -> T:
        """What happened."""
        return self.held.value if isinstance(self.held, Later) else self.held


class Feed(Generic[T]):
    """The last events, and a queue for everybody who watches.

    Args:
        keep: how many events to remember, ≥ 1.
        watchers: how many may watch at once, ≥ 1.

    Example:
        >>> feed = Feed[str](keep=2)
        >>> [feed.add("decision", word).id for word in ("a", "b", "c")]
        [1, 2, 3]
        >>> [event.value for event in feed.after(0)]
        ['b', 'c']
    """

    def __init__(self, *, keep: int = 2000, watchers: int = 64) -> None:
        self._events: deque[Event[T]] = deque(maxlen=keep)
        self._watching: set[asyncio.Queue[Event[T] | None]] = set()
        self._most = watchers
        self._last = 0
        self._over = self._is_told = False

    @property
    def full(self) -> bool:
        """Whether nobody else can watch."""
        return self._over or len(self._watching) >= self._most

    def add(self, kind: str, value: T | Later[T], *, number: int | None = None) -> Event[T]:
        """Remembers an event and hands it to every watcher; the one who cannot take it is let go.

        Args:
            kind: of the event.
            value: what happened, or what makes it for whoever looks.
            number: its id, above that of the event before; ``None`` for the next one.
        """
        self._last = self._last + 1 if number is None else number
        event = Event(self._last, kind, value)
        self._events.append(event)
        for queue in list(self._watching):
            if queue.qsize() >= _PENDING:
                self._watching.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)
        return event

    def replace(self, events: Iterable[Event[T]], *, last: int = 0) -> None:
        """Remembers these, in order, in place of those before; watchers are let go, as they may not have seen them.

        Args:
            events: what is remembered.
            last: up to which id whoever watched may know what happened, although it is remembered no more.
        """
        self._events.clear()
        self._events.extend(events)
        self._last = max(last, self._events[-1].id if self._events else 0)
        while self._watching:
            self._watching.pop().put_nowait(None)

    def end(self) -> None:
        """Ends every watching, and lets nobody watch any more."""
        self._over = True
        for queue in self._watching:
            queue.put_nowait(None)

    def after(self, last_id: int) -> list[Event[T]]:
        """The events remembered since, the oldest first."""
        return [event for event in self._events if event.id > last_id]

    async def latest(
        self, n: int, *, kind: str | None = None, wanted: Callable[[T], bool] | None = None
    ) -> list[Event[T]]:
        """The last n events that can be shown, the newest first.

        Args:
            n: how many at most.
            kind: of the events; ``None`` for any.
            wanted: which values are looked for; ``None`` for all.
        """
        found: list[Event[T]] = []
        for event in [event for event in reversed(self._events) if kind in (None, event.kind)]:
            if len(found) == n:
                break
            if await self._made(event) and (wanted is None or wanted(event.value)):
                found.append(event)
        return found

    async def remembered(self, kind: str) -> tuple[int, Event[T] | None]:
        """How many events of a kind are remembered, and the oldest of them that can be shown."""
        events = [event for event in self._events if event.kind == kind]
        for event in events:
            if await self._made(event):
                return len(events), event
        return len(events), None

    async def watch(self, last_id: int, *, every_s: float) -> AsyncIterator[Event[T] | None]:
        """Events from after ``last_id`` on that can be shown, until the feed ends; ``None`` whenever nothing came for a while.

        Whoever knows a later one than there was yet knows another history: of the process before, or of a database that was
        restored since. It is shown all that is remembered.

        Raises:
            Lagging: the watcher fell too far behind.
        """
        with self._queue() as queue:
            last_id = last_id if last_id <= self._last else 0
            for event in self.after(last_id):
                await asyncio.sleep(0)  # whoever takes events may never wait
                if self._can_be_shown(event):
                    yield event
                last_id = event.id
            while True:
                try:
                    event_or_end = await asyncio.wait_for(queue.get(), every_s)
                except TimeoutError:
                    yield None
                    continue
                if event_or_end is None and self._over:
                    return
                if event_or_end is None:
                    raise Lagging
                if event_or_end.id > last_id and await self._made(event_or_end):
                    yield event_or_end

    async def _made(self, event: Event[T]) -> bool:
        """Whether its value can be made; others get their turn of the event loop before it is."""
        if isinstance(event.held, Later) and not event.held.is_made:
            await asyncio.sleep(0)
        return self._can_be_shown(event)

    def _can_be_shown(self, event: Event[T]) -> bool:
        """Whether its value can be made: a newer version may have written what this one cannot read. An operator is told once."""
        try:
            _ = event.value
        except StateError as error:
            if not self._is_told:
                log_failure(error, "an event of the page")
            self._is_told = True
            return False
        return True

    @contextmanager
    def _queue(self) -> Iterator[asyncio.Queue[Event[T] | None]]:
        queue: asyncio.Queue[Event[T] | None] = asyncio.Queue()
        self._watching.add(queue)
        try:
            yield queue
        finally:
            self._watching.discard(queue)
