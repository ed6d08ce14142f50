"""Verdicts come from intervals alone, and the page says what was measured."""

from __future__ import annotations

import pytest

from foureyes.report.study import study_markdown
from studies.know_when.page import build_report, cell, final_verdict
from studies.know_when.values import Figure, FigureTable, PaperClaim, Question, StudyPart, verdict


def figure(low: float, high: float) -> Figure:
    return Figure((low + high) / 2, low, high, 7, "rows")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.1, 0.2, "holds"),
        (0.001, 0.002, "holds"),
        (-0.2, -0.1, "fails"),
        (-0.1, 0.2, "not decided"),
        (0.0, 0.1, "not decided"),
        (-0.02, 0.001, "not decided"),
        (-0.009, 0.009, "no difference"),
        (0.0, 0.0, "no difference"),
    ],
)
def test_a_claim_is_decided_only_by_a_whole_interval(low, high, said):
    assert verdict(figure(low, high)) == said


def test_a_figure_is_shown_with_interval_and_n():
    assert cell(Figure(0.12345, -0.00001, 0.2, 42, "rows")) == "0.1235 [0.0000, 0.2000], n=42"


def test_a_halving_that_dissents_does_not_decide_and_most_of_them_do():
    claim = PaperClaim(Question.TRANSFER, "it works", "paper .5", figure(0.1, 0.3), "points")
    most = [figure(0.1, 0.3), figure(0.2, 0.4), figure(0.05, 0.2), figure(-0.1, 0.2), figure(0.1, 0.2)]
    assert final_verdict(claim, {"it works": most}) == "holds"
    assert final_verdict(claim, {"it works": [*most[3:], figure(-0.2, 0.1)]}) == "not decided"
    assert final_verdict(claim, {}) == "holds"


def test_the_page_counts_verdicts_and_says_what_was_skipped():
    held = PaperClaim(Question.TRANSFER, "it works", "paper .5", figure(0.1, 0.3), "points", caveat="three rows")
    lost = PaperClaim(Question.CLEANING, "it flies", "paper .6", figure(-0.3, -0.1), "points")
    tables = (FigureTable("T", ("a", "b"), [("x|y", 1)]), FigureTable("Empty", ("a",), []))
    halvings = {"it works": [figure(0.2, 0.4), figure(-0.1, 0.3), figure(-0.5, -0.2)]}
    missing = {"second": "x.npz is not in the data folder"}
    parts = [StudyPart("First", (held, lost), tables, ("a note",))]
    page = study_markdown(build_report(parts, missing, "Seed 0.", {"x.npz": "abc"}, halvings, "c"))
    assert "Of 2 claims 0 hold, 1 fail, 0 make no difference of a point, and 1 are not decided." in page
    assert "0.1000 \\[-0.1000, 0.3000\\], n=7 rows" in page
    assert "not decided (small sample: three rows) | holds in 1, not decided in 1, fails in 1 |" in page
    assert "fails | fails in 1 |" in page
    assert "- Do calibrated experts beat Confident Learning at equal detection? Of 1 claim, fails in 1." in page
    assert "beat both?" not in page
    assert "second was skipped: x.npz is not in the data folder" in page
    assert "| x\\|y | 1 |" in page
    assert "a note" in page
    assert "Empty" not in page
    assert "| x.npz | abc |" in page
