"""Of several samples for one problem, which is right? A reader's choice against the author's own, the shortest, and a random one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from foureyes.errors import NotEnoughData
from foureyes.maths.resampling import group_weights, percentiles
from foureyes.maths.within_question import within_question
from foureyes.report.forest import ForestMark, ForestPlot
from foureyes.report.study import Section, TextTable
from studies.programs.doubts import Doubts, Floats

__all__ = ["Gain", "choosing_section", "gain"]

_DRAWS: Final = 2000
RANDOM: Final = "a random one"
OWN: Final = "own: mean"


@dataclass(frozen=True, slots=True)
class Gain:
    """A difference of shares of problems solved, with its 95 % interval; problems are drawn."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"

    @property
    def verdict(self) -> str:
        """What it says."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "no difference that these problems show"


def choosing_section(of: Doubts, n_samples: int) -> tuple[Section, list[str]]:
    """Best of n and ranking by every doubt."""
    rules = {**of.values, "shortest": of.length}
    solved = {
        RANDOM: _solved(of, np.zeros(len(of.right))),
        **{name: _solved(of, doubt) for name, doubt in rules.items()},
    }
    own = solved.get(OWN)
    rows = [
        (name, f"{hits.mean():.3f}", "" if name == RANDOM else str(gain(hits, solved[RANDOM])), "" if own is None or hits is own else str(gain(hits, own)), _within(of, rules.get(name)))
        for name, hits in solved.items()
    ]  # fmt: skip
    any_right = np.bincount(of.problems, of.right) > 0
    rows.append(("one that is right, if there is any", f"{any_right.mean():.3f}", "", "", ""))
    columns = (
        "taken",
        "problems solved",
        "over a random one",
        "over own mean log-prob",
        "right above wrong within a problem",
    )
    note = (
        f"{len(any_right)} problems, {n_samples} samples each, {of.right.mean():.1%} of the samples right. Problems that have both right and wrong "
        "samples decide all of it."
    )
    marks = tuple(
        ForestMark(name, one.value, one.low, one.high)
        for name, hits in solved.items()
        if name != RANDOM
        for one in [gain(hits, solved[RANDOM])]
    )
    picture = ForestPlot("Problems solved by the sample that is taken, less those by a random one", marks, chance=0.0)
    return Section("The best of several", (), (TextTable(columns, tuple(rows), note=note),), picture), _findings(solved)


def gain(hits: Floats, others: Floats) -> Gain:
    """Mean difference over problems (P,) with its interval."""
    more = hits - others
    drawn = np.array([(w @ more) / w.sum() for w in group_weights(len(more), _DRAWS, np.random.default_rng(0))])
    return Gain(float(more.mean()), *percentiles(drawn, 0.95))


def _solved(of: Doubts, doubt: Floats) -> Floats:
    """(P,) share right among each problem's least doubted samples; equal ones count alike."""
    numbers = np.unique(of.problems)
    taken = [(of.problems == n) & (doubt == doubt[of.problems == n].min()) for n in numbers]
    return np.array([of.right[one].mean() for one in taken])


def _within(of: Doubts, doubt: Floats | None) -> str:
    if doubt is None:
        return ""
    try:
        found = within_question(doubt, ~of.right, of.problems)
    except NotEnoughData:
        return "no problem with both"
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _findings(solved: Mapping[str, Floats]) -> list[str]:
    said = []
    for name, hits in solved.items():
        if name.endswith(": mean"):
            by_chance, by_length = gain(hits, solved[RANDOM]), gain(hits, solved["shortest"])
            said.append(
                f"Best of several by {name}: {by_chance} over a random one, {by_chance.verdict}; beside the shortest {by_length}, "
                f"{by_length.verdict}{_beside_own(name, solved)}."
            )
    return said


def _beside_own(name: str, solved: Mapping[str, Floats]) -> str:
    if name == OWN or OWN not in solved:
        return ""
    found = gain(solved[name], solved[OWN])
    return f"; beside the author's own {found}, {found.verdict}"
