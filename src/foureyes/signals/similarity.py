"""Does another model talk about the same thing? Similarity between two models' samples against that within one's own.

A model can repeat one wrong answer with perfect consistency. Another model, asked the same, then says something else:
its samples are less like the first one's than those are like each other.

The similarity is a parameter. :func:`ngram_similarity`, built in, compares the letters that two texts are made of: it
sees wording, not meaning, and costs nothing. Pass the cosine of an embedding model's vectors where one is installed.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeAlias

from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.signals.agree import plain_words
from foureyes.signals.samples import Samples, usable
from foureyes.types import Unscored

__all__ = ["Similarities", "Similarity", "ngram_similarity", "similarities", "word_similarity"]

Similarity: TypeAlias = Callable[[str, str], float]
"""Of two texts, symmetric, in [0, 1], 1 for equal ones."""


@dataclass(frozen=True, slots=True, repr=False)
class Similarities(Result):
    """How alike the samples of one prompt are, within one model and between two.

    Attributes:
        intra: mean over pairs of the generator's own samples, in [0, 1].
        inter: mean over pairs of one of its samples and one of the other model's, in [0, 1].
    """

    intra: float
    inter: float

    @property
    def similarity_gap(self) -> float:
        """Intra minus inter, in [−1, 1]: an uncertainty; what self-consistency cannot see (epistemic)."""
        return self.intra - self.inter

    @property
    def similarity_total(self) -> float:
        """(1 − intra) + gap = 1 − inter, in [0, 1]: an uncertainty; own inconsistency and the gap together."""
        return 1 - self.inter


def similarities(
    own: Sequence[Samples], others: Sequence[Samples], *, similarity: Similarity | None = None
) -> list[Similarities | Unscored]:
    """Compares the samples that two models gave to the same prompts.

    Args:
        own: what the generator under scrutiny gave to each prompt, at least two samples with words.
        others: what the other model gave, at least one.
        similarity: of two texts; :func:`ngram_similarity` when ``None``.

    Returns:
        One :class:`Similarities` or :class:`Unscored` a prompt, in order.

    Raises:
        InputError: not as many rows of one as of the other, or a similarity outside [0, 1].

    Source: Hamidieh et al. 2026, arXiv 2604.17112 (the gap is their epistemic, the sum their total uncertainty; theirs
    averages over an ensemble and embeds meanings).
    """
    if len(own) != len(others):
        raise InputError(f"two models' samples must be to the same prompts; got {len(own)} and {len(others)} rows")
    measure = ngram_similarity if similarity is None else similarity
    return [_compare(ours, theirs, measure) for ours, theirs in zip(own, others, strict=True)]


def ngram_similarity(one: str, other: str, *, n: int = 3) -> float:
    """Cosine between counts of the runs of n letters in two texts, without case and accents.

    Each text is padded with a space at both ends, so that texts shorter than n letters have runs too. Two texts
    without letters or digits are alike if they are equal.

    Example:
        >>> ngram_similarity("Canberra", "canberra."), round(ngram_similarity("Canberra", "It is Canberra"), 2)
        (1.0, 0.76)
    """
    words, others = plain_words(one), plain_words(other)
    if not words or not others:
        return float(one.strip() == other.strip())
    return _cosine(_runs(words, n), _runs(others, n))


def word_similarity(one: str, other: str) -> float:
    """Words in common over words in either (Jaccard), without case, accents and punctuation.

    Example:
        >>> word_similarity("It is Canberra.", "Canberra")
        0.3333333333333333
    """
    words, others = set(plain_words(one)), set(plain_words(other))
    if not words or not others:
        return float(one.strip() == other.strip())
    return len(words & others) / len(words | others)


def _compare(own: Samples, others: Samples, similarity: Similarity) -> Similarities | Unscored:
    ours, theirs = usable(own), usable(others, least=1)
    if isinstance(ours, Unscored):
        return ours
    if isinstance(theirs, Unscored):
        return theirs
    texts, foreign = [s.exchange.answer for s in ours], [s.exchange.answer for s in theirs]
    return Similarities(
        intra=fmean(_checked(similarity(a, b)) for a, b in itertools.combinations(texts, 2)),
        inter=fmean(_checked(similarity(a, b)) for a, b in itertools.product(texts, foreign)),
    )


def _checked(value: float) -> float:
    if not 0 <= value <= 1 + 1e-9:
        raise InputError(f"a similarity must lie in [0, 1]; got {value}")
    return min(value, 1.0)


def _runs(words: Sequence[str], n: int) -> Counter[str]:
    padded = f" {' '.join(words)} ".ljust(n)
    return Counter(padded[i : i + n] for i in range(len(padded) - n + 1))


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    shared = sum(count * other[run] for run, count in one.items())
    sizes = math.sqrt(sum(c * c for c in one.values()) * sum(c * c for c in other.values()))
    return min(1.0, shared / sizes)
