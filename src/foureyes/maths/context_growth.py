"""What a growing context does to beliefs: the same probes after more and more turns of reading or talking.

Any long context moves answers a little. So every length has control turns, as long and on another topic, and what counts is
the shift beyond theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import distributions, real, same_length
from foureyes.maths.flips import FlipShare
from foureyes.maths.means import MeanInterval, mean_interval

__all__ = ["BeliefShift", "belief_shift"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class BeliefShift(Result):
    """N probes after some turns, against the same without any.

    Attributes:
        changed: share of probes whose likeliest option is another one.
        shift: mean total variation between the option probabilities, in [0, 1].
        beyond_control: mean of the shift less that after control turns; at 0 the topic does nothing that length does not.
        surprise: mean change of the CMP of the answer given without turns, nats/token; ``None`` where it was not read.
    """

    changed: FlipShare
    shift: MeanInterval
    beyond_control: MeanInterval
    surprise: MeanInterval | None


def belief_shift(
    before: ArrayLike,
    after: ArrayLike,
    control: ArrayLike,
    *,
    surprise: tuple[ArrayLike, ArrayLike] | None = None,
    level: float = 0.95,
) -> BeliefShift:
    """Compares probes before and after turns; once for each length of context, say after 1, 3 and 10 turns.

    Args:
        before: (N, K) option probabilities without turns.
        after: (N, K) after turns on the topic.
        control: (N, K) after as many turns, as long, on another topic.
        surprise: (N,) and (N,) CMP of each probe's first answer without turns and after them, nats/token.
        level: of the intervals.

    Raises:
        InputError: shapes differ, rows that are no distributions.
        NotEnoughData: no probes.

    Example:
        >>> found = belief_shift([[0.6, 0.4]], [[0.3, 0.7]], [[0.5, 0.5]])
        >>> found.changed.k, round(found.shift.value, 3), round(found.beyond_control.value, 3)
        (1, 0.3, 0.2)
    """
    options = [distributions(n, m) for n, m in (("before", before), ("after", after), ("control", control))]
    shapes = {matrix.shape for matrix in options}
    if len(shapes) != 1:
        raise InputError(f"the same probes have the same options; got shapes {sorted(shapes)}")
    first, then, beside = options
    if not len(first):
        raise NotEnoughData("a shift of belief needs probes; got none")
    moved = _total_variation(first, then)
    changed = int((first.argmax(axis=1) != then.argmax(axis=1)).sum())
    return BeliefShift(
        changed=FlipShare.of(changed, len(first), level),
        shift=mean_interval("shift", moved, level=level),
        beyond_control=mean_interval("shift", moved - _total_variation(first, beside), level=level),
        surprise=None if surprise is None else _change(*surprise, len(first), level),
    )


def _change(before: ArrayLike, after: ArrayLike, n: int, level: float) -> MeanInterval:
    one, other = (real("surprise", column, finite=True) for column in (before, after))
    if same_length(before=one, after=other) != n:
        raise InputError(f"{n} probes need a surprise each; got {len(one)}")
    return mean_interval("surprise", other - one, level=level)


def _total_variation(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.abs(one - other).sum(axis=1) / 2)
