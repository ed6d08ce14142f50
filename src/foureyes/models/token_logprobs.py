"""What a server showed at each token, and the columns of a :class:`~foureyes.types.Reading` that follow from it.

A server shows the actual token and the k most likely ones, so the entropy is an interval, and a rank beyond k is known
only where the server counts it (vLLM does). Elsewhere it is the smallest rank consistent with what was shown.

Nothing is believed unseen: what is not of the kind that JSON should hold there is a :class:`RowFault` with reason ``bad_reply``,
a number that is NaN, infinite, null or a server's stand-in for one is ``not_finite``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from foureyes.http.failures import RequestFailed
from foureyes.maths.information import entropy_interval
from foureyes.types import Alternative, Reason, Unscored

__all__ = [
    "LARGEST_VOCABULARY",
    "RowFault",
    "TokenLogprobs",
    "bad_reply",
    "best_first",
    "columns",
    "natural",
    "number",
    "want",
]

LARGEST_VOCABULARY: Final = 1 << 20
"""Above every published vocabulary; the entropy's upper end grows with its logarithm only."""

_INTERNAL_ERROR: Final = 500

_STAND_IN = -9999.0
"""vLLM and OpenAI print this, or less, for a log-probability of minus infinity or too small to tell."""

T = TypeVar("T")


class RowFault(Exception):
    """Why a row cannot be read; it becomes a value or a ModelError and never leaves ``foureyes.models``.

    Attributes:
        unscored: what becomes of the row.
        status: the HTTP status, when there was one.
        server_wide: whether it speaks of the server rather than of this row.
        busy_s: seconds for which a server that is there and has too much to do wants to be left alone, 0 where it does not say;
            ``None`` where it does not say that it has.
    """

    def __init__(
        self,
        unscored: Unscored,
        *,
        status: int | None = None,
        server_wide: bool = False,
        busy_s: float | None = None,
    ) -> None:
        super().__init__(str(unscored))
        self.unscored = unscored
        self.status = status
        self.server_wide = server_wide
        self.busy_s = busy_s

    @classmethod
    def of(cls, failure: RequestFailed, asked: str) -> RowFault:
        """The fault of a request that came to nothing."""
        reason: Reason = "bad_reply" if failure.kind == "bad_reply" else "unavailable"
        unscored = Unscored(reason, f"{asked}: {failure}")
        return cls(unscored, status=failure.status, server_wide=failure.server_wide, busy_s=failure.busy_s)

    @property
    def elsewhere(self) -> bool:
        """Whether another server of the same model may do better: it is this one that fails, and not the row."""
        return self.server_wide or self.status == _INTERNAL_ERROR or self.unscored.reason == "bad_reply"

    @property
    def detail(self) -> str:
        """The sentence for a person."""
        return self.unscored.detail


@dataclass(frozen=True, slots=True)
class TokenLogprobs:
    """What a server showed at one token of an answer.

    Attributes:
        logprob: of the token that stands there, nats.
        rank: the server's own count of its rank, where it gives one.
        text: the token's text as the server prints it; empty where it does not.
        top: the most likely tokens, best first; at least one.
        raw: the token's bytes, where the server gives them.
    """

    logprob: float
    rank: int | None
    text: str
    top: tuple[Alternative, ...]
    raw: bytes | None = None


def columns(shown: Sequence[TokenLogprobs], *, k: int, vocabulary: int) -> dict[str, Any]:
    """The statistics of a reading, by the names of its fields.

    Args:
        shown: one entry a token.
        k: most likely tokens that were asked for.
        vocabulary: number of tokens, or more.

    Raises:
        InputError: the numbers are not those of a distribution.
    """
    entropy = entropy_interval(
        _matrix(shown), vocabulary, largest_unseen=[_largest_unseen(position, k) for position in shown]
    )
    return {
        "nll": np.array([-position.logprob for position in shown]),
        "entropy_low": entropy.low,
        "entropy_high": entropy.high,
        "missing_mass": entropy.missing,
        "rank": np.array([_rank(position) for position in shown]),
        "top1": np.array([_top1(position) for position in shown]),
    }


def bad_reply(detail: str) -> RowFault:
    """The fault of a reply that is not what was asked for."""
    return RowFault(Unscored("bad_reply", detail))


def want(value: object, kind: type[T], where: str) -> T:
    """The value, if it is what JSON should hold there."""
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    got = "nothing" if value is None else repr(value)
    raise bad_reply(f"{where}: wanted {kind.__name__}; got {got[:60]}")


def natural(value: object, where: str) -> int:
    """A token id or a rank: a whole number from 0 that fits 32 bits."""
    whole = want(value, int, where)
    if not 0 <= whole < 1 << 31:
        raise bad_reply(f"{where}: wanted a number from 0 to 2^31; got {whole!r:.60}")
    return whole


def number(value: object) -> float:
    """A finite log-probability, ≤ 0 but for rounding."""
    if value is None:  # orjson, which some servers use, prints NaN as null
        raise RowFault(Unscored("not_finite", "wanted a log-probability; got null"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad_reply(f"wanted a log-probability; got {value!r:.60}")
    if value <= _STAND_IN or value == math.inf or value != value:  # noqa: PLR0124 - NaN; isfinite fails on huge integers
        raise RowFault(Unscored("not_finite", f"wanted a finite log-probability; got {value}"))
    if value > 1e-3:
        raise bad_reply(f"wanted a log-probability, at most 0; got {value}")
    return min(float(value), 0.0)


def best_first(alternatives: Sequence[Alternative], k: int) -> tuple[Alternative, ...]:
    """The k most likely.

    Raises:
        RowFault: there is none.
    """
    if not alternatives:
        raise bad_reply(f"wanted the {k} most likely tokens; got none")
    return tuple(sorted(alternatives, key=lambda a: -a.logprob)[:k])


def _below_the_top(position: TokenLogprobs) -> bool:
    return position.logprob < position.top[-1].logprob


def _matrix(shown: Sequence[TokenLogprobs]) -> NDArray[np.float64]:
    """(T, K) log-probabilities of all that was shown, the actual token included, padded with −inf."""
    rows = [
        [a.logprob for a in position.top] + ([position.logprob] if _below_the_top(position) else [])
        for position in shown
    ]
    matrix = np.full((len(rows), max(map(len, rows))), -math.inf)
    for t, row in enumerate(rows):
        matrix[t, : len(row)] = row
    return matrix


def _largest_unseen(position: TokenLogprobs, k: int) -> float:
    """The k-th best bounds what was not shown; of a server that showed fewer than asked nothing is known."""
    return position.top[-1].logprob if len(position.top) >= k else 0.0


def _rank(position: TokenLogprobs) -> int:
    """Exact within the top; beyond it the server's count, or else the least that what it showed allows."""
    if not _below_the_top(position):
        return 1 + sum(a.logprob > position.logprob for a in position.top)
    return max(position.rank or 0, len(position.top) + 1)


def _top1(position: TokenLogprobs) -> float:
    return math.exp(max(position.top[0].logprob, position.logprob))
