"""Responses that are sent in parts, and whose reader may hold nothing for long. Start at :class:`BoundedStream`."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Send

__all__ = ["BoundedStream"]

_SENT_S: Final = 120.0
"""Seconds in which all of a response has to be taken: the caller's share of the requests in flight is held meanwhile."""


class BoundedStream(StreamingResponse):
    """A response that breaks off where its reader takes too long; without its end nobody takes it for whole."""

    async def stream_response(self, send: Send) -> None:
        """Sends the parts; the server closes a connection whose response was not ended."""
        try:
            async with asyncio.timeout(_SENT_S) as bound:
                await super().stream_response(send)
        except TimeoutError:
            if not bound.expired():
                raise
