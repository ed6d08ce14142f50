"""The surprise of an answer's most surprising claim: a signal that nothing written round the claim makes smaller.

The mean over all tokens of an answer (``log_cmp``) falls when easy words are added. Here each claim
(:mod:`foureyes.signals.claims`) is read by itself, as if it were the whole answer, and the worst one counts. Of a plain short
answer it is ``log_cmp`` of the answer without its final stop.

Readings come in rounds, so that many answers share one call of the verifier: :func:`worst_claim_rounds` yields what it wants
read, and :func:`worst_claim` and the guard's verifier read it, each in its own way.
"""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.models.roles import Reader
from foureyes.signals.claims import (
    COURTESY_PROMPT,
    AnswerClaim,
    ClaimReadings,
    distinct_claims,
    narrow_claim,
    question_words,
    split_claims,
)
from foureyes.types import Exchange, Reading, ToolCall, Unscored, render_parts

__all__ = ["ClaimRounds", "WorstClaim", "worst_claim", "worst_claim_rounds"]

WINDOW: Final = 12
"""Tokens: of a longer claim the worst run of so many counts, so that words added to it do not hide a part of it."""

MOST_CLAIMS: Final = 24
"""An answer of more claims is judged where it stands, by one reading."""

SHORTEST_NARROWED: Final = 3
"""Words from which on an answer of one piece may have others round its claim."""


@dataclass(frozen=True, slots=True)
class WorstClaim:
    """The most surprising claim of an answer.

    Attributes:
        surprise: mean nats a token over the claim, or over its worst window, ≥ 0.
        claim: which it is, and where in the text of ``whole``.
        n_claims: how many claims the answer makes.
        whole: the reading of the whole answer.
    """

    surprise: float
    claim: AnswerClaim
    n_claims: int
    whole: Reading


Readings: TypeAlias = Sequence[Reading | Unscored]
ClaimRounds: TypeAlias = Generator[list[Exchange], Readings, WorstClaim | Unscored]


def worst_claim(exchanges: Sequence[Exchange], reader: Reader) -> list[float | Unscored]:
    """Reads every claim of every answer, and takes the surprise of the worst.

    Args:
        exchanges: prompts and answers.
        reader: the verifier.

    Returns:
        Per exchange mean nats a token, ≥ 0, or :class:`Unscored`.

    Example:
        >>> from foureyes.models.scripted import ScriptedReader
        >>> reader = ScriptedReader({"Sydney": 0.25}, name="scripted")
        >>> [round(value, 3) for value in worst_claim([Exchange("Capital of Australia?", "Sydney")], reader)]
        [1.386]
    """
    rounds = [worst_claim_rounds(exchange) for exchange in exchanges]
    results: list[float | Unscored] = [_UNREAD] * len(rounds)
    wanted = {row: next(steps) for row, steps in enumerate(rounds)}
    while wanted:
        readings = iter(reader.read([exchange for rows in wanted.values() for exchange in rows]))
        again: dict[int, list[Exchange]] = {}
        for row, rows in wanted.items():
            try:
                again[row] = rounds[row].send([next(readings) for _ in rows])
            except StopIteration as done:
                results[row] = done.value.surprise if isinstance(done.value, WorstClaim) else done.value
        wanted = again
    return results


_UNREAD: Final = Unscored("unavailable", "the verifier did not read this answer")


def worst_claim_rounds(exchange: Exchange) -> ClaimRounds:
    """Yields exchanges to read, takes their readings in that order, and returns the worst claim; at most two rounds.

    A plain answer of a word or two takes one reading. An answer of which any part cannot be read is :class:`Unscored`.
    """
    pieces = _pieces(exchange)
    apart = pieces.in_words if len(pieces.in_words) <= MOST_CLAIMS else []
    to_narrow = apart if len(apart) != 1 or len(apart[0].text.split()) >= SHORTEST_NARROWED else []
    wanted = [exchange, *(_alone(exchange, claim) for claim in apart), *(_as_courtesy(claim) for claim in to_narrow)]
    read = yield from _ask(wanted)
    if isinstance(read, Unscored):
        return read
    pieces = _placed(pieces, exchange, read[exchange])
    claims = _narrowed(exchange, pieces, read) if to_narrow else pieces.in_words
    more = yield from _ask([one for one in (_alone(exchange, claim) for claim in claims if apart) if one not in read])
    if isinstance(more, Unscored):
        return more
    called = [*pieces.in_calls, *_keys(exchange, read[exchange])]
    values = {claim: _standing(read[exchange], claim) for claim in [*claims, *called]}
    several = len(values) > 1
    for claim in claims if apart else []:
        alone = _surprise((read | more)[_alone(exchange, claim)].nll)
        values[claim] = min(alone, values[claim]) if several else alone
    worst = max(values, key=lambda claim: values[claim])
    return WorstClaim(values[worst], worst, len(values), read[exchange])


def _ask(wanted: Sequence[Exchange]) -> Generator[list[Exchange], Readings, dict[Exchange, Reading] | Unscored]:
    """Has each of these read once; the first failure where there is one."""
    distinct = list(dict.fromkeys(wanted))
    found = (yield distinct) if distinct else []
    read: dict[Exchange, Reading] = {}
    for one, row in zip(distinct, found, strict=True):
        if isinstance(row, Unscored):
            return row
        read[one] = row
    return read


def _narrowed(exchange: Exchange, pieces: _Pieces, read: Mapping[Exchange, Reading]) -> list[AnswerClaim]:
    """The claims without the words around them; where nothing is left and nothing is called, all that was said."""
    asked = question_words(exchange.prompt)
    left = [
        narrow_claim(
            claim, ClaimReadings(read[exchange], read[_alone(exchange, claim)], read[_as_courtesy(claim)]), asked
        )
        for claim in pieces.in_words
    ]
    claims = distinct_claims([claim for claim in left if claim is not None])
    return claims if claims or pieces.in_calls else distinct_claims(pieces.in_words)


def _alone(exchange: Exchange, claim: AnswerClaim) -> Exchange:
    """The claim as if it were the whole answer."""
    return replace(exchange, answer=claim.text, answer_span=None, turn=None)


def _as_courtesy(claim: AnswerClaim) -> Exchange:
    return Exchange(COURTESY_PROMPT, claim.text)


def _standing(whole: Reading, claim: AnswerClaim) -> float:
    """The surprise of a claim where it stands in the answer; ∞ where no token is there."""
    start, end = (len(whole.answer[:place].encode()) for place in (claim.start, claim.end))
    return _surprise(whole.nll[(whole.spans[:, 0] < end) & (whole.spans[:, 1] > start)])


def _surprise(nll: NDArray[np.float64]) -> float:
    """Mean nats a token, or those of the worst window."""
    if len(nll) == 0:
        return math.inf
    if len(nll) <= WINDOW:
        return float(nll.mean())
    return float(np.convolve(nll, np.full(WINDOW, 1 / WINDOW), mode="valid").max())


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What an answer is made of: pieces of text, and values in tool calls, which are judged where they stand.

    Attributes:
        in_words: the pieces of text.
        in_calls: names and values.
        parts: of a turn with tool calls the part that each piece of text is of.
    """

    in_words: list[AnswerClaim]
    in_calls: list[AnswerClaim]
    parts: list[int] = field(default_factory=list)


def _pieces(exchange: Exchange) -> _Pieces:
    turn = exchange.turn
    if turn is None or not turn.calls:
        found = split_claims(exchange.answer, exchange.answer_span)
        return _Pieces(found or [_all_of(exchange)], [])
    first, last = exchange.answer_span or (0, len(exchange.answer))
    pieces = _Pieces([], [])
    for place in render_parts(turn.parts).spans:
        start, end = max(first, place.span[0]), min(last, place.span[1])
        if start >= end:
            continue
        if isinstance(turn.parts[place.part], ToolCall):
            pieces.in_calls.append(AnswerClaim(start, end, exchange.answer[start:end]))
        else:
            found = split_claims(exchange.answer, (start, end))
            pieces.in_words.extend(found)
            pieces.parts.extend([place.part] * len(found))
    return pieces


def _placed(pieces: _Pieces, exchange: Exchange, whole: Reading) -> _Pieces:
    """The pieces where they stand in the text that was read: a chat template writes a turn with tool calls in its own way."""
    if exchange.turn is None or not pieces.in_calls or whole.answer == exchange.answer:
        return pieces
    in_words = []
    ends = {place.part: place.span for place in whole.parts}
    for piece, part in zip(pieces.in_words, pieces.parts, strict=True):
        start, end = ends.get(part, (0, 0))
        at = max(start, whole.answer.find(piece.text, start, end))
        in_words.append(replace(piece, start=at, end=min(at + len(piece.text), end)))
        ends[part] = in_words[-1].end, end
    calls = [place.span for place in whole.parts if isinstance(exchange.turn.parts[place.part], ToolCall)]
    in_calls = [AnswerClaim(start, end, whole.answer[start:end]) for start, end in calls]
    return _Pieces(in_words, in_calls, pieces.parts)


def _keys(exchange: Exchange, whole: Reading) -> Iterator[AnswerClaim]:
    """The keys of all arguments where they stand in the text that was read; all of a call for one that is not found."""
    parts, text = () if exchange.turn is None else exchange.turn.parts, whole.answer
    places = whole.parts or (render_parts(parts).spans if text == exchange.answer else ())
    first, last = exchange.answer_span or (0, len(text)) if text == exchange.answer else (0, len(text))
    before = 0
    for index, group in groupby(places, lambda place: place.part):
        spans = [place.span for place in group]
        if isinstance(call := parts[index], ToolCall):
            keys = _keys_between(call, text, spans, before)
            yield from (key for key in keys if first <= key.start < last)
        before = max([before, *(end for _, end in spans)])


def _keys_between(call: ToolCall, text: str, spans: Sequence[tuple[int, int]], before: int) -> Iterator[AnswerClaim]:
    (_, named), *values = spans
    at = named if all(start >= named for start, _ in values) else before
    for key in _keys_in(call.parsed()):
        forms = (json.dumps(key, ensure_ascii=False), json.dumps(key), key)
        start, form = next(((found, form) for form in forms if (found := text.find(form, at)) >= 0), (-1, ""))
        if start < 0:
            end = max(end for _, end in spans)
            yield AnswerClaim(before, end, text[before:end])
        else:
            at = start + len(form)
            yield AnswerClaim(start, at, form)


def _keys_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys_in(inner)


def _all_of(exchange: Exchange) -> AnswerClaim:
    start, end = exchange.answer_span or (0, len(exchange.answer))
    return AnswerClaim(start, end, exchange.answer[start:end])
