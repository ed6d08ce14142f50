"""Gemini, through Google's SDK: what is sent, what its exceptions mean, and the words in a reply."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from foureyes.errors import ConfigError
from foureyes.http.failures import RequestFailed
from foureyes.models.chat.protocol import ChatReply, ChatRequest, Endpoint, Finish
from foureyes.models.providers.base import ProviderChat, finish_of, usage_of
from foureyes.models.providers.sdk import COMMON, Meaning, MeaningTable, bounded_client, required_key, send_with_retries
from foureyes.models.stated_tokens import gemini_tokens
from foureyes.models.token_logprobs import TokenLogprobs
from foureyes.turns import gemini
from foureyes.types import TokenUsage, ToolCall, Unscored

try:
    from google import genai
    from google.genai import errors, types
except ImportError as error:
    raise ConfigError(f"Google's models need {error.name}: pip install 'foureyes[providers]'") from error

__all__ = ["MEANING", "GoogleChat"]

MEANING: Final[MeaningTable] = {
    **COMMON,
    errors.APIError: Meaning("refused", "the server refused"),
    errors.ContinuationInterruptedError: Meaning("bad_reply", "the reply was interrupted"),
}
"""By base class; a test holds it against the SDK's own exceptions. Several of those are ``ValueError``."""

_FINISH: Final[Mapping[str, Finish]] = {
    "MAX_TOKENS": "length",
    **dict.fromkeys(("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"), "filtered"),
}


class GoogleChat(ProviderChat):
    """A model of Google's. Its log-probabilities come without bytes; it gives one reply a request."""

    usual_name = "google"
    home = "https://generativelanguage.googleapis.com"
    names_model_as = "modelVersion"
    usual_options: ClassVar[Mapping[str, Any]] = {"temperature": 0, "max_output_tokens": 2048}  # thoughts count too
    reserved = frozenset(
        {"system_instruction", "tools", "tool_config", "candidate_count", "response_mime_type", "response_json_schema"}
    )

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._http = bounded_client(endpoint)
        self._client = genai.Client(
            vertexai=False,
            api_key=required_key(endpoint),
            http_options=types.HttpOptions(
                base_url=self._url,
                timeout=int(endpoint.limits.timeout_s * 1000),
                retry_options=types.HttpRetryOptions(attempts=1),  # attempts are counted here
                httpx_async_client=self._http,
            ),
        )

    async def aclose(self) -> None:
        """Closes every connection to the server."""
        await self._http.aclose()
        self._client.close()

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        """The SDK's ``GenerateContentConfig`` and contents."""
        how, schema, k = request.sampling, request.schema, request.top_logprobs
        fields: dict[str, Any] = {**self._options, "system_instruction": request.system or None}
        if how is not None:
            fields |= {"max_output_tokens": how.max_tokens, "temperature": how.temperature}
            fields |= {"top_p": how.top_p, "seed": how.seed}
        if schema is not None:
            fields |= {"response_mime_type": "application/json", "response_json_schema": schema}
        if k:
            fields |= {"response_logprobs": True, "logprobs": k}
        config = types.GenerateContentConfig(
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            should_return_http_response=True,
            **fields,
        )
        contents = [types.Content.model_validate(content) for content in gemini.written(request.turns)]
        return {"contents": contents, "config": config}

    async def _sent(self, body: dict[str, Any], request: ChatRequest) -> Any:
        async def call() -> str | bytes:
            answer = await self._client.aio.models.generate_content(model=self.name, **body)
            raw = answer.sdk_http_response
            return (raw and raw.body) or ""

        return await send_with_retries(call, MEANING, self._endpoint, leaves_busy=request.leaves_busy)

    def _replies(self, reply: Any, request: ChatRequest) -> list[ChatReply]:  # noqa: ARG002 - one reply, whatever was asked
        match reply:
            case {"promptFeedback": {"blockReason": str()}}:
                return [ChatReply("", "filtered")]
            case {"candidates": [{"finishReason": str(why)}]} if _FINISH.get(why) == "filtered":
                return [ChatReply("", "filtered", usage=_usage(reply))]
            case {"candidates": [{"content": {"parts": [*parts]}} as candidate]}:
                finish = finish_of(candidate.get("finishReason"), _FINISH)
                return [ChatReply(_text(parts), finish, _tool_calls(parts), _tokens(candidate), _usage(reply))]
            case {"candidates": [{"finishReason": "MAX_TOKENS"}]}:
                return [ChatReply("", "length", usage=_usage(reply))]
            case _:
                raise RequestFailed("the server's reply is not one candidate with words")


def _text(parts: list[Any]) -> str:
    """The words; thoughts are parts that say so."""
    said = []
    for part in parts:
        match part:
            case {"thought": True} | {"functionCall": _}:
                pass
            case {"text": str(text)}:
                said.append(text)
            case _:
                raise RequestFailed("wanted parts of text; the server's reply holds another kind")
    return "".join(said)


def _tool_calls(parts: list[Any]) -> tuple[ToolCall, ...]:
    calls = []
    for i, part in enumerate(parts):
        match part:
            case {"functionCall": {"name": str(tool)} as call}:
                arguments = json.dumps(call.get("args") or {}, ensure_ascii=False)
                calls.append(ToolCall(tool, arguments, call.get("id") or f"call-{i}"))
            case {"functionCall": _}:
                raise RequestFailed("a function call in the server's reply has no name")
    return tuple(calls)


def _tokens(candidate: Mapping[str, Any]) -> tuple[TokenLogprobs, ...] | None:
    match candidate:
        case {"logprobsResult": {"chosenCandidates": [_, *_], "topCandidates": [*_]} as result}:
            stated = gemini_tokens(result)
            return None if isinstance(stated, Unscored) else stated
        case _:
            return None


def _usage(reply: Mapping[str, Any]) -> TokenUsage | None:
    """What the model thought counts as written, as it is paid for."""
    match reply:
        case {"usageMetadata": {"promptTokenCount": int(read)} as counted}:
            written = [counted.get(name) for name in ("candidatesTokenCount", "thoughtsTokenCount")]
            return usage_of(read, sum(n for n in written if isinstance(n, int)))
        case _:
            return None
