"""Several servers of one model: which of them is asked next, which is set aside, and how one comes back.

1. A question goes to the server with the fewest tokens under way among those that are well and may be sent one more.
2. A server that turns a question away since it is busy is no failing one: it is sent half as many at once, after a rest, and the question
   waits for the next place at any server. One that wants to rest for longer than a question may take, or answers nothing for that long, is set aside.
3. A server that fails :data:`~foureyes.models.completions.members.FAILURES_IN_A_ROW` times in a row is set aside, and what it failed at is asked of another. No
   server that failed at a question is asked it again.
4. While others read or rest, one that is aside is looked at every :data:`LOOK_EVERY_S` seconds; where it wants to be left alone, not before it
   has been, or :data:`LEFT_ALONE_S` seconds are over. It comes back when it answers, and is still the same model. One that has become another model
   is refused by its name, and never asked again.
5. When all are aside, nothing more is asked; :meth:`ServerPool.look_again` looks at all of them at once.

The rule that holds throughout: an address is asked with its own key only, and every reading comes from a server that has proved
to be the model that the pool was opened with.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, Self, TypeVar

from foureyes.errors import ConfigError, ModelError, ModelRefused, ModelUnavailable
from foureyes.http.busy import TURNED_AWAY
from foureyes.http.in_flight import InFlightLimit
from foureyes.models.completions.connection import Connection
from foureyes.models.completions.members import (
    Member,
    Question,
    Sending,
    SharedWork,
    none_answers,
    not_asked,
    not_back,
    too_busy,
)
from foureyes.models.completions.probe import ServerFacts
from foureyes.models.completions.server import ModelServer, ServerWish, difference
from foureyes.models.server_use import OnServer, ServerChange, ServerState, ignore_change
from foureyes.models.token_logprobs import RowFault

__all__ = ["ServerPool"]

LOOK_EVERY_S: Final = 5.0

LEFT_ALONE_S: Final = 300.0
"""Most seconds for which one that is aside is not looked at, however long it wants to be left alone."""

LOOK_SECONDS: Final = 10.0
"""Most seconds for one request while a server is looked at."""

T = TypeVar("T")


class ServerPool:
    """Servers of one model. Any thread may ask.

    Args:
        connections: to the servers, one each; they are closed with the pool.
        wish: what each server is to be.
        limits: of requests at once, one a server.
        tell: told, from any thread, when a server is set aside, joins or is refused.
        clock: seconds that only grow.

    Attributes:
        outages: how often the last server that was well was set aside or refused.
    """

    def __init__(
        self,
        connections: Sequence[Connection],
        wish: ServerWish,
        limits: Sequence[InFlightLimit],
        *,
        tell: OnServer = ignore_change,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._members = [Member(one, limit) for one, limit in zip(connections, limits, strict=True)]
        self._wish = wish
        self._tell = tell
        self._clock = clock
        self._changed = threading.Condition()
        self._looks: SharedWork[list[ModelError | None]] = SharedWork()
        self._first: ModelServer | None = None
        self._closed = False
        self.outages = 0

    def open(self) -> Self:
        """Finds out what every server is. One that does not answer may do so later, if another does.

        Raises:
            ModelUnavailable: none answers.
            ModelRefused: one does not show what reading needs, or is another model than the ones before it.
            ConfigError: the chat template makes nothing of its arguments.
        """
        gone: list[ModelUnavailable] = []
        for member in self._members:
            try:
                self._admit(member, ModelServer.found(member.connection, self._wish))
            except ModelUnavailable as error:
                gone.append(error)
                self._set_aside(member, str(error))
        if len(gone) == len(self._members):
            raise gone[0] if len(gone) == 1 else none_answers(gone)
        return self

    def close(self) -> None:
        """Closes the connections, and waits for whoever is looking at a server."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for member in self._members:
            member.connection.close()
        for thread in [member.looking for member in self._members if member.looking is not None]:
            thread.join()

    @property
    def facts(self) -> ServerFacts:
        """What the servers are; the address is that of the first that answered."""
        if self._first is None:
            raise AssertionError("a pool is opened before it is used")
        return self._first.facts

    @property
    def addresses(self) -> list[str]:
        """Of the servers, in their order."""
        return [member.address for member in self._members]

    @property
    def at_once(self) -> int:
        """Requests that the servers that are well take at once, now; ≥ 1."""
        return max(1, sum(member.limit.value for member in self._members if member.well))

    @property
    def most(self) -> int:
        """Requests at once that there will ever be."""
        return sum(member.limit.most for member in self._members)

    @property
    def stopped(self) -> str | None:
        """Why nothing is asked any more; ``None`` while a server is well."""
        with self._changed:
            return self._why_stopped()

    def prepare(self, work: Callable[[ModelServer], T]) -> T:
        """Asks for something small, such as tokens, of the server with the least to do; others where it fails.

        Raises:
            RowFault: the last server's.
        """
        return self._asked(Question(0, counted=False), work)

    def read(self, n_tokens: int, work: Callable[[ModelServer], T]) -> T:
        """Asks for a reading, as soon as a server may be sent one more; of others where it fails.

        Args:
            n_tokens: to be read.
            work: asks the server it is given, once.

        Raises:
            RowFault: the last server's, or that of the row itself.
        """
        return self._asked(Question(n_tokens, counted=True), work)

    def look_again(self) -> None:
        """Looks at all servers where none is well, once for all who ask meanwhile.

        Raises:
            ModelUnavailable: none of them is back.
            ModelRefused: every one of them is another model now.
        """
        if (why := self.stopped) is None:
            return
        found = self._looks.shared(lambda: [] if self.stopped is None else [self._look(one) for one in self._members])
        if self.stopped is not None:
            faults = [fault for fault in found if fault is not None]
            raise not_back(self.facts.model, self.addresses, why, faults)

    def doubt(self) -> None:
        """Sets servers aside that are gone, however few questions they have failed at."""
        for member in self._members:
            if member.well and (why := member.gone(LOOK_SECONDS)) is not None:
                self._set_aside(member, why)

    def _asked(self, question: Question, work: Callable[[ModelServer], T]) -> T:
        """What a question comes to; raises the last fault where no server answers it."""
        while True:
            sending = self._sent(question)
            try:
                with self._outcome(sending) as server:
                    return work(server)
            except RowFault as fault:
                if not fault.elsewhere:
                    raise
                question.fault = fault

    def _sent(self, question: Question) -> Sending:
        """Chooses the server to ask, as soon as one may be sent one more; raises the last fault where none is left."""
        with self._changed:
            while True:
                self._look_soon()
                now = self._clock()
                able = [one for one in self._members if one.well and one not in question.failed]
                if self._closed or not able:
                    raise question.fault or not_asked(self._why_stopped() or "it is closed")
                free = [one for one in able if one.rest.until <= now and not (question.takes_place and one.full)]
                if free:
                    return min(free, key=lambda one: (one.tokens, one.requests)).take(question, now)
                self._changed.wait(self._most_wait_s(able, now))

    def _most_wait_s(self, able: Sequence[Member], now: float) -> float | None:
        """Seconds until one has rested or is to be looked at; ``None`` where only a place can become free."""
        waits = [one.rest.until - now for one in able if one.rest.until > now]
        if any(one.may_join for one in self._members):
            waits.append(LOOK_EVERY_S)
        return min(waits, default=None)

    def _may_wait(self, sending: Sending, fault: RowFault) -> bool:
        """Has a server rest that turned a question away, and says whether it may be asked that again."""
        member, turned_away = sending.member, sending.question.turned_away
        wanted_s, most_s = fault.busy_s or 0.0, member.connection.timeout_s
        with self._changed:
            now = self._clock()
            turned_away.append((member, now))
            member.turns_away(sending.at, now, wanted_s)
            is_late = member.rest.until > turned_away[0][1] + most_s
            since = next(at for one, at in turned_away if one is member)
            is_gone = member.rest.is_too_long(since, wanted_s, most_s)
        if is_gone:
            self._set_aside(member, too_busy(fault, most_s), for_s=min(wanted_s, LEFT_ALONE_S))
        return not is_gone and (not is_late or len(turned_away) < TURNED_AWAY)

    @contextmanager
    def _outcome(self, sending: Sending) -> Iterator[ModelServer]:
        """Notes what comes of a question: how the server is, and whether it may be asked that again; then gives its place to the next."""
        member = sending.member
        if member.server is None:
            raise AssertionError("only a server that was found is asked")
        failure: str | None = None
        counts = sending.question.counted  # a server may make tokens and still read nothing
        try:
            yield member.server
        except RowFault as fault:
            was_busy = sending.was_busy(fault)
            if was_busy:
                counts = False
            elif fault.server_wide:
                failure, counts = fault.detail, True
                member.limit.turned_away()
            if not was_busy or not self._may_wait(sending, fault):
                sending.question.failed.append(member)
            raise
        else:
            self._note_answer(sending)
        finally:
            self._count(sending, failure, counts=counts)

    def _note_answer(self, sending: Sending) -> None:
        member = sending.member
        with self._changed:
            member.answers(self._clock(), counted=sending.question.counted)
        if not sending.question.counted:
            return
        # replies that come together leave places free for a moment: full is who was so at any time meanwhile
        others = max((one.limit.value for one in self._members if one.well), default=0)
        member.limit.answered(sending.question.n_tokens, full=member.filled > sending.filled, others=others)

    def _count(self, sending: Sending, failure: str | None, *, counts: bool) -> None:
        member = sending.member
        if counts:
            member.breaker.count(failure)
        with self._changed:
            member.tokens -= sending.question.n_tokens
            member.requests -= sending.takes_place
            self._changed.notify_all()
        if member.breaker.reason is not None and member.aside is None:
            self._set_aside(member, member.breaker.reason)

    def _set_aside(self, member: Member, why: str, *, for_s: float = 0.0) -> None:
        """Asks it nothing for a while; it is looked at again while others read, but not before so many seconds are over."""
        with self._changed:
            if member.aside is not None or self._closed:
                return
            was_well = member.well
            member.aside, member.looked = why, self._clock() + max(0.0, for_s - LOOK_EVERY_S)
            self._note_outage(was_well=was_well)
        self._told(member, "aside", why)

    def _note_outage(self, *, was_well: bool) -> None:
        """Whoever is here holds the lock, and has just taken a server out."""
        self.outages += was_well and not any(member.well for member in self._members)
        self._changed.notify_all()

    def _look_soon(self) -> None:
        """Has servers looked at that have been aside for a while; whoever is here holds the lock, and does not wait."""
        due = self._clock() - LOOK_EVERY_S
        if all(not member.well for member in self._members):
            return
        for member in self._members:
            if member.absent and member.looked <= due and not self._closed:
                member.looked = self._clock()
                thread = threading.Thread(target=self._look, args=(member,), name="foureyes-look", daemon=True)
                with suppress(RuntimeError):  # the system starts no thread: it is looked at when that is due again
                    thread.start()
                    member.looking = thread

    def _look(self, member: Member) -> ModelError | None:
        """Looks at a server that is aside; the reason why it stays so."""
        if member.refused is not None:
            return member.refused
        try:
            found = ModelServer.found(member.connection.hurried(LOOK_SECONDS), self._wish)
            self._admit(member, found)
        except ModelUnavailable as error:
            return error
        except (ModelRefused, ConfigError) as error:
            return self._refuse(member, error)
        except RuntimeError:
            if not self._closed:
                raise
        return None

    def _refuse(self, member: Member, error: ModelRefused | ConfigError) -> ModelRefused:
        refused = error if isinstance(error, ModelRefused) else ModelRefused(str(error), model=member.address)
        with self._changed:
            was_well = member.well
            member.refused = refused
            self._note_outage(was_well=was_well)
        self._told(member, "refused", str(refused))
        return refused

    def _admit(self, member: Member, server: ModelServer) -> None:
        """Lets a server read, if it is the same model as the others."""
        if self._first is not None and (wrong := difference(self._first, server)) is not None:
            raise ModelRefused(
                f"{member.address}: wanted the model that reads elsewhere; got another one: {wrong}",
                model=member.address,
            )
        with self._changed:
            self._first = self._first or server
            was_aside = member.aside is not None
            member.joins(server.over(member.connection.leaving_busy()), self._clock())
            self._changed.notify_all()
        if was_aside:
            self._told(member, "joined")

    def _told(self, member: Member, state: ServerState, why: str = "") -> None:
        if len(self._members) > 1:
            self._tell(ServerChange(member.address, state, why))

    def _why_stopped(self) -> str | None:
        if any(member.well for member in self._members):
            return None
        return "; ".join(str(member.refused or member.aside) for member in self._members)
