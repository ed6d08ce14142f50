"""OpenAI's Responses: items become a conversation, and every other field what it is called in a chat completion.

Nothing is dropped: what a chat completion cannot say is refused by the name of its field. Nothing is stored either, so what
only refers to something stored (``previous_response_id``, ``conversation``, ``prompt``) is refused too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.service.wire.openai import Asked, asked_of, chunks_of
from foureyes.service.wire.openai_response_body import response_of
from foureyes.service.wire.openai_response_events import ResponseEvents
from foureyes.turns import openai_chat, openai_responses

__all__ = ["ResponsesDialect"]

_SAME: Final = frozenset(
    {
        "model", "stream", "temperature", "top_p", "parallel_tool_calls", "metadata", "user", "safety_identifier",
        "prompt_cache_key", "prompt_cache_retention", "service_tier", "top_logprobs",
    }
)  # fmt: skip
"""Fields that mean the same in a chat completion."""

_SILENT: Final[Mapping[str, tuple[Any, ...]]] = {
    "store": (False,),
    "background": (False,),
    "truncation": ("disabled",),
    "stream_options": ({}, {"include_obfuscation": False}, {"include_obfuscation": True}),
}
"""Values that ask for nothing but what is done anyway. Padding of events against eavesdroppers may be asked for, and is not done."""

_LOGPROBS: Final = "message.output_text.logprobs"


class ResponsesDialect:
    """``/v1/responses``."""

    def asked(self, body: Mapping[str, Any]) -> Asked:
        """Items as a conversation."""
        chat = {name: value for name, value in body.items() if name in _SAME}
        chat["messages"] = _messages(body)
        for name, value in body.items():
            if name not in _SAME and name not in ("input", "instructions") and value is not None:
                chat |= _translated(name, value)
        if chat.get("top_logprobs"):
            chat["logprobs"] = True
        return asked_of({**body, "stream_options": None}, chat)

    def whole(self, asked: Asked, reply: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
        """The first choice's items; this API has one answer."""
        written = self.events(asked).finished(chunks_of(reply))
        return {**response_of(asked.body, written), "foureyes": told}

    def events(self, asked: Asked) -> ResponseEvents:
        """Items as they grow."""
        return ResponseEvents(asked.body)


def _messages(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The conversation as a chat completion says it."""
    if body.get("input") is None:
        raise InputError("input must be text or a list of items; got null")
    conversation = openai_responses.messages({name: body.get(name) for name in ("instructions", "input")})
    for i, turn in enumerate(conversation):
        if turn.unread:
            raise InputError(f"input cannot be asked of a route: message {i} holds {', '.join(turn.unread)[:200]}")
    if _has_custom_calls(body["input"]):
        raise InputError("input cannot be asked of a route: it holds calls of custom tools")
    return openai_chat.written(conversation)


def _has_custom_calls(given: object) -> bool:
    return isinstance(given, list) and any(
        isinstance(item, dict) and str(item.get("type")).startswith("custom_tool_call") for item in given
    )


def _translated(name: str, value: Any) -> dict[str, Any]:
    """What a field is called in a chat completion.

    Raises:
        InputError: it cannot be said there.
    """
    if (translate := _TRANSLATED.get(name)) is not None:
        return translate(value)
    if value in _SILENT.get(name, ()) or value in ([], {}):
        return {}
    raise InputError(
        f"{name} cannot be asked of a route: its writers are asked for chat completions, and nothing is stored"
    )


def _tool(tool: object, place: str) -> dict[str, Any]:
    given = _object(tool, place)
    if given.get("type") != "function":
        raise InputError(
            f"{place}.type must be 'function': a route has no tools of its own; got {given.get('type')!r:.40}"
        )
    about = {key: value for key, value in given.items() if key != "type" and value is not None}
    return {"type": "function", "function": about}


def _tool_choice(given: object) -> Any:
    if isinstance(given, str):
        return given
    choice = _object(given, "tool_choice")
    if choice.get("type") != "function" or set(choice) != {"type", "name"}:
        raise InputError(f"tool_choice must be a word or name a function; got the type {choice.get('type')!r:.40}")
    return {"type": "function", "function": {"name": choice["name"]}}


def _text(given: Mapping[str, Any]) -> dict[str, Any]:
    found = _only({key: value for key, value in given.items() if key != "format"}, "text", {"verbosity": "verbosity"})
    form = given.get("format")
    if form is None or form == {"type": "text"}:
        return found
    asked = _object(form, "text.format")
    if asked.get("type") == "json_schema":
        schema = {key: value for key, value in asked.items() if key != "type" and value is not None}
        return {**found, "response_format": {"type": "json_schema", "json_schema": schema}}
    if asked == {"type": "json_object"}:
        return {**found, "response_format": asked}
    raise InputError(f"text.format must be text, json_object or json_schema; got {asked.get('type')!r:.40}")


def _include(given: Sequence[Any]) -> dict[str, Any]:
    for i, wanted in enumerate(given):
        if wanted != _LOGPROBS:
            raise InputError(f"include[{i}] must be {_LOGPROBS!r}: a route has nothing else; got {wanted!r:.60}")
    return {"logprobs": True} if given else {}


def _only(given: Mapping[str, Any], place: str, names: Mapping[str, str]) -> dict[str, Any]:
    """Fields of an object under the names they have elsewhere; any other one that holds something is refused."""
    for name, value in given.items():
        if name not in names and value is not None:
            raise InputError(f"{place}.{name} cannot be asked of a route")
    return {names[name]: value for name, value in given.items() if value is not None}


def _object(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{place} must be an object; got {type(value).__name__}")
    return value


def _list(value: object, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{place} must be a list; got {type(value).__name__}")
    return value


_TRANSLATED: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    "max_output_tokens": lambda value: {"max_completion_tokens": value},
    "tools": lambda value: {"tools": [_tool(one, f"tools[{i}]") for i, one in enumerate(_list(value, "tools"))]},
    "tool_choice": lambda value: {"tool_choice": _tool_choice(value)},
    "text": lambda value: _text(_object(value, "text")),
    "reasoning": lambda value: _only(_object(value, "reasoning"), "reasoning", {"effort": "reasoning_effort"}),
    "include": lambda value: _include(_list(value, "include")),
}
"""Fields that have another name, or another form, in a chat completion."""
