"""Claude, through Anthropic's SDK: what is sent, what its exceptions mean, and the words in a reply."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from foureyes.errors import ConfigError
from foureyes.http.failures import RequestFailed
from foureyes.models.chat.protocol import ChatReply, ChatRequest, Endpoint, Finish
from foureyes.models.providers.base import ProviderChat, finish_of, usage_of
from foureyes.models.providers.sdk import COMMON, Meaning, MeaningTable, bounded_client, required_key, send_with_retries
from foureyes.turns import anthropic as turns
from foureyes.types import TokenUsage, ToolCall

try:
    import anthropic
except ImportError as error:
    raise ConfigError(f"Anthropic's models need {error.name}: pip install 'foureyes[providers]'") from error

__all__ = ["MEANING", "AnthropicChat"]

MEANING: Final[MeaningTable] = {
    **COMMON,
    anthropic.APITimeoutError: Meaning("unavailable", "the server did not answer in time", server_wide=True),
    anthropic.APIConnectionError: Meaning("unavailable", "the connection failed", retryable=True, server_wide=True),
    anthropic.APIStatusError: Meaning("refused", "the server refused"),
    anthropic.RetryableError: Meaning("unavailable", "the SDK asks to try again", retryable=True),
    anthropic.CredentialsError: Meaning("refused", "the credentials cannot be loaded", server_wide=True),
    anthropic.APIError: Meaning("bad_reply", "the SDK could not make sense of the reply"),
    anthropic.AnthropicError: Meaning("bad_reply", "the SDK failed"),
}
"""By base class; a test holds it against the SDK's whole tree."""

_FINISH: Final[Mapping[str, Finish]] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "declined",
}


class AnthropicChat(ProviderChat):
    """A model of Anthropic's.

    Its API lets nobody choose how words are drawn: of a sampling only the most tokens are sent, neither temperature nor top-p
    nor seed. It shows no log-probabilities and gives one reply a request.
    """

    usual_name = "anthropic"
    home = "https://api.anthropic.com"
    usual_options: ClassVar[Mapping[str, Any]] = {"max_tokens": 2048}  # thinking counts too
    reserved = frozenset({"model", "messages", "system", "stream", "tools", "tool_choice", "output_config"})

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._client = anthropic.AsyncAnthropic(
            api_key=required_key(endpoint),
            base_url=self._url,
            max_retries=0,  # attempts are counted here
            timeout=endpoint.limits.timeout_s,
            http_client=bounded_client(endpoint),
        )

    async def aclose(self) -> None:
        """Closes every connection to the server."""
        await self._client.close()

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        how, schema, called = request.sampling, request.schema, turns.called_tools(request.turns)
        return {
            **self._options,
            "model": self.name,
            "messages": turns.written(request.turns),
            **({"tools": called, "tool_choice": {"type": "none"}} if called else {}),
            **({"system": request.system} if request.system else {}),
            **({} if how is None else {"max_tokens": how.max_tokens}),
            **({} if schema is None else {"output_config": {"format": {"type": "json_schema", "schema": schema}}}),
        }

    async def _sent(self, body: dict[str, Any], request: ChatRequest) -> Any:
        async def call() -> bytes:
            raw = await self._client.messages.with_raw_response.create(**body)
            content: bytes = await raw.http_response.aread()
            return content

        return await send_with_retries(call, MEANING, self._endpoint, leaves_busy=request.leaves_busy)

    def _replies(self, reply: Any, request: ChatRequest) -> list[ChatReply]:  # noqa: ARG002 - one reply, whatever was asked
        match reply:
            case {"type": "message", "content": [*blocks]}:
                finish = finish_of(reply.get("stop_reason"), _FINISH)
                return [ChatReply(_text(blocks), finish, _tool_calls(blocks), usage=_usage(reply))]
            case _:
                raise RequestFailed("the server's reply is not a message")


def _text(blocks: list[Any]) -> str:
    """The words; thinking stands in blocks of another type."""
    said = []
    for block in blocks:
        match block:
            case {"type": "text", "text": str(text)}:
                said.append(text)
            case {"type": "thinking" | "redacted_thinking" | "tool_use"}:
                pass
            case _:
                raise RequestFailed("wanted blocks of text; the server's reply holds another kind")
    return "".join(said)


def _tool_calls(blocks: list[Any]) -> tuple[ToolCall, ...]:
    calls = []
    for block in blocks:
        match block:
            case {"type": "tool_use", "id": str(name), "name": str(tool), "input": dict(arguments)}:
                calls.append(ToolCall(tool, json.dumps(arguments, ensure_ascii=False), name))
            case {"type": "tool_use"}:
                raise RequestFailed("a tool call in the server's reply has no id, name or arguments")
    return tuple(calls)


def _usage(reply: Mapping[str, Any]) -> TokenUsage | None:
    match reply:
        case {"usage": {"input_tokens": int(read), "output_tokens": int(written)}}:
            return usage_of(read, written)
        case _:
            return None
