"""What studies of published runs share: claims with their verdicts, the page, the command.

A study is one or more parts, each of one published data set; a part whose data is missing is skipped and named.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from foureyes.display import plural
from foureyes.errors import InputError, NotEnoughData
from foureyes.report.forest import ForestMark, ForestPlot
from foureyes.report.study import Section, StudyReport, TextTable
from foureyes.study.claims import ClaimVerdict, verdict_counts, verdict_of
from foureyes.study.provenance import describe_machine, package_versions
from foureyes.study.sections.formatting import fixed, interval
from studies.know_when.published_data import PublishedData
from studies.know_when.values import Cell, Figure, FigureTable
from studies.pages import add_pages, command_again, save_pages, study_parser

__all__ = ["DecidedClaim", "PublishedStudy", "Settings", "StudyChapter", "run_published", "stated"]

_SMALL: Final = 0.005

HOW_DECIDED: Final = (
    "A claim is a difference that is above zero if it holds. It holds or fails where the whole 95 % interval lies on one "
    f"side of zero, makes no difference where the interval shows it to be smaller than {_SMALL} either way, and is not decided "
    "otherwise. No correction is made for the number of claims."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """How everything is measured.

    Attributes:
        draws: of the bootstrap.
        seed: of everything drawn.
    """

    draws: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class DecidedClaim:
    """A claim, as a difference that is above zero if it holds.

    Attributes:
        says: the claim.
        difference: measured.
        measured_as: what the difference is of.
        pairs: how the single pairs behind the mean decide, in words; empty where there are none.
    """

    says: str
    difference: Figure
    measured_as: str
    pairs: str = ""

    @property
    def verdict(self) -> ClaimVerdict:
        """What the interval says."""
        return verdict_of(self.difference.low, self.difference.high, negligible=_SMALL)


@dataclass(frozen=True, slots=True)
class StudyChapter:
    """What one part found.

    Attributes:
        title: of the part.
        findings: a sentence each, made of figures.
        claims: decided.
        tables, notes: below its picture.
        picture: figures below one another; ``None`` for none.
        warnings: what is missing.
    """

    title: str
    findings: Sequence[str] = ()
    claims: Sequence[DecidedClaim] = ()
    tables: Sequence[FigureTable] = ()
    notes: Sequence[str] = ()
    picture: ForestPlot | None = None
    warnings: Sequence[str] = ()


Part: TypeAlias = Callable[[PublishedData, Settings], Sequence[StudyChapter]]


@dataclass(frozen=True, slots=True)
class PublishedStudy:
    """A study of published runs.

    Attributes:
        name: of its module, ``studies.NAME``, and its page.
        title, preface: of the page.
        parts: by name; each reads one data set.
    """

    name: str
    title: str
    preface: Sequence[str]
    parts: Mapping[str, Part]


def stated(figure: Figure, digits: int = 3) -> str:
    """A figure with its interval, for a sentence."""
    return interval(figure, digits)


def forest(title: str, figures: Mapping[str, Figure], chance: float) -> ForestPlot:
    """A picture of figures, top to bottom."""
    marks = tuple(ForestMark(label, one.value, one.low, one.high) for label, one in figures.items())
    return ForestPlot(title, marks, chance)


def run_published(study: PublishedStudy, argv: Sequence[str] | None = None) -> None:
    """The command: runs the parts, prints the verdicts, writes the page."""
    parser = _parser(study)
    args = parser.parse_args(argv)
    settings, store = Settings(args.draws, args.seed), PublishedData(args.data)
    chapters, missing = _run(study, args.only or list(study.parts), store, settings)
    for claim in (claim for chapter in chapters for claim in chapter.claims):
        print(f"{claim.verdict:<13} {claim.says}: {_cell(claim.difference)} ({claim.measured_as}) {claim.pairs}")
    report = _report(study, chapters, missing, _Origin(settings, store.read, command_again(parser, args)))
    save_pages(report, args)


def _parser(study: PublishedStudy) -> argparse.ArgumentParser:
    parser = study_parser(study.name, study.title)
    parser.add_argument("--seed", type=int, default=0, help="of every draw (default: %(default)s)")
    parser.add_argument("--draws", type=int, default=1000, help="of the bootstrap (default: %(default)s)")
    parser.add_argument("--only", action="append", choices=list(study.parts), help="one part; may be given again")
    add_pages(parser)
    return parser


def _run(
    study: PublishedStudy, names: Sequence[str], store: PublishedData, settings: Settings
) -> tuple[list[StudyChapter], dict[str, str]]:
    """What the parts found, and why others could not be run."""
    chapters: list[StudyChapter] = []
    missing = {}
    for name in names:
        started = time.monotonic()
        try:
            chapters += study.parts[name](store, settings)
        except (FileNotFoundError, InputError, NotEnoughData) as error:
            missing[name] = str(error)
            print(f"{name}: skipped, {error} (in {store.folder})", file=sys.stderr)
        else:
            print(f"{name}: {time.monotonic() - started:.1f} s", file=sys.stderr)
    return chapters, missing


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a page comes from: how it was measured, the checksums of the files read, and the command."""

    settings: Settings
    checksums: Mapping[str, str]
    command: str


def _report(
    study: PublishedStudy, chapters: Sequence[StudyChapter], missing: Mapping[str, str], origin: _Origin
) -> StudyReport:
    claims = [claim for chapter in chapters for claim in chapter.claims]
    tally = f"Of {plural(len(claims), 'claim')}: {verdict_counts(claim.verdict for claim in claims)}."
    findings = [*([tally] if claims else []), *(found for chapter in chapters for found in chapter.findings)]
    warnings = [f"{name} was skipped: {why}" for name, why in missing.items()]
    warnings += [warning for chapter in chapters for warning in chapter.warnings]
    versions = ", ".join(f"{name} {number}" for name, number in package_versions().items())
    how = f"Seed {origin.settings.seed}, {origin.settings.draws} draws. {describe_machine()}. {versions}."
    files = TextTable(("file", "SHA-256"), tuple(sorted(origin.checksums.items())))
    sections = (*map(_section, chapters), Section("Where it comes from", (how,), (files,)))
    preface = (*study.preface, HOW_DECIDED)
    return StudyReport(study.title, preface, tuple(findings), tuple(warnings), sections, origin.command)


def _section(chapter: StudyChapter) -> Section:
    claims = TextTable(
        ("claim", "difference", "measured as", "verdict", "single pairs"),
        tuple((c.says, _cell(c.difference), c.measured_as, c.verdict, c.pairs or "–") for c in chapter.claims),
        "Claims",
    )
    tables = tuple(
        TextTable(tuple(table.columns), tuple(tuple(map(_cell, row)) for row in table.rows), table.title)
        for table in chapter.tables
    )
    return Section(chapter.title, tuple(chapter.notes), (claims, *tables), chapter.picture)


def _cell(value: Cell) -> str:
    if isinstance(value, Figure):
        return f"{interval(value)}, n={value.n} {value.unit}" if value.unit else interval(value)
    return fixed(value, 3) if isinstance(value, float) else str(value)
