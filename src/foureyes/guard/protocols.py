"""Protocols of what the guard depends on: a concealer of personal data, and a recorder of decisions.

The guard knows neither vault nor ledger; :mod:`foureyes.config` hands it objects that fit these. The guard bounds the
time it waits for them, and takes whatever they raise as "not safe". What blocks belongs in a thread of the
implementation's own (:mod:`foureyes.guard.vault_concealer` has one for a vault).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeAlias, runtime_checkable

from foureyes.types import Exchange

__all__ = ["ConcealedExchange", "Concealer", "Json", "RecordReceipt", "Recorder"]

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"


class ConcealedExchange(Protocol):
    """An exchange whose personal data stand as tokens, and the way back."""

    @property
    def exchange(self) -> Exchange:
        """What verifiers may see."""
        ...

    async def reveal(self, text: str) -> str:
        """A text with the tokens of this conversation replaced by what they stand for.

        Raises:
            FoureyesError: the vault cannot be read.
        """
        ...


@runtime_checkable
class Concealer(Protocol):
    """Replaces personal data by tokens before verifiers see a text."""

    async def conceal(self, exchange: Exchange, *, tenant: str, session: str | None) -> ConcealedExchange:
        """Replaces personal data in the prompt and the answer by stable tokens.

        Args:
            exchange: as the caller sent it.
            tenant: whose vault keeps the values.
            session: the conversation in which a token stays the same; ``None`` for one of its own.

        Raises:
            FoureyesError: a detector failed, or the vault cannot be written. The guard then shows nobody anything.
        """
        ...


class RecordReceipt(Protocol):
    """Where in the ledger a verification was recorded."""

    @property
    def index(self) -> int:
        """Its number in the log, from 0."""
        ...

    @property
    def entry_hash(self) -> str:
        """Its hash, in hexadecimal."""
        ...

    @property
    def timestamp(self) -> str:
        """When it was written, by the ledger's clock."""
        ...

    @property
    def log_id(self) -> str:
        """Which log."""
        ...


@runtime_checkable
class Recorder(Protocol):
    """Protocol of what keeps the record of verifications, such as a ledger."""

    @property
    def clear_reasons(self) -> bool:
        """Whether the words of verifiers' reasons are kept too, and not only their hashes."""
        ...

    def text_hash(self, tenant: str, text: str) -> str:
        """A hash of a text under the tenant's salt, so that short texts cannot be guessed from it.

        Raises:
            FoureyesError: the tenant has no salt.
        """
        ...

    def append(self, event: str, payload: Mapping[str, Json]) -> Future[RecordReceipt]:
        """Appends an entry without blocking; the future resolves once it cannot be lost any more.

        Raises:
            FoureyesError: the ledger cannot be written. The future may hold one as well.
        """
        ...
