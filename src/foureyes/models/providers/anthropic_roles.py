"""Claude as a verifier, and as somebody who answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

from foureyes.errors import InputError
from foureyes.models.judging import ask, new_code, schema, vote_of
from foureyes.models.providers.account import Account
from foureyes.models.providers.claude import Claude
from foureyes.types import Exchange, Message, Prompt, Vote

__all__ = ["AnthropicAnswerer", "AnthropicJudge", "Form"]

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
        self._claude = Claude(account)
        self._options = {"output_config": {"format": {"type": "json_schema", "schema": schema()}}}
        if form == "words":
            self._options = {}
        self._codes = codes

    @property
    def provider(self) -> str:
        """Anthropic."""
        return "anthropic"

    @property
    def name(self) -> str:
        """Which model, as configured."""
        return self._claude.model

    async def aclose(self) -> None:
        """Closes every connection to the server."""
        await self._claude.aclose()

    async def vote(self, exchange: Exchange) -> Vote:
        """Votes once; see :class:`~foureyes.models.roles.Judge`.

        Raises:
            ModelUnavailable: the server cannot be reached, is busy, or took too long.
            ModelRefused: the server or the model said no.
            ModelError: the reply is not a message.
        """
        question = ask(exchange, self._codes())
        turns = (Message("system", question.system), Message("user", question.user))
        said = await self._claude.say(turns, self._options)
        return vote_of(said, question, provider=self.provider, model=self.name)


class AnthropicAnswerer:
    """A Claude model that answers one prompt at a time.

    Args:
        account: key and model.
    """

    def __init__(self, account: Account) -> None:
        self._claude = Claude(account)

    @property
    def provider(self) -> str:
        """Anthropic."""
        return "anthropic"

    @property
    def name(self) -> str:
        """Which model, as configured."""
        return self._claude.model

    async def aclose(self) -> None:
        """Closes every connection to the server."""
        await self._claude.aclose()

    async def answer(self, prompt: Prompt) -> str:
        """The model's answer; see :class:`~foureyes.models.roles.Answerer`.

        Raises:
            ModelUnavailable: the server cannot be reached, is busy, or took too long.
            ModelRefused: the server or the model said no.
            ModelError: the reply is not a message, empty, or cut off.
        """
        return await self._claude.say((Message("user", prompt),) if isinstance(prompt, str) else prompt, {})
