"""What is said to a model that can be talked to, and what comes back, whoever runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeAlias, runtime_checkable

from foureyes.errors import ConfigError, ModelError, ModelRefused
from foureyes.http.addresses import require_address, require_key
from foureyes.http.limits import RequestLimits
from foureyes.models.roles import Sampling
from foureyes.models.token_logprobs import TokenLogprobs
from foureyes.types import Message, Prompt, TokenUsage, ToolCall

__all__ = ["ChatModel", "ChatReply", "ChatRequest", "Endpoint", "Finish", "messages_of", "whole_text"]

Finish: TypeAlias = Literal[
    "stop",  # the model ended by itself
    "length",  # it was cut at the most tokens
    "tool_calls",  # it wants tools called
    "filtered",  # the provider's filter withheld the request or the reply
    "declined",  # the model refused to answer
]


_REFUSALS: Final[Mapping[Finish, str]] = {
    "filtered": "the provider's filter withheld the reply",
    "declined": "the model declined to reply",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model as an operator configures it: what it is called, where it is, and how it is asked.

    Args:
        model: the provider's name for it.
        url: for OpenAI's protocol up to and including ``/v1``; ``None`` for the provider's own address. Environment
            variables do not change it.
        key: the API key; ``None`` for none. Never shown.
        provider: what the operator calls whoever runs it; ``None`` for the provider's usual name.
        options: further fields of every request, in the provider's words, say ``{"max_tokens": 900}``. ``None`` for the
            usual ones: a few hundred tokens, and greedy where the provider lets itself be told.
        limits: how long, how often, how much.
        reports_as: further names that the model goes by in replies; see
            :func:`~foureyes.models.providers.model_names.is_same_model` for those that are known without.

    Raises:
        ConfigError: a name is empty, or the address or the key cannot be used.
    """

    model: str
    url: str | None = None
    key: str | None = field(default=None, repr=False)
    provider: str | None = None
    options: Mapping[str, Any] | None = None
    limits: RequestLimits = field(default_factory=RequestLimits)
    reports_as: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.model or self.provider == "":
            raise ConfigError("an endpoint needs the name of a model, and a provider's name that is not empty")
        if self.url is not None:
            require_address(self.url)
        if self.key is not None:
            require_key(self.key)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The messages said to a model, and how it is to answer.

    Attributes:
        messages: the conversation so far.
        schema: JSON schema that the reply is held to, where the provider can; ``None`` for any text.
        sampling: how the words are chosen; ``None`` leaves that to the model's configured options.
        top_logprobs: how many of the most likely tokens are wanted at each token of the reply, 0 for no log-probabilities.
        leaves_busy: whether whoever asks waits for a busy provider himself, so that what that turns away fails at once.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    sampling: Sampling | None = None
    top_logprobs: int = 0
    leaves_busy: bool = False

    @property
    def n(self) -> int:
        """Replies that are wanted."""
        return 1 if self.sampling is None else self.sampling.n

    @property
    def system(self) -> str:
        """What system and developer say, for providers that want it apart from the conversation."""
        return "\n\n".join(message.content for message in self.messages if message.role in ("system", "developer"))

    @property
    def turns(self) -> list[Message]:
        """What user, model and tools say."""
        return [message for message in self.messages if message.role not in ("system", "developer")]


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What a model said to one request: text, tool calls, token log-probabilities, usage.

    Attributes:
        text: its words, thinking left out; empty where it only calls tools or refuses.
        finish: why it ended.
        tool_calls: what it wants called.
        tokens: its tokens with their log-probabilities; ``None`` where the provider shows none.
        usage: tokens read and written; ``None`` where the provider does not say.
    """

    text: str
    finish: Finish = "stop"
    tool_calls: tuple[ToolCall, ...] = ()
    tokens: tuple[TokenLogprobs, ...] | None = None
    usage: TokenUsage | None = None


@runtime_checkable
class ChatModel(Protocol):
    """A model that can be talked to. Use it in one event loop."""

    @property
    def provider(self) -> str:
        """Who runs it."""
        ...

    @property
    def name(self) -> str:
        """Which model."""
        ...

    @property
    def fingerprint(self) -> str:
        """What its words depend on, as far as its provider tells."""
        ...

    async def say(self, request: ChatRequest) -> Sequence[ChatReply]:
        """What it replies: at least one reply, at most ``request.n``. Whoever wants more asks again.

        Raises:
            ModelUnavailable: it cannot be reached, is busy (``busy_s`` says for how long it wants to be left alone), or took too long.
            ModelRefused: its server said no.
            ModelError: what came back is no reply.
        """
        ...

    async def aclose(self) -> None:
        """Closes every connection to its server."""
        ...


def messages_of(prompt: Prompt) -> tuple[Message, ...]:
    """A prompt as a conversation."""
    return (Message("user", prompt),) if isinstance(prompt, str) else prompt


def whole_text(reply: ChatReply, model: str) -> str:
    """The text of a reply that is nothing but text, and whole.

    Raises:
        ModelRefused: the model or its filter said no.
        ModelError: it was cut off, is empty, or wants tools called.
    """
    if (refusal := _REFUSALS.get(reply.finish)) is not None:
        raise ModelRefused(refusal, model=model, summary=refusal)
    fault = None
    if reply.finish == "length":
        fault = "the reply was cut off at its length limit"
    elif reply.tool_calls:
        fault = "wanted words; the model calls a tool"
    elif not reply.text.strip():
        fault = "the model said nothing"
    if fault is not None:
        raise ModelError(fault, model=model, summary=fault)
    return reply.text
