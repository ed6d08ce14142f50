"""Semantic entropy: how spread out are the meanings of several answers to one prompt?

Samples are clustered by what they mean, whatever their words: two mean the same when each entails the other
(:func:`foureyes.maths.clusters.clustering`). Texts that are equal but for white space mean the same without being
asked about. All prompts are clustered side by side, so that every round of questions is one batch.

A newcomer starts at :func:`meanings`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.maths.clusters import cluster_entropy, clustering
from foureyes.models.entailment import Entailment, Pair
from foureyes.signals.samples import Samples, usable
from foureyes.types import Prompt, Unscored, Written

__all__ = ["Meanings", "meanings"]

_HOLDS = 0.5


@dataclass(frozen=True, slots=True, repr=False)
class Meanings(Result):
    """The samples of one prompt, sorted by what they mean. Both entropies are uncertainties.

    Attributes:
        cluster: (M,) the cluster of every usable sample, numbered in order of appearance.
        mean_logprob: (M,) mean log-probability of every usable sample's tokens, nats, ≤ 0; ``None`` where the writer
            did not say.
        n_left_out: samples without words.
        n_asked: entailments that were asked for.
    """

    cluster: tuple[int, ...]
    mean_logprob: tuple[float, ...] | None
    n_left_out: int
    n_asked: int

    @property
    def n_clusters(self) -> int:
        """Different meanings, from 1 to M: an uncertainty too."""
        return len(set(self.cluster))

    @property
    def semantic_entropy(self) -> float:
        """Discrete semantic entropy, nats: each sample counts the same. From 0 to ln M; needs no probabilities."""
        return cluster_entropy(self.cluster)

    @property
    def semantic_entropy_weighted(self) -> float | Unscored:
        """Semantic entropy with each sample weighted by its length-normalised probability, nats, 0 to ln M."""
        if self.mean_logprob is None:
            return Unscored("bad_reply", "the writer did not state the probabilities of its words")
        return cluster_entropy(self.cluster, self.mean_logprob)


def meanings(
    prompts: Sequence[Prompt], samples: Sequence[Samples], entailment: Entailment
) -> list[Meanings | Unscored]:
    """Clusters the samples of every prompt by meaning.

    Args:
        prompts: the questions.
        samples: what was drawn to each, 10 at temperature 1 in the source.
        entailment: who tells what follows from what; above ½ counts as "follows".

    Returns:
        One :class:`Meanings` or :class:`Unscored` a prompt, in order. A row with a single entailment that could not be
        told is unscored: there is no honest guess at a cluster.

    Raises:
        InputError: not one row of samples a prompt.
        ModelUnavailable: the entailment model is gone.

    Source: Farquhar, Kossen, Kuhn & Gal 2024, Nature 630 (semantic entropy, and its discrete variant);
    Kuhn, Gal & Farquhar 2023, arXiv 2302.09664 (the clustering; length-normalised weights).
    """
    if len(samples) != len(prompts):
        raise InputError(f"{len(prompts)} prompts need a row of samples each; got {len(samples)}")
    rows = [_Row.begin(prompt, drawn) for prompt, drawn in zip(prompts, samples, strict=True)]
    while waiting := [row for row in rows if isinstance(row, _Row) and row.pairs]:
        told = iter(entailment.entails([pair for row in waiting for pair in row.pairs]))
        for row in waiting:
            row.take([next(told) for _ in row.pairs])
    return [row.result() if isinstance(row, _Row) else row for row in rows]


class _Row:
    """One prompt while it is clustered: what it wants to know next, or what came of it."""

    def __init__(self, prompt: Prompt, kept: Sequence[Written], n_left_out: int) -> None:
        self._prompt, self._kept, self._n_left_out = prompt, kept, n_left_out
        self._said = [" ".join(sample.exchange.answer.split()) for sample in kept]
        self._texts = list(dict.fromkeys(self._said))
        self._asking: Generator[list[tuple[int, int]], Sequence[bool], tuple[int, ...]] = clustering(len(self._texts))
        self._failure: Unscored | None = None
        self._cluster: tuple[int, ...] = ()
        self._n_asked = 0
        self.pairs: list[Pair] = []
        self._advance(None)

    @classmethod
    def begin(cls, prompt: Prompt, samples: Samples) -> _Row | Unscored:
        kept = usable(samples)
        return kept if isinstance(kept, Unscored) else cls(prompt, kept, len(samples) - len(kept))

    def take(self, answers: Sequence[float | Unscored]) -> None:
        """Goes on with what was told of :attr:`pairs`."""
        self._n_asked += len(answers)
        self._failure = next((answer for answer in answers if isinstance(answer, Unscored)), None)
        if self._failure is not None:
            self.pairs = []
            return
        self._advance([answer > _HOLDS for answer in answers if not isinstance(answer, Unscored)])

    def result(self) -> Meanings | Unscored:
        if self._failure is not None:
            return self._failure
        of_text = dict(zip(self._texts, self._cluster, strict=True))
        readings = [sample.reading for sample in self._kept]
        known = [-float(reading.nll.mean()) for reading in readings if reading is not None]
        return Meanings(
            cluster=tuple(of_text[said] for said in self._said),
            mean_logprob=tuple(known) if len(known) == len(readings) else None,
            n_left_out=self._n_left_out,
            n_asked=self._n_asked,
        )

    def _advance(self, holds: Sequence[bool] | None) -> None:
        try:
            wanted = next(self._asking) if holds is None else self._asking.send(holds)
        except StopIteration as stop:
            self._cluster, self.pairs = stop.value, []
        else:
            self.pairs = [Pair(self._prompt, self._texts[i], self._texts[j]) for i, j in wanted]
