"""The study of cleaning's defaults: its arithmetic, and that it chooses the default that we have."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from foureyes.cleaning.labels import DEFAULT_CUT
from studies.defaults.cleaning import average_precision, section
from studies.defaults.section import StudyPlan


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_is_scikit_learns_ties_and_weights_included(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score, wrong, weights = (
        rng.integers(0, 12, 60).astype(float),
        rng.random(60) < 0.3,
        rng.integers(0, 3, 60).astype(float),
    )
    found = average_precision(score, wrong)(weights)
    assert found == pytest.approx(average_precision_score(wrong, -score, sample_weight=weights))


def test_the_default_ranks_best_over_all_published_sets() -> None:
    folder = Path(os.environ.get("FOUREYES_SHARED", Path(__file__).parents[3] / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("real data not found: set FOUREYES_SHARED to the folder that holds data/")
    made = section(StudyPlan(folder, draws=20))
    ranking, cuts, choice = made.tables
    assert len(ranking.rows) == len(cuts.rows) >= 40
    means = {name: np.mean([float(row[2 + i]) for row in ranking.rows]) for i, name in enumerate(ranking.columns[2:7])}
    assert max(means, key=lambda name: means[name]) == "pooled"
    f1 = {row[0]: float(row[3]) for row in choice.rows}
    assert f1[f"cut {DEFAULT_CUT:g}"] > max(f1["calibrated"], f1["prune_by_noise_rate"], f1["confident_learning"])
    assert f1[f"cut {DEFAULT_CUT:g}"] > max(f1.values()) - 0.01
    assert (
        sum(paragraph.startswith("Against ") and "loses for certain on" in paragraph for paragraph in made.paragraphs)
        == 4
    )
