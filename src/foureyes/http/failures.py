"""Why a request came to nothing: what every exception of httpx and every status means, in one place.

A test holds the table against httpx's whole tree; httpx2, which providers' SDKs use, names its exceptions the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Final, Literal, TypeAlias

__all__ = [
    "MEANINGS",
    "RETRIED_STATUSES",
    "FailureKind",
    "Meaning",
    "RequestFailed",
    "failure_of_status",
    "meaning_of",
    "meanings_for",
]

FailureKind: TypeAlias = Literal["unavailable", "refused", "bad_reply"]

RETRIED_STATUSES: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""HTTP statuses that say "later": what answers with one of them is asked again."""

_OF_THE_SERVER: Final = RETRIED_STATUSES - {500} | {401, 403}
"""Statuses that would meet any other request too. An internal error may be of this one alone."""


class RequestFailed(Exception):
    """A request that came to nothing. Its text is for whoever runs this; only ``words`` may be told to others.

    Attributes:
        words: why, in our words, with nothing of the server's, no address and no key.
        kind: ``"unavailable"`` when the server cannot be had now, ``"refused"`` when it said no, ``"bad_reply"`` when what it
            said is no reply.
        status: the HTTP status, when there was one.
        retryable: whether sending the same again may help.
        server_wide: whether it speaks of the server, or of the right to ask it, rather than of this request.
    """

    def __init__(
        self,
        words: str,
        kind: FailureKind = "bad_reply",
        *,
        status: int | None = None,
        retryable: bool = False,
        server_wide: bool = False,
        quoted: str = "",
    ) -> None:
        super().__init__(f"{words}: {quoted}" if quoted else words)
        self.words = words
        self.kind: FailureKind = kind
        self.status = status
        self.retryable = retryable
        self.server_wide = server_wide


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an exception means; the fields are those of :class:`RequestFailed`."""

    kind: FailureKind
    words: str
    retryable: bool = False
    server_wide: bool = False


MEANINGS: Final[Mapping[str, Meaning]] = {
    "TimeoutException": Meaning("unavailable", "the server did not answer in time", server_wide=True),
    "NetworkError": Meaning("unavailable", "the connection failed", retryable=True, server_wide=True),
    "RemoteProtocolError": Meaning("unavailable", "the server hung up", retryable=True, server_wide=True),
    "ProxyError": Meaning("unavailable", "the proxy failed", retryable=True, server_wide=True),
    "LocalProtocolError": Meaning("unavailable", "the request cannot be sent"),
    "UnsupportedProtocol": Meaning("unavailable", "the URL is neither http nor https", server_wide=True),
    "InvalidURL": Meaning("unavailable", "the URL cannot be used", server_wide=True),
    "StreamError": Meaning("unavailable", "the connection was closed while reading", server_wide=True),
    "HTTPStatusError": Meaning("unavailable", "the server refused"),
    "TooManyRedirects": Meaning("bad_reply", "the server redirects in circles", server_wide=True),
    "DecodingError": Meaning("bad_reply", "the reply's encoding is broken"),
    "CookieConflict": Meaning("bad_reply", "the reply's cookies contradict each other"),
}
"""By the name of a base class; :func:`meaning_of` walks an exception's ancestors."""


def meanings_for(library: ModuleType) -> dict[type[Exception], Meaning]:
    """The table for the exceptions of ``httpx`` or ``httpx2``."""
    return {getattr(library, name): meaning for name, meaning in MEANINGS.items()}


def meaning_of(error: Exception) -> Meaning:
    """The nearest ancestor's entry in :data:`MEANINGS`."""
    return next(MEANINGS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in MEANINGS)


def failure_of_status(status: int, quoted: str) -> RequestFailed:
    """The failure of a reply with a status other than success. Being busy is worth another attempt, a refusal is not.

    Args:
        status: of the reply.
        quoted: what the server said, or where it redirects to.
    """
    busy = status in RETRIED_STATUSES
    kind: FailureKind = "unavailable" if busy else "refused"
    everywhere = status in _OF_THE_SERVER
    return RequestFailed(f"HTTP {status}", kind, status=status, retryable=busy, server_wide=everywhere, quoted=quoted)
