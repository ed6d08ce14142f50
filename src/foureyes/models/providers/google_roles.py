"""Gemini as a verifier, and as somebody who answers."""

from __future__ import annotations

from collections.abc import Callable

from foureyes.models.judging import ask, new_code, schema, vote_of
from foureyes.models.providers.account import Account
from foureyes.models.providers.gemini import Gemini
from foureyes.types import Exchange, Message, Prompt, Vote

__all__ = ["GoogleAnswerer", "GoogleJudge"]


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
        self._gemini = Gemini(account)
        self._options = {"response_mime_type": "application/json", "response_json_schema": schema(), "temperature": 0}
        self._codes = codes

    @property
    def provider(self) -> str:
        """Google."""
        return "google"

    @property
    def name(self) -> str:
        """Which model, as configured."""
        return self._gemini.model

    async def aclose(self) -> None:
        """Closes every connection to the server."""
        await self._gemini.aclose()

    async def vote(self, exchange: Exchange) -> Vote:
        """Votes once; see :class:`~foureyes.models.roles.Judge`.

        Raises:
            ModelUnavailable: the server cannot be reached, is busy, or took too long.
            ModelRefused: the server or its filter said no.
            ModelError: the reply is not one candidate.
        """
        question = ask(exchange, self._codes())
        turns = (Message("system", question.system), Message("user", question.user))
        said = await self._gemini.say(turns, self._options)
        return vote_of(said, question, provider=self.provider, model=self.name)


class GoogleAnswerer:
    """A Gemini model that answers one prompt at a time.

    Args:
        account: key and model.
    """

    def __init__(self, account: Account) -> None:
        self._gemini = Gemini(account)

    @property
    def provider(self) -> str:
        """Google."""
        return "google"

    @property
    def name(self) -> str:
        """Which model, as configured."""
        return self._gemini.model

    async def aclose(self) -> None:
        """Closes every connection to the server."""
        await self._gemini.aclose()

    async def answer(self, prompt: Prompt) -> str:
        """The model's answer; see :class:`~foureyes.models.roles.Answerer`.

        Raises:
            ModelUnavailable: the server cannot be reached, is busy, or took too long.
            ModelRefused: the server or its filter said no.
            ModelError: the reply is not one candidate, empty, or cut off.
        """
        return await self._gemini.say((Message("user", prompt),) if isinstance(prompt, str) else prompt, {})
