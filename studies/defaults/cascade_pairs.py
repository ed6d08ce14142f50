"""Every pair of models of a set, split many ways: what each order gains, with intervals over questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.cascade.question_router import hashed_words
from foureyes.errors import NotEnoughData
from studies.defaults.cascade_orders import BASE, NAMES, Gain, gain_of, orders, surest
from studies.defaults.cascade_sets import CascadeSet, Flags, Floats

__all__ = ["SIZES", "Lead", "SetGains", "Size", "equal_models", "lead_of", "lead_with_interval", "set_gains", "split"]

Size: TypeAlias = Literal[50, 100, 500, "half"]
SIZES: Final[tuple[Size, ...]] = (50, 100, 500, "half")

_GAP: Final = 0.05
_SAME: Final = 0.02
_MOST_PAIRS: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class SetGains:
    """One set at one size.

    Attributes:
        name, cluster, size: which.
        apgr: name of an order → mean over pairs and splits, over the gap on all rows.
        leads: name → (P,) lead in APGR over the plain threshold on the raw confidence, one a pair.
        of_questions: name → (P, Q) what each question adds to the lead of each pair.
        refused: fits that could not be made, by reason.
    """

    name: str
    cluster: str
    size: Size
    apgr: Mapping[str, float]
    leads: Mapping[str, Floats]
    of_questions: Mapping[str, Floats]
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Lead:
    """A mean lead with its interval."""

    value: float
    low: float
    high: float


def split(found: CascadeSet, size: Size, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to fit on, of one half of the questions, and all rows of the other half to judge on."""
    rng = np.random.default_rng(seed)
    questions = np.unique(found.question)
    first = np.isin(found.question, rng.permutation(questions)[: len(questions) // 2])
    fit = np.flatnonzero(first)
    fit = fit if size == "half" else rng.choice(fit, min(size, len(fit)), replace=False)
    return fit, np.flatnonzero(~first)


def set_gains(found: CascadeSet, size: Size, splits: int, seed: int) -> SetGains | None:
    """Measures every order on every pair with a gap; ``None`` where half of the set has no more rows than that."""
    if size != "half" and size >= len(found.question) // 2:
        return None
    pairs = _some(found.pairs(_GAP, 1.0), seed)
    words = hashed_words(found.texts) if found.texts else None
    sums = {name: np.zeros((len(pairs), found.question.max() + 1)) for name in NAMES}
    gained: dict[str, list[list[float]]] = {name: [[] for _ in pairs] for name in NAMES}
    refused: dict[str, int] = {}
    for draw in range(splits):
        fit, test = split(found, size, seed + draw)
        for p, pair in enumerate(pairs):
            gap = found.accuracy[pair[1]] - found.accuracy[pair[0]]
            try:
                gains = dict(_gains(found, pair, fit, test, words))
            except NotEnoughData as error:
                reason = str(error).split(";")[0]
                refused[reason] = refused.get(reason, 0) + 1
                continue
            for name, gain in gains.items():
                gained[name][p].append((gain.value - gains[BASE].value) / gap)
                change = (gain.of_rows - gains[BASE].of_rows) / (gap * len(test))
                np.add.at(sums[name][p], found.question[test], change)
                if name == BASE:
                    gained.setdefault("area", [[] for _ in pairs])[p].append(gain.value / gap + 0.5)
    return _together(found, size, gained, sums, refused)


def _gains(
    found: CascadeSet,
    pair: tuple[int, int],
    fit: NDArray[np.intp],
    test: NDArray[np.intp],
    words: Floats | None,
) -> Iterator[tuple[str, Gain]]:
    small, large = (found.right[m, test] for m in pair)
    made = orders(found, pair, fit, test, words)
    for name, priority in made.items():
        yield name, gain_of(priority, small, large)
    better = surest(found, pair, fit, test)["isotonic"]
    base = made[BASE]
    # Asked both, the surer answer is kept: the area is that of the large model's answers, replaced where it is less sure.
    gain = gain_of(base, small, better)
    end = better.astype(np.float64) - large
    yield "surest of both, calibrated", Gain(gain.value + float(end.mean()) / 2, gain.of_rows + (end - end.mean()) / 2)


def _together(
    found: CascadeSet,
    size: Size,
    gained: Mapping[str, Sequence[Sequence[float]]],
    sums: Mapping[str, Floats],
    refused: Mapping[str, int],
) -> SetGains:
    done = [p for p, each in enumerate(gained[BASE]) if each]
    area = float(np.mean([np.mean(gained["area"][p]) for p in done]))
    names = [name for name in NAMES if all(gained[name][p] for p in done)]
    leads = {name: np.array([np.mean(gained[name][p]) for p in done]) for name in names}
    times = {name: np.array([[len(gained[name][p])] for p in done]) for name in names}
    return SetGains(
        found.name,
        found.cluster,
        size,
        {name: area + float(leads[name].mean()) for name in names},
        leads,
        {name: sums[name][done] / times[name] for name in names},
        refused,
    )


def lead_of(sets: Sequence[SetGains], name: str) -> Lead:
    """The mean lead of an order over all pairs of some sets; a question counts once for all its pairs and prompts."""
    n = sum(len(found.leads[name]) for found in sets)
    parts: dict[str, Floats] = {}
    for found in sets:
        part = found.of_questions[name].sum(axis=0) / n
        parts[found.cluster] = parts.get(found.cluster, np.zeros(len(part))) + part
    return lead_with_interval(sum(float(found.leads[name].sum()) for found in sets) / n, parts.values())


def lead_with_interval(value: float, parts: Iterable[Floats]) -> Lead:
    """A lead with the 95 % interval that what each question adds to it gives: an infinitesimal jackknife."""
    error = float(np.sqrt(sum(float(((part - part.mean()) ** 2).sum()) for part in parts)))
    return Lead(value, value - 1.96 * error, value + 1.96 * error)


def equal_models(found: CascadeSet, size: Size, splits: int, seed: int) -> dict[str, tuple[Floats, Floats]]:
    """Of pairs about equal: by rule, the lead over the better model alone (P,), and what each question adds (Q,)."""
    if size != "half" and size >= len(found.question) // 2:
        return {}
    pairs = _some(found.pairs(-1e-9, _SAME), seed)
    leads: dict[str, list[float]] = {}
    sums: dict[str, Floats] = {}
    for draw in range(splits):
        fit, test = split(found, size, seed + draw)
        for pair in pairs:
            alone = found.right[pair[1], test].astype(np.float64)
            for name, right in _rules(found, pair, fit, test):
                ahead = right.astype(np.float64) - alone
                leads.setdefault(name, []).append(float(ahead.mean()))
                part = sums.setdefault(name, np.zeros(found.question.max() + 1))
                np.add.at(part, found.question[test], (ahead - ahead.mean()) / (len(test) * splits))
    return {name: (np.array(each), sums[name]) for name, each in leads.items()}


def _rules(
    found: CascadeSet, pair: tuple[int, int], fit: NDArray[np.intp], test: NDArray[np.intp]
) -> Iterator[tuple[str, Flags]]:
    for kind, right in surest(found, pair, fit, test).items():
        yield f"surest of both, {kind}", right
    small, large = (found.right[m, test] for m in pair)
    made = orders(found, pair, fit, test, None)
    for name in (BASE, "unimodal (default)"):
        priority = made[name]
        yield f"{name}, half escalated", np.where(priority >= np.median(priority), large, small)


def _some(pairs: Sequence[tuple[int, int]], seed: int) -> list[tuple[int, int]]:
    if len(pairs) <= _MOST_PAIRS:
        return list(pairs)
    kept = np.random.default_rng(seed).choice(len(pairs), _MOST_PAIRS, replace=False)
    return [pairs[i] for i in sorted(kept.tolist())]
