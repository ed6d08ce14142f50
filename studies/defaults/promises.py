"""Promises: how much they let through and how often they are broken, with 100, 200 and 1,000 labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

import foureyes as fe
from foureyes.maths.bounds import clopper_pearson
from foureyes.report.study import Section, TextTable
from studies.defaults.promise_rivals import COST_METHODS, RATE_METHODS, Method
from studies.defaults.section import StudyPlan
from studies.defaults.stop_rule import stop_table
from studies.know_when.language import log_odds
from studies.know_when.published_data import PublishedData

__all__ = ["Population", "Tried", "section", "tried"]

Floats: TypeAlias = NDArray[np.float64]

LABELS: Final = (100, 200, 1000)
LIMITS: Final = (0.05, 0.1)
DELTA: Final = 0.05
_FITTED: Final = 500
_HOW: Final = (
    "Sets: {counts}. A population is all published answers of one model to one set. In each of {splits} draws a Platt "
    f"calibrator is fitted on {_FITTED} rows, and n other rows are drawn with replacement and labelled; where rows hang together "
    "a question is drawn, then one of its rows. A promise is broken where the population's risk above the cut exceeds the "
    f"limit; δ = {DELTA}. Intervals of coverage draw populations, paired; those of broken promises are exact."
)
_LOST: Final = "lost"
_COSTS: Final = (
    "Promised cost: at most 0.5 and 0.8 of the population's mean cost. In every other draw a wrong answer costs 1 in one of ten "
    "cases and else 0.1; in the others any cost from 0 to 1 is as likely."
)


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """All published answers of one model to one set: what promises are about.

    Attributes:
        name: of the set.
        log_odds: (N,) of the probability of what the model chose.
        wrong: (N,) whether it was.
        chance: (N,) of each row to be labelled: where rows hang together a question is drawn, then one row of it.
    """

    name: str
    log_odds: Floats
    wrong: NDArray[np.bool_]
    chance: Floats

    def risk(self, loss: Floats, through: NDArray[np.bool_]) -> float:
        """Mean loss of what is let through; 0 where nothing is."""
        weight = self.chance[through].sum()
        return float((self.chance[through] * loss[through]).sum() / weight) if weight else 0.0


@dataclass(frozen=True, slots=True)
class Tried:
    """A method on many draws of labels from one population.

    Attributes:
        coverage: mean share let through, 0 where nothing is promised.
        made, broken: draws with a promise, and those with a risk above its limit in the population.
        draws: all.
    """

    coverage: float
    made: int
    broken: int
    draws: int


def section(plan: StudyPlan) -> Section:
    """Every method on every population."""
    populations = list(_populations(PublishedData(plan.data)))
    rates = {n: [tried(p, RATE_METHODS, n, LIMITS, plan, costs=False) for p in populations] for n in LABELS}
    costs = {n: [tried(p, COST_METHODS, n, (0.5, 0.8), plan, costs=True) for p in populations] for n in LABELS}
    sets = list(dict.fromkeys(p.name for p in populations))
    lost = {risk: _losers(risk, by_n, populations) for risk, by_n in (("Error rate", rates), ("Mean cost", costs))}
    counts = ", ".join(f"{name} ({sum(p.name == name for p in populations)} models)" for name in sets)
    return Section(
        "Promises",
        (
            _HOW.format(counts=counts, splits=plan.splits),
            *(_finding(risk, by_n, lost[risk]) for risk, by_n in (("Error rate", rates), ("Mean cost", costs))),
            "Promised error: at most 5 % and at most 10 %. The first row of each table is the default.",
            _COSTS,
        ),
        (
            *(_table(f"Error rate, n = {n}", rates[n], populations, plan) for n in LABELS),
            *(_table(f"Mean cost, n = {n}", costs[n], populations, plan) for n in LABELS),
            *lost.values(),
            stop_table(plan),
        ),
    )


def tried(
    population: Population,
    methods: Mapping[str, Method],
    n: int,
    limits: Sequence[float],
    plan: StudyPlan,
    *,
    costs: bool,
) -> dict[str, Tried]:
    """Every method on the same draws.

    Args:
        population: whose answers are labelled.
        methods: by name.
        n: labels.
        limits: promised; of costs, as shares of the population's mean cost.
        plan: splits and seed.
        costs: whether a wrong answer costs more or less, or one.
    """
    found: dict[str, list[tuple[float, bool, bool]]] = {name: [] for name in methods}
    size = len(population.wrong)
    for draw in range(plan.splits):
        rng = np.random.default_rng([plan.seed, draw, n])
        loss = population.wrong * (_prices(draw, rng.random(size)) if costs else np.ones(size))
        everything = population.risk(loss, np.ones(size, np.bool_))
        fitted_on = rng.choice(size, _FITTED, p=population.chance)
        right = ~population.wrong[fitted_on]
        if right.all() or not right.any():
            continue
        confidence = fe.Platt.fit(population.log_odds[fitted_on], right, larger_is="better").predict_proba(
            population.log_odds
        )
        rows = rng.choice(size, n, p=population.chance)
        for limit in [share * everything for share in limits] if costs else limits:
            for name, method in methods.items():
                cut = method(confidence[rows], loss[rows], limit, DELTA)
                through = np.zeros(size, np.bool_) if cut is None else confidence >= cut
                broken = cut is not None and population.risk(loss, through) > limit
                found[name].append((float(population.chance[through].sum()), cut is not None, broken))
    return {name: _summed(rows) for name, rows in found.items()}


def _prices(draw: int, chance: Floats) -> Floats:
    """What each answer costs if it is wrong: in one draw anything alike, in the next mostly a tenth of the worst."""
    prices: Floats = chance if draw % 2 else np.where(chance < 0.1, 1.0, 0.1)
    return prices


def _summed(rows: Sequence[tuple[float, bool, bool]]) -> Tried:
    coverage, made, broken = np.array(rows, np.float64).reshape(-1, 3).T
    return Tried(float(coverage.mean()), int(made.sum()), int(broken.sum()), len(rows))


def _populations(store: PublishedData) -> Iterator[Population]:
    for task in ("arc", "mmlu", "truthfulqa"):
        found = store.arrays(f"llm_mcq_confidence/{task}_first_prompt.npz")
        for msp, grade in zip(found["msp"], found["grade"], strict=True):
            yield Population(task, log_odds(msp.astype(np.float64)), grade != 1, np.full(len(grade), 1 / len(grade)))
    vision = store.arrays("vlm_mmbench_logits/logits.npz")
    question = vision["ids"] % 1_000_000
    _, place, rotations = np.unique(question, return_inverse=True, return_counts=True)
    chance = 1 / (rotations[place] * len(rotations))
    for logits in vision["logits"].astype(np.float64):
        known = np.where(np.isnan(logits), -np.inf, logits)
        p = np.exp(known - known.max(axis=1, keepdims=True))
        chosen = known.argmax(axis=1)
        yield Population("mmbench", log_odds(p.max(axis=1) / p.sum(axis=1)), chosen != vision["gold"], chance)
    for file in (
        "cifar10_probs_netcal/lenet-5-cifar-10",
        "cifar10_probs_netcal/wideresnet-16-4-cifar-10",
        "cifar10_probs_vgg16_verifiedcal/vgg16_cifar10_probs",
    ):
        network = store.arrays(f"{file}.npz")
        probs, truth = network["predictions"].astype(np.float64), network["ground_truth"]
        even = np.full(len(truth), 1 / len(truth))
        yield Population("cifar10", log_odds(probs.max(axis=1)), probs.argmax(axis=1) != truth, even)


def _table(
    caption: str, found: Sequence[dict[str, Tried]], populations: Sequence[Population], plan: StudyPlan
) -> TextTable:
    ours = next(iter(found[0]))
    rows = [_row(name, ours, found, plan) for name in found[0]]
    columns = ("method", "let through", "less than ours by", "a promise in", "broken, of all draws", "most in one set")
    worst = {name: _worst(name, found, populations) for name in found[0]}
    return TextTable(columns, tuple((*row, worst[name]) for row, name in zip(rows, found[0], strict=True)), caption)


def _row(name: str, ours: str, found: Sequence[dict[str, Tried]], plan: StudyPlan) -> tuple[str, ...]:
    mine, theirs = (np.array([by_name[key].coverage for by_name in found]) for key in (ours, name))
    rng = np.random.default_rng(plan.seed)
    drawn = (mine - theirs)[rng.integers(0, len(mine), (plan.draws, len(mine)))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    draws = sum(by_name[name].draws for by_name in found)
    made, broken = (sum(getattr(by_name[name], what) for by_name in found) for what in ("made", "broken"))
    bounds = clopper_pearson(broken, draws)
    lost = "–" if name == ours else f"{(mine - theirs).mean():+.3f} [{low:+.3f}, {high:+.3f}]"
    return (
        name,
        f"{theirs.mean():.3f}",
        lost,
        f"{made / draws:.0%}",
        f"{broken / draws:.1%} [{bounds[0]:.1%}, {bounds[1]:.1%}]",
    )


def _worst(name: str, found: Sequence[dict[str, Tried]], populations: Sequence[Population]) -> str:
    def rate(key: str) -> float:
        some = [by_name[name] for by_name, p in zip(found, populations, strict=True) if p.name == key]
        return sum(t.broken for t in some) / sum(t.draws for t in some)

    worst = max({p.name for p in populations}, key=lambda key: (rate(key), key))
    return f"{rate(worst):.1%} ({worst})"


def _finding(risk: str, by_n: Mapping[int, Sequence[dict[str, Tried]]], lost: TextTable) -> str:
    """What the tables say, with the sets on which ours loses."""
    said = []
    for n, found in by_n.items():
        ours, *rivals, _ = found[0]
        mean = {name: float(np.mean([by_name[name].coverage for by_name in found])) for name in (ours, *rivals)}
        best = max(rivals, key=mean.__getitem__)
        said.append(f"{mean[ours]:.3f} with {n:,} labels (best rival {mean[best]:.3f}, {best})")
    losing = [row[0] for row in lost.rows if row[-1] == _LOST]
    where = f"A rival lets more through on {'; '.join(losing)}" if losing else "No rival lets more through on any set"
    return f"{risk}: ours lets through {', '.join(said)}. {where}; means over limits, models and draws."


def _losers(risk: str, by_n: Mapping[int, Sequence[dict[str, Tried]]], populations: Sequence[Population]) -> TextTable:
    """Sets on which another method that promises lets more through than ours."""
    rows = []
    for n, found in by_n.items():
        ours, *others, _ = found[0]
        for key in dict.fromkeys(p.name for p in populations):
            some = [by_name for by_name, p in zip(found, populations, strict=True) if p.name == key]
            mean = {name: float(np.mean([by_name[name].coverage for by_name in some])) for name in (ours, *others)}
            best = max(others, key=mean.__getitem__)
            verdict = _LOST if mean[best] > mean[ours] + 1e-9 else "won or drawn"
            rows.append((f"{key}, n = {n}", f"{mean[ours]:.3f}", f"{mean[best]:.3f}", best, verdict))
    return TextTable(("set", "ours", "best rival", "which", "ours"), tuple(rows), f"{risk}: let through, by set")
