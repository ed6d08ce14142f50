"""Accuracy at every cost of a rule, its mean over costs, and how far one rule is ahead of another at equal cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from foureyes.maths.resampling import group_weights, percentiles
from studies.route.setting import Floats, Rule, Setting

__all__ = ["Lead", "accuracies", "at_cost", "leads", "pooled"]

BUDGETS: Final = 41
DRAWS: Final = 500


@dataclass(frozen=True, slots=True)
class Lead:
    """A figure of accuracy with its 95 % interval: mostly a lead, on average over all costs between the two writers'."""

    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval lies above 0."""
        return self.low > 0


def accuracies(setting: Setting, rule: Rule, weights: Floats) -> Floats:
    """(BUDGETS,) accuracy of a rule at equal steps of cost from the small writer's to the large one's.

    Where a budget does not pay for looking, the small writer answers. Ties are broken by a coin.
    """
    found: Floats = _accuracies(setting, rule, weights[None])[0]
    return found


def _accuracies(setting: Setting, rule: Rule, weights: Floats) -> Floats:
    """(draws, BUDGETS) the same for (draws, N) weights."""
    budgets = np.linspace(*setting.costs, BUDGETS)
    costs, found = _curves(setting, rule, weights)
    return np.stack(
        [
            np.where(budgets < cost[0], accuracy[0], np.interp(budgets, cost, accuracy))
            for cost, accuracy in zip(costs, found, strict=True)
        ]
    )


def _curves(setting: Setting, rule: Rule, weights: Floats) -> tuple[Floats, Floats]:
    """(draws, tiers + 1) cost and accuracy after each tier of equal scores has gone to the large writer."""
    order = np.argsort(rule.score, kind="stable")
    order = order[(weights[:, order] != 0).any(axis=0)]  # the other half weighs nothing
    ends = np.append(np.flatnonzero(np.diff(rule.score[order])), len(order) - 1)
    total, right = weights.sum(axis=1, keepdims=True), setting.right
    sorted_weights = weights[:, order]
    gain = right[1][order].astype(float) - right[0][order]
    none = np.zeros((len(weights), 1))
    moved = np.hstack([none, np.cumsum(sorted_weights, axis=1)[:, ends]]) / total
    gained = np.hstack([none, np.cumsum(sorted_weights * gain, axis=1)[:, ends]]) / total
    small, large = setting.costs
    cost = rule.cost + small * (1 - moved if rule.early else 1) + moved * large
    return cost, (weights @ right[0])[:, None] / total + gained


@cache
def _drawn(setting: Setting) -> Floats:
    """(1 + DRAWS, N) weights of the other half: as it is first, then with its groups drawn anew."""
    judged = (~setting.fit).astype(float)
    kept = np.unique(setting.groups[~setting.fit])
    place = np.searchsorted(kept, setting.groups).clip(max=len(kept) - 1)
    drawn = group_weights(len(kept), DRAWS, np.random.default_rng(0))
    return np.stack([judged, *(judged * w[place] for w in drawn)])


def leads(setting: Setting, of: str) -> dict[str, Lead]:
    """How far a rule is ahead of each other one, in the same draws."""
    means = _means(setting)
    return {name: _lead(means[of] - values) for name, values in means.items() if name != of}


def pooled(settings: list[Setting], of: str, over: str) -> Lead:
    """The mean lead over several settings of the same questions, which are drawn alike in all."""
    return _lead(np.mean([(found := _means(one))[of] - found[over] for one in settings], axis=0))


@cache
def _found(setting: Setting) -> Mapping[str, Floats]:
    """(1 + DRAWS, BUDGETS) accuracies of each rule."""
    weights = _drawn(setting)
    return {name: _accuracies(setting, rule, weights) for name, rule in setting.rules.items()}


def _means(setting: Setting) -> Mapping[str, Floats]:
    """(1 + DRAWS,) mean accuracy over costs, of each rule."""
    return {name: values.mean(axis=1) for name, values in _found(setting).items()}


def _lead(values: Floats) -> Lead:
    return Lead(float(values[0]), *percentiles(values[1:], 0.95))


def at_cost(setting: Setting, name: str, share: float) -> Lead:
    """Accuracy as a share of the large writer's, where a rule spends this share of the large writer's cost."""
    small, large = setting.costs
    place = (share * large - small) / (large - small) * (BUDGETS - 1)
    weights = _drawn(setting)
    reached = np.array([np.interp(place, np.arange(BUDGETS), values) for values in _found(setting)[name]])
    return _lead(reached / ((weights @ setting.right[1]) / weights.sum(axis=1)))
