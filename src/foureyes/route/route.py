"""Carries a route out: writers in turn, each answer read before it is returned."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from foureyes.route.outcome import RoutedAnswer, RouteRequest

__all__ = ["AnsweringRoute"]


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

    async def answer(self, request: RouteRequest, *, request_id: str | None = None) -> RoutedAnswer:
        """Answers one request. Cancelling it cancels the writer that is writing.

        Raises:
            InputError: the request is not one that writers can be asked.
        """
        ...

    def annotated(
        self, request: RouteRequest, *, request_id: str | None = None
    ) -> AsyncIterator[Mapping[str, Any] | RoutedAnswer]:
        """Chunks of the first writer as they come, and last what the reader said of it."""
        ...

    async def aclose(self) -> None:
        """Closes every connection."""
        ...
