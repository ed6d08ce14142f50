"""Claude as a verifier, through Anthropic's SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, get_args

from foureyes.errors import ConfigError, InputError, ModelError, ModelRefused, ModelUnavailable
from foureyes.models.attempts import attempted
from foureyes.models.judging import Question, ask, new_code, schema, vote_of
from foureyes.models.providers.account import Account
from foureyes.models.providers.failures import COMMON, REFUSED, Failure, Table, decoded, failure
from foureyes.models.providers.transport import bounded_client
from foureyes.types import Exchange, Vote

try:
    import anthropic
except ImportError as error:
    raise ConfigError(f"Anthropic's judges need {error.name}: pip install 'foureyes[providers]'") from error

__all__ = ["MEANING", "AnthropicJudge"]

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

Form: TypeAlias = Literal["words", "schema"]


class AnthropicJudge:
    """Asks a Claude model for a verdict.

    Args:
        account: key and model.
        form: ``"schema"`` uses structured output; ``"words"`` asks in words alone, for models without it.
        codes: gives each request its code.

    Raises:
        InputError: an unknown form.

    Example:
        >>> AnthropicJudge(Account("claude-sonnet-4-5", "sk-ant-123")).provider
        'anthropic'
    """

    def __init__(self, account: Account, *, form: Form = "schema", codes: Callable[[], str] = new_code) -> None:
        if form not in get_args(Form):
            raise InputError(f"form must be one of {', '.join(get_args(Form))}; got {form!r}")
        self._account = account
        self._form = form
        self._codes = codes
        self._client = anthropic.AsyncAnthropic(
            api_key=account.key,
            base_url=account.url or _HOME,
            max_retries=0,  # attempts are counted here
            timeout=account.limits.timeout,
            http_client=bounded_client(account.limits),
        )

    @property
    def provider(self) -> str:
        """Anthropic."""
        return "anthropic"

    @property
    def name(self) -> str:
        """Which model, as configured."""
        return self._account.model

    async def aclose(self) -> None:
        """Closes every connection to the server."""
        await self._client.close()

    async def vote(self, exchange: Exchange) -> Vote:
        """Votes once; see :class:`~foureyes.models.roles.Judge`.

        Raises:
            ModelUnavailable: the server cannot be reached, is busy, or took too long.
            ModelRefused: the server or the model said no.
            ModelError: the reply is not a message.
        """
        question = ask(exchange, self._codes())
        reply = await attempted(lambda: self._once(question), model=self.name, limits=self._account.limits)
        return vote_of(_words(reply, self.name), question, provider=self.provider, model=self.name)

    async def _once(self, question: Question) -> Any:
        held: dict[str, Any] = {"output_config": {"format": {"type": "json_schema", "schema": schema()}}}
        try:
            raw = await self._client.messages.with_raw_response.create(
                model=self.name,
                max_tokens=self._account.most_tokens,
                system=question.system,
                messages=[{"role": "user", "content": question.user}],
                **(held if self._form == "schema" else {}),
            )
            body = await raw.http_response.aread()
        except tuple(MEANING) as error:
            raise failure(error, MEANING, self._account, status=getattr(error, "status_code", None)) from error
        return decoded(body, self._account)


def _words(reply: object, model: str) -> str:
    """What the model said, whole; thinking aside."""
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
        case [{"type": "text", "text": str(text)}]:
            return text
        case _:
            raise ModelError(f"wanted one block of text; got {len(said)} blocks", model=model)
