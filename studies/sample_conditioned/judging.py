"""How well each value puts wrong answers first, and which of two is better on the same answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.difference import Difference, paired_difference
from foureyes.maths.ranking import Auroc, auroc
from foureyes.signals.conditioned import with_sample
from foureyes.types import Exchange, text_of
from studies.rank_wrong import like_length
from studies.sample_conditioned.forms import CONDITIONED, FREE, ONE_READING
from studies.sample_conditioned.published import SampledAnswer
from studies.sample_conditioned.readings import AnswerSurprise

__all__ = ["JudgedSet", "Ranked", "judged"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One value of all answers of a set.

    Attributes:
        area: AUROC of "wrong", questions drawn again.
        of_like_length: AUROC among answers of like length only.
    """

    area: Auroc
    of_like_length: float


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """A set of answers under one way of taking samples.

    Attributes:
        name: of the set.
        k: samples an answer.
        wrong: (N,) which answers are.
        groups: (N,) which question they are of.
        values: by the name of the form, (N,).
        length: (N,) tokens.
        cost: characters of the readings behind samples, for each character of the plain reading.
    """

    name: str
    k: int
    wrong: NDArray[np.bool_]
    groups: NDArray[np.intp]
    values: Mapping[str, Floats]
    length: Floats
    cost: float

    def ranked(self, form: str) -> Ranked:
        """How well a form ranks."""
        value = self.values[form]
        area = auroc(value, wrong=self.wrong, groups=self.groups)
        return Ranked(area, like_length(value, self.wrong, self.length))

    def lead(self, one: str, other: str) -> Difference:
        """How much better one form is than another."""
        return paired_difference(self.values[one], self.values[other], self.wrong, groups=self.groups)

    @property
    def best(self) -> str:
        """The form of readings behind samples that ranks best here: to be judged elsewhere."""
        return max(CONDITIONED, key=lambda form: auroc(self.values[form], wrong=self.wrong).value)


def judged(
    name: str, answers: Sequence[SampledAnswer], samples: Sequence[Sequence[str]], seen: Sequence[AnswerSurprise]
) -> JudgedSet:
    """Takes every form of every answer."""
    pairs = list(zip(answers, samples, strict=True))
    values = {form: np.array([take(one) for one in seen]) for form, take in {**ONE_READING, **CONDITIONED}.items()}
    values |= {form: np.array([take(answer, drawn) for answer, drawn in pairs]) for form, take in FREE.items()}
    length = np.array([float(len(one.plain)) for one in seen])
    return JudgedSet(
        name=name,
        k=len(samples[0]),
        wrong=np.array([answer.wrong for answer in answers]),
        groups=np.unique([answer.question for answer in answers], return_inverse=True)[1],
        values={"length (control)": length, **values},
        length=length,
        cost=_cost(pairs),
    )


def _cost(pairs: Sequence[tuple[SampledAnswer, Sequence[str]]]) -> float:
    plain = sum(_characters(answer.exchange) for answer, _ in pairs)
    behind = sum(
        _characters(with_sample(answer.exchange, one)) for answer, drawn in pairs for one in dict.fromkeys(drawn)
    )
    return behind / plain


def _characters(exchange: Exchange) -> int:
    return len(text_of(exchange.prompt)) + len(exchange.answer)
