"""A server as one of several: whether it is well, and what is under way at it; and what is done for several callers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from foureyes.errors import ModelError, ModelRefused, ModelUnavailable
from foureyes.http.breaker import Breaker
from foureyes.http.in_flight import InFlightLimit
from foureyes.models.completions.connection import Connection
from foureyes.models.completions.server import ModelServer
from foureyes.models.token_logprobs import RowFault
from foureyes.types import Unscored

__all__ = ["FAILURES_IN_A_ROW", "Member", "SharedWork", "none_answers", "not_asked", "not_back"]

FAILURES_IN_A_ROW: Final = 3

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

    @property
    def absent(self) -> bool:
        """Whether it may come back, and nobody looks whether it does."""
        looked_at = self.looking is not None and self.looking.is_alive()
        return self.aside is not None and self.refused is None and not looked_at

    @property
    def address(self) -> str:
        """Without ``/v1``."""
        return self.connection.root

    @property
    def full(self) -> bool:
        """Whether it is sent no more for now."""
        return self.requests >= self.limit.value

    def take(self, n_tokens: int, *, counted: bool) -> int:
        """Sends it one more; the number of times that it was full before."""
        before = self.filled
        self.tokens += n_tokens
        self.requests += counted
        self.filled += counted and self.full
        return before

    @property
    def well(self) -> bool:
        """Whether it is asked."""
        return self.aside is None and self.refused is None and self.server is not None

    def gone(self, timeout_s: float) -> str | None:
        """Asks it once what it serves, and says why it does not answer; ``None`` where it does."""
        try:
            self.connection.hurried(timeout_s).get("/v1/models")
        except RowFault as fault:
            return fault.detail if fault.server_wide else None
        return None


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
