"""Asking a verifier in words without letting it write: two letters are offered, and their probabilities are read.

One prefill a question, both letters off the same logits. The two probabilities are renormalised over the two, so that
what a model would rather have said does not matter. Models lean towards one letter or the other whatever is asked. A
signal that compares two rows asks both ways round and takes that out; in one that asks the same of every row it stays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from foureyes.models.roles import Reader
from foureyes.types import Exchange, Prompt, Reading, Unscored

__all__ = ["share_in_either_order", "share_of_second", "two_options"]


def two_options(question: str, first: str, second: str) -> str:
    """The question with two lettered options, and the request for one letter.

    Example:
        >>> print(two_options("Is it so?", "Yes", "No"))
        Is it so?
        A) Yes
        B) No
        Answer with the letter only.
    """
    return f"{question}\nA) {first}\nB) {second}\nAnswer with the letter only."


def share_of_second(prompts: Sequence[Prompt], reader: Reader) -> list[float | Unscored]:
    """p(B) / (p(A) + p(B)) as the reader's answer to every prompt, in [0, 1]; or why it could not be read.

    Example:
        >>> from foureyes.models.scripted import ScriptedReader
        >>> [round(share, 6) for share in share_of_second(["A or B?"], ScriptedReader({"A": 0.6, "B": 0.2}))]
        [0.25]
    """
    return [odds if isinstance(odds, Unscored) else _share(odds) for odds in _log_odds(prompts, reader)]


def share_in_either_order(questions: Sequence[str], first: str, second: str, reader: Reader) -> list[float | Unscored]:
    """Probability of the second of two options, asked with the options in both orders, in [0, 1]; or why it could not be read.

    The log-odds of both orders are averaged, so that a leaning towards a letter, however strong, cancels. 4 readings a question.

    Example:
        >>> from foureyes.models.scripted import ScriptedReader
        >>> share_in_either_order(["Is it so?"], "No", "Yes", ScriptedReader({"A": 0.9, "B": 0.1}))
        [0.5]
    """
    asked = [(first, second), (second, first)]
    forth, back = (_log_odds([two_options(q, *options) for q in questions], reader) for options in asked)
    return [
        one if isinstance(one, Unscored) else other if isinstance(other, Unscored) else _share((one - other) / 2)
        for one, other in zip(forth, back, strict=True)
    ]


def _log_odds(prompts: Sequence[Prompt], reader: Reader) -> list[float | Unscored]:
    """Of the letter B against A."""
    readings = iter(reader.read([Exchange(prompt, letter) for prompt in prompts for letter in "AB"]))
    return [_gap(next(readings), next(readings)) for _ in prompts]


def _gap(first: Reading | Unscored, second: Reading | Unscored) -> float | Unscored:
    if isinstance(first, Unscored):
        return first
    if isinstance(second, Unscored):
        return second
    return float(first.nll.sum() - second.nll.sum())


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds)) if log_odds > -700 else 0.0
