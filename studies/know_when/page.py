"""The report of a run, as every study's: what came out, the claims, each part, and where it comes from. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from foureyes.display import plural
from foureyes.report.forest import ForestMark, ForestPlot
from foureyes.report.study import Section, StudyReport, TextTable
from foureyes.study.claims import ClaimVerdict, verdict_counts
from foureyes.study.sections.formatting import fixed, interval
from studies.know_when.intervals import median_of
from studies.know_when.values import Cell, Figure, FigureTable, PaperClaim, Question, StudyPart, verdict

__all__ = ["Halvings", "build_report", "cell", "final_verdict", "pooled"]

Halvings: TypeAlias = Mapping[str, Sequence[Figure]]
"""What several ways to halve the rows say of a claim, by its text: intervals of level 97.5 %."""

_TITLE: Final = "Do models know when they do not know? The claims on other data"

_PREFACE: Final = (
    "Hao et al., *When Models Know When They Do Not Know: Calibration, Cascading, and Cleaning* (arXiv 2601.07965), make claims "
    "on ImageNet, MMLU, GSM8K and MBPP. Here they are put to published outputs of other models and to labels that people have "
    "checked, by the paper's protocol: half of the rows to fit on, the other half to judge on, bins of equal count. No figure "
    "here repeats one of the paper's: models and data differ."
)

_HOW_DECIDED: Final = (
    "Each claim is a difference that is above zero if it holds. The rows are halved in several ways, each gives the difference "
    "with an interval of 97.5 %, and what stands here are the medians of the values and of the intervals' ends: together an "
    "interval of at least 95 %, however the halvings depend on each other (Chernozhukov et al. 2018). A claim *holds* or "
    "*fails* when that interval lies on one side of zero. Across zero there is *no difference* when the interval shows it to be "
    "smaller than 0.01 either way, and otherwise the claim is *not decided*: the data is too little to tell. The last column "
    "counts what each halving says by itself. Intervals are bootstraps over rows, or over models where one figure is a pair: "
    "pairs share models, and drawing pairs would look too sure. No correction for the number of claims. The paper's own figures "
    "stand beside ours; *in the paper's terms* is ours on the first halves."
)


def build_report(
    parts: Sequence[StudyPart],
    missing: Mapping[str, str],
    origin: str,
    checksums: Mapping[str, str],
    again: Halvings,
    command: str,
) -> StudyReport:
    """The whole report.

    Args:
        parts: what was found.
        missing: parts that could not be run, and why.
        origin: how it was computed, in words.
        checksums: of the files read, by their paths.
        again: what several halvings say of every claim; empty where there was one.
        command: that makes it again.
    """
    claims = [claim for question in Question for part in parts for claim in part.claims if claim.question is question]
    files = TextTable(("data file", "sha256"), tuple(sorted(checksums.items())))
    sections = [
        *([_claims(claims, again)] if claims else []),
        *(Section(part.title, tuple(part.notes), tuple(map(_table, part.tables))) for part in parts),
        Section("Where it comes from", (origin,), (files,)),
    ]
    warnings = tuple(f"{name} was skipped: {why}" for name, why in missing.items())
    return StudyReport(_TITLE, (_PREFACE,), _findings(claims, again), warnings, tuple(sections), command)


def cell(value: Cell) -> str:
    """A cell as text: four digits, intervals in brackets, how many of what."""
    if isinstance(value, Figure):
        return f"{interval(value, 4)}, n={value.n}"
    return fixed(value, 4) if isinstance(value, float) else str(value)


def pooled(claim: PaperClaim, again: Halvings) -> Figure:
    """What all halvings together say; the first halves alone where no others were tried."""
    figures = again.get(claim.says, [])
    return median_of(figures) if figures else claim.difference


def final_verdict(claim: PaperClaim, again: Halvings) -> ClaimVerdict:
    """The verdict on what all halvings say together."""
    return verdict(pooled(claim, again))


def _findings(claims: Sequence[PaperClaim], again: Halvings) -> tuple[str, ...]:
    n = Counter(final_verdict(claim, again) for claim in claims)
    tally = (
        f"Of {len(claims)} claims {n['holds']} hold, {n['fails']} fail, {n['no difference']} make no difference of a point, "
        f"and {n['not decided']} are not decided."
    )
    answers = {
        question: [final_verdict(claim, again) for claim in claims if claim.question is question]
        for question in Question
    }
    found = (
        f"{question.value} Of {plural(len(said), 'claim')}, {verdict_counts(said)}."
        for question, said in answers.items()
        if said
    )
    return (tally, *found) if claims else ()


def _claims(claims: Sequence[PaperClaim], again: Halvings) -> Section:
    columns = ("claim", "paper", "in the paper's terms, here", "difference", "measured as", "verdict", "halvings")
    tables = [
        TextTable(
            columns, tuple(_claim(claim, again) for claim in claims if claim.question is question), question.value
        )
        for question in Question
        if any(claim.question is question for claim in claims)
    ]
    marks = [(claim.says, pooled(claim, again)) for claim in claims]
    forest = ForestPlot(
        "Differences, above zero where a claim holds",
        tuple(ForestMark(s, f.value, f.low, f.high) for s, f in marks),
        0.0,
    )
    return Section("Claims", (_HOW_DECIDED,), tuple(tables), forest)


def _claim(claim: PaperClaim, again: Halvings) -> tuple[str, ...]:
    here = f"{cell(pooled(claim, again))} {claim.difference.unit}"
    said = final_verdict(claim, again) + (f" (small sample: {claim.caveat})" if claim.caveat else "")
    halves = verdict_counts(map(verdict, again.get(claim.says, [claim.difference])))
    return claim.says, claim.paper, claim.in_paper_terms or "–", here, claim.measured_as, said, halves


def _table(table: FigureTable) -> TextTable:
    return TextTable(tuple(table.columns), tuple(tuple(map(cell, row)) for row in table.rows), table.title)
