"""A study as a page and as Markdown: every figure is there, and no text from outside becomes markup."""

from __future__ import annotations

from dataclasses import replace

import pytest

import foureyes as fe
from foureyes.maths.ranking import auroc
from foureyes.report.forest import ForestMark, ForestPlot
from foureyes.report.study import (
    Section,
    StudyReport,
    TextTable,
    picture_files,
    save_latex,
    study_latex,
    study_markdown,
    study_page,
)

HOSTILE = "<script>alert(1)</script> | `x` *y* [z](javascript:1)"


def report(text: str = "a figure") -> StudyReport:
    table = TextTable(("what", "value"), ((text, "0.500 [0.400, 0.600]"), ("b", text)), f"of {text}", f"note on {text}")
    forest = ForestPlot(
        f"AUROC of {text}", (ForestMark(text, 0.6, 0.5, 0.7), ForestMark("theirs", 0.4, published=True))
    )
    sections = (
        Section("First", (f"said of {text}",), (table,), forest),
        Section("Empty", (), (TextTable(("x",), ()),)),
    )
    return StudyReport(
        f"Title {text}", (f"before {text}",), (f"found {text}",), (f"missing {text}",), sections, "make it"
    )


def test_everything_is_on_the_page_and_in_the_markdown() -> None:
    for told in (study_page(report()), study_markdown(report())):
        for words in ("Title a figure", "before a figure", "found a figure", "missing a figure", "said of a figure"):
            assert words in told
        for words in ("of a figure", "note on a figure", "make it", "First"):
            assert words in told


def test_markdown_has_a_line_a_row_and_links_its_pictures() -> None:
    lines = study_markdown(report(), pictures="one").splitlines()
    assert "| what | value |" in lines
    assert "| a figure | 0.500 \\[0.400, 0.600\\] |" in lines
    assert "![AUROC of a figure](one-0.svg)" in lines
    assert set(picture_files(report(), "one")) == {"one-0.svg"}
    assert "![" not in study_markdown(report())


def test_text_from_outside_is_text() -> None:
    page, markdown = study_page(report(HOSTILE)), study_markdown(report(HOSTILE))
    assert "<script>alert" not in page
    rows = [line for line in markdown.splitlines() if line.startswith("| ") and "script" in line]
    assert len(rows) == 2
    for row in rows:
        assert "\\<script\\>" in row
        assert row.replace("\\|", "").count("|") == 3
    assert "<script" not in picture_files(report(HOSTILE), "p")["p-0.svg"]


def test_what_a_sentence_marks_is_stressed_and_set_as_code() -> None:
    told = report("*CMP* in `a_b.py`, 2 * 3 * 4 <i>")
    page = study_page(told)
    assert "<p>before <em>CMP</em> in <code>a_b.py</code>, 2 * 3 * 4 &lt;i&gt;</p>" in page
    assert page.count("<em>CMP</em>") == 5, "preface, finding, warning, paragraph, note; a cell is no sentence"
    assert r"said of \emph{CMP} in \texttt{a\_b.py}, 2 * 3 * 4" in study_latex(told)


def test_a_line_end_in_a_cell_stays_in_its_row() -> None:
    markdown = study_markdown(report("two\nlines"))
    assert "| two lines | 0.500 \\[0.400, 0.600\\] |" in markdown.splitlines()


def test_the_same_report_is_the_same_bytes() -> None:
    assert study_page(report()) == study_page(report())
    assert picture_files(report(), "p") == picture_files(report(), "p")


def test_a_picture_is_a_file_of_its_own() -> None:
    from xml.etree import ElementTree as ET

    root = ET.fromstring(picture_files(report(), "p")["p-0.svg"])  # noqa: S314 - our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize("field", ["findings", "warnings"])
def test_a_list_without_entries_has_no_heading(field: str) -> None:
    title = {"findings": "What came out", "warnings": "What is missing"}[field]
    assert title in study_markdown(report())
    empty = replace(report(), **{field: ()})
    assert title not in study_markdown(empty)
    assert title not in study_page(empty)


def test_latex_has_every_table_and_names_its_plots(tmp_path) -> None:
    save_latex(report(), tmp_path / "study.tex")
    text = (tmp_path / "study.tex").read_text()
    assert r"a figure & 0.500 [0.400, 0.600] \\" in text
    assert r"\caption{of a figure}" in text
    assert r"\label{tab:first-1}" in text
    assert r"\includegraphics[width=\linewidth]{study-0.pdf}" in text
    assert (tmp_path / "study-0.pdf").read_bytes().startswith(b"%PDF")
    assert "includegraphics" not in study_latex(report())


def test_text_from_outside_is_no_command_of_latex() -> None:
    text = study_latex(report(r"\input{/etc/passwd} 5 % & #1 $x$ a_b"))
    assert not [line for line in text.splitlines() if r"\input" in line and not line.startswith("% ")]
    assert r"\textbackslash{}input\{/etc/passwd\} 5 \% \& \#1 \$x\$ a\_b" in text


def test_a_forest_plot_is_made_of_results_and_saved(tmp_path) -> None:
    found = auroc([0.1, 0.4, 0.3, 0.9], wrong=[False, False, True, True])
    plot = ForestPlot.of("AUROC of <one>", {"log_cmp": found, "cme": found})
    assert [(mark.label, mark.low, mark.high) for mark in plot.marks] == [
        ("log_cmp", found.low, found.high),
        ("cme", found.low, found.high),
    ]
    for name, start in (("a.svg", b"<svg"), ("a.pdf", b"%PDF")):
        plot.save(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)
    assert "log_cmp" in plot._repr_html_()
    with pytest.raises(fe.InputError, match=r"saved as .svg or .pdf; got 'a.png'"):
        plot.save(tmp_path / "a.png")
    with pytest.raises(fe.InputError, match="at least one figure"):
        ForestPlot.of("none", {})


def test_a_study_opens_with_its_first_picture_and_shows_it_once() -> None:
    page, lines = study_page(report()), study_markdown(report(), pictures="one").splitlines()
    assert page.count("<svg") == 1
    assert page.index("</h1>") < page.index("<svg") < page.index("before a figure")
    assert lines[2] == "![AUROC of a figure](one-0.svg)"
    assert sum(line.startswith("![") for line in lines) == 1
