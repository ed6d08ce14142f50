"""The report of a study: sections of tables and pictures, as one page and as Markdown.

What stands in a table is text that its maker wrote, figures with their intervals and denominators; nothing is computed
here. Start at :class:`StudyReport`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Final

from markupsafe import Markup

from foureyes.report import page
from foureyes.report.drawing import INK, LINE, MUTED, RIGHT, WRONG, canvas, svg
from foureyes.tables.saving import write_text

__all__ = [
    "ForestMark",
    "ForestPlot",
    "Section",
    "StudyReport",
    "TextTable",
    "markdown_table",
    "save_study",
    "study_markdown",
    "study_page",
]

_LABEL_WIDTH: Final = 36
_TITLE_WIDTH: Final = 92


@dataclass(frozen=True, slots=True)
class TextTable:
    """Rows of text.

    Attributes:
        columns: their headings; the first names the row.
        rows: as many texts each.
        caption: what the table is of.
        note: what a reader has to know to read it.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ForestMark:
    """A figure with its interval, in a :class:`ForestPlot`.

    Attributes:
        label: what it is of.
        value, low, high: the figure and its ends; without ends for a published one.
        published: whether somebody else's, drawn as a ring.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    published: bool = False


@dataclass(frozen=True, slots=True)
class ForestPlot:
    """Figures of one kind below one another.

    Attributes:
        title: what they are.
        marks: top to bottom.
        chance: where a vertical line stands.
    """

    title: str
    marks: tuple[ForestMark, ...]
    chance: float = 0.5

    def drawn(self, name: str) -> Markup:
        """As an ``<svg>`` element; ``name`` keeps its ids apart from those of others on the page."""
        labels = [fill(mark.label, _LABEL_WIDTH) for mark in self.marks]
        n_lines = sum(label.count("\n") + 1 for label in labels)
        with canvas((7.2, 1.0 + 0.12 * len(labels) + 0.16 * n_lines), f"forest-{name}") as (figure, axes):
            places = range(len(self.marks), 0, -1)
            axes.axvline(self.chance, color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
            for place, mark in zip(places, self.marks, strict=True):
                colour = INK if mark.published else RIGHT if mark.value >= self.chance else WRONG
                if mark.low is not None and mark.high is not None:
                    axes.hlines(place, mark.low, mark.high, color=colour, linewidth=1.4)
                face = "none" if mark.published else colour
                axes.plot([mark.value], [place], marker="o", markersize=5, color=colour, markerfacecolor=face)
            axes.set_yticks(list(places), labels, fontsize=9)
            axes.set(ylim=(0.3, len(self.marks) + 0.7))
            figure.suptitle(fill(self.title, _TITLE_WIDTH), x=0.01, ha="left", fontsize=10)
            axes.grid(axis="x", color=LINE, linewidth=0.6)
            axes.set_axisbelow(True)
            axes.spines["left"].set_visible(False)
            axes.tick_params(left=False)
            return Markup(svg(figure, _plain(self.title)))  # noqa: S704 - drawn by us; matplotlib escapes labels


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report.

    Attributes:
        title: of the part.
        paragraphs: before its tables.
        tables: in order.
        forest: a picture before the tables; ``None`` for none.
    """

    title: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[TextTable, ...] = ()
    forest: ForestPlot | None = None


@dataclass(frozen=True, slots=True)
class StudyReport:
    """A whole report.

    Attributes:
        title: what was asked.
        preface: paragraphs before everything.
        findings: what came out, a sentence each.
        warnings: what is missing or went wrong, a sentence each.
        sections: in order.
        command: that makes it again.
    """

    title: str
    preface: tuple[str, ...]
    findings: tuple[str, ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]
    command: str


def study_page(report: StudyReport) -> str:
    """The page as HTML.

    Args:
        report: what to show.

    Returns:
        A whole document, self-contained; the same for the same argument.

    Raises:
        ConfigError: matplotlib, which draws the pictures, is not installed.
    """
    pictures = [s.forest.drawn(str(i)) if s.forest else None for i, s in enumerate(report.sections)]
    return page.render("study.html", report=report, pictures=pictures)


def study_markdown(report: StudyReport, *, pictures: str = "") -> str:
    """The same as Markdown, with a link to each picture.

    Args:
        report: what to show.
        pictures: name that :func:`picture_files` gives its files; no links when empty.
    """
    lines = [f"# {report.title}", "", *_paragraphs(report.preface)]
    lines += [f"Command: `{report.command}`", ""]
    lines += _bullets("What came out", report.findings) + _bullets("What is missing", report.warnings)
    for i, section in enumerate(report.sections):
        lines += [f"## {section.title}", "", *_paragraphs(section.paragraphs)]
        if section.forest and pictures:
            lines += [f"![{_plain(section.forest.title)}]({pictures}-{i}.svg)", ""]
        lines += _paragraphs([text for table in section.tables if (text := markdown_table(table))])
    return "\n".join(lines).rstrip("\n") + "\n"


def picture_files(report: StudyReport, name: str) -> dict[str, str]:
    """The pictures that :func:`study_markdown` links to, by file name, each a picture file of its own."""
    files = {}
    for i, section in enumerate(report.sections):
        if section.forest:
            drawn = str(section.forest.drawn(str(i)))
            files[f"{name}-{i}.svg"] = (
                drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
                if "xmlns=" not in drawn[:400]
                else drawn
            )
    return files


def save_study(report: StudyReport, *, html: Path, markdown: Path) -> None:
    """Writes a report as a page and as Markdown, with the Markdown's pictures beside it.

    Raises:
        InputError: a file cannot be written.
        ConfigError: matplotlib, which draws the pictures, is not installed.
    """
    write_text(html, study_page(report))
    write_text(markdown, study_markdown(report, pictures=markdown.stem))
    for name, drawn in picture_files(report, markdown.stem).items():
        write_text(markdown.with_name(name), drawn)


def _paragraphs(texts: Sequence[str]) -> list[str]:
    return [line for text in texts for line in (text, "")]


def _bullets(title: str, texts: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *(f"- {text}" for text in texts), ""] if texts else []


def markdown_table(table: TextTable) -> str:
    """A table as Markdown, under its caption and above its note; nothing without rows."""
    if not table.rows:
        return ""
    caption = [f"**{_cell(table.caption)}**", ""] if table.caption else []
    lines = [f"| {' | '.join(row)} |" for row in (map(_cell, table.columns), ["---"] * len(table.columns))]
    lines += [f"| {' | '.join(map(_cell, row))} |" for row in table.rows]
    return "\n".join([*caption, *lines, *(["", table.note] if table.note else [])])


def _cell(text: str) -> str:
    """Text that stays in its cell and means nothing to Markdown."""
    kept = " ".join(text.split())
    return "".join(f"\\{c}" if c in "\\|`*_<>[]" and not kept.startswith("**") else c for c in kept)


def _plain(title: str) -> str:
    return "".join(c for c in title if c not in "\"'<>&")
