"""From the log-probabilities in a reply to what its writer saw of its own words. Pure.

A provider shows tokens as it likes: with those of the model's thinking before the answer, with the one that ended the turn
after it, with bytes or without. A reading is made only where tokens spell the answer; else there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from foureyes.errors import InputError
from foureyes.models.chat.protocol import ChatReply
from foureyes.models.spelling import spans_by_bytes, spans_by_text
from foureyes.models.token_logprobs import LARGEST_VOCABULARY, TokenLogprobs, columns
from foureyes.types import Reading

__all__ = ["reading_of", "spelled"]


def reading_of(reply: ChatReply, *, model: str, k: int) -> Reading | None:
    """The writer's own statistics of a reply; ``None`` where its provider shows none that fit the answer.

    Args:
        reply: what was said.
        model: who said it.
        k: most likely tokens that were asked for.
    """
    found = spelled(reply.tokens or (), reply.text)
    if found is None:
        return None
    tokens, spans = found
    try:
        return Reading(
            model=model,
            answer=reply.text,
            token_ids=np.full(len(tokens), -1),  # providers show texts, not ids
            spans=np.array(spans),
            selected=np.ones(len(tokens), dtype=np.bool_),
            n_prompt_tokens=0 if reply.usage is None else reply.usage.prompt_tokens,
            **columns(tokens, k=k, vocabulary=LARGEST_VOCABULARY),
        )
    except InputError:  # the numbers are not those of a distribution
        return None


def spelled(
    tokens: Sequence[TokenLogprobs], answer: str
) -> tuple[Sequence[TokenLogprobs], list[tuple[int, int]]] | None:
    """The tokens that spell the answer, and the bytes of it that each covers; ``None`` where none do.

    Args:
        tokens: as stated, with those of thoughts before the answer and the one that ended the turn after it.
        answer: the words.
    """
    for end in (len(tokens), len(tokens) - 1):  # the last token may be the one that ended the turn
        kept = _last(tokens[: max(end, 0)], answer.encode())
        spans = spans_by_bytes([token.raw or b"" for token in kept], answer)
        if spans is None:
            kept = tokens[: max(end, 0)]
            spans = spans_by_text([token.text for token in kept], answer)
        if kept and spans:
            return kept, spans
    return None


def _last(tokens: Sequence[TokenLogprobs], answer: bytes) -> Sequence[TokenLogprobs]:
    """The last tokens that have as many bytes as the answer; before them a model may have thought."""
    sizes = list(accumulate(len(token.raw or b"") for token in reversed(tokens)))
    return tokens[-1 - sizes.index(len(answer)) :] if len(answer) in sizes else ()
