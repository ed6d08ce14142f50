"""API keys: made once and shown once, kept as hashes, looked up in constant time.

A key is ``foureyes_ID_SECRET``: an id to speak of it by, and 256 random bits. What is stored is its SHA-256. A slow hash, as
for passwords, would buy nothing: nobody can try 2²⁵⁶ keys at any speed, and it would cost every request milliseconds.
Who a key belongs to depends on that hash alone; the id in the key is for people.

Rotation is having two keys for a while: add the new one, move the callers, then let the old one expire.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar, get_args

from pydantic import BeforeValidator, Field

from foureyes.choices import KeyScope
from foureyes.errors import InputError

__all__ = ["TENANT_NAME", "ApiKey", "Keyring", "NewKey", "Principal", "first_repeated", "new_key"]

T = TypeVar("T", bound=Hashable)

_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}", re.ASCII)
TENANT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)


def _seconds(moment: Any) -> Any:
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment.timestamp()
    if moment is None or isinstance(moment, float):
        return moment
    raise ValueError("wanted a date and time with its offset, such as 2027-01-31T00:00:00Z")


Moment = Annotated[float | None, BeforeValidator(_seconds)]
"""Seconds since 1970; in the file a date and time with its offset."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is stored.

    Args:
        tenant: whose.
        id: its public name, letters and digits.
        sha256: of the key as it is presented, 64 hexadecimal digits in lower case.
        scopes: what it may do: ``verify`` (ask the guard), ``report`` (say what came of actions), ``audit`` (read the
            ledger and what was decided), ``resume`` (let a suspended promise hold again), ``admin`` (everything).
        not_before: seconds since 1970 from which on it is accepted; ``None`` for always.
        expires: seconds since 1970 from which on it is not; ``None`` for never.

    Raises:
        InputError: a value is none of these, or no scope is given.
    """

    tenant: str
    id: str
    sha256: str
    scopes: Annotated[frozenset[KeyScope], Field(strict=False)]
    not_before: Moment = None
    expires: Moment = None

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise InputError("the id of a key is up to 32 letters and digits")
        if not _HASH.fullmatch(self.sha256):
            raise InputError(f"the sha256 of key {self.id} must be 64 hexadecimal digits in lower case")
        if not self.scopes or not self.scopes <= set(get_args(KeyScope)):
            raise InputError(
                f"key {self.id} wants scopes among {', '.join(get_args(KeyScope))}; got {set(self.scopes)}"
            )
        if self.not_before is not None and self.expires is not None and self.not_before >= self.expires:
            raise InputError(f"key {self.id} would never be valid: it expires before it begins")

    def valid_at(self, moment: float) -> bool:
        """Whether it is accepted at this moment, seconds since 1970."""
        begun = self.not_before is None or moment >= self.not_before
        return begun and (self.expires is None or moment < self.expires)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever presented a key.

    Attributes:
        tenant: whose it is.
        key_id: which of its keys; never the key.
        scopes: what it may do.
    """

    tenant: str
    key_id: str
    scopes: frozenset[KeyScope]


@dataclass(frozen=True, slots=True)
class Keyring:
    """Every key that is configured.

    Args:
        keys: of all tenants.
        clock: seconds since 1970.

    Raises:
        InputError: two keys share a hash or an id.

    Example:
        >>> made = new_key("acme", {"verify"})
        >>> keyring = Keyring((made.stored,))
        >>> keyring.identify(made.presented).tenant, keyring.identify("foureyes_x_y")
        ('acme', None)
    """

    keys: tuple[ApiKey, ...]
    clock: Callable[[], float] = field(default=time.time, repr=False, compare=False)

    def __post_init__(self) -> None:
        for what in ("sha256", "id"):
            if twice := first_repeated(getattr(key, what) for key in self.keys):
                raise InputError(f"every key needs its own {what}; two have {twice}")

    def identify(self, presented: str) -> Principal | None:
        """Whose key this is; ``None`` for nobody's and for one that is not valid now.

        Every stored hash is compared, each in constant time, whichever matches: the time taken tells nothing of keys.
        """
        digest = hashlib.sha256(presented.encode(errors="surrogatepass")).hexdigest()
        found: ApiKey | None = None
        for key in self.keys:
            found = key if hmac.compare_digest(digest, key.sha256) else found
        if found is None or not found.valid_at(self.clock()):
            return None
        return Principal(found.tenant, found.id, found.scopes)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made.

    Attributes:
        presented: the key itself. Show it once, keep it nowhere; ``repr`` does not show it.
        stored: what goes into the configuration.
    """

    presented: str = field(repr=False)
    stored: ApiKey

    @property
    def toml(self) -> str:
        """The lines that store it, to be appended to the configuration."""
        scopes = ", ".join(f'"{scope}"' for scope in sorted(self.stored.scopes))
        return (
            f"[[tenants.{self.stored.tenant}.keys]]\n"
            f'id = "{self.stored.id}"\n'
            f'sha256 = "{self.stored.sha256}"\n'
            f"scopes = [{scopes}]\n"
        )


def new_key(tenant: str, scopes: Collection[KeyScope]) -> NewKey:
    """Makes a key from the system's randomness.

    Args:
        tenant: whose: letters, digits, ``-`` and ``_``, as in the configuration.
        scopes: what it may do, at least one of ``verify``, ``route``, ``report``, ``audit``, ``admin``.

    Raises:
        InputError: the tenant's name or a scope is none.

    Example:
        >>> print(new_key("acme", {"verify"}).toml.splitlines()[0])
        [[tenants.acme.keys]]
    """
    if not TENANT_NAME.fullmatch(tenant):
        raise InputError(f"a tenant's name is up to 64 letters, digits, - and _; got {tenant[:80]!r}")
    key_id = secrets.token_hex(4)
    presented = f"foureyes_{key_id}_{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(presented.encode()).hexdigest()
    return NewKey(presented, ApiKey(tenant, key_id, digest, frozenset(scopes)))


def first_repeated(values: Iterable[T]) -> T | None:
    """The first value that was there before; ``None`` if each is there once."""
    seen: set[T] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
