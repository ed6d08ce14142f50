"""The outermost layer, in plain ASGI: whatever happens behind it, a caller gets a response or a problem.

What it does, in order:

1. names the request (the caller's ``X-Request-ID`` if it is a sane name, a new one otherwise);
2. lets one request of each caller on in each round of the event loop, so that hundreds of one caller that come at once are
   served, or refused, among the others' requests and not before them;
3. gives back a tenant's share of the requests in flight when one ends (:mod:`foureyes.service.access` takes it);
4. hands the request on, adding the request's name and the security headers to whatever is sent;
5. turns every exception into a problem; a response that has begun cannot be changed, so it is cut off, never finished;
6. counts and logs the request, by the route's template: no text, no path as sent, no key.

It never reads a body. Where an answer begins before the body has arrived, it ends the connection: nobody reads on for a
caller who was told no. So does every answer of a service that is ending.
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foureyes.guard.turnstile import Turnstile
from foureyes.service.access import HOLDS, LEASE, caller_of
from foureyes.service.app_state import AppState
from foureyes.service.door import BODY_ARRIVED
from foureyes.service.problems import problem_response
from foureyes.types import new_id

__all__ = ["RequestMiddleware"]

_REST: Final = 4.0
"""How long a crowd of one caller rests between two of its requests, in the time that the first work for one takes."""

_SANE: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_DEFAULTS: Final = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}
"""Headers for responses that do not bring their own; the dashboard's page does."""


class RequestMiddleware:
    """The ASGI middleware around the whole application.

    Args:
        app: what it is around.
        state: the parts in force, metrics and log.
    """

    def __init__(self, app: ASGIApp, state: AppState) -> None:
        self._app = app
        self._state = state
        self._turnstile = Turnstile(_REST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = self._state.instruments.clock()
        scope["foureyes.state"] = self._state
        scope["foureyes.request_id"] = _sane_id(scope) or new_id()
        body = _ArrivingBody(scope, receive)
        response = _SentResponse(scope, send, lambda: self._state.ending or not body.is_complete)
        lease = scope[LEASE] = self._state.parts_use.arrive()
        try:
            await self._turnstile.passed(caller_of(scope))
            await self._app(scope, body.receive, response.send)
        except Exception as error:
            self._state.log_failure(error, scope["foureyes.request_id"])
            if response.status:
                raise
            await problem_response(error, scope["foureyes.request_id"])(scope, receive, response.send)
        finally:
            lease.end()
            if (tenant := scope.get(HOLDS)) is not None:
                self._state.in_flight.leave(tenant)
            self._state.count(scope, response.status, self._state.instruments.clock() - started)


class _ArrivingBody:
    """How much of one request's body has arrived."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._scope = scope
        self._is_complete = not any(
            (name == b"content-length" and value != b"0") or name == b"transfer-encoding"
            for name, value in scope["headers"]
        )

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            self._is_complete = True
        return message

    @property
    def is_complete(self) -> bool:
        """Whether all of it has, read or not."""
        return self._is_complete or self._scope.get(BODY_ARRIVED, False)


class _SentResponse:
    """What of one response has been sent."""

    def __init__(self, scope: Scope, send: Send, is_last: Callable[[], bool]) -> None:
        self._request_id: str = scope["foureyes.request_id"]
        self._send = send
        self._is_last = is_last
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            _add_headers(message, self._request_id)
            if self._is_last():
                message["headers"].append((b"connection", b"close"))
        await self._send(message)


def _add_headers(message: MutableMapping[str, Any], request_id: str) -> None:
    headers = [*message.get("headers", ()), (b"x-request-id", request_id.encode()), *_SECURITY]
    present = {name for name, _ in headers}
    headers += [(name, value) for name, value in _DEFAULTS.items() if name not in present]
    message["headers"] = headers


def _sane_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE.match(value):
            return str(value, "ascii")
    return None
