"""Why a request came to nothing, and what every status means."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal, TypeAlias

__all__ = ["RETRIED_STATUSES", "FailureKind", "RequestFailed", "failure_of_status"]

FailureKind: TypeAlias = Literal["unavailable", "refused", "bad_reply"]

RETRIED_STATUSES: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""HTTP statuses that say "later": what answers with one of them is asked again."""

_OF_THE_SERVER: Final = RETRIED_STATUSES - {500} | {401, 403}
"""Statuses that would meet any other request too. An internal error may be of this one alone."""

_BUSY: Final = frozenset({429, 529})
"""Statuses of a server that is there and has too much to do."""

_NO_CREDIT: Final = frozenset({"insufficient_quota", "billing_not_active"})
"""What OpenAI calls a 429 that no waiting helps against: the account pays for nothing."""

_NUMBER: Final = re.compile(r"\d{1,18}(\.\d{1,9})?", re.ASCII)


class RequestFailed(Exception):
    """A request that came to nothing. Its text is for whoever runs this; only ``words`` may be told to others.

    Attributes:
        words: why, in our words, with nothing of the server's, no address and no key.
        kind: ``"unavailable"`` when the server cannot be had now, ``"refused"`` when it said no, ``"bad_reply"`` when what it
            said is no reply.
        status: the HTTP status, when there was one.
        retryable: whether sending the same again may help.
        server_wide: whether it speaks of the server, or of the right to ask it, rather than of this request.
        retry_after_s: how long the server wants to be left alone, where it said so; ≥ 0.
    """

    def __init__(
        self,
        words: str,
        kind: FailureKind = "bad_reply",
        *,
        status: int | None = None,
        retryable: bool = False,
        server_wide: bool = False,
        retry_after_s: float | None = None,
        quoted: str = "",
    ) -> None:
        super().__init__(f"{words}: {quoted}" if quoted else words)
        self.words = words
        self.kind: FailureKind = kind
        self.status = status
        self.retryable = retryable
        self.server_wide = server_wide
        self.retry_after_s = retry_after_s

    @property
    def busy(self) -> bool:
        """Whether the server is there and has too much to do for any request: it said so, or from when on it wants to be asked again."""
        return self.retryable and (self.status in _BUSY or (self.server_wide and self.retry_after_s is not None))

    @property
    def busy_s(self) -> float | None:
        """Seconds for which a busy server wants to be left alone, 0 where it does not say; ``None`` for one that is not busy."""
        return (self.retry_after_s or 0.0) if self.busy else None


def failure_of_status(
    status: int,
    quoted: str,
    *,
    codes: Collection[str] = (),
    retry_after: str | None = None,
    date: str | None = None,
) -> RequestFailed:
    """The failure of a reply with a status other than success. Being busy is worth another attempt, a refusal is not.

    Where the account has no credit left, a 429 is a refusal, like one of the key.

    Args:
        status: of the reply.
        quoted: what the server said, or where it redirects to.
        codes: what it calls the error.
        retry_after: the header of that name.
        date: the header of that name; a ``Retry-After`` that is a date is counted from it.
    """
    busy = status in RETRIED_STATUSES and _NO_CREDIT.isdisjoint(codes)
    kind: FailureKind = "unavailable" if busy else "refused"
    everywhere = status in _OF_THE_SERVER
    return RequestFailed(
        f"HTTP {status}",
        kind,
        status=status,
        retryable=busy,
        server_wide=everywhere,
        retry_after_s=_seconds(retry_after, date),
        quoted=quoted,
    )


def _seconds(retry_after: str | None, date: str | None) -> float | None:
    """Of a ``Retry-After`` (RFC 9110, 10.2.3), a number or a date; ``None`` for nonsense.

    A date is counted from the date of the reply, so that no clock has to agree with the server's; without one it says nothing.
    """
    if retry_after is None:
        return None
    if _NUMBER.fullmatch(retry_after):
        return float(retry_after)
    then, now = _moment(retry_after), _moment(date)
    return None if then is None or now is None else max(0.0, (then - now).total_seconds())


def _moment(date: str | None) -> datetime | None:
    """Of a date as HTTP writes it (RFC 9110, 5.6.7)."""
    try:
        moment = parsedate_to_datetime(date or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
