"""The report of a study: sections of tables and pictures, as one page, as Markdown and as LaTeX.

What stands in a table is text that its maker wrote, figures with their intervals and denominators; nothing is computed
here. Start at :class:`StudyReport`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foureyes.latex import latex_table, latex_text
from foureyes.report import page
from foureyes.report.forest import ForestPlot, plain_title
from foureyes.report.marks import latex_sentence
from foureyes.tables.saving import write_text

__all__ = [
    "Section",
    "StudyReport",
    "TextTable",
    "markdown_table",
    "save_latex",
    "save_study",
    "study_latex",
    "study_markdown",
    "study_page",
]


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

    @property
    def opening(self) -> int | None:
        """Index of the section whose picture stands at the top: the first that has one."""
        return next((i for i, section in enumerate(self.sections) if section.forest), None)


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
    linked = _links(report, pictures) if pictures else {}
    lines = [f"# {report.title}", "", *linked.pop(report.opening, []), *_paragraphs(report.preface)]
    lines += [f"Command: `{report.command}`", ""]
    lines += _bullets("What came out", report.findings) + _bullets("What is missing", report.warnings)
    for i, section in enumerate(report.sections):
        lines += [f"## {section.title}", "", *_paragraphs(section.paragraphs)]
        lines += linked.get(i, [])
        lines += _paragraphs([text for table in section.tables if (text := markdown_table(table))])
    return "\n".join(lines).rstrip("\n") + "\n"


def _links(report: StudyReport, name: str) -> dict[int | None, list[str]]:
    """The lines that show the picture of a section, by its index."""
    titles = [(i, section.forest.title) for i, section in enumerate(report.sections) if section.forest]
    return {i: [f"![{plain_title(title)}]({name}-{i}.svg)", ""] for i, title in titles}


def picture_files(report: StudyReport, name: str) -> dict[str, str]:
    """The pictures that :func:`study_markdown` links to, by file name, each a picture file of its own."""
    files = {}
    for i, section in enumerate(report.sections):
        if section.forest:
            files[f"{name}-{i}.svg"] = section.forest.picture(str(i))
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


def study_latex(report: StudyReport, *, pictures: str = "") -> str:
    r"""The findings, tables and forest plots as LaTeX, to be ``\input`` into a paper.

    Args:
        report: what to show.
        pictures: name that :func:`save_latex` gives the files of the plots; no plots when empty.

    Returns:
        LaTeX for a document that loads ``booktabs``, ``graphicx`` and ``fontenc`` with T1; tables carry labels like ``tab:signals-1``.
    """
    lines = [f"% {' '.join(text.split())}" for text in (report.title, report.command)] + [""]
    lines += (
        [r"\begin{itemize}", *(rf"\item {latex_sentence(text)}" for text in report.findings), r"\end{itemize}", ""]
        if report.findings
        else []
    )
    for i, section in enumerate(report.sections):
        lines += [rf"\paragraph{{{latex_text(section.title)}}}", *map(latex_sentence, section.paragraphs), ""]
        if section.forest and pictures:
            lines += _figure(section.forest, f"{pictures}-{i}.pdf")
        for n, table in enumerate(section.tables, 1):
            if table.rows:
                label = f"tab:{'-'.join(section.title.lower().split())}-{n}"
                caption = table.caption or section.title
                lines += [latex_table(table.columns, table.rows, caption=caption, note=table.note, label=label)]
    return "\n".join(lines)


def save_latex(report: StudyReport, path: Path) -> None:
    """Writes a report as LaTeX, with a PDF file a forest plot beside it.

    Raises:
        InputError: a file cannot be written.
        ConfigError: matplotlib, which draws the pictures, is not installed.
    """
    write_text(path, study_latex(report, pictures=path.stem))
    for i, section in enumerate(report.sections):
        if section.forest:
            section.forest.save(path.with_name(f"{path.stem}-{i}.pdf"))


def _figure(plot: ForestPlot, file: str) -> list[str]:
    return [
        r"\begin{figure}",
        r"\centering",
        rf"\includegraphics[width=\linewidth]{{{file}}}",
        rf"\caption{{{latex_text(plot.title)}}}",
        r"\end{figure}",
        "",
    ]


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
