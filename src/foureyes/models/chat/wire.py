"""OpenAI's chat completions as pure functions: a request's body, and the words in a reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from foureyes.errors import ConfigError, ModelError, ModelRefused
from foureyes.models.judging import VerdictRequest
from foureyes.types import Message, Prompt, Role

__all__ = ["RESERVED", "body", "messages_for", "turns", "words"]

RESERVED: Final = frozenset({"model", "messages", "response_format", "stream", "n", "tools", "tool_choice"})
"""Fields of a request that no configured option may set."""


def body(model: str, messages: Sequence[Mapping[str, str]], options: Mapping[str, Any]) -> dict[str, Any]:
    """A request.

    Raises:
        ConfigError: an option sets what is not its to set.
    """
    if taken := RESERVED & set(options):
        raise ConfigError(f"these options are not free to set: {', '.join(sorted(taken))}")
    return {**options, "model": model, "messages": list(messages), "stream": False}


def messages_for(question: VerdictRequest, *, instructions: Role) -> list[dict[str, str]]:
    """A question to a judge: instructions as a turn of this role, then the quoted exchange."""
    if instructions == "user":
        return [{"role": "user", "content": f"{question.system}\n\n{question.user}"}]
    return [{"role": "system", "content": question.system}, {"role": "user", "content": question.user}]


def turns(prompt: Prompt) -> list[dict[str, str]]:
    """A prompt as a conversation."""
    said = (Message("user", prompt),) if isinstance(prompt, str) else prompt
    return [{"role": message.role, "content": message.content} for message in said]


def words(reply: object, model: str) -> str:
    """What the model said, whole.

    Raises:
        ModelRefused: it declined, or its server's filter did.
        ModelError: the reply is not a chat completion, or was cut off.
    """
    match reply:
        case {"choices": [{"finish_reason": "length"}, *_]}:
            raise ModelError("the reply was cut off at the configured length", model=model)
        case {"choices": [{"finish_reason": "content_filter"}, *_]}:
            raise ModelRefused("the server's filter withheld the reply", model=model)
        case {"choices": [{"message": {"refusal": str(why)}}, *_]} if why:
            raise ModelRefused("the model declined to reply", model=model)
        case {"choices": [{"message": {"content": str(said)}}]} if said.strip():
            return said
        case {"choices": [{"message": {"content": None | ""}}]}:
            raise ModelError("the model said nothing", model=model)
        case _:
            raise ModelError("the server's reply is not a chat completion with one message of text", model=model)
