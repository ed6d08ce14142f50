"""Published answers and option probabilities in the roles of live models, so that a study reads with them as with any other.

A stored model knows the questions of its tasks and nothing else. Start at :func:`stored_models`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from foureyes.errors import InputError
from foureyes.models.roles import Sampling
from foureyes.study.tasks.grading import Grade, grade
from foureyes.study.tasks.items import PublishedAnswer, TaskItem
from foureyes.study.tasks.loading import Task
from foureyes.types import Exchange, Prompt, Reading, Unscored, Written, text_of

__all__ = ["StoredModel", "option_reading", "stored_models"]


@dataclass(frozen=True, slots=True, eq=False)
class StoredModel:
    """What one model of a published run said: a reader where its option probabilities are known, and a writer.

    Attributes:
        name: what the publisher calls it.
        fingerprint: of the files it comes from.
        known: by prompt, the question and what the model said to it.
    """

    name: str
    fingerprint: str
    known: Mapping[str, tuple[TaskItem, PublishedAnswer]]

    @property
    def can_read(self) -> bool:
        """Whether the probabilities of any options are known."""
        return any(published.option_log_p for _, published in self.known.values())

    def read(self, exchanges: Sequence[Exchange], *, top_k: int = 0) -> list[Reading | Unscored]:  # noqa: ARG002 - a role
        """Readings of letters, one token each; its entropy is that over the options. Anything else is ``Unscored``."""
        return [self._reading(exchange) for exchange in exchanges]

    def write(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[Written | Unscored]]:
        """The published answer, once, whatever the sampling: more were not drawn."""
        return [[self._written(prompt)] * sampling.n for prompt in prompts]

    def grades(self, items: Sequence[TaskItem]) -> tuple[Grade, ...]:
        """Who was right, by the publisher's verdict where there is one; ``"unparseable"`` where it was not asked."""
        both = [self.known.get(text_of(item.prompt)) for item in items]
        return tuple("unparseable" if b is None else grade(b[0], b[1].text, stated=b[1].correct) for b in both)

    def _reading(self, exchange: Exchange) -> Reading | Unscored:
        item, published = self.known.get(text_of(exchange.prompt), (None, None))
        if item is None or published is None:
            return Unscored("bad_row", f"{self.name} was not asked this question")
        return option_reading(published, item, exchange.answer)

    def _written(self, prompt: Prompt) -> Written | Unscored:
        _, published = self.known.get(text_of(prompt), (None, None))
        if published is None:
            return Unscored("bad_row", f"{self.name} was not asked this question")
        return Written(Exchange(prompt, published.text), None, "stop")


def option_reading(published: PublishedAnswer, item: TaskItem, letter: str) -> Reading | Unscored:
    """What a stored model saw of one letter: a token among the options, which are taken for its whole vocabulary."""
    if not published.option_log_p:
        return Unscored("bad_reply", f"no option probabilities of {published.generator} were published")
    if letter not in item.letters:
        return Unscored("unparseable", f"wanted a letter among {', '.join(item.letters)}; got {letter[:60]!r}")
    log_p, chosen = np.array(published.option_log_p), item.letters.index(letter)
    p = np.exp(log_p)
    entropy = [max(0.0, -float((p * log_p).sum()))]
    one = np.array([True])
    return Reading(
        published.generator,
        letter,
        np.array([-1]),
        np.array([[0, len(letter)]]),
        np.array([max(0.0, -log_p[chosen])]),
        np.array(entropy),
        np.array(entropy),
        np.zeros(1),
        np.array([1 + int((log_p > log_p[chosen]).sum())]),
        np.array([min(1.0, float(p.max()))]),
        one,
        0,
    )


def stored_models(tasks: Sequence[Task]) -> dict[str, StoredModel]:
    """Every model whose answers were published with the tasks, by its name.

    Raises:
        InputError: two questions of the tasks have the same prompt, so that answers cannot be told apart.
    """
    known: dict[str, dict[str, tuple[TaskItem, PublishedAnswer]]] = {}
    for item in (item for task in tasks for item in task.items):
        for published in item.published:
            answers = known.setdefault(published.generator, {})
            there = answers.setdefault(text_of(item.prompt), (item, published))
            if there[0].gold != item.gold:
                raise InputError(
                    f"{published.generator} answered two questions in the same words: {item.prompt[:80]!r}"
                )
    sums = sorted(checksum for task in tasks for checksum in task.checksums.values())
    fingerprint = hashlib.sha256("\0".join(sums).encode()).hexdigest()[:16]
    return {name: StoredModel(name, f"stored:{name}:{fingerprint}", answers) for name, answers in known.items()}
