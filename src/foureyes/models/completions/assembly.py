"""From what a server showed at each position to a :class:`~foureyes.types.Reading`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.models.completions.dialects import LogprobRequest
from foureyes.models.token_logprobs import RowFault, TokenLogprobs, bad_reply, columns
from foureyes.models.turn_template import TurnText
from foureyes.types import Reading, Unscored

__all__ = ["Tokens", "assemble"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """An exchange as the server will read it.

    Attributes:
        prompt: ids of the prompt, template included, after any cut.
        answer: ids of the answer, tokenised by itself.
        pieces: how the vocabulary writes the answer's tokens, where the server tells.
        turn: the answer as text.
        prefix: what stands before the answer in the text that was tokenised.
        n_dropped: tokens cut from the prompt's left.
    """

    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    pieces: tuple[str, ...] | None
    turn: TurnText
    prefix: str = ""
    n_dropped: int = 0


def assemble(
    tokens: Tokens,
    spans: Sequence[tuple[int, int]],
    seen: Sequence[TokenLogprobs],
    *,
    ask: LogprobRequest,
    vocabulary: int,
) -> Reading:
    """Builds the reading.

    Raises:
        RowFault: the numbers are not those of a distribution (``bad_reply``), or no token touches the answer's span
            (``span``).
    """
    try:
        return Reading(
            model=ask.model,
            answer=tokens.turn.text,
            token_ids=np.array(ask.answer),
            spans=np.array(spans),
            selected=_selected(tokens.turn, spans),
            n_prompt_tokens=len(tokens.prompt),
            n_dropped=tokens.n_dropped,
            alternatives=tuple(position.top[: ask.kept] for position in seen) if ask.kept else (),
            parts=tokens.turn.parts,
            **columns(seen, k=ask.k, vocabulary=vocabulary),
        )
    except InputError as error:
        raise bad_reply(f"the server's numbers are not those of a distribution: {error}") from error


def _selected(turn: TurnText, spans: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """The tokens that share a byte with the final answer."""
    if turn.span is None:
        return np.ones(len(spans), dtype=np.bool_)
    start, end = (len(turn.text[:edge].encode()) for edge in turn.span)
    selected = np.array([a < end and b > start for a, b in spans])
    if not selected.any():
        first, last = turn.span
        raise RowFault(Unscored("span", f"no token covers characters {first}..{last} of the answer"))
    return selected
