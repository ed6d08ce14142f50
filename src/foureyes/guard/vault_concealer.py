"""The guard's concealer for one tenant: a vault and a detector of personal data, in threads of their own.

Both block, so they work in a tenant's own threads (:mod:`foureyes.guard.threads`). A detector that hangs keeps its thread, and
callers wait for another within their deadline, or in vain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from foureyes.errors import PrivacyError
from foureyes.guard.threads import BoundedThreads, ThreadsClosed
from foureyes.privacy import Detector, Vault, conceal_parts, reveal
from foureyes.privacy.vault import Conversation
from foureyes.types import Exchange, Message, Part

__all__ = ["VaultConcealer", "concealed_exchange"]

T = TypeVar("T")


class VaultConcealer:
    """Conceals with one tenant's vault; see :class:`~foureyes.guard.protocols.Concealer`.

    Args:
        vault: keeps the values.
        detector: finds them.
        threads: how many exchanges are worked on at once, ≥ 1.

    Example:
        >>> import asyncio
        >>> from foureyes.privacy import PatternDetector
        >>> concealer = VaultConcealer(Vault.open(), PatternDetector())
        >>> exchange = Exchange("Who is ana@example.org?", "A customer.")
        >>> hidden = asyncio.run(concealer.conceal(exchange, tenant="default", session=None))
        >>> hidden.exchange.prompt.startswith("Who is [EMAIL_ADDRESS_1_")
        True
    """

    def __init__(self, vault: Vault, detector: Detector, *, threads: int = 4) -> None:
        self._vault = vault
        self._detector = detector
        self._threads = _ConcealerThreads(threads)

    def close(self) -> None:
        """Ends the threads as soon as they are free. The vault stays open; it is its owner's."""
        self._threads.close()

    async def conceal(self, exchange: Exchange, *, tenant: str, session: str | None) -> VaultConcealedExchange:  # noqa: ARG002 - one tenant's
        """Replaces personal data in every part of every turn of the prompt, in the answer and in the tools.

        An ``answer_span`` is dropped, as its place moves: the whole answer is judged, but for reasoning before it.

        Raises:
            PrivacyError: the detector or the vault failed, or this is closed.
        """
        return await self._threads.do(lambda: self._conceal(exchange, session))

    def _conceal(self, exchange: Exchange, session: str | None) -> VaultConcealedExchange:
        conversation = self._vault.conversation(session)
        return VaultConcealedExchange(
            concealed_exchange(exchange, self._detector, conversation), conversation, self._threads
        )


def concealed_exchange(exchange: Exchange, detector: Detector, conversation: Conversation) -> Exchange:
    """An exchange without its personal data; see :meth:`VaultConcealer.conceal`.

    Raises:
        PrivacyError: the detector or the vault failed.
    """
    prompt = exchange.prompt
    asked = [Message("user", prompt)] if isinstance(prompt, str) else list(prompt)
    turns = [*asked, exchange.turn or Message("assistant", exchange.answer)]
    parts = [part for turn in turns for part in _parts(turn)]
    hidden = iter(conceal_parts(parts, detector, conversation))
    *before, answer = [Message.of(turn.role, [next(hidden) for _ in _parts(turn)]) for turn in turns]
    shown = before[0].content if isinstance(prompt, str) else tuple(before)
    return Exchange.of(shown, answer, tools=conceal_parts(exchange.tools, detector, conversation))


def _parts(turn: Message) -> tuple[Part, ...]:
    return turn.parts or (turn.content,)


@dataclass(frozen=True, slots=True)
class VaultConcealedExchange:
    """An exchange without its personal data; see :class:`~foureyes.guard.protocols.ConcealedExchange`.

    Attributes:
        exchange: what verifiers may see.
        conversation: where its tokens stand.
    """

    exchange: Exchange
    conversation: Conversation
    threads: _ConcealerThreads

    async def reveal(self, text: str) -> str:
        """A text with its tokens replaced by what they stand for.

        Raises:
            PrivacyError: the vault cannot be read.
        """
        return await self.threads.do(lambda: reveal(text, self.conversation))


class _ConcealerThreads:
    """Threads that look for personal data; that they were closed is a ``PrivacyError``."""

    def __init__(self, threads: int) -> None:
        self._threads = BoundedThreads(threads, name="conceal")

    def close(self) -> None:
        self._threads.close()

    async def do(self, work: Callable[[], T]) -> T:
        try:
            return await self._threads.do(work)
        except ThreadsClosed:
            raise PrivacyError("personal data cannot be looked for: closed") from None
