"""The decision of a cascade, free of I/O: which model to ask next, and when to stop.

A :class:`Policy` is a row of gates, one a model. :meth:`Policy.decide` is a generator: it yields the number of the model
to ask, is sent how confident that model's answer is, and returns the :class:`CascadeDecision`. Whoever drives it brings the
models, local or remote, one question or a million, synchronous or not::

    deciding = policy.decide()
    stage = next(deciding)
    try:
        while True:
            answer, confidence = ask(models[stage], question)
            stage = deciding.send(confidence)
    except StopIteration as stop:
        decision = stop.value

An :class:`~foureyes.types.Unscored` answer never counts as confident: it is passed on, and past the last model it
abstains. A policy that keeps the surest answer looks at the highest confidence so far, and at the end takes the answer
that has it, whoever gave it. A newcomer starts at :class:`ConfidenceGate`.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.maths.columns import TOLERANCE, probabilities, same_length
from foureyes.types import Unscored

__all__ = [
    "ALWAYS",
    "CascadeAction",
    "CascadeDecision",
    "ConfidenceGate",
    "Keep",
    "Policy",
    "SimulatedCascade",
    "surest_so_far",
]

CascadeAction: TypeAlias = Literal["answer", "escalate", "abstain"]
Keep: TypeAlias = Literal["last", "surest"]
"""Whose answer is taken where several were asked: the last one's, or that of the one that is surest (of equals, the
last). Surest is for models about equally good, whose confidences are calibrated alike."""


@dataclass(frozen=True, slots=True)
class ConfidenceGate:
    """What to do with a model's answer, by its confidence.

    Args:
        cuts: increasing confidences; bin b holds confidences from ``cuts[b - 1]`` up to but not including ``cuts[b]``.
        actions: what to do in each of the ``len(cuts) + 1`` bins.

    Raises:
        InputError: an unknown action, cuts that do not increase, or the wrong number of actions.

    Example:
        >>> ConfidenceGate((0.8,), ("escalate", "answer")).action(0.8)
        'answer'
    """

    cuts: tuple[float, ...]
    actions: tuple[CascadeAction, ...]

    def __post_init__(self) -> None:
        if len(self.actions) != len(self.cuts) + 1:
            raise InputError(f"{len(self.cuts)} cuts need {len(self.cuts) + 1} actions; got {len(self.actions)}")
        if not all(a < b for a, b in zip(self.cuts, self.cuts[1:], strict=False)):
            raise InputError(f"cuts must increase; got {self.cuts}")
        if unknown := set(self.actions) - set(get_args(CascadeAction)):
            raise InputError(f"an action is one of {', '.join(get_args(CascadeAction))}; got {unknown.pop()!r}")

    def action(self, confidence: float) -> CascadeAction:
        """What to do at a confidence in [0, 1], give or take :data:`~foureyes.maths.columns.TOLERANCE`.

        Raises:
            InputError: the confidence is not in [0, 1].
        """
        if not -TOLERANCE <= confidence <= 1 + TOLERANCE:
            raise InputError(f"a confidence must lie in [0, 1]; got {confidence}: send Unscored when there is none")
        return self.actions[int(np.searchsorted(self.cuts, confidence, side="right"))]


ALWAYS = ConfidenceGate((), ("answer",))


@dataclass(frozen=True, slots=True)
class CascadeDecision:
    """How a cascade decided one question: which model's answer was taken, or that it abstained.

    Attributes:
        action: ``"answer"``, with the answer of :attr:`model`, or ``"abstain"``.
        stage: the last model that was asked, from 0.
        confidences: how confident each model asked was, in order.
        keep: whose answer is taken.
    """

    action: Literal["answer", "abstain"]
    stage: int
    confidences: tuple[float | Unscored, ...]
    keep: Keep = "last"

    @property
    def model(self) -> int:
        """Number of the model whose answer is taken."""
        if self.keep == "last":
            return self.stage
        return max(range(len(self.confidences)), key=lambda model: (_or_none(self.confidences[model]), model))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SimulatedCascade(Result):
    """A policy's decisions on rows whose confidences under every model are known.

    Attributes:
        stage: (N,) the last model asked.
        answered: (N,) false where the cascade abstained.
        model: (N,) the model whose answer is taken.
    """

    stage: NDArray[np.intp]
    answered: NDArray[np.bool_]
    model: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Policy:
    """Gates of two or more models, the cheapest first; the last one cannot escalate.

    Args:
        gates: one a model; ``ALWAYS`` answers whatever the confidence.
        keep: whose answer is taken; with ``"surest"``, gates read the highest confidence so far.

    Raises:
        InputError: no gate, the last one escalates, or there is no such ``keep``.

    Example:
        >>> policy = Policy((ConfidenceGate((0.8,), ("escalate", "answer")), ConfidenceGate((0.4,), ("abstain", "answer"))))
        >>> deciding = policy.decide()
        >>> next(deciding), deciding.send(0.7)
        (0, 1)
        >>> try:
        ...     deciding.send(0.3)
        ... except StopIteration as stop:
        ...     stop.value.action
        'abstain'
    """

    gates: tuple[ConfidenceGate, ...]
    keep: Keep = "last"

    def __post_init__(self) -> None:
        if self.keep not in get_args(Keep):
            raise InputError(f"keep must be one of {', '.join(get_args(Keep))}; got {self.keep!r}")
        if not self.gates:
            raise InputError("a policy needs at least one gate; got none")
        if "escalate" in self.gates[-1].actions:
            raise InputError("the last gate has no model to escalate to; let it answer or abstain")

    @property
    def n_models(self) -> int:
        """How many models it asks at most."""
        return len(self.gates)

    def decide(self) -> Generator[int, float | Unscored, CascadeDecision]:
        """Decides about one question.

        Yields:
            The number of the model to ask next.

        Receives:
            How confident its answer is, or :class:`~foureyes.types.Unscored`.

        Returns:
            The decision.

        Raises:
            InputError: a confidence is not in [0, 1].
        """
        seen: list[float | Unscored] = []
        last = len(self.gates) - 1
        for stage, gate in enumerate(self.gates):
            seen.append((yield stage))
            confidence = seen[-1] if self.keep == "last" else _surest(seen)
            action = _unscored_action(stage, last) if isinstance(confidence, Unscored) else gate.action(confidence)
            if action != "escalate":
                return CascadeDecision(action, stage, tuple(seen), self.keep)
        raise AssertionError("the last gate never escalates")

    def simulate(self, confidences: Sequence[ArrayLike]) -> SimulatedCascade:
        """The same decisions for N rows at once, for choosing a policy on data.

        Args:
            confidences: (N,) of every model, in the order of the gates.

        Raises:
            InputError: not one column a gate, lengths differ, a confidence is not in [0, 1].
        """
        if len(confidences) != len(self.gates):
            raise InputError(
                f"this policy asks {len(self.gates)} models and needs a column of confidences of each; got {len(confidences)}"
            )
        columns = [probabilities(f"confidences[{s}]", column) for s, column in enumerate(confidences)]
        n = same_length(**{f"confidences[{s}]": column for s, column in enumerate(columns)})
        models = np.broadcast_to(np.arange(len(columns))[:, None], (len(columns), n))
        if self.keep == "surest":
            columns, models = surest_so_far(columns)
        stage, answered, waiting = np.zeros(n, np.intp), np.zeros(n, np.bool_), np.arange(n)
        for s, (gate, column) in enumerate(zip(self.gates, columns, strict=True)):
            actions = np.array(gate.actions)[np.searchsorted(gate.cuts, column[waiting], side="right")]
            stage[waiting] = s
            answered[waiting[actions == "answer"]] = True
            waiting = waiting[actions == "escalate"]
        return SimulatedCascade(stage, answered, models[stage, np.arange(n)])

    def to_json(self) -> str:
        """The policy as JSON."""
        return json.dumps({"kind": "cascade_policy", **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Policy:
        """The policy that :meth:`to_json` wrote.

        Raises:
            InputError: the text is not such JSON.
        """
        try:
            fields = parsed_json(text)
            gates = tuple(ConfidenceGate(tuple(gate["cuts"]), tuple(gate["actions"])) for gate in fields["gates"])
            keep = fields.get("keep", "last")
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(f"not a cascade policy: {text[:60]!r}") from error
        return cls(gates, keep)


def surest_so_far(confidences: Sequence[NDArray[np.float64]]) -> tuple[list[NDArray[np.float64]], NDArray[np.intp]]:
    """The highest confidence among the first 1, 2, … n models, and whose it is; of equals the last one's.

    Args:
        confidences: n columns (N,).

    Returns:
        (n columns, (n, N) numbers of models).

    Example:
        >>> highest, whose = surest_so_far([np.array([0.9, 0.2]), np.array([0.4, 0.2])])
        >>> highest[1].tolist(), whose[1].tolist()
        ([0.9, 0.2], [0, 1])
    """
    columns = np.array(confidences)
    highest = np.maximum.accumulate(columns, axis=0)
    numbers = np.arange(len(columns))[:, None]
    whose: NDArray[np.intp] = np.maximum.accumulate(np.where(columns == highest, numbers, 0), axis=0)
    return list(highest), whose


def _surest(seen: Sequence[float | Unscored]) -> float | Unscored:
    """The highest confidence among those that there are; without any, the last one's reason."""
    scored = [confidence for confidence in seen if not isinstance(confidence, Unscored)]
    return max(scored) if scored else seen[-1]


def _or_none(confidence: float | Unscored) -> float:
    return -1.0 if isinstance(confidence, Unscored) else confidence


def _unscored_action(stage: int, last: int) -> CascadeAction:
    return "abstain" if stage == last else "escalate"
