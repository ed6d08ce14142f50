"""Who a route works with: writers, a reader of answers, and whoever keeps what happened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from foureyes.errors import InputError, ModelUnavailable
from foureyes.route.outcome import RoutedAnswer, RouteRequest
from foureyes.types import Exchange, Unscored

__all__ = [
    "OutcomeKnown",
    "OutcomeUnkept",
    "PersonQueue",
    "PromiseKeeper",
    "RouteLog",
    "RouteReader",
    "RouteWriter",
    "Unpaid",
    "WriterReply",
]


class Unpaid(ModelUnavailable):
    """A writer that cannot be reached, or turned the request away as it is busy: nothing is paid."""


class OutcomeKnown(InputError):
    """An outcome was posted for an answer whose outcome is known: the first one stays."""


class OutcomeUnkept(InputError):
    """An outcome of an answer that is known could not be written: it may be told again later."""


@dataclass(frozen=True, slots=True)
class WriterReply:
    """What a writer sent back.

    Attributes:
        body: the chat completion as its server sent it, with one or more ``choices``.
        own: of each choice, the writer's mean surprise at its own tokens, nats, ≥ 0; ``None`` where it does not say. Empty where
            it says nothing of any.
    """

    body: Mapping[str, Any]
    own: tuple[float | None, ...] = ()


class RouteWriter(Protocol):
    """A model that answers, spoken to in the words of OpenAI's chat completions. Use it in one event loop."""

    @property
    def name(self) -> str:
        """Its name in the route."""
        ...

    @property
    def model(self) -> str:
        """What its provider calls it."""
        ...

    async def write(self, request: RouteRequest) -> WriterReply:
        """Answers ``request.n`` times. Cancelling it closes the connection, so that nothing is paid on.

        Raises:
            Unpaid: it cannot be reached, or is busy (429).
            ModelUnavailable: it took too long, failed (500), or the connection broke.
            ModelRefused: its server said no.
            ModelError: what came back is no chat completion, or broke off.
        """
        ...

    def stream(self, request: RouteRequest) -> AsyncIterator[Mapping[str, Any]]:
        """The same as chunks of a streamed chat completion, as they come.

        Raises:
            ModelError: as :meth:`write`; what came until then has been yielded.
        """
        ...

    async def aclose(self) -> None:
        """Closes every connection."""
        ...


class RouteReader(Protocol):
    """Reads answers and says how likely each is right."""

    @property
    def fingerprint(self) -> str:
        """What its numbers depend on."""
        ...

    async def read(
        self, exchanges: Sequence[Exchange], *, writer: str, own: Sequence[float | None] = ()
    ) -> list[tuple[float | Unscored, float | Unscored]]:
        """The signal and P(correct) of each.

        Args:
            exchanges: what was asked, and one answer to it each.
            writer: who wrote them, by its name in the route: how likely an answer is right depends on that too.
            own: the writer's mean surprise at its own tokens of each answer, nats, ``None`` where it did not say. It is given
                where it is known of one of them.

        Raises:
            ModelUnavailable: the reader as a whole is gone.
        """
        ...

    async def aclose(self) -> None:
        """Lets go of the model."""
        ...


class RouteLog(Protocol):
    """Keeps what a route did, for learning and for reports."""

    async def keep(self, request: RouteRequest, answer: RoutedAnswer) -> None:
        """Keeps one routed request. What it raises is logged; no answer waits for it."""
        ...

    def outcome(self, request_id: str, *, correct: bool, writer: str | None = None) -> float | None:
        """Keeps whether an answer turned out right.

        Returns:
            P(correct) that was stated of the answer, where it was returned as good enough; otherwise ``None``.

        Raises:
            OutcomeKnown: its outcome is known.
            OutcomeUnkept: it cannot be written.
            InputError: there is no such answer.
        """
        ...


class PersonQueue(Protocol):
    """Where questions wait for a person."""

    async def put(self, request: RouteRequest, answer: RoutedAnswer) -> None:
        """Keeps a question with what was written to it.

        Raises:
            FoureyesError: it cannot be kept, or too many wait already.
        """
        ...


class PromiseKeeper(Protocol):
    """Watches whether what a route promises still holds."""

    @property
    def statement(self) -> str:
        """What is promised, in words."""
        ...

    @property
    def suspended(self) -> bool:
        """Whether the promise does not hold at the moment."""
        ...

    @property
    def reason(self) -> str:
        """Why it is suspended, in words; empty while it holds."""
        ...

    def observe(self, seen: Iterable[tuple[str, float]], at: float) -> object:
        """Takes the writers that a request was put to, and P(correct) of what each wrote."""
        ...

    def outcome(self, confidence: float, at: float, *, right: bool) -> object:
        """Takes what became of an answer that was returned as good enough."""
        ...

    def suspend(self, reason: str, at: float) -> object:
        """Suspends the promise for a reason of the caller's, over a restart too."""
        ...

    def acknowledge(self) -> None:
        """Lets the promise hold again, on somebody's word."""
        ...
