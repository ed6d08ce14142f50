"""OpenAI's chat completions: what writers speak themselves, so nothing is translated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from foureyes.service.wire.openai import Asked, asked_of, sse

__all__ = ["DONE", "ChatDialect", "ChatEvents"]

DONE: Final = b"data: [DONE]\n\n"


class ChatDialect:
    """``/v1/chat/completions``."""

    def asked(self, body: Mapping[str, Any]) -> Asked:
        """Every field but those about the stream goes to the writers as it came."""
        return asked_of(body, body)

    def whole(self, asked: Asked, reply: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the protocol's
        """The writer's reply and what the route says of it."""
        return {**reply, "foureyes": told}

    def events(self, asked: Asked) -> ChatEvents:
        """Chunks as they come."""
        return ChatEvents(tells_usage=asked.tells_usage)


class ChatEvents:
    """Passes chunks on. Those that say how it ended wait for the verdict, which is told with the last of them.

    Args:
        tells_usage: whether the caller wants the chunk with the tokens used.
    """

    def __init__(self, *, tells_usage: bool) -> None:
        self._tells_usage = tells_usage
        self._waiting: list[dict[str, Any]] = []
        self._last: Mapping[str, Any] = {}

    def feed(self, chunk: Mapping[str, Any]) -> bytes:
        """The chunk, unless it waits."""
        choices = chunk.get("choices") or []
        if not choices and not self._tells_usage:
            return b""
        shown = {name: value for name, value in chunk.items() if name != "usage"}
        if self._tells_usage:
            shown["usage"] = chunk.get("usage")
        self._last = shown
        if choices and not any(choice.get("finish_reason") for choice in choices):
            return sse(shown)
        self._waiting.append(shown)
        return b""

    def end(self, told: Mapping[str, Any]) -> bytes:
        """What waited, and the end."""
        waiting = self._waiting or [{**self._last, "choices": []}]
        waiting[-1] = {**waiting[-1], "foureyes": told}
        return b"".join(map(sse, waiting)) + DONE
