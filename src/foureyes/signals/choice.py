"""Multiple choice: the verifier's whole distribution over the options, from one reading of the question.

The options' letters are read as so many answers to one prompt. A reader that shares prompts reads the question once and
takes all letters off the same logits.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.models.roles import Reader
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["MultipleChoice", "OptionDistribution", "option_distributions"]


@dataclass(frozen=True, slots=True)
class MultipleChoice:
    """A question and its options, 2 to 26 of them.

    Example:
        >>> print(MultipleChoice("2 + 2 = ?", ("3", "4")).prompt())
        2 + 2 = ?
        A. 3
        B. 4
        Answer with the letter only.
    """

    question: str
    options: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.options) <= 26:
            raise InputError(f"a multiple-choice question has 2 to 26 options; got {len(self.options)}")

    def prompt(self, order: Sequence[int] | None = None) -> str:
        """The question as text, options in the given order (as written when ``None``)."""
        shown = [self.options[i] for i in (order if order is not None else range(len(self.options)))]
        lines = [f"{letter}. {option}" for letter, option in zip(string.ascii_uppercase, shown, strict=False)]
        return "\n".join([self.question, *lines, "Answer with the letter only."])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OptionDistribution(Result):
    """What a verifier makes of the options of one question, in the order the question lists them.

    Attributes:
        raw: (n,) probability of each option's letter over the whole vocabulary; sums to at most 1. A small sum says
            that the verifier would not have answered with a letter at all.
        share: (n,) the same renormalised over the options; sums to 1.
        letters: the letter under which each option was shown.
    """

    raw: NDArray[np.float64]
    share: NDArray[np.float64]
    letters: tuple[str, ...]

    @property
    def best(self) -> int:
        """Index of the option the verifier would choose; the first of equals."""
        return int(self.share.argmax())

    def uncertainty(self, option: int) -> float:
        """1 − p_v(option) over the options: for a one-token answer this ranks as CMP does."""
        return 1.0 - float(self.share[option])


def option_distributions(
    questions: Sequence[MultipleChoice], reader: Reader, *, shuffle_seed: int | None = None
) -> list[OptionDistribution | Unscored]:
    """Reads how likely a verifier finds every option of multiple-choice questions.

    Args:
        questions: the questions.
        reader: the verifier.
        shuffle_seed: show each question's options in an order drawn from this seed and the question's own text, since
            models prefer some letters whatever stands behind them; ``None`` for the order as written.

    Returns:
        One distribution or :class:`Unscored` per question, in order.
    """
    orders = [_order(question, shuffle_seed) for question in questions]
    exchanges = [
        Exchange(question.prompt(order), letter)
        for question, order in zip(questions, orders, strict=True)
        for letter in string.ascii_uppercase[: len(order)]
    ]
    readings = iter(reader.read(exchanges))
    return [_distribution([next(readings) for _ in order], order) for order in orders]


def _order(question: MultipleChoice, seed: int | None) -> list[int]:
    n = len(question.options)
    if seed is None:
        return list(range(n))
    key = hashlib.sha256(repr((seed, question.question, question.options)).encode()).digest()
    order: list[int] = np.random.default_rng(int.from_bytes(key[:8], "big")).permutation(n).tolist()
    return order


def _distribution(readings: list[Reading | Unscored], order: list[int]) -> OptionDistribution | Unscored:
    logprobs = np.empty(len(order))
    for place, reading in enumerate(readings):
        if isinstance(reading, Unscored):
            return reading
        logprobs[order[place]] = -reading.nll.sum()
    weights = np.exp(logprobs - logprobs.max())
    letters = sorted(range(len(order)), key=order.__getitem__)
    return OptionDistribution(
        raw=np.exp(logprobs),
        share=weights / weights.sum(),
        letters=tuple(string.ascii_uppercase[place] for place in letters),
    )
