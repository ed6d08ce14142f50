"""Calls an ASGI application in this process, without a socket: what a fault suite of ten thousand requests can afford."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message

__all__ = ["Reply", "call", "scope_of"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


async def call(
    app: ASGIApp, method: str, path: str, body: bytes | Sequence[Any] = b"", headers: Mapping[str, str] | None = None
) -> Reply:
    """One request and its whole answer.

    Args:
        app: the application.
        method: of the request.
        path: of the request; may have a query.
        body: at once, or in the pieces it arrives in; a piece that is not bytes does not arrive for an hour.
        headers: of the request.
    """
    pieces = [body] if isinstance(body, bytes) else list(body)
    messages: list[Message] = []

    async def receive() -> Message:
        if pieces:
            piece = pieces.pop(0)
            if not isinstance(piece, bytes):
                await asyncio.sleep(3600)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope_of(method, path, headers or {}), receive, send)
    start = messages[0]
    fields = {name.decode(): value.decode() for name, value in start["headers"]}
    return Reply(start["status"], fields, b"".join(message.get("body", b"") for message in messages[1:]))


def scope_of(method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """The ASGI scope of a request."""
    plain, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": plain,
        "raw_path": plain.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
    }
