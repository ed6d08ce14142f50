"""What may be made of surprise with and without samples, and of the samples alone; larger = more likely wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.signals.conditioned import worst_window
from foureyes.signals.overlap import share_unsupported
from foureyes.signals.similarity import ngram_similarity
from studies.sample_conditioned.published import SampledAnswer
from studies.sample_conditioned.readings import AnswerSurprise

__all__ = ["CONDITIONED", "FREE", "ONE_READING", "Form", "mixture"]

Floats = NDArray[np.float64]
Form: TypeAlias = Callable[[AnswerSurprise], float]


def mixture(behind: Floats) -> Floats:
    """(T,) surprise under the mean of the K distributions, −ln mean_k p_k(t): between the mean and the least over k."""
    least = behind.min(axis=0)
    return np.asarray(least - np.log(np.exp(least - behind).mean(axis=0)))


def _windows(size: int) -> dict[str, Form]:
    return {
        f"worst {size} tokens of the mean": lambda seen: worst_window(seen.behind.mean(axis=0), size),
        f"worst {size} tokens of the mixture": lambda seen: worst_window(mixture(seen.behind), size),
    }


ONE_READING: Final[Mapping[str, Form]] = {
    "plain surprise, the mean": lambda seen: float(seen.plain.mean()),
    "plain surprise, worst 6 tokens": lambda seen: worst_window(seen.plain, 6),
}
"""Of the reading without a sample."""

CONDITIONED: Final[Mapping[str, Form]] = {
    "the mean": lambda seen: float(seen.behind.mean()),
    "the mean less plain": lambda seen: float((seen.behind - seen.plain).mean()),
    "the least less plain": lambda seen: float((seen.behind.min(axis=0) - seen.plain).mean()),
    "the sum of the mean over √tokens": lambda seen: float(
        seen.behind.mean(axis=0).sum() / np.sqrt(seen.behind.shape[1])
    ),
    **_windows(4),
    **_windows(6),
    **_windows(8),
    **_windows(12),
}
"""Of readings behind samples."""


def _similar(answer: SampledAnswer, samples: Sequence[str]) -> float:
    return 1 - fmean(ngram_similarity(answer.exchange.answer, one) for one in samples)


def _unsupported(answer: SampledAnswer, samples: Sequence[str]) -> float:
    share = share_unsupported(answer.exchange.answer, samples)
    if share is None:
        raise SystemExit(f"an answer without words: {answer.exchange.answer!r}")
    return share


FREE: Final[Mapping[str, Callable[[SampledAnswer, Sequence[str]], float]]] = {
    "words that a sample lacks": _unsupported,
    "letters unlike a sample's": _similar,
}
"""Of the samples alone, without a reading."""
