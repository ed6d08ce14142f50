"""Of several samples for one problem, which is right? A reader's choice against the author's own, the shortest, and a random one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from foureyes.errors import NotEnoughData
from foureyes.maths.within_question import within_question
from foureyes.report.forest import ForestMark, ForestPlot
from foureyes.report.study import Section, TextTable
from studies.paired import lead_over, lead_text, lead_verdict
from studies.programs.doubts import Doubts, Floats

__all__ = ["OWN", "choosing_section"]

RANDOM: Final = "a random one"
OWN: Final = "own: mean"


def choosing_section(of: Doubts) -> tuple[Section, list[str]]:
    """Best of n and ranking by every doubt."""
    rules = {**of.values, "shortest": of.length}
    solved = {
        RANDOM: _solved(of, np.zeros(len(of.right))),
        **{name: _solved(of, doubt) for name, doubt in rules.items()},
    }
    own = solved.get(OWN)
    rows = [
        (name, f"{hits.mean():.3f}", "" if name == RANDOM else lead_text(lead_over(hits, solved[RANDOM])), "" if own is None or hits is own else lead_text(lead_over(hits, own)), _within(of, rules.get(name)))
        for name, hits in solved.items()
    ]  # fmt: skip
    any_right = _solved(of, (~of.right).astype(np.float64)) > 0
    rows.append(("one that is right, if there is any", f"{any_right.mean():.3f}", "", "", ""))
    columns = (
        "taken",
        "problems solved",
        "over a random one",
        "over own mean log-prob",
        "right above wrong within a problem",
    )
    note = (
        f"{len(any_right)} problems, {_samples_each(of)}, {of.right.mean():.1%} of the samples right{_cut_off(of)}. Problems that have both right "
        "and wrong samples decide all of it."
    )
    marks = tuple(
        ForestMark(name, one.value, one.low, one.high)
        for name, hits in solved.items()
        if name != RANDOM
        for one in [lead_over(hits, solved[RANDOM])]
    )
    picture = ForestPlot("Problems solved by the sample that is taken, less those by a random one", marks, chance=0.0)
    return Section("The best of several", (), (TextTable(columns, tuple(rows), note=note),), picture), _findings(solved)


def _samples_each(of: Doubts) -> str:
    counts = np.unique(of.problems, return_counts=True)[1]
    least, most = int(counts.min()), int(counts.max())
    return f"{least} samples each" if least == most else f"{least} to {most} samples each"


def _cut_off(of: Doubts) -> str:
    n = int(of.cut.sum())
    return (
        f", {n} of {len(of.cut)} cut off at the limit of tokens, of which {int(of.right[of.cut].sum())} right"
        if n
        else ""
    )


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
            by_chance, by_length = lead_over(hits, solved[RANDOM]), lead_over(hits, solved["shortest"])
            said.append(
                f"Best of several by {name}: {lead_text(by_chance)} over a random one, {lead_verdict(by_chance)}; beside the shortest "
                f"{lead_text(by_length)}, {lead_verdict(by_length)}{_beside_own(name, solved)}."
            )
    return said


def _beside_own(name: str, solved: Mapping[str, Floats]) -> str:
    if name == OWN or OWN not in solved:
        return ""
    found = lead_over(solved[name], solved[OWN])
    return f"; beside the author's own {lead_text(found)}, {lead_verdict(found)}"
