"""A vault: keeps the values behind tokens, encrypted, until their conversation is deleted.

One vault is one tenant's. :meth:`Vault.conversation` with a session's id gives a conversation that is kept in the vault, in
memory or in a SQLite file; without, one that nothing keeps and that ends with the object.

What holds throughout:

* A value leaves only through the conversation in which it was concealed, and only while that exists.
* Nothing is readable in the file but kinds, tokens and times of use; see :mod:`foureyes.privacy.encryption`.
* Deleting overwrites; see :mod:`foureyes.privacy.storage`. What the disk beneath keeps is beyond a file's reach, and without
  the deleted key it is noise.
* Every call is safe from any thread, and from several processes on one file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from foureyes.errors import ConfigError, InputError
from foureyes.privacy.conversation import Conversation, EphemeralConversation, TokenEntry, VaultLimits
from foureyes.privacy.encryption import TenantKeys, random_key
from foureyes.privacy.storage import StoredConversation, VaultStorage

__all__ = ["Conversation", "TokenEntry", "Vault", "VaultLimits"]


class Vault:
    """One tenant's vault of values behind tokens. Made by :meth:`open`.

    Example:
        >>> vault = Vault.open()
        >>> [entry] = vault.conversation("s-1").issue([("PERSON", "Ana")])
        >>> vault.conversation("s-1").look_up([entry.token]) == {entry.token: "Ana"}
        True
        >>> vault.conversation("s-2").issue([("PERSON", "Ana")])[0].token == entry.token
        False
        >>> vault.delete("s-1")
        True
        >>> vault.conversation("s-1").look_up([entry.token])
        Traceback (most recent call last):
        foureyes.errors.PrivacyError: no such conversation: it was deleted, has expired or never held personal data
    """

    def __init__(self, storage: VaultStorage, keys: TenantKeys) -> None:
        self._storage = storage
        self._keys = keys

    @classmethod
    def open(
        cls,
        path: Path | None = None,
        *,
        key: bytes | None = None,
        tenant: str = "default",
        limits: VaultLimits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Opens a vault, or makes one.

        Args:
            path: a file, of this tenant alone; ``None`` for memory.
            key: at least 32 random bytes, kept elsewhere than the file; needed for a file. In memory, ``None`` makes
                one that dies with the vault.
            tenant: whose. The same key opens only this tenant's file.
            limits: of what is kept.
            clock: seconds since some fixed moment that outlives the process.

        Raises:
            ConfigError: a file without a key, or the key is too short.
            PrivacyError: the file cannot be opened, is no vault, or is another key's or tenant's.
        """
        if path is not None and key is None:
            raise ConfigError("a vault in a file needs a key that is kept elsewhere")
        keys = TenantKeys(random_key() if key is None else key, tenant)
        return cls(VaultStorage.open(path, keys, limits or VaultLimits(), clock), keys)

    def conversation(self, session_id: str | None = None) -> Conversation:
        """The conversation of a session; ``None`` for one that nothing keeps and that ends with the object.

        Raises:
            InputError: the id is empty, or no text.
        """
        if session_id is None:
            return EphemeralConversation()
        return StoredConversation(self._storage, self._name(session_id))

    def __contains__(self, session_id: str) -> bool:
        with self._storage.transaction():
            return self._storage.marks(self._name(session_id)) is not None

    def delete(self, session_id: str) -> bool:
        """Deletes a conversation and its key: no token of it can be restored any more.

        Returns:
            Whether there was one.

        Raises:
            PrivacyError: the vault cannot be written. The conversation may still be there.
        """
        with self._storage.transaction():
            return self._storage.delete(self._name(session_id))

    def sweep(self) -> int:
        """Deletes what has expired, which otherwise waits for the next new conversation; returns how many."""
        with self._storage.transaction():
            return self._storage.expire()

    def destroy(self) -> None:
        """Deletes everything, the vault's own key first. The file is left empty and the vault is closed."""
        with self._storage.transaction():
            self._storage.clear()
        self.close()

    def close(self) -> None:
        """Closes the file. A vault in memory is gone."""
        self._storage.close()

    def _name(self, session_id: str) -> bytes:
        if not session_id:
            raise InputError("a session needs an id; got an empty one")
        try:
            return self._keys.name(session_id)
        except UnicodeEncodeError as error:
            raise InputError("the id of a session must be encodable as UTF-8; got a lone surrogate") from error
