"""What a gateway needs of a route."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Protocol, TypeAlias

from foureyes.route.outcome import RoutedAnswer, RouteRequest
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["AnsweringRoute", "Left"]

Left: TypeAlias = Callable[[RoutedAnswer], None]
"""Is told what had been asked and paid when a request was cancelled."""


class AnsweringRoute(Protocol):
    """What a gateway needs of a route."""

    @property
    def name(self) -> str:
        """As callers ask for it: ``foureyes/<name>``."""
        ...

    @property
    def annotates(self) -> bool:
        """Whether streams are sent as they come and end with the verdict, instead of being held until read."""
        ...

    @property
    def promise(self) -> str:
        """What it promises, in words; empty where it promises nothing."""
        ...

    async def answer(
        self, request: RouteRequest, *, request_id: str | None = None, left: Left | None = None
    ) -> RoutedAnswer:
        """Answers one request. Cancelling it cancels the writer that is writing.

        Args:
            request: what is asked.
            request_id: names it in logs and in the ledger; ``None`` for a new one.
            left: told what had been asked and paid, where it is cancelled.

        Raises:
            InputError: the request is not one that writers can be asked.
        """
        ...

    def annotated(
        self, request: RouteRequest, *, request_id: str | None = None, left: Left | None = None
    ) -> AsyncGenerator[Mapping[str, Any] | RoutedAnswer]:
        """Chunks of the first writer as they come, and last what the reader said of it."""
        ...

    @property
    def suspended(self) -> str:
        """Why its promise is suspended, in words; empty while it holds."""
        ...

    async def resume(self, *, by: str, note: str = "") -> str:
        """Lets a suspended promise hold again, on somebody's word; says why it had been suspended.

        Raises:
            InputError: it is not suspended.
            LedgerError: it cannot be recorded.
        """
        ...

    def strongest_cost(self, answer: RoutedAnswer) -> float | None:
        """What one of its answers would have cost had only the strongest writer been asked; ``None`` if that is unknown."""
        ...

    def outcome(self, request_id: str, *, correct: bool, writer: str | None = None) -> bool:
        """Keeps whether an answer turned out right, and says so; false where the route keeps no log.

        Raises:
            OutcomeKnown: its outcome is known.
            OutcomeUnkept: the log cannot be written.
            InputError: the log holds no such answer.
        """
        ...

    async def reread(self, exchange: Exchange) -> tuple[Reading | Unscored, bool]:
        """What the reader sees in an answer, token by token, and whether personal data was concealed for that."""
        ...

    async def aclose(self) -> None:
        """Closes every connection."""
        ...
