"""Which ranking and which cut find the most wrong labels: ours of before and of now, and cleanlab's, on every suitable set.

cleanlab's filters and scores are computed by our own functions of the same names, which the tests hold to what cleanlab 2.9
itself gives; for several experts its ensemble score, self-confidence weighted by each expert's accuracy, is written out here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

import foureyes as fe
from foureyes.report.study import Section, TextTable
from studies.defaults.cleaning_sets import CHECKED, PARTLY, PLANTED, LabelSet, label_sets
from studies.defaults.section import StudyPlan

__all__ = ["average_precision", "section"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_CUTS: Final = (0.3, 0.4, 0.5, 0.6, 0.7)
OURS: Final = "pooled"
BEFORE: Final = "calibrated"
RIVALS: Final = ("calibrated", "unanimous", "mean margin", "self-confidence")
FILTERS: Final = ("pooled", "calibrated", "prune_by_noise_rate", "confident_learning")


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """One set: average precision of every ranking, its difference to ours over the same draws, and flags of every cut."""

    data: LabelSet
    precision: Mapping[str, float]
    ahead: Mapping[str, tuple[float, float, float]]
    flags: Mapping[str, Flags]


def section(plan: StudyPlan) -> Section:
    """Average precision, recall at the cut, and errors found, with the sets on which our default loses."""
    done = [_measured(data, plan) for data in label_sets(plan.data, plan.seed)]
    return Section(
        title="Cleaning",
        paragraphs=(*_findings(done), *_notes()),
        tables=(_ranking_table(done), _cut_table(done), _choice_table(done)),
    )


def average_precision(score: Floats, wrong: Flags) -> Callable[[Floats], float]:
    """Average precision of a ranking, smallest score first, for any weights of the rows; rows that tie count together.

    Args:
        score: (V,) of each row.
        wrong: (V,) what is to be found.
    """
    order = np.argsort(score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))

    def of(weights: Floats) -> float:
        seen = np.cumsum(weights[order])[ends]
        found = np.cumsum(weights[order] * wrong[order])[ends]
        gained = np.diff(found, prepend=0.0)
        return float((gained * found / np.maximum(seen, 1e-12)).sum() / max(found[-1], 1e-12))

    return of


def _measured(data: LabelSet, plan: StudyPlan) -> _Measured:
    rankings = {name: score[data.rows] for name, score in _rankings(data).items()}
    of = {name: average_precision(score, data.wrong) for name, score in rankings.items()}
    even = np.ones(len(data.rows))
    rng = np.random.default_rng(plan.seed)
    draws = {name: np.empty(plan.draws) for name in of}
    for i in range(plan.draws):
        weights = np.bincount(rng.integers(0, len(even), len(even)), minlength=len(even)).astype(np.float64)
        for name, statistic in of.items():
            draws[name][i] = statistic(weights)
    precision = {name: statistic(even) for name, statistic in of.items()}
    ahead = {
        name: (precision[OURS] - precision[name], *np.quantile(draws[OURS] - draws[name], (0.025, 0.975)).tolist())
        for name in RIVALS
    }
    return _Measured(data, precision, ahead, {name: mask[data.rows] for name, mask in _masks(data).items()})


def _rankings(data: LabelSet) -> dict[str, Floats]:
    """(N,) a score of every row for every ranking, small for a label that is likely wrong."""
    labels, experts = data.labels, dict(data.experts)
    mean = np.mean(list(experts.values()), axis=0)
    return {
        OURS: _places(fe.find_label_issues(labels, experts, check=False).ranked, len(labels)),
        BEFORE: _places(
            fe.find_label_issues(labels, experts, method="calibrated", keep_top=1, check=False).row, len(labels)
        ),
        "unanimous": _places(fe.find_label_issues(labels, experts, method="basic", check=False).row, len(labels)),
        "mean margin": _margin(mean, labels),
        "self-confidence": _ensemble_self_confidence(experts, labels),
    }


def _places(rows: NDArray[np.intp], n: int) -> Floats:
    """The place in a list; rows that are not in it tie behind it."""
    place = np.full(n, float(n))
    place[rows] = np.arange(len(rows))
    return place


def _own(probs: Floats, labels: NDArray[np.intp]) -> Floats:
    own: Floats = probs[np.arange(len(labels)), labels]
    return own


def _margin(probs: Floats, labels: NDArray[np.intp]) -> Floats:
    others = probs.copy()
    others[np.arange(len(labels)), labels] = -np.inf
    margin: Floats = _own(probs, labels) - others.max(axis=1)
    return margin


def _ensemble_self_confidence(experts: Mapping[str, Floats], labels: NDArray[np.intp]) -> Floats:
    """Cleanlab 2.9, ``get_label_quality_ensemble_scores`` with ``weight_ensemble_members_by="accuracy"``."""
    weights = np.array([(probs.argmax(axis=1) == labels).mean() for probs in experts.values()])
    scores = np.stack([_own(probs, labels) for probs in experts.values()])
    weighted: Floats = weights @ scores / weights.sum()
    return weighted


def _masks(data: LabelSet) -> dict[str, Flags]:
    labels, experts = data.labels, dict(data.experts)
    mean = np.mean(list(experts.values()), axis=0)
    masks = {
        OURS: fe.find_label_issues(labels, experts, check=False).mask,
        BEFORE: fe.find_label_issues(labels, experts, method="calibrated", check=False).mask,
        "prune_by_noise_rate": fe.find_label_issues(labels, mean, filter_by="prune_by_noise_rate"),
        "confident_learning": fe.find_label_issues(labels, mean, filter_by="confident_learning"),
    }
    whole = fe.find_label_issues(labels, experts, check=False).whole
    for cut in _CUTS:
        masks[f"cut {cut:g}"] = np.isin(np.arange(len(labels)), whole.row[whole.score <= -cut])
    return masks


def _shares(flags: Flags, wrong: Flags) -> tuple[int, int, float, float]:
    """Flagged, found, precision, recall."""
    found = int((flags & wrong).sum())
    return int(flags.sum()), found, found / max(1, int(flags.sum())), found / max(1, int(wrong.sum()))


def _interval(ahead: tuple[float, float, float]) -> str:
    return f"{ahead[0]:+.3f} [{ahead[1]:+.3f}, {ahead[2]:+.3f}]"


def _ranking_table(done: Sequence[_Measured]) -> TextTable:
    rows = [
        (
            f"{one.data.name} ({one.data.kind})",
            f"{int(one.data.wrong.sum())} of {len(one.data.rows):,}",
            *(f"{one.precision[name]:.3f}" for name in (OURS, *RIVALS)),
            *(_interval(one.ahead[name]) for name in ("self-confidence", BEFORE)),
        )
        for one in done
    ]
    columns = ("data", "wrong", OURS, *RIVALS, "ours − self-confidence", "ours − calibrated")
    return TextTable(
        columns, tuple(rows), "Average precision of the whole list", "95 % intervals of paired bootstraps over rows."
    )


def _cut_table(done: Sequence[_Measured]) -> TextTable:
    rows = []
    for one in done:
        cells = []
        for name in FILTERS:
            flagged, found, precision, recall = _shares(one.flags[name], one.data.wrong)
            cells.append(f"{found} of {flagged} ({precision:.2f}, {recall:.2f})")
        rows.append((one.data.name, str(int(one.data.wrong.sum())), *cells))
    return TextTable(
        ("data", "wrong", "pooled, cut 0.5", "calibrated, 0.3", *FILTERS[2:]),
        tuple(rows),
        "Errors found of rows flagged (precision, recall)",
        "Only rows whose truth is known count. cleanlab's filters see the mean of the experts.",
    )


def _choice_table(done: Sequence[_Measured]) -> TextTable:
    rows = []
    for name in (*FILTERS[1:], *(f"cut {cut:g}" for cut in _CUTS)):
        shares = [_shares(one.flags[name], one.data.wrong) for one in done]
        f1 = [2 * p * r / max(p + r, 1e-9) for _, _, p, r in shares]
        rows.append(
            (name, *(f"{np.mean(values):.3f}" for values in ([s[2] for s in shares], [s[3] for s in shares], f1)))
        )
    return TextTable(("what is flagged", "precision", "recall", "F1"), tuple(rows), "Mean over all sets, by cut")


def _findings(done: Sequence[_Measured]) -> list[str]:
    said = []
    for name in RIVALS:
        ahead = np.array([one.ahead[name][0] for one in done])
        wins = sum(one.ahead[name][1] > 0 for one in done)
        losing = [one.data.name for one in done if one.ahead[name][2] < 0]
        lost = f"loses for certain on {', '.join(losing)}" if losing else "loses for certain on none"
        said.append(
            f"Against {name}: mean average precision {np.mean([one.precision[OURS] for one in done]):.3f} against "
            f"{np.mean([one.precision[name] for one in done]):.3f} over {len(done)} sets; ahead on {int((ahead > 0).sum())}, for certain on {wins}, {lost}."
        )
    for kind in (PARTLY, CHECKED, PLANTED):
        some = [one for one in done if one.data.kind == kind]
        if some:
            levels = ", ".join(
                f"{name} {np.mean([one.precision[name] for one in some]):.3f}" for name in (OURS, *RIVALS)
            )
            said.append(f"{kind.capitalize()} ({len(some)} sets), mean average precision: {levels}.")
    return [*said, _best_cut(done)]


def _best_cut(done: Sequence[_Measured]) -> str:
    f1 = {}
    for cut in _CUTS:
        shares = [_shares(one.flags[f"cut {cut:g}"], one.data.wrong) for one in done]
        f1[cut] = float(np.mean([2 * p * r / max(p + r, 1e-9) for _, _, p, r in shares]))
    best = max(f1, key=lambda cut: f1[cut])
    return (
        f"The cut with the highest mean F1 is {best:g} ({f1[best]:.3f}); that of the default, 0.5, has {f1[0.5]:.3f}."
    )


def _notes() -> tuple[str, ...]:
    return (
        "Where people checked only what Confident Learning had flagged, a list is judged on those rows alone, which favours Confident Learning.",
        "Planted mistakes are those of a weak model on the same item; real mistakes left in the data count as none, and lower every precision.",
    )
