"""A streamed chat completion put together again, so that it is read as if it had come in one piece. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from foureyes.errors import InputError

__all__ = ["assembled"]

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
        if not isinstance(chunk, Mapping) or not isinstance(given := chunk.get("choices", []), list):
            raise InputError("wanted chunks of a chat completion; got something else")
        body.update({key: value for key, value in chunk.items() if key != "choices" and value is not None})
        for piece in given:
            _add(choices, piece)
    if any(choice["finish_reason"] is None for choice in choices.values()):
        raise InputError("wanted a whole stream; got one that broke off")
    return {**body, "object": "chat.completion", "choices": [choices[i] for i in sorted(choices)]}


def _add(choices: dict[int, dict[str, Any]], piece: object) -> None:
    if not isinstance(piece, Mapping) or not isinstance(delta := piece.get("delta") or {}, Mapping):
        raise InputError("wanted choices with a delta; got something else")
    place = piece.get("index", 0)
    if not isinstance(place, int):
        raise InputError("wanted choices with a number; got something else")
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
