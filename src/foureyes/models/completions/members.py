"""A server as one of several: whether it is well, and what is under way at it; and what is done for several callers at once."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from foureyes.errors import ModelError, ModelRefused, ModelUnavailable
from foureyes.http.breaker import Breaker
from foureyes.http.busy import BusyRest
from foureyes.http.in_flight import InFlightLimit
from foureyes.models.completions.connection import Connection
from foureyes.models.completions.server import ModelServer
from foureyes.models.token_logprobs import RowFault
from foureyes.types import Unscored

__all__ = [
    "FAILURES_IN_A_ROW",
    "Member",
    "Question",
    "Sending",
    "SharedWork",
    "none_answers",
    "not_asked",
    "not_back",
    "too_busy",
]

FAILURES_IN_A_ROW: Final = 3

_UNAVAILABLE: Final = 503

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Member:
    """A server of a pool, and what is under way at it. The pool's lock guards what changes.

    Attributes:
        connection: to it.
        limit: of requests at once.
        server: what was found there; ``None`` until it answers.
        breaker: counts failures in a row since it (re)joined.
        aside: why it is asked nothing for a while.
        refused: why it is never asked again.
        tokens, requests: under way.
        filled: how often as many requests came to be under way as are allowed.
        looked: when it was last looked at, by the pool's clock.
        looking: whoever looks at it.
        rest: until when it is sent nothing, as it was busy. Of its answers, those to questions that count are noted there.
    """

    connection: Connection
    limit: InFlightLimit
    server: ModelServer | None = None
    breaker: Breaker[str] = field(default_factory=lambda: Breaker(FAILURES_IN_A_ROW))
    aside: str | None = None
    refused: ModelRefused | None = None
    tokens: int = 0
    requests: int = 0
    filled: int = 0
    looked: float = 0.0
    looking: threading.Thread | None = None
    rest: BusyRest = field(default_factory=BusyRest)

    @property
    def absent(self) -> bool:
        """Whether it may come back, and nobody looks whether it does."""
        return self.may_join and not (self.looking is not None and self.looking.is_alive())

    @property
    def may_join(self) -> bool:
        """Whether it is aside and may come back."""
        return self.aside is not None and self.refused is None

    @property
    def address(self) -> str:
        """Without ``/v1``."""
        return self.connection.root

    @property
    def full(self) -> bool:
        """Whether it is sent no more for now."""
        return self.requests >= self.limit.value

    def take(self, question: Question, now: float) -> Sending:
        """Sends it one more."""
        sending = Sending(self, question, now, self.filled, question.takes_place)
        self.tokens += question.n_tokens
        self.requests += sending.takes_place
        self.filled += sending.takes_place and self.full
        return sending

    def turns_away(self, sent: float, now: float, wanted_s: float) -> None:
        """Leaves it alone for a while, as it was too busy for a question: :meth:`~foureyes.http.busy.BusyRest.begins`.

        What it turns away of the questions that were sent together halves its limit once.
        """
        if self.rest.begins(sent, now, wanted_s):
            self.limit.turned_away()

    def answers(self, now: float, *, counted: bool) -> None:
        """Notes that a question was answered; one that is not counted tells no more than that the server is not too busy for it."""
        if counted:
            self.rest.answers(now)
        else:
            self.rest.n = 0

    def joins(self, server: ModelServer, now: float) -> None:
        """Lets it be asked from now on, whatever it was before."""
        self.server, self.aside, self.breaker = server, None, Breaker(FAILURES_IN_A_ROW)
        self.rest.until = -math.inf
        self.rest.answers(now)

    @property
    def well(self) -> bool:
        """Whether it is asked."""
        return self.aside is None and self.refused is None and self.server is not None

    def gone(self, timeout_s: float) -> str | None:
        """Asks it once what it serves, and says why it does not answer; ``None`` where it does."""
        try:
            self.connection.hurried(timeout_s).get("/v1/models")
        except RowFault as fault:
            return fault.detail if fault.server_wide and fault.busy_s is None else None
        return None


@dataclass(slots=True, eq=False)
class Question:
    """What is asked of a server, and of others where it fails.

    Attributes:
        n_tokens: to be read.
        counted: whether it is for a reading: by those the number of requests at once is found, and it is told whether a server reads.
        failed: servers that it is not asked of, or not again.
        turned_away: servers that turned it away as they were busy, and when.
        fault: what the last server made of it.
    """

    n_tokens: int
    counted: bool
    failed: list[Member] = field(default_factory=list)
    turned_away: list[tuple[Member, float]] = field(default_factory=list)
    fault: RowFault | None = None

    @property
    def takes_place(self) -> bool:
        """Whether it waits for its turn: small ones do so only after a server had too much to do with them."""
        return self.counted or bool(self.turned_away)


@dataclass(frozen=True, slots=True, eq=False)
class Sending:
    """A question that a server was sent.

    Attributes:
        member: the server.
        question: the question.
        at: when, by the pool's clock.
        filled: how often as many requests as are allowed had come to be under way by then.
        takes_place: whether it is one of those.
    """

    member: Member
    question: Question
    at: float
    filled: int
    takes_place: bool

    def was_busy(self, fault: RowFault) -> bool:
        """Whether the server is there and turned it away: it says that it has too much to do, or answered others meanwhile."""
        meanwhile = self.member.rest.answered >= self.at
        return fault.busy_s is not None or (fault.status == _UNAVAILABLE and meanwhile)


class SharedWork(Generic[T]):
    """Work that is done once for all who ask for it while it is under way. Thread-safe.

    Example:
        >>> SharedWork[int]().shared(lambda: 7)
        7
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done: list[T] = []
        self._n_done = 0

    def shared(self, work: Callable[[], T]) -> T:
        """What the work comes to, or what it came to since this was called."""
        before = self._n_done
        with self._lock:
            if self._n_done == before:
                self._done[:] = [work()]
                self._n_done += 1
            return self._done[0]


def none_answers(gone: Sequence[ModelUnavailable]) -> ModelUnavailable:
    """The error of a pool of which no server was there."""
    words = f"none of {len(gone)} servers answers: {'; '.join(map(str, gone))}"
    return ModelUnavailable(words, model=gone[0].model, retryable=True)


def not_asked(why: str) -> RowFault:
    """The fault of a row that nobody was asked for."""
    words = f"not asked, as the server stopped answering: {why}"
    return RowFault(Unscored("unavailable", words), server_wide=True)


def not_back(model: str, addresses: Sequence[str], why: str, faults: Sequence[ModelError]) -> ModelError:
    """The error of a pool whose servers stopped answering, and what was found when all were looked at again."""
    refused = [fault for fault in faults if isinstance(fault, ModelRefused)]
    if len(refused) == len(addresses):
        return refused[0]
    found, where = "; ".join(map(str, faults)), " and ".join(addresses)
    return ModelUnavailable(f"{where} stopped answering ({why}) and is not back: {found}", model=model, retryable=True)


def too_busy(fault: RowFault, most_s: float) -> str:
    """Why a server is set aside that turned questions away for as long as one may take, or says that it will."""
    wanted_s = fault.busy_s or 0.0
    for_long = (
        f"wants to be left alone for {wanted_s:g} s" if wanted_s > most_s else f"answered nothing for {most_s:g} s"
    )
    return f"{fault.detail}; it {for_long}"
