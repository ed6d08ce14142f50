"""After which step of its reasoning may an answer be taken, with a promise kept?

A chain that is right so far need not be read to its end: where the confidence after a few steps already keeps the promised
error, the rest costs nothing. The promise is made after each step in turn with its part of δ, so that choosing the earliest
one that holds does not cost it its meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from foureyes.calibration.promises import promise
from foureyes.calibration.thresholds import Threshold
from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import flags, probabilities

__all__ = ["EarlyStop", "earliest_stop"]


@dataclass(frozen=True, slots=True, repr=False)
class EarlyStop(Result):
    """The earliest step after which a promise can be kept.

    Attributes:
        step: answers are judged after so many steps, from 1 on; shorter ones at their end.
        threshold: the promised cut on the confidence after that step; its ``delta`` is the step's part.
        ended: share of the chains that had ended by then.
    """

    step: int
    threshold: Threshold
    ended: float


def earliest_stop(
    confidences: Sequence[ArrayLike], correct: ArrayLike, *, max_error: float, delta: float = 0.05
) -> EarlyStop:
    """Finds the first step after which some answers can be accepted with at most ``max_error`` of them wrong.

    Args:
        confidences: (N,) for every chain its confidence after each step, in [0, 1]; at least one step. Say, the least
            confidence so far (:func:`foureyes.maths.stepwise.running_least`).
        correct: (N,) whether each chain came out right in the end.
        max_error: the share wrong among accepted answers that may not be exceeded, in (0, 1).
        delta: how likely the promise may fail, in (0, 1), shared evenly by all steps of the longest chain.

    Raises:
        InputError: lengths differ, a chain without steps, numbers outside their ranges.
        NotEnoughData: no step's promise can be kept.

    Example:
        >>> sure, unsure = [0.6, 0.99], [0.6, 0.1]
        >>> found = earliest_stop([sure] * 200 + [unsure] * 200, [1] * 200 + [0] * 200, max_error=0.1)
        >>> found.step, found.ended
        (2, 1.0)

    Source: MMBoundary, arXiv 2505.23224 (confidence a step); the promise is :func:`foureyes.calibration.promise`'s.
    """
    right = flags("correct", correct)
    chains = [probabilities(f"confidences[{i}]", chain) for i, chain in enumerate(confidences)]
    if len(chains) != len(right):
        raise InputError(f"{len(chains)} chains need as many outcomes; got {len(right)}")
    if not chains or min(map(len, chains)) < 1:
        raise InputError("every chain needs a confidence after its first step at least; got none")
    longest = max(map(len, chains))
    for step in range(1, longest + 1):
        after = np.array([chain[min(step, len(chain)) - 1] for chain in chains])
        try:
            cut = promise(after, right, max_error=max_error, delta=delta / longest)
        except NotEnoughData:
            continue
        return EarlyStop(step, cut, float(np.mean([len(chain) <= step for chain in chains])))
    raise NotEnoughData(f"no step of {longest} lets an error of {max_error:g} be promised on {len(chains)} chains")
