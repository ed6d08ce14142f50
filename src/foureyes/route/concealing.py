"""Personal data concealed from writers that are third parties, and restored in what they write.

Every string of a request stands for itself: messages, tool calls and their results, tools, the name of a user. Tokens take the
place of what a detector finds, the same token for the same value throughout a request, and whatever fails, nothing is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from foureyes.errors import PrivacyError
from foureyes.guard.threads import BoundedThreads, ThreadsClosed
from foureyes.guard.vault_concealer import concealed_exchange
from foureyes.privacy import Conversation, Detector, reveal_json
from foureyes.privacy.conceal import conceal_passages
from foureyes.privacy.conversation import EphemeralConversation
from foureyes.privacy.passages import Passage
from foureyes.route.outcome import RouteRequest
from foureyes.route.roles import RouteWriter, WriterReply
from foureyes.types import Exchange

__all__ = ["BodyConcealer", "ConcealedWriter", "HiddenRequest"]

T = TypeVar("T")

_STRUCTURE: Final = frozenset({"role", "type", "finish_reason", "object", "model"})
"""Keys whose strings are words of the protocol."""


class BodyConcealer:
    """Conceals whole requests.

    Args:
        detector: finds personal data.
        threads: how many requests are looked at at once, ≥ 1.
    """

    def __init__(self, detector: Detector, *, threads: int = 2) -> None:
        self._detector = detector
        self._threads = BoundedThreads(threads, name="conceal")

    def close(self) -> None:
        """Ends the threads as soon as they are free."""
        self._threads.close()

    async def conceal(self, body: Mapping[str, Any], conversation: Conversation) -> Mapping[str, Any]:
        """A request without its personal data.

        Raises:
            PrivacyError: the detector failed, or this is closed.
        """
        return await self._do(lambda: _concealed(body, self._detector, conversation))

    async def conceal_exchange(self, exchange: Exchange, conversation: Conversation) -> Exchange:
        """The same of a question and its answer."""
        return await self._do(lambda: concealed_exchange(exchange, self._detector, conversation))

    async def reveal(self, reply: Mapping[str, Any], conversation: Conversation) -> Mapping[str, Any]:
        """A reply with the values that its tokens stand for."""
        return await self._do(lambda: _restored(reply, conversation))

    async def _do(self, work: Callable[[], T]) -> T:
        try:
            return await self._threads.do(work)
        except ThreadsClosed:
            raise PrivacyError("personal data cannot be looked for: closed") from None


class HiddenRequest:
    """A request as third parties see it; made when the first of them is asked, and once.

    Args:
        request: as the caller sent it.
        concealer: takes personal data out.
    """

    def __init__(self, request: RouteRequest, concealer: BodyConcealer) -> None:
        self._request, self._concealer = request, concealer
        self._conversation = EphemeralConversation()
        self._body: asyncio.Task[Mapping[str, Any]] | None = None

    async def shown(self, request: RouteRequest) -> RouteRequest:
        """The request, or one that differs in ``n`` and ``seed``, without personal data.

        Raises:
            PrivacyError: it could not be concealed, or a part of it cannot be read.
        """
        if any(turn.unread for turn in self._request.messages):
            raise PrivacyError("a part of the request cannot be read, so personal data in it cannot be concealed")
        if self._body is None:
            self._body = asyncio.ensure_future(self._concealer.conceal(self._request.body, self._conversation))
        body = dict(await asyncio.shield(self._body))
        body.update({key: request.body[key] for key in ("n", "seed") if key in request.body})
        return RouteRequest(body, self._request.messages, self._request.tools, request.n)

    async def restored(self, reply: Mapping[str, Any]) -> Mapping[str, Any]:
        """A reply to it, with the caller's own values."""
        return await self._concealer.reveal(reply, self._conversation)

    async def exchange(self, exchange: Exchange) -> Exchange:
        """The request with an answer to it, without personal data."""
        return await self._concealer.conceal_exchange(exchange, self._conversation)


class ConcealedWriter:
    """A writer that is shown no personal data.

    Args:
        writer: the third party.
        hidden: the request as it may see it.
    """

    def __init__(self, writer: RouteWriter, hidden: HiddenRequest) -> None:
        self._writer, self._hidden = writer, hidden

    @property
    def name(self) -> str:
        """The writer's name in the route."""
        return self._writer.name

    @property
    def model(self) -> str:
        """What its provider calls it."""
        return self._writer.model

    async def write(self, request: RouteRequest) -> WriterReply:
        """As the writer; see :class:`~foureyes.route.roles.RouteWriter`."""
        reply = await self._writer.write(await self._hidden.shown(request))
        return WriterReply(await self._hidden.restored(reply.body), reply.own)

    def stream(self, request: RouteRequest) -> AsyncIterator[Mapping[str, Any]]:  # noqa: ARG002 - of no request
        """Nothing: a token may be cut in two, and neither half can be restored.

        Raises:
            PrivacyError: always.
        """
        raise PrivacyError(f"{self.name} is a third party: personal data cannot be restored in a stream")

    async def aclose(self) -> None:
        """Closes the writer."""
        await self._writer.aclose()


def _concealed(body: Mapping[str, Any], detector: Detector, conversation: Conversation) -> Mapping[str, Any]:
    """All strings of the messages are looked at as one text, so that a question is context for its answer."""
    passages: list[Passage] = [Passage()]
    for key, value in body.items():
        for text in _texts(value, key):
            passage = passages[0] if key == "messages" else Passage()
            passage.add_json(text)
            passage.add_words("\n")
            passages += [passage] if passage is not passages[0] else []
    texts = conceal_passages(passages, detector, conversation).texts
    n = len(passages[0].sources)
    spoken, others = iter(texts[:n]), iter(texts[n:])
    return {
        key: _walked(value, partial(_following, spoken if key == "messages" else others), key)
        for key, value in body.items()
    }


def _following(texts: Iterator[str], _: str) -> str:
    return next(texts)


def _restored(reply: Mapping[str, Any], conversation: Conversation) -> Mapping[str, Any]:
    return {key: _walked(value, lambda text: reveal_json(text, conversation), key) for key, value in reply.items()}


def _texts(value: Any, key: str = "") -> Iterator[str]:
    """Every string that is not the protocol's, in order."""
    if isinstance(value, str):
        if key not in _STRUCTURE:
            yield value
    elif isinstance(value, Mapping):
        for inner, one in value.items():
            yield from _texts(one, inner)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one, key)


def _walked(value: Any, made: Callable[[str], str], key: str = "") -> Any:
    """The same with other strings, made in the order of :func:`_texts`."""
    if isinstance(value, str):
        return value if key in _STRUCTURE else made(value)
    if isinstance(value, Mapping):
        return {inner: _walked(one, made, inner) for inner, one in value.items()}
    if isinstance(value, list | tuple):
        return [_walked(one, made, key) for one in value]
    return value
