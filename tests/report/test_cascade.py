"""The page of a cascade: every curve, in numbers and drawn."""

from __future__ import annotations

import json

import numpy as np

from foureyes.cascade.curves import Costs, compare
from foureyes.cascade.routers import ThresholdRouter
from foureyes.report.cascade import Comparison, cascade_page, curve_lines


def comparison(*, better: bool = True, costs: Costs | None = None) -> Comparison:
    rng = np.random.default_rng(0)
    confidence = rng.random(200)
    small, large = rng.random(200) < confidence, rng.random(200) < 0.9
    first, second = (small, large) if better else (large, small)
    curves = compare({"router": (ThresholdRouter(), confidence)}, first, second, costs=costs, interval=(0.95, 50, 0))
    return Comparison(curves, 3, curves["router"].cheapest(0.5))


def test_every_curve_is_a_line_of_the_table_and_the_picture_is_there():
    found = comparison(costs=Costs(1, 10, unit="cents"))
    page = cascade_page(found)
    for line in curve_lines(found):
        assert f'<th scope="row">{line.name}</th><td>{line.apgr}</td>' in page
    assert page.count("<svg") == 1
    assert "cents a question" in page
    assert "3 more lack something" in page
    assert cascade_page(found) == page


def test_without_a_gap_nothing_is_said_to_be_recovered():
    found = comparison(better=False)
    assert "not the better one" in cascade_page(found)
    assert {line.apgr for line in curve_lines(found)} == {"no gap"}


def test_it_is_json_without_infinities():
    text = json.dumps(comparison().to_dict(), allow_nan=False)
    assert json.loads(text)["curves"]["router"]["points"][0]["cut"] is None
