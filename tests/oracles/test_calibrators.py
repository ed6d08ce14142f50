"""Our fits against scikit-learn's and SciPy's, at the same optimum."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from foureyes.calibration import Beta, Combiner, Isotonic, Platt, Temperature
from foureyes.calibration.logistic import RISING, fit_line, fit_one_way

SHAPES = pytest.mark.parametrize("shape", ["smooth", "ties", "separable", "upside down", "rare", "large"])


def drawn(shape):
    rng = np.random.default_rng(3)
    x = rng.normal(size=50_000 if shape == "large" else 800) * 3 + 10
    right = rng.random(len(x)) < 1 / (1 + np.exp(x - 10))
    if shape == "ties":
        x = np.round(x)
    if shape == "separable":
        right = x < 10
    if shape == "upside down":
        right = ~right
    if shape == "rare":
        right = rng.random(len(x)) < 0.01
    return x, right


def targets(right):
    return np.where(right, (right.sum() + 1) / (right.sum() + 2), 1 / ((~right).sum() + 2))


@SHAPES
def test_platt_is_scikit_learn_s_sigmoid(shape):
    x, right = drawn(shape)
    goal = targets(right)
    theirs, ours = _SigmoidCalibration().fit(x, right), Platt.fit(x, right)

    def loss(p):
        return -(goal * np.log(p) + (1 - goal) * np.log1p(-p)).mean()

    assert loss(ours.predict_proba(x)) <= loss(np.clip(theirs.predict(x), 1e-15, 1 - 1e-15)) + 1e-9
    assert ours.predict_proba(x) == pytest.approx(theirs.predict(x), abs=2e-3)


@SHAPES
@pytest.mark.parametrize("larger_is", ["worse", "better"])
def test_isotonic_is_scikit_learn_s(shape, larger_is):
    x, right = drawn(shape)
    theirs = IsotonicRegression(increasing=larger_is == "better", out_of_bounds="clip").fit(x, targets(right))
    grid = np.linspace(x.min() - 1, x.max() + 1, 5001)
    assert Isotonic.fit(x, right, larger_is=larger_is).predict_proba(grid) == pytest.approx(
        theirs.predict(grid), abs=1e-9
    )


@pytest.mark.parametrize("ridge", [0.01, 1.0, 100.0])
def test_a_combiner_is_scikit_learn_s_logistic_regression_on_standardised_columns(ridge):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 3)) * [1, 100, 0.01] + [0, 50, 7]
    right = rng.random(600) < 1 / (1 + np.exp(x[:, 0] + x[:, 1] / 100 - 0.5))
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    theirs = LogisticRegression(C=1 / ridge, tol=1e-10, max_iter=1000).fit(standard, right)
    # Theirs takes hard labels, so Platt's targets are moved to within rounding of them.
    line = fit_line(list(x.T), np.where(right, 1 - 1e-12, 1e-12), ridge=ridge)
    assert np.array(line.weights) * x.std(axis=0) == pytest.approx(theirs.coef_[0], abs=1e-5)
    combined = Combiner.fit(dict(zip("abc", x.T, strict=True)), right, ridge=ridge)
    own = combined.predict_proba(dict(zip("abc", x.T, strict=True)))
    assert own == pytest.approx(theirs.predict_proba(standard)[:, 1], abs=0.01)


@pytest.mark.parametrize("classes", [2, 4, 100])
def test_temperature_is_the_optimum_that_scipy_finds(classes):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(1500, classes)) * 2
    p = np.exp(logits / 1.5)
    labels = (np.cumsum(p / p.sum(axis=1, keepdims=True), axis=1) > rng.random((1500, 1))).argmax(axis=1)

    def loss(log_temperature):
        z = logits / np.exp(log_temperature[0])
        return (np.logaddexp.reduce(z, axis=1) - z[np.arange(1500), labels]).mean()

    best = np.exp(minimize(loss, [0.0], tol=1e-12).x[0])
    assert Temperature.fit(logits, labels).temperature == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize("power", [0.2, 1.0, 4.0])
def test_beta_is_the_constrained_optimum_that_scipy_finds(power):
    rng = np.random.default_rng(0)
    p = rng.beta(2, 1, 2000)
    stated, right = p**power, rng.random(2000) < p
    features = np.stack([np.log(stated), -np.log1p(-stated), np.ones(2000)])

    def loss(parameters):
        z = parameters @ features
        return (np.logaddexp(0, z) - targets(right) * z).mean()

    best = minimize(loss, [0.5, 0.5, 0.0], bounds=[(0, None), (0, None), (None, None)], tol=1e-12)
    ours = Beta.fit(stated, right)
    assert loss(np.array([ours.a, ours.b, ours.c])) == pytest.approx(best.fun, abs=1e-7)
    assert (ours.a, ours.b, ours.c) == pytest.approx(tuple(best.x), abs=5e-3)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("n", [20, 60, 4000])
def test_a_line_that_is_held_to_a_direction_is_the_optimum_that_scipy_finds(n, sign):
    rng = np.random.default_rng(1)
    x = rng.normal(size=n) * 5 - 2
    goal = targets(rng.random(n) < 0.4)  # the score says nothing, so chance alone may point either way
    z = (x - x.mean()) / x.std()

    def loss(at):
        line = at[0] + np.exp(at[1]) * z
        return (np.logaddexp(0, line) - goal * line).sum() - RISING * at[1]

    best = minimize(loss, [0.0, -1.0], tol=1e-12)
    ours = fit_one_way(sign * x, goal, "better" if sign > 0 else "worse")
    assert sign * ours.weights[0] * x.std() == pytest.approx(np.exp(best.x[1]), rel=1e-3)
