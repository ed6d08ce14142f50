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
from foureyes.signals.cross import score
from foureyes.types import Exchange, Reading, Unscored, Written

__all__ = ["OwnSignals", "own_of", "own_signals", "reread"]


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
    return own_of(written.reading)


def own_of(reading: Reading) -> OwnSignals:
    """The same of what the generator saw of its own words, as it wrote them or as a log holds them.

    Where only its most likely tokens were shown, ``g_ent`` is ``None``; its bounds are ``reading.mean_entropy``.
    """
    low, high = reading.mean_entropy
    return OwnSignals(reading.mean_nll, low if low == high else None, int(reading.selected.sum()))


def reread(exchanges: Iterable[Exchange], generator: Reader) -> list[OwnSignals | Unscored]:
    """The same from stored answers, by letting the model that wrote them read them."""
    return [row if isinstance(row, Unscored) else own_of(row.reading) for row in score(exchanges, generator)]
