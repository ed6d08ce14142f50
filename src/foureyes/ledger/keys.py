"""Keys, and notes signed with them: C2SP signed-note with Ed25519.

A key has a name, which is also the name of the log it signs for. A private key is one line, ``PRIVATE+KEY+NAME+ID+SEED``,
in a file only its owner can read; a public key is one line, ``NAME+ID+KEY``, to be given to everybody who is to check.
Both are the forms of golang.org/x/mod/sumdb/note, which other tools of this field read.

Start at :class:`Signer` (who signs) and :class:`VerifierKey` (who checks).

Source: https://c2sp.org/signed-note
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from foureyes.errors import ConfigError, InputError, LedgerOtherKey, LedgerTampered

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
except ModuleNotFoundError as missing:
    raise ConfigError("the ledger needs cryptography: pip install 'foureyes[ledger]'") from missing

__all__ = ["Signer", "VerifierKey", "open_note", "read_keys", "split_note"]

_ED25519: Final = b"\x01"
_PRIVATE: Final = "PRIVATE+KEY+"
_LARGEST_NOTE: Final = 1 << 20
_SIGNATURE: Final = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the name it signs under.

    Args:
        name: of the key and its log; best a URL without a scheme, such as ``example.com/guard``.
        public: 32 bytes.

    Raises:
        InputError: the name has spaces or a plus sign or is empty, or the key is not 32 bytes.

    Example:
        >>> VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").name
        'PeterNeumann'
    """

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or len(self.name.split()) != 1 or not self.name.isprintable():
            raise InputError(f"a key's name has no spaces and no plus sign; got {self.name!r}")
        if len(self.public) != 32:
            raise InputError(f"an Ed25519 public key has 32 bytes; got {len(self.public)}")

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Reads ``NAME+ID+KEY``.

        Raises:
            InputError: it is not that, or the id is not this key's.
        """
        name, key_id, key = _parts(text, "a public key, NAME+ID+KEY")
        found = cls(name, key)
        if found.id.hex() != key_id:
            raise InputError(f"the key of {name} has the id {found.id.hex()}; the line says {key_id}")
        return found

    @property
    def id(self) -> bytes:
        """Four bytes that tell which key a signature is from."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_base64(_ED25519 + self.public)}"

    def accepts(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature over the message was made with this key."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signer:
    r"""A private key. It is never shown: not by ``repr``, not in an error.

    Attributes:
        key: the public half, to be given away.

    Example:
        >>> signer = Signer.generate("example.com/guard")
        >>> open_note(signer.sign("hello\n"), [signer.key])
        'hello\n'
    """

    def __init__(self, name: str, seed: bytes) -> None:
        if len(seed) != 32:
            raise InputError(f"an Ed25519 seed has 32 bytes; got {len(seed)}")
        self._seed = seed
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = VerifierKey(name, self._private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"Signer({self.key.name!r})"

    @classmethod
    def generate(cls, name: str) -> Signer:
        """A new key from the system's randomness."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Signer:
        """Reads ``PRIVATE+KEY+NAME+ID+SEED``.

        Raises:
            InputError: it is not that. The message does not repeat it.
        """
        what = f"a private key, {_PRIVATE}NAME+ID+SEED"
        if not text.startswith(_PRIVATE):
            raise InputError(f"wanted {what}; got something that does not begin so")
        name, key_id, seed = _parts(text.removeprefix(_PRIVATE), what, secret=True)
        signer = cls(name, seed)
        if signer.key.id.hex() != key_id:
            raise InputError(f"the private key of {name} has the id {signer.key.id.hex()}; the line says {key_id}")
        return signer

    def save(self, path: Path) -> None:
        """Writes the private key to a new file that only its owner can read.

        Raises:
            InputError: there is a file, or it cannot be written.
        """
        line = f"{_PRIVATE}{self.key.name}+{self.key.id.hex()}+{_base64(_ED25519 + self._seed)}\n"
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise InputError(f"cannot write a new key to {path}: {error.strerror or error}") from error

    def sign(self, text: str) -> str:
        """The text as a signed note.

        Args:
            text: lines, the last one ended too, without control characters.

        Raises:
            InputError: no note can hold this text.
        """
        if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
            raise InputError("a note's text ends its last line and has no control characters")
        signature = self.key.id + self._private.sign(text.encode())
        return f"{text}\n— {self.key.name} {_base64(signature)}\n"


def open_note(note: str, keys: Sequence[VerifierKey]) -> str:
    """The text of a signed note.

    1. Split text and signatures at the last empty line.
    2. Leave out the signatures of keys we do not know.
    3. Refuse the note if a key we know did not make the signature that bears its name and id.
    4. Refuse the note if no signature is left.

    Args:
        note: text, an empty line, signatures.
        keys: whom to believe; any one of them is enough.

    Raises:
        LedgerTampered: it is not a note, or it bears the name of one of these keys and another made the signature.
        LedgerOtherKey: only others signed it.

    Source: https://c2sp.org/signed-note
    """
    text, signatures = split_note(note)
    known = {(key.name, key.id): key for key in keys}
    trusted = 0
    for name, signature in signatures:
        key = known.get((name, signature[:4]))
        if key is None:
            continue
        if not key.accepts(signature[4:], text.encode()):
            raise LedgerTampered(f"a note bears the name of {name}, and {name} did not sign it: {_begin(text)}")
        trusted += 1
    if not trusted:
        signers = ", ".join(f"{name}+{signature[:4].hex()}" for name, signature in signatures)
        wanted = ", ".join(f"{key.name}+{key.id.hex()}" for key in keys)
        raise LedgerOtherKey(
            f"another key: a note is signed by {signers}; wanted a signature of {wanted}: {_begin(text)}"
        )
    return text


def read_keys(source: str) -> list[VerifierKey]:
    """Public keys from a line ``NAME+ID+KEY`` or from a file with such lines; of a private key, its public half.

    Raises:
        InputError: there is no key in it.
    """
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8-sig") if path.is_file() else source
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read a key from {source}: {getattr(error, 'strerror', None) or error}") from error
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{source} holds no key")
    if "+" not in source and not path.is_file():
        raise InputError(f"wanted a public key, NAME+ID+KEY, or a file of them; got {source!r}")
    return [Signer.parse(line).key if line.startswith(_PRIVATE) else VerifierKey.parse(line) for line in lines]


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a signed note, and its signatures with the names they bear; none of them is checked.

    Raises:
        LedgerTampered: it is not a note.
    """
    text, blank, lines = note.rpartition("\n\n")
    whole = len(note) <= _LARGEST_NOTE and bool(blank) and lines.endswith("\n")
    matches = [_SIGNATURE.fullmatch(line) for line in lines.split("\n")[:-1]]
    if not whole or not matches or not all(matches) or any(c < " " and c != "\n" for c in note):
        raise LedgerTampered(f"not a signed note: {_begin(note)}")
    signatures = [(m[1], _decoded(m[2], note)) for m in matches if m]
    return f"{text}\n", signatures


def _decoded(encoded: str, note: str) -> bytes:
    """Strictly: the bits that base64 does not use are zero, so that a signature can be written in one way only."""
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        decoded = b""
    if _base64(decoded) != encoded:
        raise LedgerTampered(f"a note's signature is not base64: {_begin(note)}")
    return decoded


def _parts(text: str, what: str, *, secret: bool = False) -> tuple[str, str, bytes]:
    parts = text.strip().split("+", 2)
    shown = "something else" if secret else repr(text[:24])  # who mixes files up may have put a secret here
    try:
        name, key_id, encoded = parts
        key = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise InputError(f"wanted {what}; got {shown}") from (None if secret else error)
    if key[:1] != _ED25519:
        raise InputError(f"wanted {what}, of Ed25519; got {shown}")
    return name, key_id, key[1:]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _begin(text: str) -> str:
    return repr(text[:80])
