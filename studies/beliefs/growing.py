"""What a growing context does to beliefs: the same questions after more and more turns, on their topic and on another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.context_growth import BeliefShift, belief_shift
from foureyes.models.roles import Reader
from foureyes.report.study import Section, TextTable
from foureyes.signals.asking import two_options
from foureyes.study.sections.formatting import interval, share
from foureyes.types import Exchange, Message, Prompt, Unscored
from studies.beliefs.facts import Fact, lot
from studies.beliefs.models import shares_of_second, told
from studies.beliefs.part import Part, verdict

__all__ = ["TURNS", "Grown", "growing_part", "grown"]

Turns = tuple[Message, ...]

TURNS: Final = (1, 3, 10)


@dataclass(frozen=True, slots=True)
class Grown:
    """What one model's beliefs are after so many turns, against none.

    Attributes:
        model: its name.
        turns: how many.
        n: facts whose topic has so many others.
        shift: with control turns beside.
        accuracy: share of questions answered rightly without turns, after them, and after control turns.
    """

    model: str
    turns: int
    n: int
    shift: BeliefShift
    accuracy: tuple[float, float, float]


def grown(facts: Sequence[Fact], reader: Reader, *, every: int = 1) -> list[Grown]:
    """Asks every Nth fact without turns, and after each number of turns on its topic and on others.

    Facts whose topic has fewer others than there are turns are left out, so that both have as many turns.
    """
    found = []
    for k in TURNS:
        asked = [fact for fact in facts[::every] if sum(other.topic == fact.topic for other in facts) > k]
        none: list[Turns] = [() for _ in asked]
        related, others = ([_turns(fact, facts, k, same=same) for fact in asked] for same in (True, False))
        before, after, control = (_p_right(asked, turns, reader) for turns in (none, related, others))
        first = [fact.right if p > 0.5 else fact.wrong for fact, p in zip(asked, before, strict=True)]
        surprise = _surprise(asked, first, none, reader), _surprise(asked, first, related, reader)
        shift = belief_shift(*map(_options, (before, after, control)), surprise=surprise)
        right = tuple(float((p > 0.5).mean()) for p in (before, after, control))
        found.append(Grown(reader.name, k, len(asked), shift, (right[0], right[1], right[2])))
    return found


def _surprise(
    facts: Sequence[Fact], answers: Sequence[str], turns: Sequence[Turns], reader: Reader
) -> NDArray[np.float64]:
    """(N,) mean surprise at an answer in words after some turns, nats a token."""
    asked = [
        Exchange((*said, Message("user", fact.question)), answer)
        for fact, answer, said in zip(facts, answers, turns, strict=True)
    ]
    return told([one if isinstance(one, Unscored) else one.mean_nll for one in reader.read(asked)])


def _turns(fact: Fact, facts: Sequence[Fact], k: int, *, same: bool) -> Turns:
    """Other questions with their right answers, on the topic of a fact or on others, in an order by hash."""
    pool = [other for other in facts if other.id != fact.id and (other.topic == fact.topic) is same]
    drawn = sorted(pool, key=lambda other: hashlib.sha256(f"{fact.id}\0{other.id}".encode()).digest())[:k]
    return tuple(m for one in drawn for m in (Message("user", one.question), Message("assistant", one.right)))


def _p_right(facts: Sequence[Fact], turns: Sequence[Turns], reader: Reader) -> NDArray[np.float64]:
    first = np.array([lot(fact.id, "order") for fact in facts])
    prompts: list[Prompt] = []
    for fact, is_first, said in zip(facts, first, turns, strict=True):
        answers = (fact.right, fact.wrong) if is_first else (fact.wrong, fact.right)
        prompts.append((*said, Message("user", two_options(fact.question, *answers))))
    second = shares_of_second(prompts, reader)
    return np.where(first, 1 - second, second)


def _options(right: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([right, 1 - right], axis=1)


def growing_part(found: Sequence[Grown]) -> Part:
    """Table and findings."""
    rows = tuple(
        (
            one.model, str(one.turns), str(one.n), share(one.shift.changed), interval(one.shift.shift),
            interval(one.shift.beyond_control), interval(one.shift.surprise),
            " → ".join(f"{right:.2f}" for right in one.accuracy[:2]), f"{one.accuracy[2]:.2f}",
        )
        for one in found
    )  # fmt: skip
    columns = (
        "model",
        "turns",
        "facts",
        "answers changed",
        "shift",
        "beyond control turns",
        "surprise at the first answer",
        "right, before → after",
        "right, control",
    )
    about = (
        "The same question with two answers after 1, 3 and 10 turns of other questions of its topic with their right answers; *control* are as many "
        "turns of other topics; a fact whose topic has too few others is left out. Shift is the mean total variation between the option probabilities "
        "without turns and after them; surprise is the change of the mean surprise at the answer that was likelier without turns, nats a token."
    )
    findings = tuple(
        f"{one.model}, {one.turns} turns: {share(one.shift.changed)} of answers change; turns on the topic move beliefs "
        f"{_more(one)} others do ({interval(one.shift.beyond_control)})."
        for one in found
        if one.turns == TURNS[-1]
    )
    return Part(Section("Beliefs as the context grows", (about,), (TextTable(columns, rows),)), findings)


def _more(one: Grown) -> str:
    said = verdict(one.shift.beyond_control)
    return {"higher": "more than", "lower": "less than", "no difference": "as much as"}.get(
        said, "by an undecided amount more or less than"
    )
