"""A model that can be talked to as a verifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

from foureyes.choices import VerdictForm
from foureyes.errors import InputError
from foureyes.models.chat.protocol import ChatModel, ChatRequest, whole_text
from foureyes.models.judging import VerdictRequest, new_code, schema, verdict_request, vote_of
from foureyes.types import Exchange, Message, Vote

__all__ = ["ChatJudge"]


class ChatJudge:
    """Asks a model for a verdict, and believes it only in the form asked for; see :class:`~foureyes.models.roles.Judge`.

    Args:
        model: that judges.
        form: how far it is held to that form. ``"words"`` asks in words alone, which any server takes; ``"schema"`` adds
            a fixed schema, for providers that prepare it once; ``"exact"`` pins this request's code in it as well, for
            servers where a new schema costs nothing (vLLM, SGLang, llama.cpp), so that a small model cannot miscopy
            it. The reply is checked all the same.
        instructions: whose turn they are. ``"user"`` puts them before the exchange in one turn, for models whose chat
            template knows no system (Gemma).
        codes: gives each request its code.

    Raises:
        InputError: an unknown form, or a role that cannot instruct.

    Example:
        >>> from foureyes.models.chat import Endpoint
        >>> from foureyes.models.providers import connect
        >>> judge = ChatJudge(connect("openai", Endpoint("qwen3-8b", "http://localhost:8000/v1")), form="exact")
        >>> judge.provider, judge.name
        ('openai-compatible', 'qwen3-8b')
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        form: VerdictForm = "words",
        instructions: Literal["system", "user"] = "system",
        codes: Callable[[], str] = new_code,
    ) -> None:
        if form not in get_args(VerdictForm):
            raise InputError(f"form must be one of {', '.join(get_args(VerdictForm))}; got {form!r}")
        if instructions not in ("system", "user"):
            raise InputError(f"instructions are a turn of the system or the user; got {instructions!r}")
        self._model = model
        self._form = form
        self._instructions = instructions
        self._codes = codes

    @property
    def provider(self) -> str:
        """Who runs the model."""
        return self._model.provider

    @property
    def name(self) -> str:
        """Which model."""
        return self._model.name

    async def aclose(self) -> None:
        """Closes every connection to the model's server."""
        await self._model.aclose()

    async def vote(self, exchange: Exchange) -> Vote:
        """Votes once.

        Raises:
            ModelUnavailable: the model cannot be reached, is busy, or took too long.
            ModelRefused: the model, its filter or its server said no.
            ModelError: what came back is no reply, is empty, or was cut off.
        """
        question = verdict_request(exchange, self._codes())
        reply, *_ = await self._model.say(ChatRequest(self._messages(question), self._schema(question.code)))
        return vote_of(whole_text(reply, self.name), question, provider=self.provider, model=self.name)

    def _messages(self, question: VerdictRequest) -> tuple[Message, ...]:
        if self._instructions == "user":
            return (Message("user", f"{question.system}\n\n{question.user}"),)
        return Message("system", question.system), Message("user", question.user)

    def _schema(self, code: str) -> Mapping[str, Any] | None:
        return None if self._form == "words" else schema(code if self._form == "exact" else None)
