"""A mix of two policies: for every question a coin says which of them decides.

Fitted policies differ by jumps, as a whole bin of confidences changes sides at once. A mix reaches every cost between
two of them, and an accuracy on the straight line between theirs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from foureyes.cascade.policy import Policy, SimulatedCascade
from foureyes.errors import InputError
from foureyes.json_text import parsed_json

__all__ = ["PolicyMix"]


@dataclass(frozen=True, slots=True)
class PolicyMix:
    """Two policies over the same models, and how often the second one decides.

    Args:
        first, second: the policies.
        share: of the questions that ``second`` decides, in [0, 1].

    Raises:
        InputError: another number of models, or a share that is none.

    Example:
        >>> from foureyes.cascade.policy import ALWAYS, ConfidenceGate
        >>> never, always = (Policy((ConfidenceGate((), (action,)), ALWAYS)) for action in ("answer", "escalate"))
        >>> mix = PolicyMix(never, always, 0.25)
        >>> mix.pick(0.2) == always, mix.pick(0.25) == never
        (True, True)
    """

    first: Policy
    second: Policy
    share: float

    def __post_init__(self) -> None:
        if self.first.n_models != self.second.n_models:
            raise InputError(f"a mix needs policies of one length; got {self.first.n_models}, {self.second.n_models}")
        if not 0 <= self.share <= 1:
            raise InputError(f"the share of a mix must lie in [0, 1]; got {self.share}")

    @property
    def n_models(self) -> int:
        """How many models it asks at most."""
        return self.first.n_models

    def pick(self, draw: float) -> Policy:
        """The policy for one question.

        Args:
            draw: a number drawn evenly from [0, 1), say from a hash of the question's id, so that it stays the same.
        """
        return self.second if draw < self.share else self.first

    def picks(self, n: int, *, seed: int = 0) -> list[Policy]:
        """The policies of N questions."""
        return [self.pick(draw) for draw in np.random.default_rng(seed).random(n).tolist()]

    def simulate(self, confidences: Sequence[ArrayLike], *, seed: int = 0) -> SimulatedCascade:
        """The decisions for N rows at once; see :meth:`foureyes.cascade.policy.Policy.simulate`."""
        one, other = (policy.simulate(confidences) for policy in (self.first, self.second))
        second = np.random.default_rng(seed).random(len(one.stage)) < self.share
        return SimulatedCascade(
            np.where(second, other.stage, one.stage),
            np.where(second, other.answered, one.answered),
            np.where(second, other.model, one.model),
        )

    def to_json(self) -> str:
        """The mix as JSON."""
        policies = [json.loads(policy.to_json()) for policy in (self.first, self.second)]
        return json.dumps({"kind": "cascade_mix", "policies": policies, "share": self.share})

    @classmethod
    def from_json(cls, text: str) -> PolicyMix:
        """The mix that :meth:`to_json` wrote.

        Raises:
            InputError: the text is not such JSON.
        """
        try:
            fields = parsed_json(text)
            kind, (first, second), share = fields["kind"], fields["policies"], float(fields["share"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"not a mix of policies: {text[:60]!r}") from error
        if kind != "cascade_mix":
            raise InputError(f"not a mix of policies: got kind {kind!r}")
        return cls(Policy.from_json(json.dumps(first)), Policy.from_json(json.dumps(second)), share)
