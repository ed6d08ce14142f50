"""The page of a run. Pure: results in, Markdown out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from bench.know.values import Cell, Claim, Figure, Part, Question, Table, Verdict

__all__ = ["Verdicts", "cell", "render", "settled"]


Verdicts: TypeAlias = dict[str, list[Verdict]]
"""What other halves of the rows say of a claim, by its text."""


_INTRODUCTION = """\
# Do models know when they do not know? The claims on other data

Hao et al., *When Models Know When They Do Not Know: Calibration, Cascading, and Cleaning* (arXiv 2601.07965), make claims
on ImageNet, MMLU, GSM8K and MBPP. Here they are put to published outputs of other models and to labels that people have
checked, by the paper's protocol: half of the rows to fit on, the other half to judge on, bins of equal count. No figure
here repeats one of the paper's: models and data differ.
"""

_HOW_TO_READ = """\
Each claim is a difference that is above zero if it holds. It *holds* or *fails* when the whole 95 % interval lies on one
side for every way to halve the rows that was tried, and is *not decided* otherwise. The figure is of the first halves, and
the last column counts what all of them say. Intervals are bootstraps over rows, or over models
where one figure is a pair: pairs share models, and drawing pairs would look too sure. No correction for the number of
claims. The paper's own figures are beside them for orientation.
"""


def render(parts: Sequence[Part], about: Mapping[str, Any], files: Mapping[str, str], again: Verdicts) -> str:
    """The page: what holds, then the numbers, then what they were made from."""
    claims = sorted(
        (claim for part in parts for claim in part.claims), key=lambda claim: list(Question).index(claim.asks)
    )
    columns = ("claim", "paper", "here", "measured as", "verdict", "halves")
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


def _answer(asks: Question, claims: Sequence[Claim], again: Verdicts) -> str:
    said = Counter(settled(claim, again) for claim in claims if claim.asks is asks)
    return ", ".join(f"{n} × {verdict}" for verdict, n in said.items()) or "not run"


def settled(claim: Claim, again: Verdicts) -> Verdict:
    """The verdict that all halves agree on; without agreement nothing is decided."""
    return claim.verdict if set(again.get(claim.says, [])) <= {claim.verdict} else "not decided"


def _tally(claims: Sequence[Claim], again: Verdicts) -> str:
    n = Counter(settled(claim, again) for claim in claims)
    return f"Of {len(claims)} claims {n['holds']} hold, {n['fails']} fail, and {n['not decided']} are not decided.\n"


def _claim(claim: Claim, again: Verdicts) -> tuple[str, ...]:
    small = f" (small sample: {claim.small})" if claim.small else ""
    here = f"{cell(claim.here)} {claim.here.unit}"
    counts = Counter([claim.verdict, *again.get(claim.says, [])])
    halves = ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())
    return claim.says, claim.paper, here, claim.reads, f"**{settled(claim, again)}**{small}", halves


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
