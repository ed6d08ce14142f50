"""Asks a reader, or a judge in words, whether a fact is true, in wordings that differ only in who believes it.

What comes out is P(True) a fact and a wording, for :mod:`foureyes.maths.belief_wording`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias, get_args

from foureyes.models.judging import MalformedReply, parse_ruling, verdict_request
from foureyes.models.roles import Reader, Sampling, Writer
from foureyes.signals.asking import share_in_either_order
from foureyes.types import Exchange, Message, Unscored, Written

__all__ = ["BeliefWording", "belief_question", "judged_by_wording", "p_true_by_wording"]

BeliefWording: TypeAlias = Literal["plain", "first_person", "third_person", "known"]

_RULING: Final = Sampling(max_tokens=128)

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


def judged_by_wording(facts: Sequence[str], judge: Writer) -> dict[BeliefWording, list[float | Unscored]]:
    """What a judge in words makes of "Yes" to every fact under each wording: the P(right) that it states, in [0, 1]; 4 answers a fact.

    It is asked by a council's request, in which the wording stands as quoted data, and its reply is believed as strictly. What it
    states is the probability that the answer is right and safe to act on. The code that it must repeat is made of the fact, so that
    a fact's four requests differ in who believes it alone, and the same request comes again: nobody here gains by guessing it.

    Args:
        facts: clauses without full stops.
        judge: who is asked, for at most 128 tokens.

    Returns:
        A number a fact; ``Unscored("unparseable")`` where the judge abstained, or said no verdict in the form asked for.

    Source: the wordings are those of :func:`p_true_by_wording`; that a judge is asked is ours.
    """
    asked = [(wording, fact) for wording in get_args(BeliefWording) for fact in facts]
    codes = [hashlib.sha256(fact.encode()).hexdigest()[:12] for _, fact in asked]
    exchanges = [Exchange(belief_question(fact, wording), "Yes.") for wording, fact in asked]
    requests = [verdict_request(one, code) for one, code in zip(exchanges, codes, strict=True)]
    prompts = [(Message("system", one.system), Message("user", one.user)) for one in requests]
    said = (_stated(one, code) for [one], code in zip(judge.write(prompts, _RULING), codes, strict=True))
    return {wording: [next(said) for _ in facts] for wording in get_args(BeliefWording)}


def _stated(reply: Written | Unscored, code: str) -> float | Unscored:
    if isinstance(reply, Unscored):
        return reply
    try:
        ruling = parse_ruling(reply.exchange.answer, code)
    except MalformedReply as error:
        return Unscored("unparseable", str(error))
    return Unscored("unparseable", "the judge abstained") if ruling.verdict == "abstain" else ruling.confidence
