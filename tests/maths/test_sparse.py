import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from foureyes.errors import InputError
from foureyes.maths.sparse import SparseRows, fit_sparse, logistic


def from_dense(matrix):
    row, column = np.nonzero(matrix)
    return SparseRows(row, column, matrix[row, column], matrix.shape)


@given(st.integers(0, 10_000))
def test_products_are_those_of_the_matrix(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(5, 7)) * (rng.random((5, 7)) < 0.4)
    rows, right, left = from_dense(matrix), rng.normal(size=7), rng.normal(size=5)
    assert rows.times(right) == pytest.approx(matrix @ right)
    assert rows.gathered(left) == pytest.approx(matrix.T @ left)
    assert rows.gathered_squares(left) == pytest.approx((matrix**2).T @ left)


def test_entries_at_one_place_add_up():
    rows = SparseRows(np.array([0, 0]), np.array([1, 1]), np.array([2.0, 3.0]), (1, 2))
    assert rows.times(np.array([7.0, 1.0])).tolist() == [5.0]


@pytest.mark.parametrize("ridge", [0.1, 1.0, 30.0])
def test_it_finds_the_optimum_of_scikit_learn(ridge):
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(200, 30)) * (rng.random((200, 30)) < 0.2)
    targets = rng.random(200) < logistic(matrix @ rng.normal(size=30) * 2)
    theirs = LogisticRegression(C=1 / ridge, fit_intercept=False, tol=1e-10, max_iter=5000).fit(matrix, targets)
    assert fit_sparse(from_dense(matrix), targets, ridge=ridge) == pytest.approx(theirs.coef_[0], abs=1e-5)


def test_the_slope_vanishes_at_the_optimum_whatever_the_targets_and_ridges():
    rng = np.random.default_rng(4)
    matrix = rng.normal(size=(300, 400)) * (rng.random((300, 400)) < 0.05)
    targets, ridge = rng.random(300), rng.uniform(0.01, 2, 400)
    found = fit_sparse(from_dense(matrix), targets, ridge=ridge)
    slope = matrix.T @ (logistic(matrix @ found) - targets) + ridge * found
    assert np.abs(slope).max() < 1e-6


def test_classes_that_separate_have_a_finite_optimum_with_a_ridge():
    rows = from_dense(np.array([[1.0], [2.0], [-1.0], [-2.0]]))
    (weight,) = fit_sparse(rows, [1, 1, 0, 0], ridge=0.01)
    assert 1 < weight < 20


def test_an_intercept_without_a_ridge_is_the_log_odds_of_the_base_rate():
    ones = from_dense(np.ones((10, 1)))
    assert fit_sparse(ones, [1] * 8 + [0] * 2, ridge=0)[0] == pytest.approx(np.log(4))


def test_a_column_nobody_touches_has_no_weight():
    rows = SparseRows(np.array([0, 1]), np.array([0, 0]), np.array([1.0, -1.0]), (2, 3))
    assert fit_sparse(rows, [1, 0], ridge=[0.1, 0.1, 0.0])[1:].tolist() == [0.0, 0.0]


def test_the_logistic_does_not_overflow():
    assert logistic(np.array([-1e6, 0.0, 1e6])).tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("targets", "ridge", "message"),
    [([1, 0, 1], 1, "2 rows need as many targets; got 3"), ([1, 2], 1, r"in \[0, 1\]"), ([1, 0], -1, "got -1")],
)
def test_what_cannot_be_fitted(targets, ridge, message):
    with pytest.raises(InputError, match=message):
        fit_sparse(from_dense(np.eye(2)), targets, ridge=ridge)


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        ([0], [5], [1.0], r"columns must lie in 0\.\.1; got 5"),
        ([2], [0], [1.0], r"rows must lie in 0\.\.1; got 2"),
        ([0, 1], [0], [1.0], "same length"),
        ([0], [0], [np.inf], "finite"),
        ([0], [0], [np.nan], "NaN"),
    ],
)
def test_entries_outside_the_matrix_are_refused(row, column, value, message):
    with pytest.raises(InputError, match=message):
        SparseRows(np.array(row), np.array(column), np.array(value), (2, 2))
