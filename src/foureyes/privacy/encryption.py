"""Encryption of a vault: its keys, how they are derived and wrapped, and what each is used for.

::

    tenant's key ── HKDF per tenant ──┬─ names    HMAC: session ids as the file knows them
                                      └─ wraps    AES-GCM: the vault's key
    vault's key, random, once a vault ── wraps    AES-GCM: a conversation's key
    conversation's key, random ───────┬─ marks    HMAC: tags of tokens, and finding a value again
                                      └─ seals    AES-GCM: values

A random key exists nowhere but wrapped, next to what it opens. Deleting the wrapped key of a conversation, or of the vault,
makes everything under it unreadable, also to whoever has the tenant's key and an old copy of the values. Every sealed piece
is bound to its place: moved to another token or conversation it does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from foureyes.errors import ConfigError, PrivacyError

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ModuleNotFoundError as error:
    raise ConfigError(f"a vault needs {error.name}: pip install 'foureyes[privacy]'") from error

__all__ = ["KEY_BYTES", "AesGcmBox", "ConversationKeys", "TenantKeys", "random_key"]

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


def random_key() -> bytes:
    """A random key."""
    return secrets.token_bytes(KEY_BYTES)


class AesGcmBox:
    """Seals and opens small pieces under one key, AES-256-GCM with random nonces (NIST SP 800-38D)."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, piece: bytes, place: bytes) -> bytes:
        """The piece, readable only with the key and only in this place."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, piece, place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """What was sealed.

        Raises:
            PrivacyError: under another key, for another place, or altered.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
        except (InvalidTag, ValueError) as error:  # the latter for a piece too short to have been sealed
            raise PrivacyError("the vault does not open: its key is another one, or the file was altered") from error


@dataclass(frozen=True, slots=True, repr=False)
class ConversationKeys:
    """Keys derived from a conversation's key: for the tags of tokens, and for encrypting values.

    Attributes:
        tag_key: for the tags of tokens.
        box: for its values.
    """

    tag_key: bytes
    box: AesGcmBox

    @classmethod
    def of(cls, key: bytes) -> ConversationKeys:
        """The uses of this key."""
        return cls(_derived(key, "marks"), AesGcmBox(_derived(key, "seals")))

    def mark(self, value: str) -> bytes:
        """By which a value is found again without being opened."""
        return hmac.digest(self.tag_key, b"again\0" + value.encode(), hashlib.sha256)


class TenantKeys:
    """Keys derived for one tenant: for names of sessions, and for wrapping the vault's key.

    Args:
        key: at least 32 random bytes; several tenants may share it.
        tenant: whose.

    Raises:
        ConfigError: the key is too short.
    """

    def __init__(self, key: bytes, tenant: str) -> None:
        if len(key) < KEY_BYTES:
            raise ConfigError(f"the key of a vault must have at least {KEY_BYTES} bytes; got {len(key)}")
        self._names = _derived(key, f"names\0{tenant}")
        self.box = AesGcmBox(_derived(key, f"wraps\0{tenant}"))

    def name(self, session_id: str) -> bytes:
        """A session's name in the file, from which its id cannot be read."""
        return hmac.digest(self._names, session_id.encode(), hashlib.sha256)


def _derived(key: bytes, purpose: str) -> bytes:
    info = f"foureyes vault 1\0{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)
