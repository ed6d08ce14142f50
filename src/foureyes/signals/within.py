"""What a generator says of its own answer: the within-model baselines everyone else uses.

They are the statistics of :func:`foureyes.signals.cross.score` with the generator as its own verifier. They look fine
exactly when a model is wrong and sure of it, which is why they are baselines here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from foureyes.display import Result
from foureyes.models.roles import Reader
from foureyes.signals.cross import score, signals_of
from foureyes.types import Exchange, Scored, Unscored, Written

__all__ = ["OwnSignals", "own_signals", "reread"]


@dataclass(frozen=True, slots=True, repr=False)
class OwnSignals(Result):
    """The generator's own uncertainty about its answer.

    Attributes:
        log_g_ppl: mean surprise per token at its own words, nats, ≥ 0.
        g_ent: mean entropy of its distributions while it wrote them, nats, ≥ 0; ``None`` where only bounds are known.
        n_tokens: tokens of the answer.
    """

    log_g_ppl: float
    g_ent: float | None
    n_tokens: int

    @property
    def g_ppl(self) -> float:
        """The generator's perplexity of its own answer, exp(log_g_ppl), ≥ 1."""
        return math.exp(self.log_g_ppl)


def own_signals(written: Written | Unscored) -> OwnSignals | Unscored:
    """G-PPL and G-Ent of an answer as it was written.

    Args:
        written: what a writer returned; its statistics are from before temperature and top-p.

    Returns:
        The signals, or why there are none: an empty answer has no perplexity.
    """
    if isinstance(written, Unscored):
        return written
    if written.reading is None and written.exchange.answer:
        return Unscored("bad_reply", "the generator did not state the probabilities of its words")
    if written.reading is None:
        return Unscored("empty_answer", "the generator ended without a word")
    return _own(signals_of(written.reading))


def reread(exchanges: Iterable[Exchange], generator: Reader) -> list[OwnSignals | Unscored]:
    """The same from stored answers, by letting the model that wrote them read them."""
    return [_own(row) for row in score(exchanges, generator)]


def _own(row: Scored | Unscored) -> OwnSignals | Unscored:
    return row if isinstance(row, Unscored) else OwnSignals(row.log_cmp, row.cme, row.n_tokens)
