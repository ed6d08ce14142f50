"""Are cascade's defaults the best choice? Area under accuracy against cost on rows not seen, pair by pair."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from foureyes.cascade.curves import cascade_curve
from foureyes.cascade.question_router import QuestionRouter, hashed_words
from foureyes.report.study import Section, TextTable
from studies.defaults.cascade_chains import CHAIN_BASE, CHAIN_DEFAULT, ChainAreas, chain_areas
from studies.defaults.cascade_orders import BASE, DEFAULT, NAMES
from studies.defaults.cascade_pairs import (
    SIZES,
    Lead,
    SetGains,
    Size,
    equal_models,
    lead_of,
    lead_with_interval,
    set_gains,
)
from studies.defaults.cascade_sets import UNSUITABLE, CascadeSet, Floats, cascade_sets, mmlu_answers
from studies.defaults.section import StudyPlan

__all__ = ["section"]

_CHAINS_A_SET: Final = 2
_CHAIN_DRAWS: Final = 200
_COMPARED: Final = (BASE, NAMES[10], *NAMES[1:8])


def section(plan: StudyPlan) -> Section:
    """Measures the defaults of cascade."""
    sets = list(cascade_sets(plan.data))
    splits = max(1, plan.splits // 5)
    made = {size: [set_gains(found, size, splits, plan.seed) for found in sets] for size in SIZES}
    gains = {size: [each for each in made[size] if each is not None] for size in SIZES}
    _say("pairs")
    chains = [
        chain
        for found in sets
        for length in (3, 4)
        for chain in chain_areas(found, length, _CHAINS_A_SET, min(plan.draws, _CHAIN_DRAWS), plan.seed)
    ]
    _say("chains")
    tables = (
        _by_size(gains),
        _by_set(gains["half"]),
        _settings(gains),
        _against_questions(gains["half"]),
        _equal(sets, splits, plan),
        _chains(chains),
        _questions(plan),
    )
    return Section("Cascade", tuple(_findings(gains, chains)), tables)


def _findings(gains: dict[Size, list[SetGains]], chains: Sequence[ChainAreas]) -> Iterator[str]:
    n = sum(len(found.leads[BASE]) for found in gains["half"])
    yield (
        f"{n} pairs of models whose accuracies are more than .05 apart, in {len(gains['half'])} sets (20 pairs of a set at "
        "most); calibrators and routers are fitted on n rows, judged on the other half of the questions. APGR divides by the "
        "gap on all rows. Intervals are of questions, with all models, prompts and rotations of one together (infinitesimal jackknife; "
        "bootstrap for chains)."
    )
    best = max(_COMPARED, key=lambda name: lead_of(gains["half"], name).value)
    yield f"Fitted on half of a set, the best order of these is {best}: {_lead(lead_of(gains['half'], best))} over a {BASE}."
    for size in SIZES:
        lost = [
            f"{found.name} ({_lead(lead)})" for found in gains[size] if (lead := lead_of([found], DEFAULT)).high < 0
        ]
        yield f"Where {DEFAULT} loses to a {BASE} at n = {size}: {'; '.join(lost) or 'in no set'}."
    for size in SIZES:
        refused: dict[str, int] = {}
        for found in gains[size]:
            for reason, times in found.refused.items():
                refused[reason] = refused.get(reason, 0) + times
        if refused:
            yield f"At n = {size}, fits left out: {'; '.join(f'{times} × {reason}' for reason, times in refused.items())}."
    ahead = _chain_lead(chains, CHAIN_DEFAULT)
    yield f"{len(chains)} chains of three and four models, costs 1, 4, 16, 64: the default is {_lead(ahead)} ahead of a {CHAIN_BASE}."
    yield UNSUITABLE


def _by_size(gains: dict[Size, list[SetGains]]) -> TextTable:
    rows = []
    for name in (*_COMPARED, NAMES[8]):
        leads = [lead_of(gains[size], name) for size in SIZES]
        base = [np.average([f.apgr[BASE] for f in gains[size]], weights=_pairs(gains[size])) for size in SIZES]
        rows.append((name, *(f"{b + lead.value:.4f} ({_lead(lead)})" for b, lead in zip(base, leads, strict=True))))
    columns = ("order", *(f"n = {size}" if size != "half" else "half of the rows" for size in SIZES))
    note = "In brackets: the lead over the first line, paired. The last line asks both models and pays for both wherever it escalates."
    return TextTable(columns, tuple(rows), "Two models: mean APGR of all pairs", note)


def _by_set(found: Sequence[SetGains]) -> TextTable:
    rows = [
        (
            one.name,
            str(len(one.leads[BASE])),
            f"{one.apgr[BASE]:.4f}",
            *(_lead(lead_of([one], name)) for name in (NAMES[1], NAMES[3], NAMES[5], *NAMES[6:8])),
        )
        for one in found
    ]
    columns = ("set", "pairs", f"APGR, {BASE}", NAMES[1], NAMES[3], NAMES[5], *NAMES[6:8])
    return TextTable(columns, tuple(rows), "Set by set, fitted on half of the rows: lead over the plain threshold")


def _settings(gains: dict[Size, list[SetGains]]) -> TextTable:
    rows = []
    for name in _COMPARED[1:]:
        cells = []
        for size in SIZES:
            leads = np.concatenate([found.leads[name] for found in gains[size]])
            parts = [found.of_questions[name] for found in gains[size]]
            error = np.concatenate([np.sqrt((part**2).sum(axis=1)) for part in parts])
            better, worse = int((leads > 1.96 * error + 1e-9).sum()), int((leads < -1.96 * error - 1e-9).sum())
            cells.append(f"{better} / {worse} of {len(leads)}, worst {leads.min():+.3f}")
        rows.append((name, *cells))
    columns = ("order", *(f"n = {size}" if size != "half" else "half of the rows" for size in SIZES))
    note = "Better / worse: pairs whose lead over the plain threshold on the raw confidence has a 95 % interval above / below 0."
    return TextTable(columns, tuple(rows), "Two models: pairs won and lost", note)


def _against_questions(found: Sequence[SetGains]) -> TextTable:
    name = NAMES[9]
    rows = [
        (
            one.name,
            f"{one.apgr[name]:.4f}",
            f"{one.apgr[BASE]:.4f}",
            f"{one.apgr[DEFAULT]:.4f}",
            _lead(lead_of([one], name)),
        )
        for one in found
        if name in one.leads
    ]
    columns = ("set", name, BASE, DEFAULT, "ridge less threshold")
    return TextTable(columns, tuple(rows), "A router that reads the question only, on the same pairs (mean APGR)")


def _equal(sets: Sequence[CascadeSet], splits: int, plan: StudyPlan) -> TextTable:
    rows: dict[str, list[str]] = {}
    for size in SIZES:
        leads: dict[str, list[Floats]] = {}
        parts: dict[str, dict[str, Floats]] = {}
        for found in sets:
            for name, (values, part) in equal_models(found, size, splits, plan.seed).items():
                leads.setdefault(name, []).append(values)
                of = parts.setdefault(name, {})
                of[found.cluster] = of.get(found.cluster, np.zeros(len(part))) + part
        for name, found_leads in leads.items():
            every = np.concatenate(found_leads)
            each = [part * splits / len(every) for part in parts[name].values()]
            rows.setdefault(name, []).append(_lead(lead_with_interval(float(every.mean()), each)))
    columns = ("rule", *(f"n = {size}" if size != "half" else "half of the rows" for size in SIZES))
    lines = tuple((name, *cells) for name, cells in rows.items())
    note = "Accuracy less that of the better model alone (better on all rows). The surest of both asks both models for every question."
    return TextTable(columns, lines, "Two models within .02 of each other", note)


def _chains(chains: Sequence[ChainAreas]) -> TextTable:
    rows = []
    for name in chains[0].areas:
        by_length = [[chain.areas[name] for chain in chains if chain.length == length] for length in (3, 4)]
        won = sum(chain.areas[name] > chain.areas[CHAIN_BASE] + 1e-9 for chain in chains)
        lost = sum(chain.areas[name] < chain.areas[CHAIN_BASE] - 1e-9 for chain in chains)
        means = [f"{np.mean(areas):.4f}" for areas in by_length]
        rows.append((name, *means, _lead(_chain_lead(chains, name)), f"{won} / {lost}"))
    columns = ("family of policies", "three models", "four models", f"less {CHAIN_BASE}", "chains won / lost")
    note = (
        "Share of the gap between the first and the last model recovered, averaged over costs from the one's to the other's; which "
        "thresholds of the grid are used is chosen on the rows of the fit. Not mixed: at a cost, the dearest policy within it."
    )
    return TextTable(columns, tuple(rows), "Chains", note)


def _chain_lead(chains: Sequence[ChainAreas], name: str) -> Lead:
    value = float(np.mean([chain.areas[name] - chain.areas[CHAIN_BASE] for chain in chains]))
    drawn = np.mean([chain.drawn[name] - chain.drawn[CHAIN_BASE] for chain in chains], axis=0)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Lead(value, float(low), float(high))


def _questions(plan: StudyPlan) -> TextTable:
    texts, right = mmlu_answers(plan.data)
    words = hashed_words(texts)
    order = np.random.default_rng(plan.seed).permutation(len(texts))
    test, rows = order[len(order) // 2 :], []
    for size in (100, 500, 2000, len(order) // 2):
        fit = order[:size]
        router = QuestionRouter.fit(words[fit], right[0, fit], right[1, fit])
        curve = cascade_curve(
            words[test], right[0, test], right[1, test], router, interval=(0.95, plan.draws, plan.seed)
        )
        rows.append((f"{size:,}", f"{curve.apgr:.4f} [{curve.low:.4f}, {curve.high:.4f}]"))
    note = "Random is .5; the APGR that RouteLLM's matrix factorisation is cited with on MMLU is .5497."
    return TextTable(
        ("rows of the fit", "APGR"), tuple(rows), "RouteLLM's MMLU, Mixtral 8x7B to GPT-4, ridge on the words", note
    )


def _pairs(found: Sequence[SetGains]) -> list[int]:
    return [len(one.leads[BASE]) for one in found]


def _lead(lead: Lead) -> str:
    return f"{lead.value:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}]".replace("-", "−")


def _say(done: str) -> None:
    print(f"cascade: {done} measured", file=sys.stderr, flush=True)
