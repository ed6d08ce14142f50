"""Server-sent events: how a stream of them is written, and how it ends.

An event is one JSON object under a name. A stream that ends without the event it promised was cut off; nothing follows
from it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

from pydantic import BaseModel
from starlette.types import Send

from foureyes.service.sending import BoundedStream, each_in_time

__all__ = ["KEEP_ALIVE", "EventStream", "described", "event"]

KEEP_ALIVE: Final = b": still here\n\n"


def described(names: Sequence[str], words: str) -> dict[str, Any]:
    """A stream of events for the OpenAPI document.

    Args:
        names: of the events.
        words: what they are.
    """
    fields = {"event": {"enum": list(names)}, "data": {"type": "string", "contentMediaType": "application/json"}}
    return {
        "description": words,
        "content": {"text/event-stream": {"schema": {"type": "object", "properties": fields}}},
    }


def event(name: str, value: BaseModel, *, number: int | None = None) -> bytes:
    """One event.

    Example:
        >>> from foureyes.service.wire.privacy import SessionResponse
        >>> print(event("revoked", SessionResponse(session_id="chat-7", revoked=True), number=3).decode().strip())
        id: 3
        event: revoked
        data: {"session_id":"chat-7","revoked":true}
    """
    head = "" if number is None else f"id: {number}\n"
    return f"{head}event: {name}\ndata: {value.model_dump_json()}\n\n".encode()


class EventStream(BoundedStream):
    """The response that carries events; a caller who hangs up, or takes none for two minutes, cancels what makes them."""

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
        super().__init__(events, media_type="text/event-stream", headers=headers)

    def bounded(self, send: Send) -> Send:
        """Sends as long as the reader takes one event after the other."""
        return each_in_time(send)
