"""One message to Claude through Anthropic's SDK, and everything that can go wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from foureyes.errors import ConfigError, ModelError, ModelRefused, ModelUnavailable
from foureyes.models.attempts import attempted
from foureyes.models.providers.account import Account
from foureyes.models.providers.failures import COMMON, REFUSED, Failure, Table, decoded, failure, shown
from foureyes.models.providers.transport import bounded_client
from foureyes.types import Message

try:
    import anthropic
except ImportError as error:
    raise ConfigError(f"Anthropic's models need {error.name}: pip install 'foureyes[providers]'") from error

__all__ = ["MEANING", "Claude", "words"]

MEANING: Final[Table] = {
    **COMMON,
    anthropic.APITimeoutError: Failure(ModelUnavailable, "the server did not answer in time"),
    anthropic.APIConnectionError: Failure(ModelUnavailable, "the connection failed", retryable=True),
    anthropic.APIStatusError: REFUSED,
    anthropic.RetryableError: Failure(ModelUnavailable, "the SDK asks to try again", retryable=True),
    anthropic.CredentialsError: Failure(ModelRefused, "the credentials cannot be loaded"),
    anthropic.APIError: Failure(ModelError, "the SDK could not make sense of the reply"),
    anthropic.AnthropicError: Failure(ModelError, "the SDK failed"),
}
"""By base class; a test holds it against the SDK's whole tree."""

_THINKING: Final = ("thinking", "redacted_thinking")
_HOME: Final = "https://api.anthropic.com"


class Claude:
    """A model of Anthropic's, for use in one event loop.

    Args:
        account: key and model.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._client = anthropic.AsyncAnthropic(
            api_key=account.key,
            base_url=account.url or _HOME,
            max_retries=0,  # attempts are counted here
            timeout=account.limits.timeout,
            http_client=bounded_client(account.limits),
        )

    @property
    def model(self) -> str:
        """The provider's name for it."""
        return self._account.model

    async def aclose(self) -> None:
        """Closes every connection to the server."""
        await self._client.close()

    async def say(self, turns: Sequence[Message], options: Mapping[str, Any]) -> str:
        """What the model says next, whole.

        Args:
            turns: the conversation; what the system says goes where the API wants it.
            options: further fields of the request.

        Raises:
            ModelUnavailable: the server cannot be reached, is busy, or took too long.
            ModelRefused: the server or the model said no.
            ModelError: the reply is not a message, or was cut off.
        """
        system = "\n\n".join(turn.content for turn in turns if turn.role == "system")
        request = {
            "model": self.model,
            "max_tokens": self._account.most_tokens,
            "messages": [{"role": turn.role, "content": turn.content} for turn in turns if turn.role != "system"],
            **({"system": system} if system else {}),
            **options,
        }
        reply = await attempted(lambda: self._once(request), model=self.model, limits=self._account.limits)
        return words(reply, self.model)

    async def _once(self, request: dict[str, Any]) -> Any:
        try:
            raw = await self._client.messages.with_raw_response.create(**request)
            body = await raw.http_response.aread()
        except tuple(MEANING) as error:
            raise failure(error, MEANING, self._account, status=getattr(error, "status_code", None)) from shown(
                error, self._account
            )
        return decoded(body, self._account)


def words(reply: object, model: str) -> str:
    """What the model said in a reply, whole; thinking aside.

    Raises:
        ModelRefused: it declined.
        ModelError: the reply is not a message of one text, or was cut off.
    """
    match reply:
        case {"stop_reason": "refusal"}:
            raise ModelRefused("the model declined to reply", model=model)
        case {"stop_reason": "max_tokens" | "model_context_window_exceeded"}:
            raise ModelError("the reply was cut off at its length limit", model=model)
        case {"type": "message", "content": list(blocks)}:
            return _only_text(blocks, model)
        case _:
            raise ModelError("the server's reply is not a message", model=model)


def _only_text(blocks: list[Any], model: str) -> str:
    said = [block for block in blocks if not (isinstance(block, dict) and block.get("type") in _THINKING)]
    match said:
        case [{"type": "text", "text": str(text)}] if text.strip():
            return text
        case _:
            raise ModelError(f"wanted one block of text that says something; got {len(said)} blocks", model=model)
