"""Counts votes into a verdict, as a pure function.

The rule that holds throughout: "safe" needs *more than half of the configured verifiers' weight* on safe. A verifier that
failed, abstained, was late or was not asked stays in the denominator; it can only keep a verdict from being reached, never
help one. A newcomer starts at :func:`count_votes`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.types import Verdict, Vote, VoteVerdict

__all__ = ["QuorumRule", "count_votes", "skill_weight"]

_HEAVIEST = 1e6


@dataclass(frozen=True, slots=True)
class QuorumRule:
    """What a verdict needs besides a weighted majority: a quorum.

    Args:
        quorum: least number of verifiers that must say safe or unsafe, ≥ 1; ``None`` for a majority of the configured
            ones. With weights it keeps one heavy verifier from deciding alone.

    Raises:
        InputError: a quorum below 1.
    """

    quorum: int | None = None

    def __post_init__(self) -> None:
        if self.quorum is not None and self.quorum < 1:
            raise InputError(f"a quorum is at least 1; got {self.quorum}")

    def least(self, configured: int) -> int:
        """How many of so many configured verifiers must say safe or unsafe."""
        return configured // 2 + 1 if self.quorum is None else self.quorum


def count_votes(
    votes: Sequence[Vote],
    rule: QuorumRule,
    *,
    weights: Sequence[float] | None = None,
    unasked: Sequence[tuple[str, str]] = (),
    latency_ms: float = 0.0,
) -> Verdict:
    """Counts one vote per verifier that was asked into a verdict.

    1. Only safe and unsafe decide. Abstentions, errors and verifiers that were not asked count as configured and as
       nothing else.
    2. Fewer deciding votes than the quorum of the configured verifiers: no consensus.
    3. A side wins with strictly more than half of the configured weight. The comparison is exact: equal weights tie
       whatever their floating-point sums, and the order of the votes does not matter.
    4. No side wins (a tie, too many errors, nobody voted): no consensus, and not safe.

    Args:
        votes: one per verifier that was asked, with an ``"error"`` for each that did not vote.
        rule: what is needed besides a majority.
        weights: of the verifiers, in the order of the votes and then of ``unasked``, each in [0, 10⁶]; ``None`` for equal
            ones.
        unasked: (provider, model) of the configured verifiers that were not asked.
        latency_ms: time the council took, handed on.

    Returns:
        The verdict. Of no votes, or of votes without weight: no consensus.

    Raises:
        InputError: not one weight per configured verifier, or a weight outside its range.

    Example:
        >>> votes = [Vote("a", "1", "safe"), Vote("b", "2", "safe"), Vote("c", "3", "error")]
        >>> verdict = count_votes(votes, QuorumRule())
        >>> verdict.safe, round(verdict.agreement_ratio, 2), verdict.reason
        (True, 0.67, '2 of 3 verifiers say safe')
    """
    n = len(votes) + len(unasked)
    shares, wanted = _weights(weights, n), rule.least(n)
    tally = Counter([vote.verdict for vote in votes])
    enough = tally["safe"] + tally["unsafe"] >= wanted
    safe = enough and _wins("safe", votes, shares)
    unsafe = enough and not safe and _wins("unsafe", votes, shares)
    if safe or unsafe:
        side: VoteVerdict = "safe" if safe else "unsafe"
        reason = f"{tally[side]} of {plural(n, 'verifier')} {'says' if tally[side] == 1 else 'say'} {side}"
    elif not enough:
        reason = f"lost quorum: {_numbers(tally, len(votes), n)}; wanted {wanted} to decide"
    else:
        reason = f"no majority: {_numbers(tally, len(votes), n)}"
    agreement = _agreement(votes, shares)
    return Verdict(safe or unsafe, safe, tuple(votes), agreement, latency_ms, reason, tuple(unasked))


def skill_weight(right: int, n: int) -> float:
    """The weight that a verifier's held-out accuracy earns: ln((right + 1) / (n − right + 1)), at least 0.

    The log-odds of being right is the best weight for *independent* voters of known skill; one that is right half the
    time, or less, gets 0 and cannot decide anything. Add-one smoothing keeps few rows from making it infinite. Verifiers
    do err together (measure it with :func:`foureyes.maths.pairwise`), and then a heavy one is worth less than this says: set
    a quorum.

    Args:
        right: held-out rows on which its safe / unsafe was right, 0 … ``n``. Rows on which safe and unsafe were equally
            frequent: accuracy on a lopsided set is not skill.
        n: held-out rows, ≥ 1; not those its cut or calibration was fitted on.

    Returns:
        A weight, 0 for no skill; 2.2 for 90 % of many rows.

    Raises:
        InputError: counts out of range.

    Example:
        >>> round(skill_weight(90, 100), 2), skill_weight(40, 100)
        (2.11, 0.0)

    Source: Nitzan & Paroush 1982, International Economic Review 23(2); Berend & Kontorovich 2015, JMLR 16, for skills
    that are estimated.
    """
    if not 0 <= right <= n or n < 1:
        raise InputError(f"wanted 0 ≤ right ≤ n and n ≥ 1; got {right} of {n}")
    return max(0.0, math.log((right + 1) / (n - right + 1)))


def _weights(weights: Sequence[float] | None, n: int) -> Sequence[float]:
    if weights is None:
        return [1.0] * n
    if len(weights) != n:
        raise InputError(f"wanted a weight for each of {n} verifiers; got {len(weights)}")
    if wrong := [w for w in weights if not 0 <= w <= _HEAVIEST]:
        raise InputError(f"a weight lies between 0 and {_HEAVIEST:g}; got {wrong[0]}")
    return weights


def _wins(side: VoteVerdict, votes: Sequence[Vote], weights: Sequence[float]) -> bool:
    """Whether a side has more than all others together. ``fsum`` rounds once, so its sign is exact."""
    said = [vote.verdict for vote in votes]
    return math.fsum([w if i < len(said) and said[i] == side else -w for i, w in enumerate(weights)]) > 0


def _agreement(votes: Sequence[Vote], weights: Sequence[float]) -> float:
    total = math.fsum(weights)
    behind = [
        [w for vote, w in zip(votes, weights, strict=False) if vote.verdict == side] for side in ("safe", "unsafe")
    ]
    return round(min(1.0, max(map(math.fsum, behind)) / total), 6) if total else 0.0


def _numbers(tally: Counter[VoteVerdict], asked: int, configured: int) -> str:
    found = [f"{tally[kind]} {kind}" for kind in get_args(VoteVerdict) if tally[kind]]
    some = f", {asked} asked" if asked < configured else ""
    return f"{', '.join(found) or 'no votes'} of {configured} configured{some}"
