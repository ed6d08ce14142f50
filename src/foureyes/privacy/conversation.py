"""Conversations: the scope of tokens. A value has one token in a conversation, and another in any other."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from foureyes.errors import InputError, PrivacyError
from foureyes.privacy.encryption import random_key
from foureyes.privacy.tokens import mint

__all__ = ["Conversation", "EphemeralConversation", "TokenEntry", "VaultLimits"]


@dataclass(frozen=True, slots=True)
class VaultLimits:
    """How much a vault keeps, and for how long.

    Args:
        ttl_s: seconds after its last use at which a conversation is deleted, > 0.
        max_sessions: most conversations; beyond it the one unused for longest is deleted, ≥ 1.
        max_values: most values in one conversation; beyond it concealing fails, ≥ 1.
    """

    ttl_s: float = 86_400.0
    max_sessions: int = 100_000
    max_values: int = 10_000

    def __post_init__(self) -> None:
        if not (self.ttl_s > 0 and self.max_sessions >= 1 and self.max_values >= 1):
            raise InputError(
                f"ttl_s must be above 0, max_sessions and max_values at least 1; got {self.ttl_s:g}, "
                f"{self.max_sessions} and {self.max_values}"
            )

    def require_room(self, values: int) -> None:
        """Raises PrivacyError where a conversation that holds this many values may not take another."""
        if values >= self.max_values:
            raise PrivacyError(
                f"the conversation holds {values} values, which is all it may; delete it or begin another"
            )


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """A token, and the personal value it stands for.

    Attributes:
        token: what stands for it.
        kind: what the value is; where it was taken for two things, the first.
        created: whether this conversation had not seen the value before.
    """

    token: str
    kind: str
    created: bool


class Conversation(Protocol):
    """Protocol of what keeps tokens stable: the same value gives the same token within one conversation."""

    def issue(self, values: Sequence[tuple[str, str]]) -> list[TokenEntry]:
        """A token for each (kind, value), all of them or none. One value has one token, whatever kinds it is given.

        Raises:
            PrivacyError: the vault cannot be written, or is full.
        """
        ...

    def look_up(self, tokens: Collection[str]) -> dict[str, str]:
        """The values of those tokens that were issued here.

        Raises:
            PrivacyError: the vault cannot be read, or the conversation was deleted, has expired or never was.
        """
        ...

    def known(self) -> list[tuple[str, str]]:
        """Every (kind, value) that has a token.

        Raises:
            PrivacyError: the vault cannot be read.
        """
        ...


class EphemeralConversation:
    """A conversation of one request, kept in memory only."""

    def __init__(self) -> None:
        self._key = random_key()
        self._entries: dict[str, TokenEntry] = {}
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    def issue(self, values: Sequence[tuple[str, str]]) -> list[TokenEntry]:
        """A token for each (kind, value)."""
        with self._lock:
            return [self._issue(kind, value) for kind, value in values]

    def look_up(self, tokens: Collection[str]) -> dict[str, str]:
        """The values of those tokens that were issued here."""
        with self._lock:
            return {entry.token: value for value, entry in self._entries.items() if entry.token in tokens}

    def known(self) -> list[tuple[str, str]]:
        """Every (kind, value) that has a token."""
        with self._lock:
            return [(entry.kind, value) for value, entry in self._entries.items()]

    def _issue(self, kind: str, value: str) -> TokenEntry:
        if old := self._entries.get(value):
            return TokenEntry(old.token, old.kind, created=False)
        VaultLimits().require_room(len(self._entries))
        self._held[kind] += 1
        new = self._entries[value] = TokenEntry(mint(self._key, kind, self._held[kind], value), kind, created=True)
        return new
