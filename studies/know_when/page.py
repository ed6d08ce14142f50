"""The page of a run. Pure: results in, Markdown out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from studies.know_when.intervals import median_of
from studies.know_when.values import Cell, Claim, Figure, Part, Question, Table, Verdict, verdict

__all__ = ["Halvings", "cell", "pooled", "render", "settled"]

Halvings: TypeAlias = dict[str, list[Figure]]
"""What several ways to halve the rows say of a claim, by its text: intervals of level 97.5 %."""


_INTRODUCTION = """\
# Do models know when they do not know? The claims on other data

Hao et al., *When Models Know When They Do Not Know: Calibration, Cascading, and Cleaning* (arXiv 2601.07965), make claims
on ImageNet, MMLU, GSM8K and MBPP. Here they are put to published outputs of other models and to labels that people have
checked, by the paper's protocol: half of the rows to fit on, the other half to judge on, bins of equal count. No figure
here repeats one of the paper's: models and data differ.
"""

_HOW_TO_READ = """\
Each claim is a difference that is above zero if it holds. The rows are halved in several ways, each gives the difference
with an interval of 97.5 %, and what stands here are the medians of the values and of the intervals' ends: together an
interval of at least 95 %, however the halvings depend on each other (Chernozhukov et al. 2018). A claim *holds* or
*fails* when that interval lies on one side of zero. Across zero there is *no difference* when the interval shows it to be
smaller than 0.01 either way, and otherwise the claim is *not decided*: the data is too little to tell. The last column
counts what each halving says by itself. Intervals are bootstraps over rows, or over models where one figure is a pair:
pairs share models, and drawing pairs would look too sure. No correction for the number of claims. The paper's own figures
stand beside ours; *in the paper's terms* is ours on the first halves.
"""


def render(parts: Sequence[Part], about: Mapping[str, Any], files: Mapping[str, str], again: Halvings) -> str:
    """The page: what holds, then the numbers, then what they were made from."""
    claims = sorted(
        (claim for part in parts for claim in part.claims), key=lambda claim: list(Question).index(claim.asks)
    )
    columns = ("claim", "paper", "in the paper's terms, here", "difference", "measured as", "verdict", "halvings")
    lines = [
        _INTRODUCTION,
        f"Command: `{about['command']}`",
        "",
        "## Which claims hold here",
        "",
        _tally(claims, again),
        *(f"- **{asks.value}** {_answer(asks, claims, again)}" for asks in Question),
        "",
        _HOW_TO_READ,
        *_grid(columns, [_claim(claim, again) for claim in claims]),
        *(line for part in parts for line in _part(part)),
        "",
        "## What it was made from",
        "",
        *_grid(("what", "which"), [(name, str(value)) for name, value in about.items()]),
        "",
        *_grid(("data file", "SHA-256"), sorted(files.items())),
    ]
    return "\n".join(lines) + "\n"


def cell(value: Cell) -> str:
    """A cell as text: four digits, intervals in brackets, how many of what."""
    if isinstance(value, Figure):
        return f"{_short(value.value)} [{_short(value.low)}, {_short(value.high)}], n={value.n}"
    return _short(value) if isinstance(value, float) else str(value)


def _short(value: float) -> str:
    # A minus sign before a rounded zero would suggest a direction that is not there.
    return f"{value:.4f}".replace("-0.0000", "0.0000")


def _answer(asks: Question, claims: Sequence[Claim], again: Halvings) -> str:
    said = Counter(settled(claim, again) for claim in claims if claim.asks is asks)
    return ", ".join(f"{n} × {verdict}" for verdict, n in said.items()) or "not run"


def pooled(claim: Claim, again: Halvings) -> Figure:
    """What all halvings together say; the first halves alone where no others were tried."""
    figures = again.get(claim.says, [])
    return median_of(figures) if figures else claim.here


def settled(claim: Claim, again: Halvings) -> Verdict:
    """The verdict on what all halvings say together."""
    return verdict(pooled(claim, again))


def _tally(claims: Sequence[Claim], again: Halvings) -> str:
    n = Counter(settled(claim, again) for claim in claims)
    return (
        f"Of {len(claims)} claims {n['holds']} hold, {n['fails']} fail, {n['no difference']} make no difference of a point, "
        f"and {n['not decided']} are not decided.\n"
    )


def _claim(claim: Claim, again: Halvings) -> tuple[str, ...]:
    small = f" (small sample: {claim.small})" if claim.small else ""
    here = f"{cell(pooled(claim, again))} {claim.here.unit}"
    counts = Counter(map(verdict, again.get(claim.says, [claim.here])))
    halves = ", ".join(f"{n} {said}" for said, n in counts.most_common())
    said = f"**{settled(claim, again)}**{small}"
    return claim.says, claim.paper, claim.levels or "–", here, claim.reads, said, halves


def _part(part: Part) -> list[str]:
    if part.skipped:
        return ["", f"## {part.title}", "", f"**Skipped**: {part.skipped}"]
    return [
        "",
        f"## {part.title}",
        "",
        *(f"- {note}" for note in part.notes),
        *(x for t in part.tables for x in _table(t)),
    ]


def _table(table: Table) -> list[str]:
    if not table.rows:
        return []
    return ["", f"**{table.title}**", "", *_grid(table.columns, [[cell(value) for value in row] for row in table.rows])]


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    escaped = [[text.replace("|", "\\|") for text in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (columns, ["---"] * len(columns), *escaped)]
