"""Words for a confidence, for people: a phrase that means what the number says.

People take an answer's wording for its confidence, and longer or more certain words for more of it. So the phrase shown
with an answer is a monotone function of the *calibrated* confidence and of nothing else: from a published scale, or from
how people read each phrase.

A newcomer starts at :data:`IPCC`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import probabilities
from foureyes.maths.reliability import Ece, ece

__all__ = ["IPCC", "CalibrationGap", "PhraseScale", "calibration_gap"]


@dataclass(frozen=True, slots=True)
class PhraseScale:
    """Phrases from the least to the most confident, and where one gives way to the next.

    Attributes:
        phrases: (P,) at least one, no phrase twice.
        cuts: (P − 1,) strictly rising within (0, 1): a confidence at a cut takes the phrase above it.

    Raises:
        InputError: phrases and cuts do not make a scale.
    """

    phrases: tuple[str, ...]
    cuts: tuple[float, ...]

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in zip((0.0, *self.cuts), (*self.cuts, 1.0), strict=True))
        if len(self.cuts) != len(self.phrases) - 1 or not rising or len(set(self.phrases)) < len(self.phrases):
            raise InputError(
                f"a scale wants phrases that differ, with rising cuts in (0, 1) between them; got {len(self.phrases)} "
                f"phrases and cuts {list(self.cuts)}"
            )

    @classmethod
    def fit(cls, guesses: Mapping[str, ArrayLike]) -> PhraseScale:
        """The scale on which people's mean reading of each phrase lies nearest to the confidence that it is shown for.

        Args:
            guesses: of each phrase, what people took its probability for, in [0, 1].

        Raises:
            InputError: no phrases, a number outside [0, 1], two phrases that people read alike.
            NotEnoughData: a phrase that nobody read.

        Example:
            >>> PhraseScale.fit({"likely": [0.7, 0.8], "unsure": [0.4, 0.5]}).cuts
            (0.6,)
        """
        means: dict[str, float] = {}
        for phrase, read in guesses.items():
            column = probabilities(phrase, read)
            if not len(column):
                raise NotEnoughData(f"nobody said how likely {phrase!r} is")
            means[phrase] = float(column.mean())
        ordered = sorted(means, key=lambda phrase: means[phrase])
        levels = [means[phrase] for phrase in ordered]
        return cls(tuple(ordered), tuple((np.add(levels[:-1], levels[1:]) / 2).round(12).tolist()))

    def phrase(self, confidence: float) -> str:
        """The phrase of a calibrated confidence.

        Raises:
            InputError: the confidence is outside [0, 1].

        Example:
            >>> IPCC.phrase(0.95), IPCC.phrase(0.5)
            ('very likely', 'about as likely as not')
        """
        return self.phrases[bisect_right(self.cuts, float(probabilities("confidence", [confidence])[0]))]


IPCC: Final = PhraseScale(
    (
        "exceptionally unlikely",
        "very unlikely",
        "unlikely",
        "about as likely as not",
        "likely",
        "very likely",
        "virtually certain",
    ),
    (0.01, 0.1, 0.33, 0.66, 0.9, 0.99),
)
"""Mastrandrea et al. 2010, guidance note for lead authors of the IPCC's fifth report, table 1, its overlapping ranges cut
where the stronger phrase begins."""


@dataclass(frozen=True, slots=True, repr=False)
class CalibrationGap(Result):
    """How far a model's confidence, and people's confidence in its answers, are from how often it is right.

    Attributes:
        model: error of the confidence.
        people: error of what people took it for; ``None`` where nobody was asked.
        gap: people less model, above 0 where what people are shown misleads them; ``None`` likewise.
        bias: mean of people's confidence less the share right, above 0 where they trust too much; ``None`` likewise.
    """

    model: Ece
    people: Ece | None
    gap: float | None
    bias: float | None


def calibration_gap(confidence: ArrayLike, correct: ArrayLike, guesses: ArrayLike | None = None) -> CalibrationGap:
    """Calibration error of a model, and of the people who read its answers.

    Args:
        confidence: (N,) calibrated, in [0, 1].
        correct: (N,) booleans or 0/1.
        guesses: (N,) how likely people took each answer to be right, in [0, 1].

    Raises:
        InputError: lengths differ, numbers outside [0, 1].
        NotEnoughData: no rows.

    Example:
        >>> found = calibration_gap([0.5, 0.5], [1, 0], [0.9, 0.9])
        >>> found.model.value, found.people.value, round(found.bias, 3)
        (0.0, 0.4, 0.4)

    Source: Steyvers et al. 2025, Nature Machine Intelligence 7, arXiv 2401.13835 (calibration gap).
    """
    model = ece(confidence, correct)
    if guesses is None:
        return CalibrationGap(model, None, None, None)
    people = ece(guesses, correct)
    bias = float(probabilities("guesses", guesses).mean() - np.asarray(correct, float).mean())
    return CalibrationGap(model, people, people.value - model.value, bias)
