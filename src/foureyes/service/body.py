"""The route class of everything that has a body: the caller is admitted before a byte is read, and what is read is bounded.

FastAPI would read the whole body first, however long and slow it is, and ask who calls afterwards. So, in this order:

1. key, scope and rate limit (401, 403, 429);
2. the body must be ``application/json`` (415), no larger than the limit, counted while it arrives (413), and arrive in
   time (408);
3. it is parsed strictly: no key twice, no number that is none, no depth beyond the parser's, no lone surrogate (400);
4. the rest is FastAPI's: checking, the endpoint, and the response of the declared model.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from foureyes.config import ServerSettings
from foureyes.errors import ConfigError
from foureyes.service.access import ADMITTED, RequireScope
from foureyes.service.problems import Refused

__all__ = ["BodyRoute", "read_body", "require_one_meaning"]

_TOO_DEEP: Final = "the body is nested too deeply"

_DIGITS: Final = 20
"""Of a length that is worth to be read as a number: Python refuses one of over 4300."""


class BodyRoute(APIRoute):
    """A route that reads no body of a caller who is not admitted. Routes without a body are FastAPI's own."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, after the caller is admitted and the body has arrived."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle
        required = _required_scope(self)

        async def admit_and_read(request: Request) -> Response:
            request.scope[ADMITTED] = await required.admit(request.scope)
            body = await read_body(request, request.scope["foureyes.state"].parts.server)
            return await handle(_ReadRequest(request.scope, body))

        return admit_and_read


class _ReadRequest(Request):
    """A request whose body has arrived."""

    def __init__(self, scope: Scope, body: bytes) -> None:
        super().__init__(scope)
        self._read_body = body

    async def body(self) -> bytes:
        return self._read_body or b" "  # FastAPI takes an empty body for none at all; it is one that is not JSON

    async def json(self) -> Any:
        return _parsed(self._read_body)


def _parsed(body: bytes) -> Any:
    """The body's JSON. Pydantic's parser bounds the depth and takes no lone surrogate."""
    require_one_meaning(body)
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refused(400, _TOO_DEEP if "recursion limit" in str(error) else "the body is not JSON") from None


def require_one_meaning(body: bytes) -> None:
    """Refuses a body that two readers could take for different things.

    Raises:
        Refused: 400, it is not JSON, repeats a key, holds a number that is none, or is nested beyond any parser.
    """
    try:
        json.loads(body, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise Refused(400, _TOO_DEEP) from None
    except ValueError:
        raise Refused(400, "the body is not JSON") from None


def _once(pairs: Sequence[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise Refused(400, "an object in the body has the same key twice")


def _finite(digits: str) -> None:
    if not math.isfinite(float(digits)):
        _no_number(digits)


def _no_number(_: str) -> NoReturn:
    raise Refused(400, "the body holds NaN, Infinity, or a number too large to be read")


def _required_scope(route: APIRoute) -> RequireScope:
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, RequireScope):
            return dependency.call
    raise ConfigError(f"the route {route.path} has a body and lets anybody in: give it a Call")


async def read_body(request: Request, limits: ServerSettings) -> bytes:
    """The bytes of a JSON body within the limits.

    Raises:
        Refused: 400, 408, 413 or 415.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "send Content-Type: application/json")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > _DIGITS or int(length) > limits.max_body_bytes):
        raise _too_large(limits)
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            return await _assemble(request, limits)
    except TimeoutError:
        raise Refused(408, f"the body did not arrive within {limits.body_timeout_s:g} s") from None
    except ClientDisconnect:
        raise Refused(400, "the caller hung up") from None


async def _assemble(request: Request, limits: ServerSettings) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limits.max_body_bytes:
            raise _too_large(limits)
    return bytes(body)


def _too_large(limits: ServerSettings) -> Refused:
    return Refused(413, f"a body may have {limits.max_body_bytes} bytes")
