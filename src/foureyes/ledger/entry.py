"""Entries of a log as bytes: one line of JSON each, encoded once and never again.

::

    {"v":1,"index":7,"previous":"9f…","time":"2026-11-25T21:47:10.123456Z","id":"c4…","event":"verified","payload":{…}}

The bytes are what is hashed, stored, exported and proved; nothing ever re-encodes them. An entry's hash is its leaf hash
in the tree (SHA-256 behind a byte 0x00, RFC 9162), and ``previous`` is the hash of the entry before it, so that one hash
serves both the chain and the tree. The first entry follows :func:`genesis`, which names the log: a chain cannot be moved
from one log to another.

Keys stand in this order, the payload's keys are sorted, and there is no space between tokens: everything a verifier
compares stands at a known place, before the payload begins. ``index`` never goes back. ``time`` is what the clock said,
and may: clocks are set.

Texts do not belong in a payload. Put their :func:`text_hash` there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import orjson

from foureyes.errors import InputError, LedgerTampered
from foureyes.maths.merkle import leaf_hash

__all__ = [
    "LARGEST_ENTRY",
    "TIME_LENGTH",
    "VERSION",
    "Draft",
    "Entry",
    "Json",
    "Receipt",
    "genesis",
    "prefix",
    "stamp",
    "text_hash",
    "utc_now",
]

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None

VERSION: Final = 1
TIME_LENGTH: Final = len("2026-11-25T21:47:10.123456Z")
LARGEST_ENTRY: Final = 1 << 18

_DEEPEST: Final = 32
_LARGEST_INTEGER: Final = 2**53 - 1
_SHORTEST_SALT: Final = 16
_EVENT: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_FIELDS: Final = ("v", "index", "previous", "time", "id", "event", "payload")


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants recorded, checked and encoded, before it has a place in a log.

    Args:
        event: what happened: lower-case letters, digits and ``_ . -``, at most 64.
        payload: JSON values only. Numbers are finite, and whole numbers lie within ±(2⁵³ − 1), so that every reader of
            JSON sees the same ones (RFC 7493).
        id: says which append this is, whatever place it gets; 32 hexadecimal digits, never used twice.

    Raises:
        InputError: it is not JSON, or too large.
    """

    event: str
    payload: bytes
    id: str

    @classmethod
    def of(cls, event: str, payload: Mapping[str, Json], *, id: str) -> Draft:  # noqa: A002 - what the entry calls it
        """Checks and encodes."""
        if not isinstance(event, str) or not _EVENT.fullmatch(event):
            raise InputError(f"an event is named by {_EVENT.pattern}; got {event!r}")
        if not isinstance(payload, Mapping):
            raise InputError(f"a payload is a mapping; got {type(payload).__name__}")
        encoded = _encoded(payload)
        if len(encoded) > LARGEST_ENTRY:
            raise InputError(
                f"a payload has at most {LARGEST_ENTRY:,} bytes; got {len(encoded):,}: record hashes of texts, not texts"
            )
        return cls(event, encoded, id)

    def sealed(self, index: int, previous: bytes, time: str) -> bytes:
        """The entry's bytes, once it is known what it follows."""
        middle = f'{time}","id":"{self.id}","event":"{self.event}","payload":'
        return b"".join((prefix(index, previous), middle.encode(), self.payload, b"}"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log, decoded.

    Attributes:
        index: place in the log, from 0.
        previous: hash of the entry before it, in hex.
        time: when it was recorded, as the clock said it; UTC, microseconds.
        id: of the append.
        event: what happened.
        payload: what was recorded of it.
        raw: the bytes that all of it was read from.
    """

    index: int
    previous: str
    time: str
    id: str
    event: str
    payload: Mapping[str, Any]
    raw: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Entry:
        """Reads an entry.

        Raises:
            LedgerTampered: these bytes were never an entry.
        """
        try:
            fields = json.loads(raw, parse_constant=_refuse_constant)
            entry = cls(**{name: fields[name] for name in _FIELDS if name != "v"}, raw=raw)
            whole = fields["v"] == VERSION and tuple(fields) == _FIELDS and entry._fits()
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise LedgerTampered(f"not a ledger entry: {raw[:80]!r}") from error
        if not whole:
            raise LedgerTampered(f"not a ledger entry of version {VERSION}: {raw[:80]!r}")
        return entry

    @property
    def hash(self) -> str:
        """Of its bytes, in hex: the next entry names it, and it is a leaf of the tree."""
        return leaf_hash(self.raw).hex()

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object, its hash included."""
        return {**json.loads(self.raw), "hash": self.hash}

    def _fits(self) -> bool:
        kinds = isinstance(self.index, int) and isinstance(self.payload, dict) and isinstance(self.event, str)
        return kinds and self.raw.startswith(prefix(self.index, bytes.fromhex(self.previous)))


@dataclass(frozen=True, slots=True)
class Receipt:
    """What whoever appended an entry gets once it is durable.

    Attributes:
        index: place of the entry in the log, from 0.
        entry_hash: of the entry, in hex.
        timestamp: when it was recorded, as the ledger's clock said it.
        log_id: name of the log.
    """

    index: int
    entry_hash: str
    timestamp: str
    log_id: str


def genesis(origin: str) -> bytes:
    """What the first entry of a log follows: a hash of the log's name.

    Example:
        >>> genesis("example.com/log").hex()[:16]
        'f1a08ddd46bb56f6'
    """
    return hashlib.sha256(b"foureyes ledger 1\n" + origin.encode()).digest()


def prefix(index: int, previous: bytes) -> bytes:
    """The bytes that an entry in this place must begin with; its time comes next."""
    return b'{"v":%d,"index":%d,"previous":"%s","time":"' % (VERSION, index, previous.hex().encode())


def stamp(moment: datetime) -> str:
    """A moment as entries write it.

    Raises:
        InputError: the moment does not say its time zone.

    Example:
        >>> stamp(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
        '2026-01-02T03:04:05.000000Z'
    """
    if moment.utcoffset() is None:
        raise InputError(f"a clock must say its time zone; got {moment.isoformat()}")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def utc_now() -> datetime:
    """The clock on the wall."""
    return datetime.now(UTC)


def text_hash(text: str, salt: bytes) -> str:
    """The keyed hash that stands for a text in a payload: HMAC-SHA256 with a tenant's salt, in hex.

    Without the salt, nobody can find out by trying likely texts ("yes", "approve") which one it was. With it, whoever
    has the text can show that it was this one.

    Args:
        text: any text.
        salt: of one tenant, secret, at least 16 random bytes.

    Raises:
        InputError: the salt is too short, or the text is not Unicode.

    Example:
        >>> text_hash("Sydney", b"0123456789abcdef")[:16]
        'b2bde17cef6c2c2c'
    """
    if len(salt) < _SHORTEST_SALT:
        raise InputError(f"a salt has at least {_SHORTEST_SALT} bytes; got {len(salt)}")
    try:
        # not hmac.digest: that gives the interpreter away at every call, and waits for the ledger's thread to give it back
        return hmac.new(salt, text.encode(), "sha256").hexdigest()
    except UnicodeEncodeError as error:
        raise InputError(f"a text must be Unicode; got a lone surrogate at {error.start}") from error


def _encoded(payload: Mapping[str, Json]) -> bytes:
    """The payload as JSON. What reads back as it was and nests too little to be too deep is right without a closer look."""
    try:
        encoded = orjson.dumps(payload, option=_OPTIONS)
    except orjson.JSONEncodeError:
        return _looked_at(payload)
    shallow = encoded.count(b"{") + encoded.count(b"[") <= _DEEPEST
    return encoded if shallow and orjson.loads(encoded) == payload else _looked_at(payload)


def _looked_at(payload: Mapping[str, Json]) -> bytes:
    plain = _plain(payload, "payload", _DEEPEST)
    try:
        return orjson.dumps(plain, option=_OPTIONS)
    except orjson.JSONEncodeError as error:  # the only thing left that it refuses
        raise InputError("a payload must be Unicode; got a lone surrogate") from error


def _plain(value: object, place: str, depth: int) -> object:
    """The value as dict, list, str, int, float, bool or None, none of a derived type; names the place of what is not."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | float):
        return _number(value, place)
    if depth == 0:
        raise InputError(f"a payload is at most {_DEEPEST} levels deep")
    if isinstance(value, Mapping):
        return {_key(key, place): _plain(item, f"{place}.{key}", depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}[{i}]", depth - 1) for i, item in enumerate(value)]
    raise InputError(f"{place} must be JSON: null, a flag, a number, text, a list or a mapping; got {_kind(value)}")


def _number(value: float, place: str) -> float:
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        raise InputError(
            f"{place} must lie within ±(2⁵³ − 1), what every reader of JSON can hold; got one of {value.bit_length()} bits"
        )
    if not math.isfinite(value):
        raise InputError(f"{place} must be finite; got {value}")
    return int(value) if isinstance(value, int) else float(value)


def _key(key: object, place: str) -> str:
    if not isinstance(key, str):
        raise InputError(f"keys of {place} must be text; got {key!r}")
    return str.__str__(key)


def _kind(value: object) -> str:
    return type(value).__name__


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
