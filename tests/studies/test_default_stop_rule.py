"""The rules of stopping do what the study says of them."""

from __future__ import annotations

import numpy as np

from foureyes.cleaning.labels import find_label_issues
from foureyes.cleaning.stopping import precision_curve
from studies.defaults.stop_rule import RULES


def test_rules_that_test_flag_no_more_than_the_rows_show_and_ours_more_than_bonferroni() -> None:
    shares: dict[str, list[float]] = {name: [] for name in RULES}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        confidence = rng.uniform(0.5, 1, 200)
        probs = np.column_stack([1 - confidence, confidence])
        issues = find_label_issues(np.zeros(200, int), probs, method="calibrated", keep_top=1.0)
        points = precision_curve(issues, np.arange(200), rng.random(200) < confidence)
        for name, rule in RULES.items():
            chosen = rule(points, 0.75)
            shares[name].append(0.0 if chosen is None else chosen.keep_top)
    ours, alone, _, untested = (float(np.mean(found)) for found in shares.values())
    assert alone < ours < untested
