"""Gemini as a verifier, through Google's SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from foureyes.errors import ConfigError, ModelError, ModelRefused
from foureyes.models.attempts import attempted
from foureyes.models.judging import Question, ask, new_code, schema, vote_of
from foureyes.models.providers.account import Account
from foureyes.models.providers.failures import COMMON, REFUSED, Failure, Table, decoded, failure
from foureyes.models.providers.transport import bounded_client
from foureyes.types import Exchange, Vote

try:
    from google import genai
    from google.genai import errors, types
except ImportError as error:
    raise ConfigError(f"Google's judges need {error.name}: pip install 'foureyes[providers]'") from error

__all__ = ["MEANING", "GoogleJudge"]

MEANING: Final[Table] = {
    **COMMON,
    errors.APIError: REFUSED,
    errors.ContinuationInterruptedError: Failure(ModelError, "the reply was interrupted"),
}
"""By base class; a test holds it against the SDK's own exceptions. Several of those are ``ValueError``."""

_HOME: Final = "https://generativelanguage.googleapis.com"
_WITHHELD: Final = ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE")


class GoogleJudge:
    """Asks a Gemini model for a verdict, with structured output.

    Args:
        account: key and model.
        codes: gives each request its code.

    Example:
        >>> GoogleJudge(Account("gemini-2.5-flash", "AIza-123")).provider
        'google'
    """

    def __init__(self, account: Account, *, codes: Callable[[], str] = new_code) -> None:
        self._account = account
        self._codes = codes
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
    def provider(self) -> str:
        """Google."""
        return "google"

    @property
    def name(self) -> str:
        """Which model, as configured."""
        return self._account.model

    async def aclose(self) -> None:
        """Closes every connection to the server."""
        await self._http.aclose()
        self._client.close()

    async def vote(self, exchange: Exchange) -> Vote:
        """Votes once; see :class:`~foureyes.models.roles.Judge`.

        Raises:
            ModelUnavailable: the server cannot be reached, is busy, or took too long.
            ModelRefused: the server or the model said no.
            ModelError: the reply is not a candidate.
        """
        question = ask(exchange, self._codes())
        reply = await attempted(lambda: self._once(question), model=self.name, limits=self._account.limits)
        return vote_of(_words(reply, self.name), question, provider=self.provider, model=self.name)

    async def _once(self, question: Question) -> Any:
        config = types.GenerateContentConfig(
            system_instruction=question.system,
            temperature=0,
            max_output_tokens=self._account.most_tokens,
            response_mime_type="application/json",
            response_json_schema=schema(),
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            should_return_http_response=True,
        )
        try:
            answer = await self._client.aio.models.generate_content(
                model=self.name, contents=question.user, config=config
            )
        except tuple(MEANING) as error:
            raise failure(error, MEANING, self._account, status=getattr(error, "code", None)) from error
        raw = answer.sdk_http_response
        return decoded((raw and raw.body) or "", self._account)


def _words(reply: object, model: str) -> str:
    """What the model said, whole; thoughts aside."""
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
        case [{"text": str(text)}]:
            return text
        case _:
            raise ModelError(f"wanted one part of text; got {len(said)} parts", model=model)
