"""Prompts within the context of a server."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from foureyes.models.completions.assembly import Tokens
from foureyes.models.completions.tokenising import Tokeniser
from foureyes.models.token_logprobs import RowFault
from foureyes.models.truncation import kept_ends, without_middle
from foureyes.types import Exchange, Prompt, Unscored

__all__ = ["shortened", "too_long"]


def shortened(tokens: Tokens, exchange: Exchange, tokeniser: Tokeniser, *, limit: int) -> Tokens:
    """The tokens with as many left out behind the head of the prompt as do not fit.

    Raises:
        RowFault: what the messages of the prompt say is fewer than that.
    """
    n = len(tokens.prompt) + len(tokens.answer)
    excess = n - limit
    if excess >= len(tokens.prompt):
        raise too_long(n, limit)
    ids = np.array(tokens.prompt)

    def other(prompt: Prompt) -> NDArray[np.int64]:
        return np.array(tokeniser.prompt(prompt, exchange.tools, thinks=tokens.turn.thinks))

    head, foot = kept_ends(ids, other, exchange.prompt)
    if excess >= len(ids) - head - foot:
        raise too_long(n, limit)
    return replace(tokens, prompt=tuple(without_middle(ids, head, excess).tolist()), n_dropped=excess)


def too_long(n: int, limit: int) -> RowFault:
    """The fault of a row that does not fit."""
    return RowFault(Unscored("context", f"{n} tokens do not fit a context of {limit}", got=n, limit=limit))
