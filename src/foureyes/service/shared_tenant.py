"""One tenant of a service that shares its state with other replicas: its turns at the store, and the events that come of them.

Whoever wants something of the tenant's state waits here, and all who wait at the same time are served by one turn:

1. the events that other replicas added since the last turn are applied, in order, by the same code that applies our own;
2. what was asked of the allowance is taken, under the tenant's lock;
3. our own events are added behind the others, committed, and only then applied.

So whoever was admitted has seen all that was known of the tenant at that moment, and an answer that went out stands in the
journal. The rule that holds throughout: what cannot be read or written in time is a :class:`~foureyes.errors.StateError`, and
nobody is admitted, allowed or told anything without it. An event that could not be added is tried again, once for good. One event
loop uses it; whatever blocks is done in threads.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from foureyes.config import RateLimit
from foureyes.errors import InputError, StateError
from foureyes.guard.deadline import log_bug
from foureyes.guard.threads import BoundedThreads
from foureyes.service.event_json import encode
from foureyes.service.formats import NewerFormat
from foureyes.service.journal_loading import JournalLoading
from foureyes.service.journal_reading import read
from foureyes.service.logs import Log
from foureyes.service.own_events import OwnEvents
from foureyes.service.tenant_events import Suspended, TenantEvent
from foureyes.service.tenant_records import NOT_WATCHED, Applied, TenantRecords
from foureyes.service.wish import Wish, n_together, take_all
from foureyes.shared_state.journal import EventBatch, Journaled, JournalTail, Place, StoreTurn
from foureyes.shared_state.store import SharedStore, Unanswered, Unkept

__all__ = ["SNAPSHOT_EVERY", "SNAPSHOT_EVERY_BYTES", "SharedTenant"]

SNAPSHOT_EVERY: Final = 2_000
SNAPSHOT_EVERY_BYTES: Final = 1 << 25
"""Events between two snapshots, or their bytes; whoever adds the event that makes one due makes it."""

_SLICE: Final = 50
"""Events that are applied before others get their turn of the event loop."""

_MOST_WAITING: Final = 10_000

_PAUSES_S: Final = (0.05, 0.2, 1.0)
"""Between attempts to add what could not be added; the last again and again."""

_END_S: Final = 5.0


class SharedTenant:
    """The turns of one tenant in this replica.

    Args:
        store: what replicas share.
        records: what is known of the tenant here.
        loading: of what the journal led to, at first and where it does not go on from what is known here.
        threads: in which the store is asked.
        log: where an operator is told that the store cannot be used, and that it can again.
        tell: is told what came of an event of ours for which nobody waited any more.

    Attributes:
        is_outdated: whether a newer version wrote what this one cannot read, so that nobody is served here.
    """

    def __init__(
        self,
        store: SharedStore,
        records: TenantRecords,
        loading: JournalLoading,
        *,
        threads: BoundedThreads,
        log: Log,
        tell: Callable[[Applied], None],
    ) -> None:
        self._store: Final = store
        self._records: Final = records
        self._loading: Final = loading
        self._threads: Final = threads
        self._log: Final = log
        self._known: Place | None = None  # None until it is loaded
        self._waiting: deque[Wish] = deque()
        self._added: tuple[EventBatch, list[Wish]] = (EventBatch(()), [])
        self._own: Final = OwnEvents(f"{store.place}: {records.name} was loaded anew meanwhile", tell)
        self._work: asyncio.Task[None] | None = None
        self._failures, self._is_stuck, self.is_outdated, self._is_allowance_newer = 0, False, False, False

    @property
    def name(self) -> str:
        """The tenant's."""
        return self._records.name

    @property
    def head(self) -> int:
        """Number of the last event that is known here."""
        return 0 if self._known is None else self._known.number

    async def acquire(self, rate: RateLimit, n: int) -> float | None:
        """Takes n requests' worth of what the tenant may ask for, and learns what others added before.

        Args:
            rate: what is allowed.
            n: how many; none, of a tenant without limits.

        Returns:
            ``None`` when they are allowed; otherwise after how many seconds to try again, > 0.

        Raises:
            StateError: the store did not answer in time.
        """
        is_limited = rate.requests_per_minute is not None or rate.requests_per_day is not None
        self._is_allowance_newer &= is_limited  # without limits none is read
        wait: float | None = await self._wait(Wish(rate=rate, n=n) if is_limited and n else Wish())
        return wait

    async def append(self, event: TenantEvent, *, texts: bool) -> Applied:
        """Adds an event behind all others, and says what came of it there.

        Args:
            event: what happened.
            texts: whether its texts may be kept.

        Raises:
            StateError: the store did not answer in time, and the event is added as soon as it does; or too many wait already.
        """
        try:
            raw = encode(event, texts=texts)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody can be told, so nobody watched
            suspended: Applied = await self._wait(Wish(raw=encode(Suspended(NOT_WATCHED, event.at), texts=texts)))
            return replace(suspended, failures=[error, *suspended.failures])
        applied: Applied = await self._wait(Wish(raw=raw))
        return applied

    async def catch_up(self) -> None:
        """Learns what others added.

        Raises:
            StateError: the store did not answer in time.
        """
        await self._wait(Wish())
        if self._is_allowance_newer:
            await self._wait(Wish(rate=RateLimit()))  # takes nothing, and learns whether it can be read again

    async def close(self) -> None:
        """Adds what still waits, for a few seconds at most; an operator is told how many events could not be added then."""
        if self._work is not None:
            await asyncio.wait({self._work}, timeout=_END_S)
            self._work.cancel()
        if n := len(self._added[1]) + sum(wish.raw is not None for wish in self._waiting):
            self._log.error("shared_state", tenant=self.name, given_up=n)

    async def _wait(self, wish: Wish) -> Any:
        if len(self._waiting) >= _MOST_WAITING:
            raise StateError(f"{self._store.place}: {len(self._waiting)} requests of {self.name} wait for it")
        self._waiting.append(wish)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._work_off())
        is_told = False
        try:
            async with asyncio.timeout(self._store.answer_s):
                came = await asyncio.shield(wish.done)
                is_told = True
                return came
        except TimeoutError:
            raise StateError(f"{self._store.place} did not answer within {self._store.answer_s:g} s") from None
        finally:
            wish.leave()
            if not is_told:
                self._own.tell_for(wish)

    async def _work_off(self) -> None:
        """Takes turns until nobody waits. Whoever only asked is told of a failure; events stay, and are tried again."""
        while self._waiting or self._added[1]:
            asking = self._next()
            try:
                await self._turn(asking)
            except Exception as error:  # noqa: BLE001 - whatever it is, everybody who waits is told
                self._failed(asking, error)
                await asyncio.sleep(_PAUSES_S[min(self._failures, len(_PAUSES_S)) - 1] if self._added[1] else 0)
            else:
                self._succeeded(asking)

    def _next(self) -> list[Wish]:
        """Those who only ask; events of others go into the batch unless one is still being tried."""
        waiting, self._waiting = self._waiting, deque()
        asking = [wish for wish in waiting if wish.raw is None and not wish.done.done()]
        adding = [wish for wish in waiting if wish.raw is not None]
        if not self._added[1]:
            n = n_together(adding)
            now, adding = adding[:n], adding[n:]
            self._added = EventBatch([wish.raw for wish in now if wish.raw is not None]), now
        self._waiting.extendleft(reversed(adding))
        return asking

    async def _turn(self, asking: Sequence[Wish]) -> None:
        known = self._known or await self._loaded()
        taking, (batch, added) = [wish for wish in asking if wish.rate is not None], self._added
        if self._is_stuck or not (taking or added):
            known = await self._followed(known)
        if taking or added:
            waits: list[float | None] = []
            use = partial(self._use, taking, waits) if taking else None
            try:
                turn = await self._threads.do(partial(self._store.turn, self.name, known, batch, use))
            except Unkept:
                await self._followed(known)
                await self._keep_snapshot()  # then it is tried again
                raise
            await self._took(turn, batch, added)
            for wish, wait in zip(taking, waits, strict=True):
                wish.settle(wait)
        for wish in asking:
            wish.settle(None)

    async def _followed(self, known: Place) -> Place:
        await self._advance(await self._threads.do(partial(self._store.follow, self.name, known)))
        return self._known or known

    async def _took(self, turn: StoreTurn, batch: EventBatch, added: Sequence[Wish]) -> None:
        """Our events are added; they are applied behind those of others."""
        first = turn.first.number
        self._own.add(turn.first, added)
        self._added = EventBatch(()), []
        own = [Journaled(first + i, turn.first.at, raw) for i, raw in enumerate(batch.events)]
        await self._advance(turn.followed, own)
        last, size = first - 1 + len(own), sum(len(one.event) for one in own)
        if _passes(first - 1, last, SNAPSHOT_EVERY) or _passes(turn.unkept - size, turn.unkept, SNAPSHOT_EVERY_BYTES):
            await self._keep_snapshot()

    def _use(self, taking: Sequence[Wish], waits: list[float | None], used: str, clock: float, now: float) -> str:
        """Takes what each asks for, one after the other; called in a thread, under the tenant's lock."""
        try:
            after, waits[:] = take_all(taking, used, clock=clock, now=now)
        except InputError as error:
            self._is_allowance_newer = isinstance(error, NewerFormat)
            what = f"what {self.name} used of its allowance cannot be read: {error}"
            raise StateError(f"{self._store.place}: {what}") from error
        return after

    async def _advance(self, followed: JournalTail, own: Sequence[Journaled] = ()) -> None:
        """Applies what others added and then what we did; reads on where it is more than a page."""
        last = own[-1].number if own else followed.head
        self._is_stuck = True  # until all of it could be applied; meanwhile nothing further is added
        while followed.continues:
            await self._apply([one for one in followed.events if one.number > self.head])
            if own and self.head + 1 == own[0].number:
                await self._apply(own)
            if self.head >= last:
                self._is_stuck = False
                return
            known = self._known or Place()
            followed = await self._threads.do(partial(self._store.follow, self.name, known))
        await self._loaded()

    async def _apply(self, events: Sequence[Journaled]) -> None:
        for start in range(0, len(events), _SLICE):
            for one in events[start : start + _SLICE]:
                event = read(self._store, self.name, one)
                applied = self._records.apply(event, number=one.number, size=len(one.event))
                self._known = Place(one.number, one.at)
                self._own.tell(one, applied)
            if start + _SLICE < len(events):
                await asyncio.sleep(0)

    async def _loaded(self) -> Place:
        """Makes the records anew from what the store has: at first, and where its journal does not go on from what we know."""
        found = await self._loading.recorded()
        if self._known is not None:
            self._log.warning("shared_state", tenant=self.name, reloaded=True)
        self._records.become(found.records)  # whoever looks meanwhile sees all of the one or all of the other
        self._known, self._is_stuck = found.known, False
        self._own.tell_all(found)
        return self._known

    async def _keep_snapshot(self) -> None:
        number, document = self.head, self._records.to_json()
        try:
            await self._threads.do(partial(self._store.keep, self.name, number, document))
        except StateError as error:
            self._log.error("shared_state", tenant=self.name, snapshot=False, error=str(error))

    def _failed(self, asking: Sequence[Wish], error: Exception) -> None:
        """The words of a StateError tell of hosts and of the database; an operator needs them, and no caller gets them."""
        was_outdated, self.is_outdated = self.is_outdated, self.is_outdated or isinstance(error.__cause__, NewerFormat)
        if isinstance(error, Unanswered):
            for wish in self._added[1]:
                wish.fail(error)
            self._added = EventBatch(()), []
        if not isinstance(error, StateError):
            log_bug(error, "the shared state")
        if self._failures == 0 or self.is_outdated != was_outdated:
            told = str(error) if isinstance(error, StateError) else type(error).__name__
            self._log.error("shared_state", tenant=self.name, usable=False, error=told)
        self._failures += 1
        for wish in asking:
            wish.fail(error if isinstance(error, StateError) else StateError(f"{self._store.place} cannot be used"))

    def _succeeded(self, asking: Sequence[Wish]) -> None:
        if self._is_allowance_newer and all(wish.rate is None for wish in asking):
            return  # what a newer version wrote was not read
        if self._failures:
            self._log.info("shared_state", tenant=self.name, usable=True)
        self._failures, self.is_outdated, self._is_allowance_newer = 0, False, False


def _passes(before: int, after: int, every: int) -> bool:
    """Whether a multiple of a number was reached on the way."""
    return before // every != after // every
