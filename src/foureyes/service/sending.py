"""Responses that are sent in parts, so that none of them keeps the event loop, and whose reader may hold nothing for long.

Start at :class:`BoundedStream`; :func:`json_in_parts` makes the parts of a list.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from typing import Final

from pydantic import BaseModel
from starlette.responses import StreamingResponse
from starlette.types import Message, Send

__all__ = ["BoundedStream", "TooSlow", "each_in_time", "json_in_parts"]

_SENT_S: Final = 120.0
"""Seconds for which a response may wait for its reader: the caller's share of the requests in flight is held meanwhile."""

_SLOWEST_BYTES_PER_S: Final = 128 * 1024
"""Which the reader of a large response has to take."""


class TooSlow(Exception):
    """The reader let a response wait for longer than it may."""


class BoundedStream(StreamingResponse):
    """A response that is cut off where its reader takes too long; without its end nobody takes it for whole.

    Its reader may let it wait for two minutes in all, and for a second more with every 128 KiB that were taken. The time
    in which parts are made is not the reader's, and does not count.

    Args:
        parts: what is sent; closed at once, however this ends.
        media_type: of the whole.
        headers: besides that.
    """

    def __init__(
        self,
        parts: AsyncGenerator[str] | AsyncGenerator[bytes],
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(parts, media_type=media_type, headers=headers)
        self._parts = parts

    async def stream_response(self, send: Send) -> None:
        """Sends the parts; the server closes a connection whose response was not ended."""
        async with aclosing(self._parts):
            try:
                await super().stream_response(self.bounded(send))
            except TooSlow:
                return

    def bounded(self, send: Send) -> Send:
        """Sends as long as the reader has time left; raises :class:`TooSlow` then."""
        clock = asyncio.get_running_loop().time
        left_s = _SENT_S

        async def bounded(message: Message) -> None:
            nonlocal left_s
            began = clock()
            await _sent_within(left_s, send, message)
            left_s += len(message.get("body", b"")) / _SLOWEST_BYTES_PER_S - (clock() - began)

        return bounded


def each_in_time(send: Send) -> Send:
    """Sends what may go on for days: each message has two minutes, and :class:`TooSlow` is raised where one takes longer."""

    async def bounded(message: Message) -> None:
        await _sent_within(_SENT_S, send, message)

    return bounded


async def _sent_within(most_s: float, send: Send, message: Message) -> None:
    try:
        async with asyncio.timeout(most_s) as bound:
            await send(message)
    except TimeoutError:
        if not bound.expired():
            raise
        raise TooSlow from None


async def json_in_parts(frame: str, items: Iterable[BaseModel]) -> AsyncGenerator[str]:
    """The JSON of a response whose list has these items, written one after the other: all of them may take long.

    Args:
        frame: the JSON of the same response with an empty list, the only one in it.
        items: are made and written one by one; others get their turn of the event loop before each.

    Example:
        >>> from foureyes.service.wire.privacy import SessionResponse
        >>> async def whole() -> str:
        ...     items = [SessionResponse(session_id=name, revoked=True) for name in ("a", "b")]
        ...     return "".join([part async for part in json_in_parts('{"all":[],"n":2}', items)])
        >>> asyncio.run(whole())
        '{"all":[{"session_id":"a","revoked":true},{"session_id":"b","revoked":true}],"n":2}'
    """
    begin, end = frame.split("[]", 1)
    yield f"{begin}["
    await asyncio.sleep(0)  # to send may never wait
    for i, item in enumerate(items):
        yield f"{',' if i else ''}{item.model_dump_json()}"
        await asyncio.sleep(0)
    yield f"]{end}"
