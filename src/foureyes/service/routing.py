"""A tenant asks a route: for as long as the caller waits, and what comes of it is counted and remembered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import aclosing, suppress
from typing import Any, Final, TypeVar

from starlette.types import Receive

from foureyes.route.answering import AnsweringRoute
from foureyes.route.outcome import RoutedAnswer, RouteRequest
from foureyes.service.access import Call
from foureyes.service.route_book import KeptAnswer
from foureyes.service.sending import TooSlow
from foureyes.types import new_id

__all__ = ["HungUp", "RoutedCall"]

T = TypeVar("T")


class HungUp(Exception):
    """The caller did not wait for the answer."""


class RoutedCall:
    """One request of a tenant to one of its routes.

    Args:
        call: whose.
        route: that is asked.
        request: what it is asked.
        receive: of ASGI, once the body has been read.
    """

    def __init__(self, call: Call, route: AnsweringRoute, request: RouteRequest, receive: Receive) -> None:
        self._call = call
        self._route = route
        self._request = request
        self._receive = receive
        self.request_id: Final = _name_of(call)
        """Names the answer. It is the HTTP request's own name, unless the caller chose that one."""

    @property
    def route(self) -> str:
        """The route's name."""
        return self._route.name

    async def answer(self) -> RoutedAnswer:
        """What the route found.

        Raises:
            HungUp: the caller did not wait; whatever the route was doing is cancelled.
            InputError: the request is not one that writers can be asked.
        """
        answer = await self.while_waited(self._route.answer(self._request, request_id=self.request_id, left=self._left))
        self._settle(answer)
        return answer

    async def annotated(self) -> AsyncGenerator[Mapping[str, Any] | RoutedAnswer]:
        """The first writer's chunks as they come, and last what the reader said of them; see :meth:`while_waited`."""
        async with aclosing(
            self._route.annotated(self._request, request_id=self.request_id, left=self._left)
        ) as pieces:
            async for piece in pieces:
                if isinstance(piece, RoutedAnswer):
                    self._settle(piece)
                yield piece

    async def while_waited(self, work: Coroutine[Any, Any, T]) -> T:
        """What work comes to, unless the caller hangs up first, or takes too long over what it is sent.

        Raises:
            HungUp: the caller did; the work has ended.
        """
        working, gone = asyncio.ensure_future(work), asyncio.ensure_future(_hung_up(self._receive))
        try:
            await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                with suppress(TooSlow):
                    return working.result()
        finally:
            await _end(working, gone)
        self._call.state.metrics.routes.hung_up(self.route)
        self._call.tenant.routed.hung_up(self.route)
        raise HungUp

    def _left(self, answer: RoutedAnswer) -> None:
        """Counts what had been paid when the caller hung up."""
        self._call.state.metrics.routes.left(answer)
        self._call.tenant.routed.left(answer)

    def _settle(self, answer: RoutedAnswer) -> None:
        self._call.state.metrics.routes.answered(answer)
        shown = self._request.body["messages"] if self._call.parts.show_texts else None
        cost = self._route.strongest_cost(answer)
        kept = KeptAnswer(answer, shown, self._request.tools)
        self._call.tenant.routed.add(kept, strongest_cost=cost)


async def _end(*tasks: asyncio.Future[Any]) -> None:
    """Cancels what still runs, and waits until it has ended."""
    running = [task for task in tasks if not task.done()]
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # the caller has it, or nobody waits for it


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _name_of(call: Call) -> str:
    """A name that no other answer has."""
    is_chosen = any(name == b"x-request-id" for name, _ in call.headers)
    return new_id() if is_chosen else call.request_id
