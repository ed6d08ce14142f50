"""Chains of three and four models against a grid of thresholds: the area under accuracy against cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

import foureyes as fe
from foureyes.cascade.chain import fit_chains
from foureyes.cascade.points import evaluate_chain, frontier
from foureyes.cascade.policy import ALWAYS, ConfidenceGate, Policy
from studies.defaults.cascade_orders import log_odds
from studies.defaults.cascade_pairs import split
from studies.defaults.cascade_sets import CascadeSet, Floats

__all__ = ["CHAIN_BASE", "CHAIN_DEFAULT", "ChainAreas", "chain_areas"]

CHAIN_BASE: Final = "grid of thresholds, mixed"
CHAIN_DEFAULT: Final = "shaped gates, 100 bins, 200 prices, mixed (default)"
_FITTED: Final = {
    CHAIN_DEFAULT: {"bins": 100, "n_prices": 200},
    "the same with outcomes": {"bins": 100, "n_prices": 200},
    "the same, surest kept": {"bins": 100, "n_prices": 200},
    "15 bins, 41 prices, mixed": {"bins": 15, "n_prices": 41},
}
_NOT_MIXED: Final = {"grid of thresholds": CHAIN_BASE, "200 prices, not mixed": CHAIN_DEFAULT}
_COSTS: Final = (1.0, 4.0, 16.0, 64.0)
_PER_MODEL: Final = {3: 25, 4: 9}


@dataclass(frozen=True, slots=True, eq=False)
class ChainAreas:
    """One chain of one set.

    Attributes:
        cluster: questions that it shares with other chains.
        areas: by family of policies, the share of the gap recovered, averaged over costs from the cheapest model's to
            the dearest one's.
        drawn: (D,) the same in bootstrap samples of questions, the same samples for every family and chain of a cluster.
    """

    cluster: str
    length: int
    areas: Mapping[str, float]
    drawn: Mapping[str, Floats]


def chain_areas(found: CascadeSet, length: int, n_chains: int, draws: int, seed: int) -> Iterator[ChainAreas]:
    """Some chains of models that get better from one to the next by .02 at least."""
    rng = np.random.default_rng(seed)
    usable = np.array([m for m in range(len(found.accuracy)) if m not in found.apart])
    done = 0
    for _ in range(400):
        chosen = rng.choice(usable, min(length, len(usable)), replace=False)
        models = chosen[np.argsort(found.accuracy[chosen])].tolist()
        if len(models) == length and (np.diff(found.accuracy[models]) >= 0.02).all():
            yield _areas(found, models, draws, seed + done)
            done += 1
        if done == n_chains:
            return


def _areas(found: CascadeSet, models: list[int], draws: int, seed: int) -> ChainAreas:
    fit, test = split(found, "half", seed)
    costs = _COSTS[: len(models)]
    raw, right = found.confidence[models], found.right[models].astype(np.float64)
    stated = np.array(
        [
            fe.Platt.fit(log_odds(r[fit]), o[fit], larger_is="better").predict_proba(log_odds(r))
            for r, o in zip(raw, found.right[models], strict=True)
        ]
    )
    families = {name: _chain(name, stated, right, costs, fit) for name in _FITTED} | {CHAIN_BASE: _grid(raw, fit)}
    questions, place = np.unique(found.question[test], return_inverse=True)
    weights = (
        np.random.default_rng(seed)
        .multinomial(len(questions), np.full(len(questions), 1 / len(questions)), draws)[:, place]
        .astype(np.float64)
    )
    areas, drawn = {}, {}
    for name, policies in families.items():
        columns = raw if name == CHAIN_BASE else stated
        kept = _best_on(policies, columns[:, fit], right[:, fit], costs) if name == CHAIN_BASE else policies
        rows = _rows(kept, columns[:, test], right[:, test], costs)
        for shown in (name, *(other for other, of in _NOT_MIXED.items() if of == name)):
            both = (
                _area(rows, np.ones((1, len(test))), costs, mixed=shown == name),
                _area(rows, weights, costs, mixed=shown == name),
            )
            areas[shown], drawn[shown] = (
                _recovered(both[0], right[:, test], np.ones((1, len(test))))[0],
                _recovered(both[1], right[:, test], weights),
            )
    return ChainAreas(found.cluster, len(models), areas, drawn)


def _chain(name: str, stated: Floats, right: Floats, costs: Sequence[float], fit: NDArray[np.intp]) -> list[Policy]:
    outcomes = list(right[:, fit]) if name == "the same with outcomes" else None
    keep = "surest" if name == "the same, surest kept" else "last"
    return list(fit_chains(list(stated[:, fit]), costs, correct=outcomes, keep=keep, **_FITTED[name]))  # type: ignore[arg-type]


def _grid(raw: Floats, fit: NDArray[np.intp]) -> list[Policy]:
    steps = np.linspace(0, 1, _PER_MODEL[len(raw)])
    cuts = [np.unique(np.quantile(column[fit], steps)).tolist() for column in raw[:-1]]
    return [
        Policy((*(ConfidenceGate((cut,), ("escalate", "answer")) for cut in chosen), ALWAYS))
        for chosen in product(*cuts)
    ]


def _best_on(policies: list[Policy], columns: Floats, right: Floats, costs: Sequence[float]) -> list[Policy]:
    """The policies that no mix of others beats on the rows of the fit, the cheapest first."""
    points = [evaluate_chain(policy, list(columns), list(right), costs) for policy in policies]
    return [point.policy for point in frontier(points) if isinstance(point.policy, Policy)]


def _rows(policies: list[Policy], columns: Floats, right: Floats, costs: Sequence[float]) -> tuple[Floats, Floats]:
    """(P, N) cost and outcome of every row under every policy."""
    done = [policy.simulate(list(columns)) for policy in policies]
    paid = np.cumsum(costs)
    return np.array([paid[d.stage] for d in done]), np.array([np.choose(d.model, right) for d in done], np.float64)


def _area(rows: tuple[Floats, Floats], weights: Floats, costs: Sequence[float], *, mixed: bool) -> Floats:
    """(D,) mean accuracy over costs; without mixing, that of the dearest policy within each cost."""
    total = weights.sum(axis=1, keepdims=True)
    cost, accuracy = (weights @ each.T / total for each in rows)
    at = np.linspace(costs[0], costs[-1], 201)
    means = []
    for x, y in zip(cost, accuracy, strict=True):
        order = np.argsort(x)
        inside = np.interp(at, x[order], y[order])
        step = y[order][np.clip(np.searchsorted(x[order], at + 1e-9) - 1, 0, None)]
        means.append(float((inside if mixed else step).mean()))
    return np.array(means)


def _recovered(area: Floats, right: Floats, weights: Floats) -> Floats:
    """(D,) areas as shares of the gap between the first and the last model on all rows."""
    total = weights.sum(axis=1)
    small = weights @ right[0] / total
    return np.asarray((area - small) / (right[-1].mean() - right[0].mean()), np.float64)
