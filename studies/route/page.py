"""What came out, in words and tables; every sentence that judges is chosen by its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from foureyes.report.forest import ForestMark, ForestPlot
from foureyes.report.study import Section, StudyReport, TextTable
from studies.route.aims import BUDGET, SHARE, aims, points
from studies.route.curves import Lead, at_cost, leads, pooled
from studies.route.rules import (
    GAIN,
    LEARNED,
    LOGPROB,
    OWN,
    PROMPT,
    RANDOM,
    READER,
    READER_RAW,
    TOGETHER,
    VERIFY,
)
from studies.route.setting import Setting

__all__ = ["Part", "other_halves", "report_of"]

_RIVALS = (RANDOM, PROMPT, LOGPROB, VERIFY)
_OURS = (LEARNED, READER, OWN, TOGETHER, GAIN)

_PREFACE = (
    "A small writer answers, a rule decides whether the large one is asked. Half of the questions, in whole groups, fit the "
    "rules and choose the reader; the other half judges. A lead is the difference in accuracy on average over all costs "
    "between the small writer's and the large one's, reading and self-verification paid for; intervals are 95 %, paired, "
    "questions that hang together drawn together. Semantic-router's rules are given their best: every threshold that a hand "
    "could set is on their curve. With its own defaults the log-prob rule (threshold −1 on a scale from 0 to 1) never asks "
    "the large writer at all. Two rules that order questions alike have the same curve, so a calibrated signal is no better "
    "here than an uncalibrated one: calibration is what makes a stated threshold, and so a promise, mean what it says, as "
    "the last table shows."
)

_THRESHOLD = (
    "Small writers' answers are returned where a number reaches 0.9. How many are, and how many of them are right? Means over the "
    "settings; the range is over them."
)


@dataclass(frozen=True, slots=True)
class Part:
    """Settings of one kind.

    Attributes:
        title: of the data.
        says: what they are.
        settings: in order.
        of: the rule of ours that is put beside the others.
    """

    title: str
    says: str
    settings: tuple[Setting, ...]
    of: str


def report_of(
    parts: Sequence[Part], missing: Sequence[str], command: str, *, beside: Sequence[str] = ()
) -> StudyReport:
    """The page.

    Args:
        parts: with data.
        missing: what could not be measured, a sentence each.
        command: that makes it again.
        beside: further findings, a sentence each.
    """
    measured = [(part, {_name(one): leads(one, part.of) for one in part.settings}) for part in parts]
    findings = [*aims(parts), *(line for part, found in measured for line in _findings(part, found))]
    sections = [_section(part, found) for part, found in measured]
    return StudyReport(
        "What does routing by a read answer buy, at equal cost?",
        (_PREFACE,),
        (*findings, *beside),
        tuple(missing),
        (*sections, _calibration(parts)),
        command,
    )


def other_halves(title: str, halved: Mapping[int, Sequence[Setting]]) -> str:
    """Whether what a route learns is ahead however the questions are halved.

    Args:
        title: of the data.
        halved: seed of the halves to the settings of the same questions, with the reader, the log-prob rule and what a route learns.
    """
    compared = ((LEARNED, LOGPROB), (LEARNED, READER), (READER, LOGPROB))
    found = {pair: [pooled(list(of), *pair) for of in halved.values()] for pair in compared}
    said = "; ".join(
        f"{of} less {over}: {', '.join(map(points, every))}, {_counted(every)}" for (of, over), every in found.items()
    )
    return f"{title} with its questions halved in other ways (seeds {', '.join(map(str, halved))}): {said}."


def _counted(leads: Sequence[Lead]) -> str:
    said = Counter(map(_verdict, leads))
    return ", ".join(
        f"{verdict} in {said[verdict]} of {len(leads)}"
        for verdict in ("ahead", "behind", "not decided")
        if said[verdict]
    )


def _name(setting: Setting) -> str:
    notes = f" ({'; '.join(setting.notes)})" if setting.notes else ""
    return f"{setting.data}: {setting.small} → {setting.large}{notes}"


def _findings(part: Part, found: dict[str, dict[str, Lead]]) -> list[str]:
    said = []
    for rival in (LOGPROB, VERIFY, PROMPT, RANDOM):
        known = {name: own[rival] for name, own in found.items() if rival in own}
        if known and rival != part.of:
            said.append(_against(part, rival, known))
    if all(GAIN in one.rules for one in part.settings):
        whole = pooled(list(part.settings), GAIN, LOGPROB)
        said.append(
            f"{part.title}: the large writer's gain, learned of all that is known, is {points(whole)} ahead of the log-prob rule on "
            f"average, {_verdict(whole)}. It says by how much the large writer is better, not whether an answer is right, so no "
            "promise can be made of it, and a route does not use it."
        )
    if part.of == LEARNED:
        said.append(_joined(part))
    return [*said, _cheap(part)]


def _joined(part: Part) -> str:
    """What was joined with the reader, and what that brought."""
    counted = Counter(one.learned for one in part.settings)
    said = ", ".join(f"{name} in {n}" for name, n in counted.most_common())
    lead = ""
    if all(READER in one.rules for one in part.settings) and _alike(part):
        whole = pooled(list(part.settings), LEARNED, READER)
        lead = f" That is {points(whole)} ahead of the reader alone, {_verdict(whole)}."
    return f"{part.title}, {LEARNED}: {said}, each chosen on the fitted half by cross-validation.{lead}"


def _against(part: Part, rival: str, known: dict[str, Lead]) -> str:
    ahead = [name for name, lead in known.items() if lead.low > 0]
    behind = [name.split(": ", 1)[1] for name, lead in known.items() if lead.high < 0]
    whole = pooled([one for one in part.settings if rival in one.rules], part.of, rival) if _alike(part) else None
    mean = f"{points(whole)} on average, {_verdict(whole)}; " if whole is not None and len(known) > 1 else ""
    losing = f"; it is behind in {', '.join(behind)}" if behind else ""
    only = points(next(iter(known.values()))) if len(known) == 1 else ""
    one = (
        f"{only}, {_verdict(next(iter(known.values())))}" if only else f"clearly ahead in {len(ahead)} of {len(known)}"
    )
    return f"{part.title}, {part.of} against {rival}: {mean}{one}{losing if not only else ''}."


def _alike(part: Part) -> bool:
    """Whether all settings are of the same questions, so that their leads can be drawn together."""
    return len({(one.data, len(one.groups)) for one in part.settings}) == 1


def _verdict(lead: Lead) -> str:
    if lead.low > 0:
        return "ahead"
    return "behind" if lead.high < 0 else "not decided"


def _cheap(part: Part) -> str:
    """Whether 95 % of the large writer's accuracy came at 40 % of its cost, and why where it did not."""
    tried = [at_cost(one, part.of, BUDGET) for one in part.settings]
    there, clearly = sum(one.value >= SHARE for one in tried), sum(one.low >= SHARE for one in tried)
    short = [one for one, got in zip(part.settings, tried, strict=True) if got.value < SHARE]
    said = (
        f"{part.title}, {part.of}: at {BUDGET:.0%} of the large writer's cost, at least {SHARE:.0%} of its accuracy in {there} of "
        f"{len(tried)}, in {clearly} with the whole interval"
    )
    return f"{said}. {_why(short, part.of)}" if short else f"{said}."


def _why(short: Sequence[Setting], of: str) -> str:
    """What the settings that fell short lack: how much had to be made up, and how much of it could be paid for."""
    alone = [one.right[0].mean() / one.right[1].mean() for one in short]
    asked = [(BUDGET * one.costs[1] - one.costs[0] - one.rules[of].cost) / one.costs[1] for one in short]
    least, most = max(min(asked), 0.0), max(*asked, 0.0)
    return (
        f"Where it falls short, the small writers alone have {min(alone):.0%} to {max(alone):.0%} of that accuracy, and {BUDGET:.0%} "
        f"of the cost, less their own and the rule's, asks the large one about {least:.0%} to {most:.0%} of the questions."
    )


def _section(part: Part, found: dict[str, dict[str, Lead]]) -> Section:
    rivals = [rival for rival in (*_RIVALS, *_OURS) if rival != part.of and any(rival in own for own in found.values())]
    rows = tuple(
        (name, *(_cell(own[rival]) if rival in own else "–" for rival in rivals)) for name, own in found.items()
    )
    table = TextTable(
        (f"{part.of} less …, points of accuracy", *rivals),
        rows,
        note="On average over all costs between the two writers'. Above 0, the rule in the heading is ahead.",
    )
    shown = [name for name in (*_RIVALS, *_OURS) if any(name in one.rules for one in part.settings)]
    reach = TextTable(
        ("setting", "small, large", *shown),
        tuple(_reach_row(one, shown) for one in part.settings),
        caption=f"Share of the large writer's accuracy at {BUDGET:.0%} of its cost",
        note="A threshold for a cost needs no labels, so it is taken as kept.",
    )
    marks = tuple(
        ForestMark(name, own[LOGPROB].value, own[LOGPROB].low, own[LOGPROB].high)
        for name, own in found.items()
        if LOGPROB in own and part.of != OWN
    )
    forest = (
        ForestPlot(f"{part.title}: lead over the log-prob rule at equal cost", marks, chance=0.0) if marks else None
    )
    return Section(part.title, (part.says,), (table, reach), forest)


def _reach_row(setting: Setting, shown: Sequence[str]) -> tuple[str, ...]:
    alone = f"{setting.right[0].mean():.1%}, {setting.right[1].mean():.1%}"
    found = [_share(at_cost(setting, name, BUDGET)) if name in setting.rules else "–" for name in shown]
    return (_name(setting), alone, *found)


def _calibration(parts: Sequence[Part]) -> Section:
    """What a stated threshold of 0.9 means: how often answers above it are right on the half that nothing saw."""
    rows = [
        (part.title, name, *_kept(part, name))
        for part in parts
        for name in (LOGPROB, VERIFY, READER_RAW, READER, LEARNED, OWN)
        if any(name in one.rules for one in part.settings)
    ]
    return Section(
        "What a threshold means",
        (_THRESHOLD,),
        (TextTable(("data", "number", "returned", "of these right", "from, to"), tuple(rows)),),
    )


def _kept(part: Part, name: str) -> tuple[str, str, str]:
    shares, rights = [], []
    for setting in (one for one in part.settings if name in one.rules):
        kept = ~setting.fit & (setting.rules[name].score >= 0.9)
        shares.append(kept.sum() / (~setting.fit).sum())
        if kept.any():
            rights.append(float(np.mean(setting.right[0][kept])))
    returned = f"{np.mean(shares):.0%}"
    if not rights:
        return returned, "–", "–"
    return returned, f"{np.mean(rights):.1%}", f"{min(rights):.1%}, {max(rights):.1%}"


def _cell(lead: Lead) -> str:
    return f"{100 * lead.value:+.2f} [{100 * lead.low:+.2f}, {100 * lead.high:+.2f}]"


def _share(one: Lead) -> str:
    return f"{one.value:.1%} [{one.low:.1%}, {one.high:.1%}]"
