"""The figures of a rolling window, each a pure function of the observations in it.

What cannot be told (no vote, no confidence, no label) is left out of the document or ``None`` in it, never 0. Every
share comes with its count and its exact interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from foureyes.maths.agreement import miss_agreement
from foureyes.maths.bounds import clopper_pearson
from foureyes.maths.reliability import reliability
from foureyes.monitoring.accuracy import estimated_accuracy, realised_accuracy
from foureyes.monitoring.observation import AnswerOutcome, FreshReading, Observation, ObservedVote

__all__ = [
    "decision_figures",
    "fresh_figures",
    "outcome_figures",
    "pair_figures",
    "rate_with_interval",
    "verifier_figures",
    "verifier_names",
]

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_LEAST_FOR_BINS = 30
_MOST_BINS = 10


def rate_with_interval(events: Iterable[bool], level: float) -> dict[str, Any] | None:
    """A rate as ``{value, low, high, k, n}``, the interval exact; ``None`` where there is nothing to count.

    Example:
        >>> rate_with_interval([True, False, False, False], 0.95)["value"]
        0.25
    """
    seen = list(events)
    if not seen:
        return None
    k, n = sum(seen), len(seen)
    low, high = clopper_pearson(k, n, level)
    return {"value": k / n, "low": low, "high": high, "k": k, "n": n}


def decision_figures(observations: Sequence[Observation], level: float) -> dict[str, Any]:
    """Flag rate, disagreement, errors, confidence and latency over the decisions in the window."""
    confidences = [o.confidence for o in observations if o.confidence is not None]
    differing = [o.disagreement for o in observations if o.disagreement is not None]
    votes = [opinion for o in observations for opinion in o.opinions]
    return {
        "decisions": len(observations),
        "observed_only": sum(not o.enforced for o in observations),
        "flag_rate": rate_with_interval((not o.safe for o in observations), level),
        "no_consensus": rate_with_interval((not o.consensus for o in observations), level),
        "disagreement": rate_with_interval(differing, level),
        "verifier_errors": rate_with_interval((vote.verdict == "error" for vote in votes), level),
        "confidence": _spread(confidences),
        "latency_ms": _spread([o.latency_ms for o in observations]),
        "estimated_accuracy": asdict(estimated_accuracy(confidences, level=level)) if confidences else None,
    }


def verifier_names(observations: Iterable[Observation]) -> list[str]:
    """Names of all verifiers that voted, in alphabetical order."""
    return sorted({opinion.verifier for o in observations for opinion in o.opinions})


def verifier_figures(
    observations: Sequence[Observation], outcomes: Sequence[AnswerOutcome], level: float
) -> list[dict[str, Any]]:
    """One document a verifier: how it votes, how often it fails, how it compares with the others and with labels."""
    return [_verifier(name, observations, outcomes, level) for name in verifier_names(observations)]


def pair_figures(
    observations: Sequence[Observation], outcomes: Sequence[AnswerOutcome], level: float
) -> list[dict[str, Any]]:
    """One document a pair of verifiers: how often they differ and, on answers found wrong, how their misses correlate.

    ``misses`` is a :class:`~foureyes.maths.agreement.MissAgreement` with ρ / ρ_max, or ``None`` where no wrong answer
    was judged by both.
    """
    pairs = []
    for first, second in combinations(verifier_names(observations), 2):
        both = [(a, b) for a, b in (_two(o, first, second) for o in observations) if a and b]
        pairs.append(
            {
                "verifiers": [first, second],
                "disagreement": rate_with_interval((a.verdict != b.verdict for a, b in both), level),
                "misses": _misses(first, second, outcomes, level),
            }
        )
    return pairs


def outcome_figures(outcomes: Sequence[AnswerOutcome], level: float) -> dict[str, Any] | None:
    """Accuracy by labels against what was estimated, and the reliability table; ``None`` without labels."""
    if not outcomes:
        return None
    right = [outcome.right for outcome in outcomes]
    stated = [outcome.observation.confidence for outcome in outcomes]
    realised = asdict(realised_accuracy(right, stated, level=level))
    return {**realised, "reliability": _reliability(outcomes)}


def fresh_figures(readings: Sequence[FreshReading], level: float) -> dict[str, Any] | None:
    """How far given answers lie from those of a clean model; ``None`` where none was asked."""
    if not readings:
        return None
    return {
        "n": len(readings),
        "shift": _spread([r.shift for r in readings if r.shift is not None]),
        "differs": rate_with_interval((r.differs for r in readings if r.differs is not None), level),
    }


def _verifier(
    name: str, observations: Sequence[Observation], outcomes: Sequence[AnswerOutcome], level: float
) -> dict[str, Any]:
    votes = [vote for o in observations if (vote := _vote(o, name))]
    definite = [vote for vote in votes if vote.definite]
    judged = [(vote, outcome.right) for outcome in outcomes if (vote := _vote(outcome.observation, name))]
    sided = [(vote, right) for vote, right in judged if vote.definite]
    answered = [vote.latency_ms for vote in votes if vote.verdict != "error"]
    return {
        "verifier": name,
        "votes": len(votes),
        "errors": rate_with_interval((vote.verdict == "error" for vote in votes), level),
        "abstentions": rate_with_interval((vote.verdict == "abstain" for vote in votes), level),
        "unsafe": rate_with_interval((vote.verdict == "unsafe" for vote in definite), level),
        "alone": rate_with_interval(_differs_from_all_others(observations, name), level),
        "confidence": _spread([vote.confidence for vote in votes if vote.confidence is not None]),
        "log_cmp": _spread([vote.log_cmp for vote in votes if vote.log_cmp is not None]),
        "latency_ms": _spread(answered),
        "caught": rate_with_interval((vote.verdict == "unsafe" for vote, right in sided if not right), level),
        "false_blocks": rate_with_interval((vote.verdict == "unsafe" for vote, right in sided if right), level),
    }


def _differs_from_all_others(observations: Sequence[Observation], name: str) -> list[bool]:
    """Whether it stood alone, over the decisions in which it and at least one other took a side."""
    alone = []
    for o in observations:
        own = _vote(o, name)
        others = {vote.verdict for vote in o.opinions if vote.definite and vote.verifier != name}
        if own and own.definite and others:
            alone.append(own.verdict not in others)
    return alone


def _misses(first: str, second: str, outcomes: Sequence[AnswerOutcome], level: float) -> dict[str, Any] | None:
    wrong = [_two(outcome.observation, first, second) for outcome in outcomes if not outcome.right]
    both = [(a.verdict == "safe", b.verdict == "safe") for a, b in wrong if a and b]
    if not both:
        return None
    measured = miss_agreement([a for a, _ in both], [b for _, b in both], level=level)
    return {**asdict(measured), "rho_share": measured.rho_share}


def _reliability(outcomes: Sequence[AnswerOutcome]) -> list[dict[str, float]]:
    """Bins of about equal count, with the exact interval of each; empty while labels are few."""
    rows = [(o.observation.confidence, o.right) for o in outcomes if o.observation.confidence is not None]
    if len(rows) < _LEAST_FOR_BINS:
        return []
    table = reliability([c for c, _ in rows], [right for _, right in rows], bins=min(_MOST_BINS, len(rows) // 10))
    bins = []
    for n, k, confidence in zip(table.n, table.n_right, table.confidence, strict=True):
        low, high = clopper_pearson(int(k), int(n))
        bins.append({"n": int(n), "confidence": float(confidence), "right": int(k) / int(n), "low": low, "high": high})
    return bins


def _vote(observation: Observation, name: str) -> ObservedVote | None:
    return next((opinion for opinion in observation.opinions if opinion.verifier == name), None)


def _two(observation: Observation, first: str, second: str) -> tuple[ObservedVote | None, ObservedVote | None]:
    """The sides two verifiers took, ``None`` for one that took none."""
    one, two = _vote(observation, first), _vote(observation, second)
    return (one if one and one.definite else None), (two if two and two.definite else None)


def _spread(values: Sequence[float]) -> dict[str, Any] | None:
    if not values:
        return None
    q05, q25, median, q75, q95 = (float(q) for q in np.quantile(values, _QUANTILES))
    mean = float(np.mean(values))
    return {"n": len(values), "mean": mean, "q05": q05, "q25": q25, "median": median, "q75": q75, "q95": q95}
