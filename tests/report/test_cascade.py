"""The page of a cascade: every curve, in numbers and drawn."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from foureyes.cascade.curves import Costs, compare
from foureyes.cascade.lead import RouterLead, router_lead
from foureyes.cascade.routers import ThresholdRouter
from foureyes.report.cascade import CascadeFindings, cascade_lines, cascade_page, curve_lines, lead_lines


def comparison(*, better: bool = True, costs: Costs | None = None) -> CascadeFindings:
    rng = np.random.default_rng(0)
    confidence = rng.random(200)
    small, large = rng.random(200) < confidence, rng.random(200) < 0.9
    first, second = (small, large) if better else (large, small)
    other = np.sqrt(confidence) * rng.random(200)
    reads = {"router": (ThresholdRouter(), confidence), "<b>other": (ThresholdRouter(), other)}
    curves = compare(reads, first, second, costs=costs, interval=(0.95, 50, 0))
    lead = router_lead(reads["router"], reads["<b>other"], first, second, interval=(0.95, 50, 0))
    return CascadeFindings(curves, 3, curves["router"].cheapest(0.5), {"<b>other": lead})


def test_every_curve_is_a_line_of_the_table_and_the_picture_is_there():
    found = comparison(costs=Costs(1, 10, unit="cents"))
    page = cascade_page(found)
    terminal = "\n".join(cascade_lines(found))
    for line in curve_lines(found):
        name = line.name.replace("<b>", "&lt;b&gt;")
        assert f'<th scope="row">{name}</th><td>{line.apgr}</td>' in page
        assert line.apgr in terminal
    (lead,) = lead_lines(found)
    assert f"<td>{lead.apgr}</td><td>{lead.accuracy}</td>" in page
    assert lead.apgr.startswith("+")
    assert lead.accuracy in terminal
    assert "<b>other" not in page
    assert page.count("<svg") == 1
    assert "cents a question" in page
    assert "3 more lack something" in page
    assert cascade_page(found) == page


def test_without_a_gap_nothing_is_said_to_be_recovered():
    found = comparison(better=False)
    assert "not the better one" in cascade_page(found)
    assert {line.apgr for line in curve_lines(found)} == {"no gap"}
    assert lead_lines(found)[0].apgr == "no gap"
    assert "no gap" not in lead_lines(found)[0].accuracy


def test_the_best_point_is_set_against_the_better_model():
    found = comparison(better=False)
    assert found.best.accuracy == max(point.accuracy for point in found.router.points)
    words = cascade_lines(found)[-1]
    assert words in cascade_page(found)
    assert f"{found.best.accuracy:.1%}" in words
    assert f"the better model alone in {found.router.small_accuracy:.1%}." in words


def test_it_is_json_without_infinities():
    text = json.dumps(comparison().to_dict(), allow_nan=False)
    assert json.loads(text)["curves"]["router"]["points"][0]["cut"] is None


@pytest.mark.parametrize(
    ("low", "value", "high", "words"),
    [
        (0.0, 0.0, 0.0, "escalates as a plain threshold on the same confidence would"),
        (
            0.01,
            0.02,
            0.03,
            "is ahead of a plain threshold on the same confidence: mean accuracy +0.020 [+0.010, +0.030]",
        ),
        (-0.03, -0.02, -0.01, "is behind a plain threshold"),
        (-0.01, 0.02, 0.03, "is not clearly apart from a plain threshold"),
    ],
)
def test_what_the_router_adds_to_a_threshold_is_said(low: float, value: float, high: float, words: str) -> None:
    found = comparison()
    lead = RouterLead(0.1, 0.0, 0.2, value, low, high, 0.95, 200)
    told = replace(found, leads={**found.leads, "threshold": lead})
    assert any(words in line for line in cascade_lines(told))
    assert words in cascade_page(told)
