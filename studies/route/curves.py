"""Accuracy at every cost of a rule, its mean over costs, and how far one rule is ahead of another at equal cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    cost, accuracy = _curve(setting, rule, weights)
    budgets = np.linspace(*setting.costs, BUDGETS)
    small = accuracy[0]
    return np.where(budgets < cost[0], small, np.interp(budgets, cost, accuracy))


def _curve(setting: Setting, rule: Rule, weights: Floats) -> tuple[Floats, Floats]:
    """Cost and accuracy after each tier of equal scores has gone to the large writer."""
    tiers = np.unique(rule.score, return_inverse=True)[1]
    total = weights.sum()
    moved = np.concatenate([[0.0], np.cumsum(np.bincount(tiers, weights))]) / total
    gained = np.bincount(tiers, weights * (setting.right[1].astype(float) - setting.right[0]))
    accuracy = weights @ setting.right[0] / total + np.concatenate([[0.0], np.cumsum(gained)]) / total
    small, large = setting.costs
    cost = rule.cost + small * (1 - moved if rule.early else 1) + moved * large
    return cost, accuracy


def _weights(setting: Setting, draws: int) -> list[Floats]:
    """(N,) weights of the other half: as it is first, then with its groups drawn anew."""
    judged = (~setting.fit).astype(float)
    kept = np.unique(setting.groups[~setting.fit])
    place = np.searchsorted(kept, setting.groups).clip(max=len(kept) - 1)
    drawn = group_weights(len(kept), draws, np.random.default_rng(0))
    return [judged, *(judged * w[place] for w in drawn)]


def leads(setting: Setting, of: str) -> dict[str, Lead]:
    """How far a rule is ahead of each other one, in the same draws."""
    means = _means(setting)
    return {name: _lead(means[of] - values) for name, values in means.items() if name != of}


def pooled(settings: list[Setting], of: str, over: str) -> Lead:
    """The mean lead over several settings of the same questions, which are drawn alike in all."""
    return _lead(np.mean([(found := _means(one))[of] - found[over] for one in settings], axis=0))


def _means(setting: Setting) -> Mapping[str, Floats]:
    """(1 + DRAWS,) mean accuracy over costs, of each rule."""
    weights = _weights(setting, DRAWS)
    return {
        name: np.array([accuracies(setting, rule, w).mean() for w in weights]) for name, rule in setting.rules.items()
    }


def _lead(values: Floats) -> Lead:
    return Lead(float(values[0]), *percentiles(values[1:], 0.95))


def at_cost(setting: Setting, rule: Rule, share: float) -> Lead:
    """Accuracy as a share of the large writer's, where the rule spends this share of the large writer's cost."""
    small, large = setting.costs
    place = (share * large - small) / (large - small) * (BUDGETS - 1)
    grid = np.arange(BUDGETS)
    values = [
        float(np.interp(place, grid, accuracies(setting, rule, w)) / (w @ setting.right[1] / w.sum()))
        for w in _weights(setting, DRAWS)
    ]
    return _lead(np.array(values))
