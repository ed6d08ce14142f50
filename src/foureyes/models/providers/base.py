"""What all providers share: who they are, whose options they take, and failures in our words."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from foureyes.errors import ConfigError, ModelError, ModelRefused, ModelUnavailable
from foureyes.http.error_text import cleaned
from foureyes.http.failures import RequestFailed
from foureyes.models.chat.protocol import ChatReply, ChatRequest, Endpoint, Finish
from foureyes.models.prompts import unread_prompt
from foureyes.models.providers.model_names import is_same_model
from foureyes.types import TokenUsage

__all__ = ["ProviderChat", "finish_of", "usage_of"]

_BROKEN_OFF: Final = frozenset({"abort", "error"})
"""How vLLM, SGLang and routers in front of other servers say that a reply is not whole."""

_KINDS = {"unavailable": ModelUnavailable, "refused": ModelRefused, "bad_reply": ModelError}

_SUMMARIES: Final = {
    "unavailable": "the model cannot be had now ({})",
    "refused": "the model's server refused ({})",
    "bad_reply": "{}",
}


class ProviderChat(ABC):
    """A model behind one provider's API; see :class:`~foureyes.models.chat.protocol.ChatModel`.

    Attributes:
        usual_name: what the provider is called where the configuration does not say.
        home: its own address.
        usual_options: of requests whose configuration has none.
        reserved: fields of a request that no option may set.
        names_model_as: the field of a reply that names the model.
    """

    usual_name: ClassVar[str]
    home: ClassVar[str]
    usual_options: ClassVar[Mapping[str, Any]]
    reserved: ClassVar[frozenset[str]]
    names_model_as: ClassVar[str] = "model"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._url = endpoint.url or self.home
        self._options = dict(self.usual_options if endpoint.options is None else endpoint.options)
        if taken := self.reserved & set(self._options):
            raise ConfigError(f"these options are not free to set: {', '.join(sorted(taken))}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._endpoint!r})"

    @property
    def provider(self) -> str:
        """Who runs the model, as configured."""
        return self._endpoint.provider or self.usual_name

    @property
    def name(self) -> str:
        """Which model, as configured."""
        return self._endpoint.model

    @property
    def fingerprint(self) -> str:
        """Provider, address, model and options; whether a name still means the same weights only the provider knows."""
        parts = (type(self).__name__, self.provider, self._url, self.name, sorted(self._options.items()))
        return f"chat:{hashlib.sha256(repr(parts).encode()).hexdigest()}"

    async def say(self, request: ChatRequest) -> Sequence[ChatReply]:
        """What the model replies; see :class:`~foureyes.models.chat.protocol.ChatModel`."""
        if (unread := unread_prompt(request.messages)) is not None and unread.reason == "unread_part":
            raise ModelRefused(f"{self.name} was not asked: {unread.detail}", model=self.name)
        try:
            found = await self._sent(self._written(request), request)
            self._require_own(found)
            replies = self._replies(found, request)
            for reply in replies:
                _require_unicode(reply.text)
        except RequestFailed as failure:
            kind = _KINDS[failure.kind]
            raise kind(
                f"{self.name}: {failure}",
                model=self.name,
                retryable=failure.retryable,
                status=failure.status,
                summary=_SUMMARIES[failure.kind].format(failure.words),
                busy_s=failure.busy_s,
            ) from failure
        return replies

    def _require_own(self, reply: Any) -> None:
        """Makes sure that a reply carries no error and names no other model than the one that was asked.

        Raises:
            RequestFailed: it does.
        """
        if not isinstance(reply, dict):
            return
        if (error := reply.get("error")) is not None:
            raise RequestFailed("the reply carries an error", quoted=self._cleaned(error))
        said = reply.get(self.names_model_as)
        if said not in (None, "") and not is_same_model(self.name, said, self._endpoint.reports_as):
            raise RequestFailed(
                "the reply names another model than was asked; if it is the same, configure reports_as",
                quoted=self._cleaned(said),
            )

    def _cleaned(self, said: object) -> str:
        return cleaned(said if isinstance(said, str) else json.dumps(said), secret=self._endpoint.key)

    def _written(self, request: ChatRequest) -> dict[str, Any]:
        """The request in the provider's words, where its options can be told in them.

        Raises:
            ConfigError: they cannot. The message names them and repeats none, nor does its cause: people put keys there.
        """
        try:
            return self._body(request)
        except (TypeError, ValueError):
            options = ", ".join(self._options) or "none"
            raise ConfigError(f"{self.name}: {self.provider} does not know options like these: {options}") from None

    @abstractmethod
    async def aclose(self) -> None:
        """Closes every connection to the server."""

    @abstractmethod
    def _body(self, request: ChatRequest) -> dict[str, Any]:
        """The request in the provider's words."""

    @abstractmethod
    async def _sent(self, body: dict[str, Any], request: ChatRequest) -> Any:
        """The JSON that comes back; raises :class:`~foureyes.http.failures.RequestFailed`."""

    @abstractmethod
    def _replies(self, reply: Any, request: ChatRequest) -> list[ChatReply]:
        """The provider's reply in our words; raises :class:`~foureyes.http.failures.RequestFailed`."""


def finish_of(said: object, known: Mapping[str, Finish]) -> Finish:
    """Why a reply ended, from the provider's word; a word that is not known says that the model ended by itself.

    Raises:
        RequestFailed: it is no word, or the server broke off.
    """
    if not isinstance(said, str | None):
        raise RequestFailed("the reply's reason to end is not text")
    if said in _BROKEN_OFF:
        raise RequestFailed(f"the server broke off its reply and calls that {said}")
    return known.get(said or "", "stop")


def usage_of(read: int, written: int) -> TokenUsage | None:
    """Tokens as counted; ``None`` where the counts are none."""
    return TokenUsage(read, written) if read >= 0 and written >= 0 else None


def _require_unicode(text: str) -> None:
    """An escape in JSON may stand for half a character, which is no text."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RequestFailed("the model's words hold a lone surrogate, which is no text") from error
