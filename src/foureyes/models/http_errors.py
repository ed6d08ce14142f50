"""What every exception of httpx means, in one table.

Whoever talks HTTP looks it up with :func:`meaning_of` and turns it into its own kind of failure. A test holds the table
against httpx's whole tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from foureyes.errors import ConfigError
from foureyes.types import Reason

try:
    import httpx
except ImportError as error:
    raise ConfigError(f"talking to a server needs {error.name}: pip install 'foureyes[http]'") from error

__all__ = ["MEANING", "Meaning", "meaning_of"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an exception of httpx means: to a row, say, or to a vote."""

    reason: Reason
    words: str
    retry: bool = False
    server_wide: bool = False


MEANING: Final[dict[type[Exception], Meaning]] = {
    httpx.TimeoutException: Meaning("unavailable", "the server did not answer in time", server_wide=True),
    httpx.NetworkError: Meaning("unavailable", "the connection failed", retry=True, server_wide=True),
    httpx.RemoteProtocolError: Meaning("unavailable", "the server hung up", retry=True, server_wide=True),
    httpx.ProxyError: Meaning("unavailable", "the proxy failed", retry=True, server_wide=True),
    httpx.LocalProtocolError: Meaning("unavailable", "the request cannot be sent"),
    httpx.UnsupportedProtocol: Meaning("unavailable", "the URL is neither http nor https", server_wide=True),
    httpx.InvalidURL: Meaning("unavailable", "the URL cannot be used", server_wide=True),
    httpx.StreamError: Meaning("unavailable", "the connection was closed while reading", server_wide=True),
    httpx.HTTPStatusError: Meaning("unavailable", "the server refused"),
    httpx.TooManyRedirects: Meaning("bad_reply", "the server redirects in circles", server_wide=True),
    httpx.DecodingError: Meaning("bad_reply", "the reply's encoding is broken"),
    httpx.CookieConflict: Meaning("bad_reply", "the reply's cookies contradict each other"),
}
"""By base class: :func:`meaning_of` walks an exception's ancestors."""


def meaning_of(error: Exception) -> Meaning:
    """The nearest ancestor's entry in :data:`MEANING`."""
    return next(MEANING[kind] for kind in type(error).__mro__ if kind in MEANING)
