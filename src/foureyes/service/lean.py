"""The route of everything that has a body: FastAPI's declaration, our own short way through it.

FastAPI reads a route's signature and writes the OpenAPI document from it; serving it this way costs a few microseconds
instead of a few hundred, and settles at one place what every body must obey:

1. who calls is asked first, before a byte of the body is read;
2. it must be ``application/json`` (415), no larger than the limit, counted while it arrives (413), and arrive in time (408);
3. it is parsed once, by pydantic's own parser, which bounds the depth; what is wrong with it is a problem (400, 422) that
   names fields and never values;
4. the answer, a model of :mod:`foureyes.service.wire`, is written once.

An endpoint is ``async def name(call: Verifying, body: SomeRequest) -> SomeAnswer``. It may return the plain members of its
``response_model`` instead, where making the model is too dear, or a ``Response`` of its own.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, get_type_hints

import orjson
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from foureyes.errors import ConfigError
from foureyes.service.access import RequireScope
from foureyes.service.parts import ServerLimits
from foureyes.service.problems import Refused, wrongs

__all__ = ["LeanRoute"]

_CLOSE: Final = {"Connection": "close"}
"""Said where the rest of a body may still be on its way."""

_JSON_HEADER: Final = (b"content-type", b"application/json")


class LeanRoute(APIRoute):
    """A route with a body. Routes without one are left to FastAPI."""

    def __init__(self, path: str, endpoint: Any, **kwargs: Any) -> None:
        super().__init__(path, endpoint, **kwargs)
        if self.body_field is None:
            return
        self._needs, self._call_name = _needs(self)
        self._body_name = self.dependant.body_params[0].name
        self._adapter: TypeAdapter[Any] = TypeAdapter(get_type_hints(endpoint)[self._body_name])
        self._exclude_none = self.response_model_exclude_none
        self._endpoint = endpoint
        self.app = self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = self._needs.admit(scope)
        body = await _read(scope, receive)
        answer = await self._endpoint(**{self._call_name: call, self._body_name: self._parse(body)})
        if isinstance(answer, Response):
            await answer(scope, receive, send)
        elif isinstance(answer, dict):
            await _send(orjson.dumps(answer), send)
        else:
            await _send(answer.__pydantic_serializer__.to_json(answer, exclude_none=self._exclude_none), send)

    def _parse(self, body: bytes) -> Any:
        try:
            return self._adapter.validate_json(body)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            if found[0]["type"] == "json_invalid":
                raise Refused(400, "the body is not JSON, or nested too deeply") from None
            errors = wrongs(found, where="")
            raise Refused(422, f"{error.error_count()} wrong with the body", errors=errors) from None


def _needs(route: APIRoute) -> tuple[RequireScope, str]:
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, RequireScope) and dependency.name:
            return dependency.call, dependency.name
    raise ConfigError(f"the route {route.path} has a body and lets anybody in: give it a Call")


async def _send(body: bytes, send: Send) -> None:
    headers = [_JSON_HEADER, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _read(scope: Scope, receive: Receive) -> bytes:
    limits: ServerLimits = scope["foureyes.state"].parts.limits
    _check_headers(scope, limits.max_body_bytes)
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            return await _assemble(receive, limits.max_body_bytes)
    except TimeoutError:
        raise Refused(408, f"the body did not arrive within {limits.body_timeout_s:g} s", headers=_CLOSE) from None


async def _assemble(receive: Receive, most: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the caller hung up")
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > most:
            raise _too_large(most)
        if not message.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _too_large(most: int) -> Refused:
    return Refused(413, f"a body may have {most} bytes", headers=_CLOSE)


def _check_headers(scope: Scope, most: int) -> None:
    kind = length = None
    for name, value in scope["headers"]:
        if name == b"content-type":
            kind = value
        elif name == b"content-length":
            length = value
    if kind != b"application/json" and (kind is None or kind.split(b";")[0].strip().lower() != b"application/json"):
        raise Refused(415, "send Content-Type: application/json")
    if length is not None and length.isdigit() and int(length) > most:
        raise _too_large(most)
