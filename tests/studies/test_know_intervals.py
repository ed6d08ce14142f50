"""Halves are disjoint and complete; intervals move with what they are said to draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.know_when.intervals import (
    figure_over_rows,
    halves,
    mean_over_models,
    mean_over_rows,
    median_of,
    weighted_over_rows,
)
from studies.know_when.values import Figure


@given(st.integers(2, 200), st.integers(0, 10))
def test_halves_part_the_rows(n, seed):
    fit, test = halves(n, seed)
    assert sorted([*fit, *test]) == list(range(n))
    assert 0 <= len(test) - len(fit) <= 1
    assert all(np.array_equal(a, b) for a, b in zip(halves(n, seed), (fit, test), strict=True))


def test_an_interval_over_rows_is_that_of_the_mean():
    values = np.random.default_rng(0).normal(size=2000)
    found = mean_over_rows(values, draws=2000, seed=1)
    error = values.std() / np.sqrt(2000)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(
        (values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.005
    )
    assert found.n == 2000


def test_drawing_rows_and_drawing_their_weights_agree():
    values = np.random.default_rng(0).normal(size=500)
    rows = figure_over_rows(lambda r: float(values[r].mean()), 500, draws=2000, seed=1)
    weighted = weighted_over_rows(lambda w: float(w @ values / w.sum()), 500, draws=2000, seed=2)
    assert (rows.low, rows.high) == pytest.approx((weighted.low, weighted.high), abs=0.02)


def test_pairs_that_share_models_are_not_taken_for_independent():
    rng = np.random.default_rng(0)
    own = rng.normal(size=12)
    members = np.array([(i, j) for i in range(12) for j in range(i)])
    values = own[members].sum(axis=1)
    found = mean_over_models(values, members, unit="pairs", draws=2000, seed=0, n_models=12)
    naive = 2 * 1.96 * values.std() / np.sqrt(len(values))
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low > 1.5 * naive
    assert (found.n, found.unit) == (66, "pairs")


def test_equal_values_leave_no_doubt():
    found = mean_over_models([0.25] * 3, np.array([[0], [1], [2]]), unit="models", draws=100, seed=0, n_models=3)
    assert (found.value, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25))


def test_medians_are_taken_end_by_end():
    figures = [Figure(value, value - spread, value + spread, 9, "rows") for value, spread in ((1, 3), (2, 1), (5, 1))]
    assert median_of(figures) == Figure(2, 1, 4, 9, "rows")


def test_medians_over_halvings_cover_the_truth():
    """Means of random halves of one sample: strongly dependent, as the study's halvings are."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(150):
        sample = rng.normal(size=200)
        some = [sample[halves(200, seed)[1]] for seed in range(5)]
        found = median_of([mean_over_rows(rows, draws=100, seed=1, level=0.975) for rows in some])
        hits += found.low <= 0 <= found.high
    assert hits >= 0.95 * 150 - 2 * np.sqrt(150 * 0.95 * 0.05)
