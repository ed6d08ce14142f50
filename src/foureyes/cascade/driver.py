"""Carries out a cascade's policy with real models, stage by stage, so that each model sees one batch.

A step is any function from questions to replies, one each in the same order: a reply is an answer with its confidence,
or with :class:`~foureyes.types.Unscored` where there is none. A model that fails as a whole passes its questions on.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from foureyes.cascade.mixture import PolicyMix
from foureyes.cascade.policy import CascadeDecision, Policy
from foureyes.errors import InputError, ModelError
from foureyes.types import Unscored

__all__ = ["CascadeResult", "Reply", "Step", "run_cascade"]

Q = TypeVar("Q")
A = TypeVar("A")

Reply: TypeAlias = tuple[A | None, float | Unscored]
Step: TypeAlias = Callable[[Sequence[Q]], Sequence[Reply[A]]]

_Deciding: TypeAlias = Generator[int, float | Unscored, CascadeDecision]


@dataclass(frozen=True, slots=True)
class CascadeResult(Generic[A]):
    """The answer that a cascade gave to one question, and how it was decided.

    Attributes:
        answer: of the model that the decision names; ``None`` when the cascade abstained.
        decision: how it came to that.
    """

    answer: A | None
    decision: CascadeDecision


def run_cascade(
    policy: Policy | PolicyMix, steps: Sequence[Step[Q, A]], questions: Sequence[Q], *, seed: int = 0
) -> list[CascadeResult[A]]:
    """Answers questions with as few calls to the larger models as the policy allows.

    Args:
        policy: fitted gates, one a step; or a mix of two such policies.
        steps: the models, the cheapest first; each is called at most once, with the questions that reach it.
        questions: anything the steps understand.
        seed: of the coins that a mix tosses, one a question.

    Returns:
        One outcome a question, in the same order. Where a step raises :class:`~foureyes.errors.ModelError` its
        questions go on as ``Unscored("unavailable")``; where the last one does, they abstain.

    Raises:
        InputError: not one step a gate, or a step returned another number of replies than it got questions.

    Example:
        >>> from foureyes.cascade.policy import ALWAYS, ConfidenceGate
        >>> small = lambda words: [(w.upper(), len(w) / 10) for w in words]
        >>> large = lambda words: [(w.title(), 1.0) for w in words]
        >>> policy = Policy((ConfidenceGate((0.5,), ("escalate", "answer")), ALWAYS))
        >>> [outcome.answer for outcome in run_cascade(policy, [small, large], ["ab", "abcdef"])]
        ['Ab', 'ABCDEF']
    """
    if len(steps) != policy.n_models:
        raise InputError(f"a policy of {policy.n_models} gates needs as many steps; got {len(steps)}")
    outcomes: dict[int, CascadeResult[A]] = {}
    answers: dict[int, list[A | None]] = {row: [] for row in range(len(questions))}
    n = len(questions)
    picks = policy.picks(n, seed=seed) if isinstance(policy, PolicyMix) else [policy] * n
    waiting = {row: chosen.decide() for row, chosen in enumerate(picks)}
    for deciding in waiting.values():
        next(deciding)
    for step in steps:
        if not waiting:
            break
        replies = _ask(step, [questions[row] for row in waiting])
        for (row, deciding), reply in zip(list(waiting.items()), replies, strict=True):
            answers[row].append(reply[0])
            outcome = _advance(deciding, reply[1], answers[row])
            if outcome is not None:
                outcomes[row] = outcome
                del waiting[row]
    return [outcomes[row] for row in range(len(questions))]


def _ask(step: Step[Q, A], questions: list[Q]) -> Sequence[Reply[A]]:
    try:
        replies = step(questions)
    except ModelError as error:
        return [(None, Unscored("unavailable", str(error)))] * len(questions)
    if len(replies) != len(questions):
        raise InputError(f"a step must return one reply for each of {len(questions)} questions; got {len(replies)}")
    return replies


def _advance(deciding: _Deciding, confidence: float | Unscored, answers: Sequence[A | None]) -> CascadeResult[A] | None:
    """The outcome, or ``None`` when the question goes on to the next model."""
    try:
        deciding.send(confidence)
    except StopIteration as stop:
        decision: CascadeDecision = stop.value
        return CascadeResult(answers[decision.model] if decision.action == "answer" else None, decision)
    return None
