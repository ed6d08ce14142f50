import numpy as np
import pytest

from foureyes.calibration import Source, fit_best
from foureyes.errors import InputError, NotEnoughData


def drawn(n, chance, seed=0):
    rng = np.random.default_rng(seed)
    u = rng.normal(size=n)
    return u, rng.random(n) < chance(u)


def line(u):
    return 1 / (1 + np.exp(2 * u))


def step(u):
    return np.where(u < 0, 0.9, 0.4)


def bump(u):
    return np.where(np.abs(u) < 0.7, 0.9, 0.3)


def test_a_line_is_taken_for_what_is_one():
    assert [fit_best(*drawn(300, line, seed)).calibrator.kind for seed in range(10)] == ["platt"] * 10


@pytest.mark.parametrize(("chance", "kinds"), [(step, {"isotonic", "histogram"}), (bump, {"histogram"})])
def test_a_line_is_left_for_what_is_none(chance, kinds):
    choice = fit_best(*drawn(3000, chance))
    assert choice.calibrator.kind in kinds
    platt = choice.trials[0]
    assert platt.kind == "platt"
    assert platt.excess > platt.excess_error


def test_the_reason_names_the_figures_it_rests_on():
    choice = fit_best(*drawn(300, line), source=Source("log_cmp", "m"))
    chosen = choice.trials[0]
    assert f"{chosen.nll:.4f}" in choice.reason
    assert choice.reason.startswith("platt: ")
    assert [trial.kind for trial in choice.trials] == ["platt", "histogram", "isotonic"]
    assert min(trial.excess for trial in choice.trials) == 0
    assert choice.folds == 5
    assert choice.calibrator.fitted_on.source == Source("log_cmp", "m")
    assert choice.calibrator.fitted_on.rows.n == 300
    assert "only candidate" in fit_best(*drawn(300, line), candidates=["isotonic"]).reason


def test_confidences_can_be_recalibrated_with_beta():
    rng = np.random.default_rng(0)
    stated = rng.random(3000)
    chance = stated**2 / (stated**2 + np.sqrt(1 - stated))
    right = rng.random(3000) < chance
    choice = fit_best(stated, right, candidates=["histogram", "beta", "isotonic"], larger_is="better")
    assert choice.calibrator.kind == "beta"
    assert choice.trials[0].ece < 0.03


def test_the_order_of_the_rows_does_not_matter():
    u, right = drawn(500, step)
    order = np.random.default_rng(1).permutation(500)
    a, b = fit_best(u, right), fit_best(u[order], right[order])
    assert a.reason == b.reason
    assert a.calibrator == b.calibrator or a.calibrator.kind == "platt"


def test_rows_of_one_question_can_be_kept_together():
    u, right = drawn(100, line)
    choice = fit_best(np.repeat(u, 8), np.repeat(right, 8), folds=np.repeat(np.arange(100) % 4, 8))
    assert choice.folds == 4
    apart = fit_best(np.repeat(u, 8), np.repeat(right, 8))
    assert apart.trials[-1].nll < choice.trials[-1].nll, "copies of a row in other folds flatter a flexible candidate"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"candidates": ["platt", "magic"]}, "among platt, beta, histogram, isotonic; got magic"),
        ({"candidates": []}, "got none"),
        ({"folds": 1}, "folds must be at least 2; got 1"),
        ({"larger_is": "bigger"}, "worse, better; got 'bigger'"),
        ({"folds": [0, 1]}, "folds 2, scores 50"),
        ({"candidates": ["beta"]}, r"lie in \[0, 1\]"),
    ],
)
def test_what_cannot_be_chosen(settings, message):
    with pytest.raises(InputError, match=message):
        fit_best(*drawn(50, line), **settings)


def test_folds_that_leave_one_class_are_not_enough():
    with pytest.raises(NotEnoughData, match="both classes outside every fold; got 0 right of 8"):
        fit_best(np.arange(10), np.arange(10) == 0)
    with pytest.raises(NotEnoughData, match=r"both classes|two folds"):
        fit_best(np.arange(10), np.arange(10) < 5, folds=np.zeros(10, dtype=int))
