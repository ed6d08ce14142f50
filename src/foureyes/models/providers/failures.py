"""What an SDK's exceptions mean, and what its reply holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from foureyes.errors import ConfigError, ModelError, ModelRefused, ModelUnavailable
from foureyes.models.attempts import OVERLOADED
from foureyes.models.http_errors import MEANING
from foureyes.models.providers.account import Account
from foureyes.models.wording import cleaned

try:
    import httpx2
except ImportError as error:
    raise ConfigError(f"this provider needs {error.name}: pip install 'foureyes[providers]'") from error

__all__ = ["COMMON", "REFUSED", "Failure", "Table", "decoded", "failure", "shown"]


@dataclass(frozen=True, slots=True)
class Failure:
    """What an exception means.

    Attributes:
        kind: which of ours it becomes.
        words: what happened, for a person.
        retryable: whether the same call may succeed later.
        quoted: whether the exception's own words are shown; its status decides first where it has one.
    """

    kind: type[ModelError]
    words: str
    retryable: bool = False
    quoted: bool = False


Table: TypeAlias = Mapping[type[Exception], Failure]

COMMON: Final[Table] = {
    **{
        getattr(httpx2, kind.__name__): Failure(
            ModelUnavailable if meaning.reason == "unavailable" else ModelError, meaning.words, meaning.retry
        )
        for kind, meaning in MEANING.items()
    },
    httpx2.TransportError: Failure(ModelUnavailable, "the transport failed"),  # its own, beyond httpx's
    ValueError: Failure(ModelError, "the SDK could not make sense of the reply"),
    RecursionError: Failure(ModelError, "the reply is nested too deeply"),
}
"""What any SDK over httpx2 lets through: that library's exceptions, which have the names of httpx's, and decoders'."""


REFUSED: Final = Failure(ModelRefused, "the server refused", quoted=True)
"""Any status that does not say "later"."""


def failure(error: Exception, table: Table, account: Account, *, status: object = None) -> ModelError:
    """An SDK's exception as ours.

    Args:
        error: what was raised; one of its ancestors stands in the table.
        table: the adapter's.
        account: whose key must not be shown.
        status: the HTTP status, where there was a reply.
    """
    meaning = next(table[kind] for kind in type(error).__mro__ if kind in table)
    if status in OVERLOADED:
        meaning = Failure(ModelUnavailable, "the server is busy", retryable=True, quoted=meaning.quoted)
    said = f" (HTTP {status}: {error})" if meaning.quoted else f" ({type(error).__name__})"
    words = cleaned(f"{account.model}: {meaning.words}{said}", secret=account.key)
    return meaning.kind(words, model=account.model, retryable=meaning.retryable)


def shown(error: Exception, account: Account) -> Exception | None:
    """An exception as the cause of ours; ``None`` if it quotes the key, as a server's words may."""
    return None if account.key in str(error) else error


def decoded(body: str | bytes, account: Account) -> Any:
    """A reply's JSON.

    Raises:
        ModelError: it is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"{account.model}: wanted JSON; the server answered something else", model=account.model
        ) from error
