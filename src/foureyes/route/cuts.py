"""The policy of a cut for each writer."""

from __future__ import annotations

from collections.abc import Sequence

from foureyes.cascade.policy import ALWAYS, ConfidenceGate, Policy
from foureyes.errors import InputError

__all__ = ["policy_of_cuts"]


def policy_of_cuts(cuts: Sequence[float | None]) -> Policy:
    """The policy that returns a writer's answer from a confidence on.

    Args:
        cuts: one a writer; ``None`` of the last one returns whatever it writes.

    Raises:
        InputError: another one than the last is ``None``, or a cut lies outside [0, 1].

    Example:
        >>> policy_of_cuts([0.8, None]).gates[0].actions
        ('escalate', 'answer')
    """
    if None in cuts[:-1] or any(cut is not None and not 0 <= cut <= 1 for cut in cuts):
        raise InputError(f"every writer but the last needs a cut in [0, 1]; got {list(cuts)}")
    return Policy(
        tuple(
            ALWAYS
            if cut is None
            else ConfidenceGate((cut,), ("escalate" if i < len(cuts) - 1 else "abstain", "answer"))
            for i, cut in enumerate(cuts)
        )
    )
