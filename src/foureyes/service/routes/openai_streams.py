"""Streams of routed answers: held until they are read, or as they come with the verdict at their end.

Nothing of a held answer is sent before the route has decided, not even the status, so a failure has its status and the headers
say what was found. An annotated one has its headers once its first piece has come.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from starlette.types import Send

from foureyes.errors import FoureyesError
from foureyes.route.outcome import RoutedAnswer
from foureyes.service.openai_errors import RouteFailed, error_body
from foureyes.service.routing import RoutedCall
from foureyes.service.wire.openai import Events, chunks_of, sse
from foureyes.service.wire.openai_told import headers, headers_of, told_of

__all__ = ["send_annotated", "send_held"]

_SSE: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


async def send_held(answer: RoutedAnswer, reply: Mapping[str, Any], events: Events, send: Send) -> None:
    """Sends an answer that was decided about as a stream."""
    body = b"".join(map(events.feed, chunks_of(reply))) + events.end(told_of(answer))
    await send({"type": "http.response.start", "status": 200, "headers": [*_SSE, *headers_of(answer)]})
    await send({"type": "http.response.body", "body": body})


async def send_annotated(routed: RoutedCall, events: Events, send: Send) -> None:
    """Sends an answer as it comes, and last what was read of it.

    Raises:
        RouteFailed: nothing came.
    """
    pieces = routed.annotated()
    try:
        first = await anext(pieces)
        if isinstance(first, RoutedAnswer):  # it failed before a word, and says how
            raise RouteFailed(first)
        names = headers({"route": routed.route, "request-id": routed.request_id})
        await send({"type": "http.response.start", "status": 200, "headers": [*_SSE, *names]})
        await _send_piece(send, events.feed(first))
        await _send_piece(send, await _rest(routed, pieces, events, send), is_last=True)
    finally:
        await pieces.aclose()


async def _rest(
    routed: RoutedCall, pieces: AsyncIterator[Mapping[str, Any] | RoutedAnswer], events: Events, send: Send
) -> bytes:
    """Sends the pieces until the verdict, and gives the last events; an error ends the stream as OpenAI's servers end it."""
    try:
        async for piece in pieces:
            if not isinstance(piece, RoutedAnswer):
                await _send_piece(send, events.feed(piece))
            elif piece.action == "failed":
                raise RouteFailed(piece)  # noqa: TRY301 - told like any other error below
            else:
                return events.end(told_of(piece))
        raise FoureyesError("a route ended a stream without a verdict")  # noqa: TRY301
    except (FoureyesError, RouteFailed) as error:
        return sse(error_body(error, routed.request_id)[1])


async def _send_piece(send: Send, body: bytes, *, is_last: bool = False) -> None:
    if body or is_last:
        await send({"type": "http.response.body", "body": body, "more_body": not is_last})
