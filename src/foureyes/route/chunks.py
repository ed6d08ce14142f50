"""A streamed chat completion put together again, so that it is read as if it had come in one piece. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.route.outcome import MOST_ANSWERS
from foureyes.route.replies import are_logprobs

__all__ = ["assembled", "require_chunk"]

_TEXTS: Final = ("content", "refusal", "reasoning_content", "reasoning")


def assembled(chunks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The chat completion that chunks make.

    Args:
        chunks: of one stream, all of them, in order.

    Raises:
        InputError: a chunk is none, or a choice was never finished.

    Example:
        >>> pieces = [{"choices": [{"index": 0, "delta": {"content": c}, "finish_reason": f}]} for c, f in (("Can", None), ("berra", "stop"))]
        >>> assembled(pieces)["choices"][0]["message"]["content"]
        'Canberra'
    """
    choices: dict[int, dict[str, Any]] = {}
    body: dict[str, Any] = {}
    for chunk in chunks:
        given = require_chunk(chunk)
        body.update({key: value for key, value in chunk.items() if key != "choices" and value is not None})
        for piece in given:
            _add(choices, piece)
    if any(choice["finish_reason"] is None for choice in choices.values()):
        raise InputError("wanted a whole stream; got one that broke off")
    return {**body, "object": "chat.completion", "choices": [choices[i] for i in sorted(choices)]}


def require_chunk(chunk: object) -> Sequence[Mapping[str, Any]]:
    """The choices of a chunk, which may be sent on as it is.

    Raises:
        InputError: it is no chunk of a chat completion.
    """
    if not isinstance(chunk, Mapping) or not isinstance(given := chunk.get("choices", []), list):
        raise InputError("wanted chunks of a chat completion; got something else")
    for piece in given:
        _require_piece(piece)
    return given


def _require_piece(piece: object) -> None:
    if not isinstance(piece, Mapping) or not isinstance(delta := piece.get("delta") or {}, Mapping):
        raise InputError("wanted choices with a delta; got something else")
    place, finish = piece.get("index", 0), piece.get("finish_reason")
    if not isinstance(place, int) or not 0 <= place < MOST_ANSWERS:
        raise InputError("wanted choices with a number; got something else")
    if not all(isinstance(text, str | None) for text in (finish, *map(delta.get, _TEXTS))):
        raise InputError("wanted pieces of text; got something else")
    calls = delta.get("tool_calls") or []
    if not isinstance(calls, list) or not all(isinstance(call, Mapping) for call in calls):
        raise InputError("wanted pieces of tool calls; got something else")
    if not are_logprobs(piece.get("logprobs")):
        raise InputError("wanted log-probabilities of tokens; got something else")


def _add(choices: dict[int, dict[str, Any]], piece: Mapping[str, Any]) -> None:
    place, delta = piece.get("index", 0), piece.get("delta") or {}
    empty = {"index": place, "message": {"role": "assistant", "content": None}, "finish_reason": None}
    choice = choices.setdefault(place, empty)
    message = choice["message"]
    for key in _TEXTS:
        if isinstance(text := delta.get(key), str):
            message[key] = (message.get(key) or "") + text
    for call in delta.get("tool_calls") or ():
        _add_call(message.setdefault("tool_calls", []), call)
    if piece.get("finish_reason") is not None:
        choice["finish_reason"] = piece["finish_reason"]
    if isinstance(seen := piece.get("logprobs"), Mapping):
        _add_logprobs(choice.setdefault("logprobs", {}), seen)


def _add_call(calls: list[dict[str, Any]], piece: object) -> None:
    if not isinstance(piece, Mapping) or not isinstance(place := piece.get("index", len(calls)), int):
        raise InputError("wanted a piece of a tool call with its number; got something else")
    if not 0 <= place <= len(calls):
        raise InputError("wanted pieces of tool calls in order; got a gap")
    if place == len(calls):
        calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
    call, told = calls[place], piece.get("function") or {}
    call["id"] = piece.get("id") or call["id"]
    if isinstance(name := told.get("name"), str):
        call["function"]["name"] += name
    if isinstance(arguments := told.get("arguments"), str):
        call["function"]["arguments"] += arguments


def _add_logprobs(known: dict[str, Any], seen: Mapping[str, Any]) -> None:
    for key, rows in seen.items():
        if isinstance(rows, list):
            known[key] = [*(known.get(key) or []), *rows]
