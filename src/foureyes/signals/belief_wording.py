"""Asks a reader whether a fact is true, in wordings that differ only in who believes it.

What comes out is P(True) a fact and a wording, for :mod:`foureyes.maths.belief_wording`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias, get_args

from foureyes.models.roles import Reader
from foureyes.signals.asking import share_in_either_order
from foureyes.types import Unscored

__all__ = ["BeliefWording", "belief_question", "p_true_by_wording"]

BeliefWording: TypeAlias = Literal["plain", "first_person", "third_person", "known"]

_BEFORE: Final[Mapping[BeliefWording, str]] = {
    "plain": "",
    "first_person": "I believe that {fact}. ",
    "third_person": "Mary believes that {fact}. ",
    "known": "Mary knows that {fact}. ",
}


def belief_question(fact: str, wording: BeliefWording) -> str:
    """The question in words.

    Args:
        fact: a clause without its full stop.
        wording: who believes it.

    Example:
        >>> belief_question("Canberra is a capital", "third_person")
        'Mary believes that Canberra is a capital. Is it true that Canberra is a capital?'
    """
    before = _BEFORE[wording].replace("{fact}", fact)
    return f"{before}Is it true that {fact}?"


def p_true_by_wording(facts: Sequence[str], reader: Reader) -> dict[BeliefWording, list[float | Unscored]]:
    """P(True) of every fact under each wording, in [0, 1], larger = truer; 16 readings a fact.

    True and False stand in both orders, so that a leaning towards a letter is not taken for a belief.

    Args:
        facts: clauses without full stops.
        reader: who is asked.

    Source: Suzgun et al. 2024, KaBLE, arXiv 2410.21195.
    """
    asked = [(wording, fact) for wording in get_args(BeliefWording) for fact in facts]
    questions = [belief_question(fact, wording) for wording, fact in asked]
    shares = iter(share_in_either_order(questions, "False", "True", reader))
    return {wording: [next(shares) for _ in facts] for wording in get_args(BeliefWording)}
