"""The page and the table of a calibrator say the same, and nothing from outside runs on the page."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from foureyes.calibration import Threshold, calibration_report
from foureyes.maths.reliability import reliability
from foureyes.report.calibration import CalibrationFindings, calibration_page, measures
from foureyes.report.diagrams import reliability_diagram


def judgement(scores: str = "log_cmp of tiny", *, in_sample: bool = False) -> CalibrationFindings:
    rng = np.random.default_rng(0)
    confidence = rng.random(500)
    right = rng.random(500) < confidence**2
    threshold = Threshold(0.9, "error_rate", 0.1, 0.05, 0.08, 500, 60, 0.12, 0.09, 0.15, in_sample)
    before = calibration_report(confidence, right, in_sample=in_sample)
    after = calibration_report(confidence**2, right, in_sample=in_sample)
    return CalibrationFindings("beta", scores, 400, 1, after, before, threshold)


def test_the_page_shows_every_line_of_the_table_and_every_bin():
    judged = judgement()
    page = calibration_page(judged)
    for line in measures(judged):
        assert f"<td>{line.before}</td><td>{line.after}</td>" in page
    assert page.count("<svg") == 2
    assert page.count("<tr>") == 1 + len(measures(judged)) + 1 + len(judged.after.reliability.n)
    assert "1 row lacks a score or a label and is left out" in page
    assert calibration_page(judged) == page


def test_names_from_outside_are_text():
    page = calibration_page(judgement("<script>alert(1)</script>"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_figures_on_fitted_rows_are_marked():
    page = calibration_page(judgement(in_sample=True))
    assert "these figures flatter it" in page
    assert "No promise" in page
    assert "these figures flatter it" not in calibration_page(judgement())


def test_a_diagram_has_a_point_and_an_interval_for_every_bin():
    rng = np.random.default_rng(1)
    confidence = rng.random(300)
    table = reliability(confidence, rng.random(300) < confidence, bins=7)
    svg = reliability_diagram(table, "some")
    root = ET.fromstring(svg)  # noqa: S314 - our own
    assert root.get("role") == "img"
    assert "300 rows in 7 bins" in str(root.get("aria-label"))
    assert svg.count("<use ") >= 7
    assert re.findall(r"#[0-9a-f]{6}\b(?=[;\"])", re.sub(r"var\(--\w+, #[0-9a-f]{6}\)", "", svg)) == []


def test_one_class_only_has_no_area_and_no_skill():
    report = calibration_report(np.full(20, 0.9), np.ones(20, bool))
    lines = {line.name: line.after for line in measures(CalibrationFindings("platt", "x", 9, 0, report, None))}
    assert lines["AUROC"] == "one class only"
    assert lines["Brier skill"] == lines["PRR"] == "undefined"


@pytest.mark.parametrize("in_sample", [False, True])
def test_json_says_whether_rows_were_fitted_on(in_sample: bool):  # noqa: FBT001 - a parameter of the test
    found = judgement(in_sample=in_sample).to_dict()
    assert found["after"]["in_sample"] is in_sample
    assert found["promise"]["cut"] == 0.9
