"""The door: the outermost layer, in plain ASGI. Whatever happens behind it, a caller gets an answer or a problem.

What it does, in order:

1. names the request (the caller's ``X-Request-ID`` if it is a sane name, a new one otherwise);
2. refuses at once when too many requests are in flight (503), instead of queueing without a bound;
3. hands the request on, adding the request's name and the security headers to whatever is answered;
4. turns every exception into a problem; an answer that has begun cannot be changed, so it is cut off, never finished;
5. counts and logs the request, by the route's template: no text, no path as sent, no key.

It never reads a body, so that it costs a few microseconds.
"""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Mapping, MutableMapping
from functools import partial
from typing import Any, Final

from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foureyes.service.app_state import AppState
from foureyes.service.problems import Refused, problem_of, send_problem

__all__ = ["RequestMiddleware"]

_SANE: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_UNCOUNTED: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""What must answer just when the service is busy."""

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
"""Headers for answers that do not bring their own; the dashboard's page does."""


class RequestMiddleware:
    """The ASGI middleware.

    Args:
        app: what is behind the door.
        state: the parts, and what is counted.
        shortcuts: routes without parameters by method and path; they are called directly, since whatever else is on the
            way to them (exit stacks, matching, exceptions) they do without, or the door does for them.
    """

    def __init__(self, app: ASGIApp, state: AppState, shortcuts: Mapping[tuple[str, str], Route] | None = None) -> None:
        self._app = app
        self._state = state
        self._shortcuts = dict(shortcuts or {})
        self._in_flight = 0
        self._prefix, self._number = secrets.token_hex(10), itertools.count()
        state.metrics.watch_in_flight(lambda: self._in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["foureyes.state"] = self._state
        scope["foureyes.request_id"] = _sane_id(scope) or f"{self._prefix}{next(self._number):012x}"
        visit = _Visit(scope, send)
        started = self._state.instruments.clock()
        uncounted = scope["path"] in _UNCOUNTED
        try:
            if not uncounted:
                self._require_room()
            self._in_flight += 1
            try:
                await self._way(scope)(scope, receive, visit.send)
            finally:
                self._in_flight -= 1
        except Exception as error:  # noqa: BLE001 - the last place where one can become an answer that is not "safe"
            self._state.log_failure(error, scope["foureyes.request_id"])
            await visit.fail(error)
        finally:
            took = self._state.instruments.clock() - started
            self._state.chores.add(partial(self._state.count, scope, visit.status, took))

    def _way(self, scope: Scope) -> ASGIApp:
        route = self._shortcuts.get((scope["method"], scope["path"]))
        if route is None:
            return self._app
        scope["route"] = route
        return route.app

    def _require_room(self) -> None:
        if self._in_flight >= self._state.parts.limits.max_in_flight:
            raise Refused(503, "too many requests are in flight", headers={"Retry-After": "1"})


class _Visit:
    """What of one answer has been sent."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            _dress(message, self._scope["foureyes.request_id"])
        await self._send(message)

    async def fail(self, error: Exception) -> None:
        if self.status:
            raise error
        await send_problem(
            problem_of(error, self._scope["foureyes.request_id"]), self.send, getattr(error, "headers", None)
        )


def _dress(message: MutableMapping[str, Any], request_id: str) -> None:
    headers = [*message.get("headers", ()), (b"x-request-id", request_id.encode()), *_SECURITY]
    present = {name for name, _ in headers}
    headers += [(name, value) for name, value in _DEFAULTS.items() if name not in present]
    message["headers"] = headers


def _sane_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE.match(value):
            return str(value, "ascii")
    return None
