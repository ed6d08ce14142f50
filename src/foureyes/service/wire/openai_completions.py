"""OpenAI's old completions: one prompt as one turn of the user, and the answer's text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.service.wire.openai import Asked, asked_of
from foureyes.service.wire.openai_chat import ChatEvents

__all__ = ["CompletionsDialect"]

_SAME: Final = frozenset(
    {
        "model", "stream", "stream_options", "max_tokens", "temperature", "top_p", "n", "stop", "seed",
        "presence_penalty", "frequency_penalty", "logit_bias", "user",
    }
)  # fmt: skip
"""Fields that mean the same in a chat completion."""


class CompletionsDialect:
    """``/v1/completions``."""

    def asked(self, body: Mapping[str, Any]) -> Asked:
        """A prompt as a conversation of one turn."""
        return asked_of(body, _chat(body))

    def whole(self, asked: Asked, reply: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the protocol's
        """The words of every choice."""
        choices = [_choice(choice, choice.get("message") or {}, starts=[0]) for choice in reply["choices"]]
        return {**_about(reply), "choices": choices, "usage": reply.get("usage"), "foureyes": told}

    def events(self, asked: Asked) -> TextEvents:
        """Pieces of the words."""
        return TextEvents(tells_usage=asked.tells_usage)


class TextEvents(ChatEvents):
    """Chunks of a chat completion as those of a completion."""

    def __init__(self, *, tells_usage: bool) -> None:
        super().__init__(tells_usage=tells_usage)
        self._starts: dict[int, list[int]] = {}

    def feed(self, chunk: Mapping[str, Any]) -> bytes:
        """The words in it; a chunk without any says nothing here."""
        choices = [
            _choice(choice, choice.get("delta") or {}, starts=self._starts.setdefault(choice.get("index", 0), [0]))
            for choice in chunk.get("choices") or []
        ]
        spoken = [choice for choice in choices if choice["text"] or choice["finish_reason"] or choice["logprobs"]]
        if choices and not spoken:
            return b""
        return super().feed({**_about(chunk), "choices": spoken, "usage": chunk.get("usage")})


def _chat(body: Mapping[str, Any]) -> dict[str, Any]:
    chat = {name: value for name, value in body.items() if name in _SAME}
    chat["messages"] = [{"role": "user", "content": _prompt(body.get("prompt"))}]
    for name, value in body.items():
        if name in _SAME or name in ("prompt", "logprobs") or value is None:
            continue
        if not ((name == "echo" and value is False) or (name == "best_of" and value == (body.get("n") or 1))):
            raise InputError(f"{name} cannot be asked of a route: its writers are asked for chat completions")
    if (n := body.get("logprobs")) is not None:
        if not isinstance(n, int) or isinstance(n, bool) or n < 0:
            raise InputError("logprobs must be a whole number of alternatives, at least 0")
        chat |= {"logprobs": True, "top_logprobs": n}
    return chat


def _prompt(given: object) -> str:
    one = given[0] if isinstance(given, list) and len(given) == 1 else given
    if not isinstance(one, str) or not one:
        raise InputError("prompt must be one text; several, or numbers of tokens, cannot be asked of a route")
    return one


def _about(reply: Mapping[str, Any]) -> dict[str, Any]:
    about = {name: value for name, value in reply.items() if name not in ("choices", "usage")}
    return {**about, "object": "text_completion"}


def _choice(choice: Mapping[str, Any], said: Mapping[str, Any], *, starts: list[int]) -> dict[str, Any]:
    """One choice; a refusal has no words here, so its end says that it was withheld."""
    text = said.get("content") or ""
    withheld = not text and bool(said.get("refusal"))
    finish = "content_filter" if withheld else choice.get("finish_reason")
    return {
        "text": text,
        "index": choice.get("index", 0),
        "logprobs": _logprobs((choice.get("logprobs") or {}).get("content") or (), starts),
        "finish_reason": finish,
    }


def _logprobs(tokens: Iterable[Mapping[str, Any]], starts: list[int]) -> dict[str, Any] | None:
    """In the old form.

    Args:
        tokens: in the new one.
        starts: one number, where the first of them begins in the text; moved on.
    """
    found: dict[str, Any] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for token in tokens:
        found["tokens"].append(token["token"])
        found["token_logprobs"].append(token["logprob"])
        found["top_logprobs"].append({one["token"]: one["logprob"] for one in token.get("top_logprobs") or ()})
        found["text_offset"].append(starts[0])
        starts[0] += len(token["token"])
    return found if found["tokens"] else None
