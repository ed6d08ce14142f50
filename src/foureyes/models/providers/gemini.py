"""One message to Gemini through Google's SDK, and everything that can go wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from foureyes.errors import ConfigError, ModelError, ModelRefused
from foureyes.models.attempts import attempted
from foureyes.models.providers.account import Account
from foureyes.models.providers.failures import COMMON, REFUSED, Failure, Table, decoded, failure, shown
from foureyes.models.providers.transport import bounded_client
from foureyes.types import Message

try:
    from google import genai
    from google.genai import errors, types
except ImportError as error:
    raise ConfigError(f"Google's models need {error.name}: pip install 'foureyes[providers]'") from error

__all__ = ["MEANING", "Gemini", "words"]

MEANING: Final[Table] = {
    **COMMON,
    errors.APIError: REFUSED,
    errors.ContinuationInterruptedError: Failure(ModelError, "the reply was interrupted"),
}
"""By base class; a test holds it against the SDK's own exceptions. Several of those are ``ValueError``."""

_HOME: Final = "https://generativelanguage.googleapis.com"
_WITHHELD: Final = ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE")


class Gemini:
    """A model of Google's, for use in one event loop.

    Args:
        account: key and model.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._http = bounded_client(account.limits)
        self._client = genai.Client(
            vertexai=False,
            api_key=account.key,
            http_options=types.HttpOptions(
                base_url=account.url or _HOME,
                timeout=int(account.limits.timeout * 1000),
                retry_options=types.HttpRetryOptions(attempts=1),  # attempts are counted here
                httpx_async_client=self._http,
            ),
        )

    @property
    def model(self) -> str:
        """The provider's name for it."""
        return self._account.model

    async def aclose(self) -> None:
        """Closes every connection to the server."""
        await self._http.aclose()
        self._client.close()

    async def say(self, turns: Sequence[Message], options: Mapping[str, Any]) -> str:
        """What the model says next, whole.

        Args:
            turns: the conversation; what the system says goes where the API wants it.
            options: further fields of the SDK's ``GenerateContentConfig``.

        Raises:
            ModelUnavailable: the server cannot be reached, is busy, or took too long.
            ModelRefused: the server or its filter said no.
            ModelError: the reply is not one candidate, or was cut off.
        """
        system = "\n\n".join(turn.content for turn in turns if turn.role == "system")
        said = [turn for turn in turns if turn.role != "system"]
        contents = [
            types.Content(role="model" if turn.role == "assistant" else "user", parts=[types.Part(text=turn.content)])
            for turn in said
        ]
        config = types.GenerateContentConfig(
            system_instruction=system or None,
            max_output_tokens=self._account.most_tokens,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            should_return_http_response=True,
            **options,
        )
        reply = await attempted(lambda: self._once(contents, config), model=self.model, limits=self._account.limits)
        return words(reply, self.model)

    async def _once(self, contents: list[types.Content], config: types.GenerateContentConfig) -> Any:
        try:
            answer = await self._client.aio.models.generate_content(
                model=self.model, contents=list(contents), config=config
            )
        except tuple(MEANING) as error:
            raise failure(error, MEANING, self._account, status=getattr(error, "code", None)) from shown(
                error, self._account
            )
        raw = answer.sdk_http_response
        return decoded((raw and raw.body) or "", self._account)


def words(reply: object, model: str) -> str:
    """What the model said in a reply, whole; thoughts aside.

    Raises:
        ModelRefused: a filter refused or withheld it.
        ModelError: the reply is not one candidate with one text, or was cut off.
    """
    match reply:
        case {"promptFeedback": {"blockReason": str()}}:
            raise ModelRefused("the server's filter refused the request", model=model)
        case {"candidates": [{"finishReason": str(why)}, *_]} if why in _WITHHELD:
            raise ModelRefused("the server's filter withheld the reply", model=model)
        case {"candidates": [{"finishReason": "MAX_TOKENS"}, *_]}:
            raise ModelError("the reply was cut off at its length limit", model=model)
        case {"candidates": [{"content": {"parts": list(parts)}}]}:
            return _only_text(parts, model)
        case _:
            raise ModelError("the server's reply is not one candidate with text", model=model)


def _only_text(parts: list[Any], model: str) -> str:
    said = [part for part in parts if not (isinstance(part, dict) and part.get("thought") is True)]
    match said:
        case [{"text": str(text)}] if text.strip():
            return text
        case _:
            raise ModelError(f"wanted one part of text that says something; got {len(said)} parts", model=model)
