import numpy as np
import pytest

from foureyes.calibration.label_curve import LabelCurve, LabelPoint, label_curve
from foureyes.errors import InputError, NotEnoughData


def signals(n=600, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n))
    return {"a": a, "b": b}, rng.random(n) < 1 / (1 + np.exp(1.5 * (a + b)))


def test_two_halves_of_the_truth_win_once_there_are_labels():
    columns, right = signals()
    curve = label_curve(columns, right, sizes=[200, 10], draws=40)
    assert [round(point.n) for point in curve.points] == [10, 200]
    few, many = curve.points
    assert few.gain < many.gain
    assert many.wins >= 0.95
    assert many.low > 0
    assert many.combined - many.single == pytest.approx(many.gain)
    assert curve.enough() == 200
    assert (curve.n_rows, curve.n_skipped) == (600, 0)


def test_noise_beside_one_good_signal_wins_nothing():
    columns, right = signals()
    strong = {"good": columns["a"] + columns["b"], **{f"noise {i}": v for i, v in enumerate(_noise(4, 600))}}
    curve = label_curve(strong, right, sizes=[30], draws=40)
    assert curve.points[0].gain < 0
    assert curve.enough() is None


def _noise(k, n):
    return np.random.default_rng(9).normal(size=(k, n))


def test_a_signal_that_works_backwards_is_used_the_right_way_round():
    columns, right = signals()
    turned = {"a": -columns["a"], "b": columns["b"]}
    (straight,) = label_curve(columns, right, sizes=[150], draws=40).points
    (backwards,) = label_curve(turned, right, sizes=[150], draws=40).points
    assert backwards.combined == pytest.approx(straight.combined, abs=1e-6)
    assert backwards.single == pytest.approx(straight.single, abs=1e-6)


def test_answers_to_one_question_are_labelled_together():
    columns, right = signals(400)
    groups = np.arange(400) // 40
    curve = label_curve(columns, right, sizes=[100], groups=groups, draws=40)
    assert curve.points[0].n in (80, 120, 100)
    with pytest.raises(NotEnoughData, match="too few draws of 100 labels"):
        label_curve(columns, np.arange(400) < 40, sizes=[100], groups=groups, draws=40)


def test_sizes_that_hold_one_class_are_skipped_and_counted():
    columns, _ = signals(400)
    right = np.arange(400) > 11
    curve = label_curve(columns, right, sizes=[4, 300], draws=40)
    assert [round(point.n) for point in curve.points] == [300]
    assert curve.n_skipped == 1


def test_the_seed_decides_the_draws():
    columns, right = signals(200)
    curves = [label_curve(columns, right, sizes=[20], draws=40, seed=seed) for seed in (1, 1, 2)]
    assert curves[0] == curves[1] != curves[2]


def points(*wins):
    return LabelCurve(tuple(LabelPoint(10.0 * (i + 1), 0, 0, 0, 0, 0, w, 40) for i, w in enumerate(wins)), 100, 0)


@pytest.mark.parametrize(
    ("wins", "enough"),
    [((0.5, 0.9, 1.0), 20), ((0.95, 0.5, 0.95), 30), ((0.95, 0.95, 0.5), None), ((), None)],
)
def test_enough_means_from_there_on(wins, enough):
    assert points(*wins).enough() == enough


@pytest.mark.parametrize(
    ("columns", "settings", "message"),
    [
        ({"a": np.zeros(20)}, {}, "at least two signals; got a"),
        ({"a": np.zeros(20), "b": np.zeros(19)}, {}, "same length"),
        ({"a": np.zeros(20), "b": np.full(20, np.nan)}, {}, "NaN"),
        ({"a": np.zeros(20), "b": np.zeros(20)}, {"sizes": [17]}, r"4\.\.16; got 17"),
        ({"a": np.zeros(20), "b": np.zeros(20)}, {"sizes": [3]}, r"4\.\.16; got 3"),
        ({"a": np.zeros(20), "b": np.zeros(20)}, {"draws": 39}, "at least 40 of them; got 39"),
    ],
)
def test_what_cannot_be_measured(columns, settings, message):
    with pytest.raises(InputError, match=message):
        label_curve(columns, np.arange(20) % 2, **{"sizes": [8]} | settings)
