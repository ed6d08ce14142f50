"""From what a server showed at each position to a :class:`~foureyes.types.Reading`.

A server shows the actual token and the k most likely ones, so the entropy is an interval, and a rank beyond k is known
only where the server counts it (vLLM does). Elsewhere it is the smallest rank consistent with what was shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.maths.information import entropy_interval
from foureyes.models.completions.connection import Fault, bad_reply
from foureyes.models.completions.dialects import LogprobRequest, ShownToken
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["Tokens", "assemble"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """An exchange as the server will read it.

    Attributes:
        prompt: ids of the prompt, template included, after any cut.
        answer: ids of the answer, tokenised by itself.
        pieces: how the vocabulary writes the answer's tokens, where the server tells.
        prefix: what stands before the answer in the text that was tokenised.
        n_dropped: tokens cut from the prompt's left.
    """

    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    pieces: tuple[str, ...] | None
    prefix: str = ""
    n_dropped: int = 0


def assemble(
    exchange: Exchange,
    tokens: Tokens,
    spans: Sequence[tuple[int, int]],
    seen: Sequence[ShownToken],
    *,
    ask: LogprobRequest,
    vocabulary: int,
) -> Reading:
    """Builds the reading.

    Raises:
        Fault: the numbers are not those of a distribution (``bad_reply``), or no token touches the answer's span
            (``span``).
    """
    try:
        entropy = entropy_interval(
            _matrix(seen), vocabulary, largest_unseen=[_largest_unseen(position, ask.k) for position in seen]
        )
        return Reading(
            model=ask.model,
            answer=exchange.answer,
            token_ids=np.array(ask.answer),
            spans=np.array(spans),
            nll=np.array([-position.logprob for position in seen]),
            entropy_low=entropy.low,
            entropy_high=entropy.high,
            missing_mass=entropy.missing,
            rank=np.array([_rank(position) for position in seen]),
            top1=np.array([_top1(position) for position in seen]),
            selected=_selected(exchange, spans),
            n_prompt_tokens=len(tokens.prompt),
            n_dropped=tokens.n_dropped,
            alternatives=tuple(position.top[: ask.kept] for position in seen) if ask.kept else (),
        )
    except InputError as error:
        raise bad_reply(f"the server's numbers are not those of a distribution: {error}") from error


def _below_the_top(position: ShownToken) -> bool:
    return position.logprob < position.top[-1].logprob


def _matrix(seen: Sequence[ShownToken]) -> NDArray[np.float64]:
    """(T, K) log-probabilities of all that was shown, the actual token included, padded with −inf."""
    rows = [
        [a.logprob for a in position.top] + ([position.logprob] if _below_the_top(position) else [])
        for position in seen
    ]
    matrix = np.full((len(rows), max(map(len, rows))), -math.inf)
    for t, row in enumerate(rows):
        matrix[t, : len(row)] = row
    return matrix


def _largest_unseen(position: ShownToken, k: int) -> float:
    """The k-th best bounds what was not shown; of a server that showed fewer than asked nothing is known."""
    return position.top[-1].logprob if len(position.top) >= k else 0.0


def _rank(position: ShownToken) -> int:
    """Exact within the top; beyond it the server's count, or else the least that what it showed allows."""
    if not _below_the_top(position):
        return 1 + sum(a.logprob > position.logprob for a in position.top)
    return max(position.rank or 0, len(position.top) + 1)


def _top1(position: ShownToken) -> float:
    return math.exp(max(position.top[0].logprob, position.logprob))


def _selected(exchange: Exchange, spans: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """The tokens that share a byte with the final answer."""
    if exchange.answer_span is None:
        return np.ones(len(spans), dtype=np.bool_)
    start, end = (len(exchange.answer[:edge].encode()) for edge in exchange.answer_span)
    selected = np.array([a < end and b > start for a, b in spans])
    if not selected.any():
        first, last = exchange.answer_span
        raise Fault(Unscored("span", f"no token covers characters {first}..{last} of the answer"))
    return selected
