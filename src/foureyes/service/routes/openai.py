"""The routes that OpenAI's clients call: change the base URL, and every answer is read before it is returned.

These are plain ASGI endpoints: what a route is asked goes to its writers field by field, so no model of ours stands between,
and a request costs little beside what its writers take. Their errors have OpenAI's shape.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from foureyes.errors import InputError
from foureyes.route.answering import AnsweringRoute
from foureyes.route.outcome import RoutedAnswer
from foureyes.route.reply_json import require_depth
from foureyes.service.access import ROUTING, Call
from foureyes.service.app_state import AppState
from foureyes.service.body import read_body, require_one_meaning
from foureyes.service.openai_errors import RouteFailed, UnknownModel, error_body, error_response
from foureyes.service.problems import Refused
from foureyes.service.routes.openai_streams import send_annotated, send_held
from foureyes.service.routing import HungUp, RoutedCall
from foureyes.service.sending import TooSlow, each_in_time
from foureyes.service.wire.openai import MODEL_PREFIX, ApiForm, sse
from foureyes.service.wire.openai_chat import ChatDialect
from foureyes.service.wire.openai_completions import CompletionsDialect
from foureyes.service.wire.openai_responses import ResponsesDialect
from foureyes.service.wire.openai_told import headers_of, reply_of, told_of

__all__ = ["add", "parsed"]

_JSON: Final = (b"content-type", b"application/json")


def add(router: APIRouter) -> None:
    """Adds the routes."""
    asking: Mapping[str, ApiForm] = {
        "/v1/chat/completions": ChatDialect(),
        "/v1/completions": CompletionsDialect(),
        "/v1/responses": ResponsesDialect(),
    }
    for path, dialect in asking.items():
        router.routes.append(Route(path, _Asking(path, dialect), methods=["POST"], include_in_schema=False))
    for path in ("/v1/models", "/v1/models/{model:path}"):
        router.routes.append(Route(path, _Models(path), methods=["GET"], include_in_schema=False))


class _Endpoint:
    """An endpoint whose errors have OpenAI's shape.

    Args:
        path: its template, by which it is counted.
    """

    def __init__(self, path: str) -> None:
        self.path: Final = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        scope["route"] = self
        with suppress(HungUp, TooSlow):
            await self._served(scope, receive, _Sent(each_in_time(send)))

    async def _served(self, scope: Scope, receive: Receive, sent: _Sent) -> None:
        """The same; raises where the caller is gone."""
        asked: dict[str, Any] = {}
        state: AppState = scope["foureyes.state"]
        try:
            await self.serve(scope, receive, sent, asked)
        except (HungUp, TooSlow):
            raise
        except asyncio.CancelledError:
            if not state.ending or (sent.began and not sent.is_open):
                raise
            await _tell_of_the_end(sent, scope, receive)
        except Exception as error:
            if sent.began:
                raise
            state.log_failure(error, scope["foureyes.request_id"])
            response = error_response(error, scope["foureyes.request_id"], asked)
            await response(scope, receive, sent)

    async def serve(self, scope: Scope, receive: Receive, send: Send, body: dict[str, Any]) -> None:
        """The same, which may raise before anything is sent.

        Args:
            scope: of ASGI, as are the two next.
            receive: what arrives.
            send: takes the response.
            body: takes what was read of the body, for the words of an error.
        """
        raise NotImplementedError


class _Sent:
    """Sends, and knows what was sent.

    Attributes:
        began: whether anything was.
        is_open: whether it is a stream of events that has not ended.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.began = False
        self.is_open = False

    async def __call__(self, message: Any) -> None:
        self.began = True
        if message["type"] == "http.response.start":
            self.is_open = any(value.startswith(b"text/event-stream") for _, value in message["headers"])
        elif not message.get("more_body", False):
            self.is_open = False
        await self._send(message)


async def _tell_of_the_end(sent: _Sent, scope: Scope, receive: Receive) -> None:
    """Ends a request that the service cuts off: nothing that was not read is sent, and nobody is left without an end."""
    error = Refused(503, "the service is ending", headers={"Retry-After": "1"})
    if sent.is_open:
        await sent({"type": "http.response.body", "body": sse(error_body(error, scope["foureyes.request_id"])[1])})
    else:
        await error_response(error, scope["foureyes.request_id"])(scope, receive, sent)


class _Asking(_Endpoint):
    """Asks a route."""

    def __init__(self, path: str, dialect: ApiForm) -> None:
        super().__init__(path)
        self._dialect = dialect

    async def serve(self, scope: Scope, receive: Receive, send: Send, body: dict[str, Any]) -> None:
        """Reads the body, asks the route, and sends what comes, at once or as a stream."""
        call = await ROUTING.admit(scope)
        body |= parsed(await read_body(Request(scope, receive), call.state.parts.server))
        asked = self._dialect.asked(body)
        route = _route_of(call, asked.model)
        routed = RoutedCall(call, route, asked.request, receive)
        if asked.streams and route.annotates:
            await routed.while_waited(send_annotated(routed, self._dialect.events(asked), send))
            return
        answer = await routed.answer()
        if answer.action == "failed":
            raise RouteFailed(answer)
        reply = reply_of(answer, asked.request.n)
        if asked.streams:
            await send_held(answer, reply, self._dialect.events(asked), send)
        else:
            await _send_whole(answer, self._dialect.whole(asked, reply, told_of(answer)), send)


async def _send_whole(answer: RoutedAnswer, told: Mapping[str, Any], send: Send) -> None:
    body = orjson.dumps(told)
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [_JSON, length, *headers_of(answer)]})
    await send({"type": "http.response.body", "body": body})


class _Models(_Endpoint):
    """Lists the caller's routes as models, or shows one."""

    async def serve(self, scope: Scope, receive: Receive, send: Send, body: dict[str, Any]) -> None:  # noqa: ARG002 - nothing of a body is read
        """Sends one model, or all."""
        call = await ROUTING.admit(scope)
        wanted = scope["path_params"].get("model")
        if wanted is not None:
            shown: dict[str, Any] = _model(_route_of(call, wanted).name)
        else:
            shown = {"object": "list", "data": [_model(name) for name in call.parts.routes]}
        await Response(orjson.dumps(shown), media_type="application/json")(scope, receive, send)


def _model(name: str) -> dict[str, Any]:
    return {"id": MODEL_PREFIX + name, "object": "model", "created": 0, "owned_by": "foureyes"}


def _route_of(call: Call, model: str) -> AnsweringRoute:
    """The route that a model's name stands for, with ``foureyes/`` before it or without."""
    route: AnsweringRoute | None = call.parts.routes.get(model.removeprefix(MODEL_PREFIX))
    if route is None:
        raise UnknownModel(model)
    return route


def parsed(body: bytes) -> dict[str, Any]:
    """The body's object. Writers get it written anew, so that nobody reads in it what the reader did not.

    Raises:
        Refused: it is not JSON, or can be taken for different things.
        InputError: it is no object, or nested too deeply.
    """
    require_one_meaning(body)
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused(400, "the body is not JSON") from None
    if not isinstance(found, dict):
        raise InputError(f"the body must be an object; got {type(found).__name__}")
    require_depth(body, found)
    return found
