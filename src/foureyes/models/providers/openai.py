"""OpenAI's chat completions: what is sent, and the words in a reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from foureyes.http.client import HttpClient
from foureyes.http.failures import RequestFailed
from foureyes.models.chat.protocol import ChatReply, ChatRequest, Endpoint, Finish
from foureyes.models.providers.base import ProviderChat, finish_of, usage_of
from foureyes.models.stated_tokens import chat_tokens
from foureyes.models.token_logprobs import TokenLogprobs
from foureyes.turns import openai_chat
from foureyes.types import TokenUsage, ToolCall, Unscored

__all__ = ["OpenAIChat"]

_FINISH: Final[Mapping[str, Finish]] = {
    "length": "length",
    "content_filter": "filtered",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}


class OpenAIChat(ProviderChat):
    """A model behind OpenAI's protocol, whoever runs it."""

    usual_name = "openai-compatible"
    home = "https://api.openai.com/v1"
    usual_options: ClassVar[Mapping[str, Any]] = {"temperature": 0, "max_tokens": 512}
    reserved = frozenset({"model", "messages", "response_format", "stream", "n", "tools", "tool_choice"})

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        if endpoint.options is None and self._url == self.home:
            self._options[self._most_tokens] = self._options.pop("max_tokens")
        self._client = HttpClient(self._url, key=endpoint.key, limits=endpoint.limits)

    async def aclose(self) -> None:
        """Closes every connection to the server."""
        await self._client.aclose()

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        return {
            **self._options,
            "model": self.name,
            "messages": openai_chat.written(request.messages),
            "stream": False,
            **self._sampled(request),
            **_held_to(request.schema),
            **({"logprobs": True, "top_logprobs": request.top_logprobs} if request.top_logprobs else {}),
        }

    def _sampled(self, request: ChatRequest) -> dict[str, Any]:
        if (how := request.sampling) is None:
            return {}
        chosen = {"temperature": how.temperature, "top_p": how.top_p, "seed": how.seed, "n": how.n}
        return {self._most_tokens: how.max_tokens, **chosen}

    @property
    def _most_tokens(self) -> str:
        """OpenAI's newer models want another name than all other servers know."""
        new = "max_completion_tokens"
        return new if new in self._options or self._url == self.home else "max_tokens"

    async def _sent(self, body: dict[str, Any], request: ChatRequest) -> Any:
        client = self._client.leaving_busy() if request.leaves_busy else self._client
        return await client.post("/chat/completions", body)

    def _replies(self, reply: Any, request: ChatRequest) -> list[ChatReply]:
        match reply:
            case {"choices": [_, *_] as choices} if len(choices) <= request.n:
                return [
                    _reply(choice, usage) for choice, usage in zip(choices, _usages(reply, len(choices)), strict=True)
                ]
            case _:
                raise RequestFailed(f"the server's reply is not a chat completion with up to {request.n} choices")


def _held_to(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    if schema is None:
        return {}
    form = {"name": "reply", "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def _reply(choice: Any, usage: TokenUsage | None) -> ChatReply:
    match choice:
        case {"error": error} if error is not None:  # as routers say that a server behind them failed
            raise RequestFailed("a choice of the reply carries an error")
        case {"message": {"refusal": str(why)}} if why:
            return ChatReply("", "declined", usage=usage)
        case {"message": {"content": str() | None as text} as message}:
            finish = finish_of(choice.get("finish_reason"), _FINISH)
            return ChatReply(text or "", finish, _tool_calls(message), _tokens(choice), usage)
        case _:
            raise RequestFailed("the server's reply is not a chat completion with messages of text")


def _tool_calls(message: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    calls = []
    asked = message.get("tool_calls") or []
    if not isinstance(asked, list):
        raise RequestFailed("the tool calls in the server's reply are not a list")
    for call in asked:
        match call:
            case {"id": str(name), "function": {"name": str(tool), "arguments": str(arguments)}}:
                calls.append(ToolCall(tool, arguments, name))
            case _:
                raise RequestFailed("a tool call in the server's reply has no id, name or arguments")
    return tuple(calls)


def _tokens(choice: Mapping[str, Any]) -> tuple[TokenLogprobs, ...] | None:
    """The tokens as shown; ``None`` where there are none, or what is shown are no log-probabilities."""
    match choice:
        case {"logprobs": {"content": [_, *_] as entries}}:
            stated = chat_tokens(entries)
            return None if isinstance(stated, Unscored) else stated
        case _:
            return None


def _usages(reply: Mapping[str, Any], n: int) -> Sequence[TokenUsage | None]:
    """The tokens of each choice: the prompt is read once, and what was written is stated for all together."""
    match reply:
        case {"usage": {"prompt_tokens": int(read), "completion_tokens": int(written)}} if usage_of(read, written):
            share, rest = divmod(written, n)
            return [TokenUsage(read, share + rest), *[TokenUsage(0, share)] * (n - 1)]
        case _:
            return [None] * n
