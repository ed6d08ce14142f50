"""Chooses a verifier under a budget from few labels: says how sure it is, and abstains when it is not.

1. Candidates that cost more than the budget are out.
2. What is known without labels is a normal guess at each candidate's AUROC (:mod:`foureyes.maths.auroc_prior`).
3. The labels give an AUROC each, and how those vary together: candidates are judged on the same rows, so that most of
   the luck of the draw is shared and drops out of their differences.
4. Guess and labels make a joint normal posterior. A candidate is *good enough* if it is within ``tolerance`` of the best
   candidate and better than a coin, each with probability ``sure``.
5. The cheapest good-enough candidate is chosen. If there is none the rule abstains, and says how many labels would
   probably do if those to come look like those there are.

Committees are candidates too (:func:`committee`). A newcomer starts at :func:`choose_verifier`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result, plural
from foureyes.errors import InputError
from foureyes.maths.auroc_prior import UNINFORMED_PRIOR, AurocPrior
from foureyes.maths.columns import flags, group_ids, real, same_length

__all__ = [
    "DEFAULT_RULE",
    "SelectionRule",
    "VerifierCandidate",
    "VerifierChoice",
    "VerifierEvidence",
    "choose_verifier",
    "committee",
]

Floats = NDArray[np.float64]

_DRAWS = 5_000
_MOST_LABELS = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class VerifierCandidate:
    """A verifier that could be chosen: its cost, and its uncertainties where answers are labelled.

    Attributes:
        name: to be told apart by.
        cost: of one row, ≥ 0, in the unit of the budget.
        uncertainty: (n,) of the labelled rows, larger = more likely wrong; empty where there are no labels.
        expected: what evidence without labels lets expect of its AUROC.
        members: names of those that it is made of; its own where nothing is given.

    Raises:
        InputError: a negative cost, or an uncertainty that is no column of numbers.
    """

    name: str
    cost: float
    uncertainty: ArrayLike = ()
    expected: AurocPrior = UNINFORMED_PRIOR
    members: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", self.members or (self.name,))
        if not 0 <= self.cost < math.inf:
            raise InputError(f"{self.name}: cost must be at least 0; got {self.cost}")
        object.__setattr__(self, "uncertainty", real(f"uncertainty of {self.name}", self.uncertainty))


@dataclass(frozen=True, slots=True)
class SelectionRule:
    """What a verifier has to reach to be chosen: a budget, a tolerance and a certainty.

    Attributes:
        budget: most that one row may cost.
        tolerance: AUROC that one is ready to give away; with 0 two equal candidates can never be told apart.
        sure: probability asked for, in (½, 1).

    Raises:
        InputError: a value out of its range.
    """

    budget: float = math.inf
    tolerance: float = 0.02
    sure: float = 0.9

    def __post_init__(self) -> None:
        laws = {
            f"budget ≥ 0, got {self.budget}": self.budget >= 0,
            f"0 ≤ tolerance < 1, got {self.tolerance}": 0 <= self.tolerance < 1,
            f"½ < sure < 1, got {self.sure}": 0.5 < self.sure < 1,
        }
        if broken := [law for law, holds in laws.items() if not holds]:
            raise InputError(f"a rule wants {'; '.join(broken)}")


DEFAULT_RULE: Final = SelectionRule()
"""No budget, 0.02 AUROC of tolerance, sure with probability 0.9."""


@dataclass(frozen=True, slots=True, repr=False)
class VerifierEvidence(Result):
    """What is known of one candidate, labels and expectation together.

    Attributes:
        name, cost: the candidate's.
        auroc: posterior mean.
        low, high: 95 % of the posterior, within [0, 1].
        p_best: probability that no other affordable candidate is better.
        p_good_enough: probability that none is better by more than the tolerance.
        p_better_than_coin: probability that its AUROC is above ½.
    """

    name: str
    cost: float
    auroc: float
    low: float
    high: float
    p_best: float
    p_good_enough: float
    p_better_than_coin: float


@dataclass(frozen=True, slots=True, repr=False)
class VerifierChoice(Result):
    """Which verifier was chosen and why, with the evidence on every candidate.

    Attributes:
        chosen: the candidate to use; ``None`` where it cannot be told, or none is any good, or none is affordable.
        reason: in words.
        evidence: the affordable candidates, best first.
        too_dear: names of those beyond the budget.
        n_right, n_wrong: labels it rests on.
        needed: how many labels in all would probably decide; ``None`` where it is decided, or cannot be told.
        members: names of those that the chosen candidate is made of; none where none is chosen.
    """

    chosen: str | None
    reason: str
    evidence: tuple[VerifierEvidence, ...]
    too_dear: tuple[str, ...]
    n_right: int
    n_wrong: int
    needed: int | None = None
    members: tuple[str, ...] = ()


def choose_verifier(
    candidates: Sequence[VerifierCandidate],
    wrong: ArrayLike,
    *,
    rule: SelectionRule = DEFAULT_RULE,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> VerifierChoice:
    """Chooses the verifier that finds wrong answers best within a budget, or none where the labels cannot tell.

    Args:
        candidates: with the uncertainties of the same labelled rows, in the same order. Rows that one of them could
            not score are left out for all.
        wrong: (n,) booleans or 0/1, the labels; n may be 0.
        rule: budget, tolerance and how sure to be.
        groups: (n,) integers; rows of one group (say, answers to one question) are no independent evidence.
        seed: of the draws from the posterior.

    Returns:
        The decision; never an arbitrary pick.

    Raises:
        InputError: no candidates, equal names, lengths differ, values that cannot be used.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> wrong = rng.random(200) < 0.4
        >>> good = VerifierCandidate("1.5b", cost=3.0, uncertainty=rng.normal(size=200) + 2 * wrong)
        >>> poor = VerifierCandidate("135m", cost=1.0, uncertainty=rng.normal(size=200))
        >>> choose_verifier([good, poor], wrong).chosen
        '1.5b'
        >>> choose_verifier([good, poor], wrong, rule=SelectionRule(budget=2.0)).chosen is None
        True

    Source: Bechhofer 1954 (the indifference zone); DeLong et al. 1988 and Obuchowski 1997 (how AUROCs on the same,
    possibly clustered, rows vary together); Agresti & Caffo 2000 (one imaginary success and failure each, against
    certainty from small samples).
    """
    names = [candidate.name for candidate in candidates]
    if not names or len(set(names)) != len(names):
        raise InputError(f"wanted candidates with names of their own; got {', '.join(names) or 'none'}")
    is_wrong = flags("wrong", wrong)
    ids = group_ids("groups", np.arange(len(is_wrong)) if groups is None else groups)
    columns = {c.name: real(c.name, c.uncertainty) for c in candidates}
    same_length(**columns, wrong=is_wrong, groups=ids)
    affordable = [c for c in candidates if c.cost <= rule.budget]
    too_dear = tuple(c.name for c in candidates if c.cost > rule.budget)
    counts = int((~is_wrong).sum()), int(is_wrong.sum())
    if not affordable:
        return VerifierChoice(None, f"no candidate costs {rule.budget:g} or less a row", (), too_dear, *counts)
    posterior = _Posterior.of(affordable, is_wrong, ids)
    evidence = posterior.evidence(affordable, rule, seed, more=1.0)
    chosen = _cheapest_good_enough(evidence, rule)
    ranked = tuple(sorted(evidence, key=lambda s: -s.auroc))
    if chosen is not None:
        members = next(c.members for c in affordable if c.name == chosen.name)
        return VerifierChoice(chosen.name, _decided(chosen, ranked, rule), ranked, too_dear, *counts, members=members)
    needed = posterior.labels_needed(affordable, rule, seed, len(is_wrong))
    return VerifierChoice(None, _undecided(ranked, rule, needed), ranked, too_dear, *counts, needed)


def committee(members: Sequence[VerifierCandidate], *, name: str | None = None) -> VerifierCandidate:
    """Several verifiers as one candidate: the mean of their ranks, for the sum of their costs.

    Ranks, because uncertainties of different verifiers have no common unit. It is expected to be as good as its
    members are on average, with the spread of the least certain of them: whether two weak verifiers make one good one
    is for the labels to say.

    Args:
        members: at least two.
        name: the members' names joined by ``+`` when ``None``.

    Raises:
        InputError: fewer than two members, or they saw different numbers of rows.

    Example:
        >>> both = committee([VerifierCandidate("a", 1.0, [0.1, 0.2, 0.9]), VerifierCandidate("b", 2.0, [5, 7, 9])])
        >>> both.name, both.cost, both.uncertainty.tolist()
        ('a+b', 3.0, [0.0, 1.0, 2.0])
    """
    if len(members) < 2:
        raise InputError(f"a committee needs at least two members; got {len(members)}")
    columns = [real(member.name, member.uncertainty) for member in members]
    same_length(**{str(i): column for i, column in enumerate(columns)})
    return VerifierCandidate(
        name="+".join(m.name for m in members) if name is None else name,
        cost=sum(m.cost for m in members),
        uncertainty=np.mean([_ranks(column) for column in columns], axis=0),
        expected=AurocPrior(float(np.mean([m.expected.auroc for m in members])), max(m.expected.sd for m in members)),
        members=tuple(one for m in members for one in m.members),
    )


def _ranks(values: Floats) -> Floats:
    """0 for the smallest; equal values share the mean of their ranks."""
    ordered = np.sort(values)
    ranks: Floats = (np.searchsorted(ordered, values) + np.searchsorted(ordered, values, side="right") - 1) / 2
    return ranks


@dataclass(frozen=True, slots=True, eq=False)
class _Posterior:
    """What labels say, beside what was expected: means and covariances of K AUROCs."""

    expected: Floats  # (K,)
    doubt: Floats  # (K,) variances of what was expected
    seen: Floats | None  # (K,) AUROCs on the labels; None where they hold one class or one group only
    noise: Floats  # (K, K) covariance of those

    @classmethod
    def of(
        cls, candidates: Sequence[VerifierCandidate], is_wrong: NDArray[np.bool_], ids: NDArray[np.intp]
    ) -> _Posterior:
        expected = np.array([c.expected.auroc for c in candidates])
        doubt = np.array([c.expected.sd for c in candidates]) ** 2
        n_wrong, n_right, k = int(is_wrong.sum()), int((~is_wrong).sum()), len(candidates)
        n_groups = int(ids.max(initial=-1)) + 1
        if not n_wrong or not n_right or n_groups < 2:
            return cls(expected, doubt, None, np.zeros((k, k)))
        placed = [_placements(real(c.name, c.uncertainty), is_wrong) for c in candidates]
        seen = np.array([row[is_wrong].mean() for row in placed])
        sizes = np.where(is_wrong, n_wrong, n_right)
        pulls = np.array([np.bincount(ids, (row - a) / sizes, n_groups) for row, a in zip(placed, seen, strict=True)])
        apart = len(np.unique(ids[is_wrong])), len(np.unique(ids[~is_wrong]))
        imagined = sum(0.5 / (n_groups_of_class + 2) ** 2 for n_groups_of_class in apart)
        noise = pulls @ pulls.T * n_groups / (n_groups - 1) + imagined * np.eye(k)
        return cls(expected, doubt, seen, noise)

    def with_labels(self, more: float) -> tuple[Floats, Floats]:
        """Posterior mean and covariance, had there been ``more`` times the labels with the same AUROCs."""
        if self.seen is None:
            return self.expected, np.diag(self.doubt)
        prior = np.diag(self.doubt)
        gain = np.linalg.solve(prior + self.noise / more, prior).T
        return self.expected + gain @ (self.seen - self.expected), prior - gain @ prior

    def evidence(
        self, candidates: Sequence[VerifierCandidate], rule: SelectionRule, seed: int, *, more: float
    ) -> list[VerifierEvidence]:
        mean, covariance = self.with_labels(more)
        # The same standard normals for every ``more``: what changes is what more labels change.
        z = np.random.default_rng(seed).standard_normal((_DRAWS, len(mean)))
        size, axes = np.linalg.eigh(covariance)
        drawn = mean + z @ (axes * np.sqrt(np.maximum(size, 0))).T
        behind = drawn.max(axis=1)[:, None] - drawn
        half = 1.96 * np.sqrt(np.maximum(np.diag(covariance), 0))
        return [
            VerifierEvidence(
                name=candidate.name,
                cost=candidate.cost,
                auroc=float(mean[i]),
                low=max(0.0, float(mean[i] - half[i])),
                high=min(1.0, float(mean[i] + half[i])),
                p_best=float((behind[:, i] == 0).mean()),
                p_good_enough=float((behind[:, i] <= rule.tolerance).mean()),
                p_better_than_coin=float((drawn[:, i] > 0.5).mean()),
            )
            for i, candidate in enumerate(candidates)
        ]

    def labels_needed(
        self, candidates: Sequence[VerifierCandidate], rule: SelectionRule, seed: int, n: int
    ) -> int | None:
        """Least number of labels that would decide, if those to come look like those there are."""
        if self.seen is None:
            return None

        def decides(labels: int) -> bool:
            evidence = self.evidence(candidates, rule, seed, more=labels / n)
            return _cheapest_good_enough(evidence, rule) is not None

        low, high = n, 2 * n
        while not decides(high):
            low, high = high, 2 * high
            if high > _MOST_LABELS:
                return None
        while high - low > max(1, low // 50):
            middle = (low + high) // 2
            low, high = (low, middle) if decides(middle) else (middle, high)
        return high


def _placements(u: Floats, is_wrong: NDArray[np.bool_]) -> Floats:
    """(n,) of a wrong row the share of right rows it beats; of a right row the share of wrong rows that beat it."""
    wrong, right = np.sort(u[is_wrong]), np.sort(u[~is_wrong])
    placed = np.empty(len(u))
    below = np.searchsorted(right, u[is_wrong]) + np.searchsorted(right, u[is_wrong], side="right")
    above = 2 * len(wrong) - np.searchsorted(wrong, u[~is_wrong]) - np.searchsorted(wrong, u[~is_wrong], side="right")
    placed[is_wrong], placed[~is_wrong] = below / (2 * len(right)), above / (2 * len(wrong))
    return placed


def _cheapest_good_enough(evidence: Sequence[VerifierEvidence], rule: SelectionRule) -> VerifierEvidence | None:
    enough = [s for s in evidence if s.p_good_enough >= rule.sure and s.p_better_than_coin >= rule.sure]
    return min(enough, key=lambda s: (s.cost, -s.p_good_enough), default=None)


def _decided(chosen: VerifierEvidence, ranked: Sequence[VerifierEvidence], rule: SelectionRule) -> str:
    if len(ranked) == 1:
        return f"{chosen.name}: the only candidate, better than a coin with probability {chosen.p_better_than_coin:.2f}"
    return (
        f"{chosen.name}: the cheapest that is within {rule.tolerance:g} AUROC of the best candidate with probability "
        f"{chosen.p_good_enough:.2f}, wanted {rule.sure:g}"
    )


def _undecided(ranked: Sequence[VerifierEvidence], rule: SelectionRule, needed: int | None) -> str:
    best = max(ranked, key=lambda s: s.p_good_enough)
    if all(s.p_better_than_coin < rule.sure for s in ranked):
        surest = max(ranked, key=lambda s: s.p_better_than_coin)
        found = f"no candidate is known to be better than a coin; {surest.name} is with {surest.p_better_than_coin:.2f}"
    else:
        found = f"{best.name} is within {rule.tolerance:g} AUROC of the best with probability {best.p_good_enough:.2f}"
    more = (
        f"about {plural(needed, 'label')} would probably decide"
        if needed
        else "how many labels would decide cannot be told"
    )
    return f"cannot tell: {found}, wanted {rule.sure:g}; {more}"
