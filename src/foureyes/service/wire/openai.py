"""What OpenAI's three ways to ask have in common: a model's name, a stream or not, and one request for the route.

Whatever is asked becomes a chat completion's request, as writers speak nothing else, and whatever comes back is told as
chunks of a chat completion. A *dialect* translates both ways; see :class:`ApiForm`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from foureyes.errors import InputError
from foureyes.route.outcome import RouteRequest

__all__ = ["MODEL_PREFIX", "ApiForm", "Asked", "Events", "asked_of", "chunks_of", "sse"]

MODEL_PREFIX = "foureyes/"
"""What stands before a route's name where a model is named."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was understood.

    Attributes:
        model: as the caller named it.
        streams: whether it wants a stream.
        tells_usage: whether its stream is to tell the tokens used.
        request: what the route is asked.
        body: as it came, for what an answer repeats.
    """

    model: str
    streams: bool
    tells_usage: bool
    request: RouteRequest
    body: Mapping[str, Any]


class Events(Protocol):
    """Writes one stream: chunks of a chat completion go in, events of the dialect come out."""

    def feed(self, chunk: Mapping[str, Any]) -> bytes:
        """The events that a chunk gives; none where they wait for the end."""
        ...

    def end(self, told: Mapping[str, Any]) -> bytes:
        """The last events, with what the route says of the answer."""
        ...


class ApiForm(Protocol):
    """One of OpenAI's ways to ask for an answer."""

    def asked(self, body: Mapping[str, Any]) -> Asked:
        """A request, translated.

        Raises:
            InputError: a field is malformed, or cannot be translated; the message names it.
        """
        ...

    def whole(self, asked: Asked, reply: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
        """The body of an answer that is sent at once."""
        ...

    def events(self, asked: Asked) -> Events:
        """What writes the same as a stream."""
        ...


def asked_of(body: Mapping[str, Any], chat: Mapping[str, Any]) -> Asked:
    """A request, from its body and from the same as a chat completion's.

    Raises:
        InputError: a field is not what it must be.
    """
    options = _typed(body, "stream_options", dict, {})
    return Asked(
        model=_typed(body, "model", str, ""),
        streams=_typed(body, "stream", bool, default=False),
        tells_usage=options.get("include_usage") is True,
        request=RouteRequest.of(chat),
        body=body,
    )


def _typed(body: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    """A field of one kind, or the default where it is missing or null."""
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, kind):
        words = {dict: "an object", str: "text", bool: "true or false"}[kind]
        raise InputError(f"{name} must be {words}; got {type(value).__name__}")
    return value


def chunks_of(reply: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A whole chat completion as a server would have streamed it: who speaks, what is said, how it ended, tokens."""
    about = {name: value for name, value in reply.items() if name not in ("choices", "usage", "object")}
    head = {**about, "object": "chat.completion.chunk"}
    for choice in reply["choices"]:
        for piece in _pieces(choice):
            yield {**head, "choices": [piece]}
    if reply.get("usage") is not None:
        yield {**head, "choices": [], "usage": reply["usage"]}


def _pieces(choice: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    said = choice.get("message") or {}
    place = {"index": choice.get("index", 0)}
    yield {**place, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
    words = {name: value for name, value in said.items() if name != "role" and value not in (None, [], "")}
    if calls := words.get("tool_calls"):
        words["tool_calls"] = [{"index": i, **call} for i, call in enumerate(calls)]
    if words or choice.get("logprobs"):
        yield {**place, "delta": words, "logprobs": choice.get("logprobs"), "finish_reason": None}
    about = {name: value for name, value in choice.items() if name not in ("message", "index", "logprobs")}
    yield {**place, "delta": {}, "logprobs": None, **about}


def sse(value: Mapping[str, Any], *, name: str | None = None) -> bytes:
    r"""One server-sent event.

    Example:
        >>> sse({"a": 1})
        b'data: {"a":1}\n\n'
    """
    head = b"" if name is None else b"event: " + name.encode() + b"\n"
    return head + b"data: " + orjson.dumps(value) + b"\n\n"
