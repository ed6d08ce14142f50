"""A model behind a chat endpoint as a verifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

from foureyes.errors import InputError
from foureyes.models.chat.connection import Connection, Endpoint
from foureyes.models.chat.wire import body, messages_for, words
from foureyes.models.judging import ask, new_code, schema, vote_of
from foureyes.types import Exchange, Vote

__all__ = ["ChatJudge", "Form"]

Form: TypeAlias = Literal["words", "schema", "exact"]


class ChatJudge:
    """Asks a chat endpoint for a verdict, and believes it only in the form asked for.

    Args:
        endpoint: what was configured.
        form: how far the server is held to that form. ``"words"`` asks in words alone, which any server takes;
            ``"schema"`` adds ``response_format`` with a fixed schema, for hosted servers that prepare it once;
            ``"exact"`` pins this request's code in it as well, for servers where a new schema costs nothing (vLLM,
            SGLang, llama.cpp), so that a small model cannot miscopy it. The reply is checked all the same.
        instructions: whose turn they are. ``"user"`` puts them before the exchange in one turn, for models whose chat
            template knows no system (Gemma).
        codes: gives each request its code.

    Raises:
        InputError: an unknown form, or a role that cannot instruct.
        ConfigError: an option of the endpoint sets what is not its to set.

    Example:
        >>> judge = ChatJudge(Endpoint("http://localhost:8000/v1", "qwen3-8b", "local"), form="exact")
        >>> judge.provider, judge.name
        ('local', 'qwen3-8b')
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        form: Form = "words",
        instructions: Literal["system", "user"] = "system",
        codes: Callable[[], str] = new_code,
    ) -> None:
        if form not in get_args(Form):
            raise InputError(f"form must be one of {', '.join(get_args(Form))}; got {form!r}")
        if instructions not in ("system", "user"):
            raise InputError(f"instructions are a turn of the system or the user; got {instructions!r}")
        body(endpoint.model, [], endpoint.options)  # refuses bad options now
        self._endpoint = endpoint
        self._form = form
        self._instructions: Literal["system", "user"] = instructions
        self._codes = codes
        self._connection = Connection(endpoint)

    @property
    def provider(self) -> str:
        """Who runs the model, as configured."""
        return self._endpoint.provider

    @property
    def name(self) -> str:
        """Which model, as configured."""
        return self._endpoint.model

    async def aclose(self) -> None:
        """Closes every connection to the server."""
        await self._connection.aclose()

    async def vote(self, exchange: Exchange) -> Vote:
        """Votes once; see :class:`~foureyes.models.roles.Judge`.

        Raises:
            ModelUnavailable: the server cannot be reached, is busy, or took too long.
            ModelRefused: the server or the model said no.
            ModelError: the reply is not a chat completion.
        """
        question = ask(exchange, self._codes())
        messages = messages_for(question, instructions=self._instructions)
        request = body(self.name, messages, self._endpoint.options) | self._held_to(question.code)
        said = words(await self._connection.complete(request), self.name)
        return vote_of(said, question, provider=self.provider, model=self.name)

    def _held_to(self, code: str) -> dict[str, Any]:
        if self._form == "words":
            return {}
        form = {"name": "verdict", "strict": True, "schema": schema(code if self._form == "exact" else None)}
        return {"response_format": {"type": "json_schema", "json_schema": form}}
