import json

import numpy as np
import pytest

from foureyes.calibration import Combiner, Source, held_out_gain
from foureyes.errors import ConfigError, InputError, NotEnoughData


def signals(n=1000, seed=0):
    rng = np.random.default_rng(seed)
    a, b, noise = rng.normal(size=(3, n))
    return {"log_cmp": a, "cme": b, "noise": noise}, rng.random(n) < 1 / (1 + np.exp(a + b))


def test_every_signal_counts_and_their_order_does_not():
    columns, right = signals()
    combined = Combiner.fit(columns, right)
    assert combined.weights[0] == pytest.approx(-1, abs=0.25)
    assert combined.weights[1] == pytest.approx(-1, abs=0.25)
    assert combined.weights[2] == pytest.approx(0, abs=0.25)
    backwards = Combiner.fit(dict(reversed(columns.items())), right)
    assert backwards.predict_proba(columns) == pytest.approx(combined.predict_proba(columns), abs=1e-9)


def test_a_ridge_pulls_weights_towards_nothing():
    columns, right = signals(100)
    sizes = [np.abs(Combiner.fit(columns, right, ridge=ridge).weights).sum() for ridge in (0, 1, 10, 1e6)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 1e-3
    flat = Combiner.fit(columns, right, ridge=1e9).predict_proba(columns)
    assert flat == pytest.approx(right.mean(), abs=0.02)


def test_a_signal_said_twice_shares_its_weight():
    columns, right = signals()
    alone = Combiner.fit({"log_cmp": columns["log_cmp"]}, right, ridge=0)
    twice = Combiner.fit({"log_cmp": columns["log_cmp"], "again": columns["log_cmp"]}, right, ridge=0)
    assert twice.weights == pytest.approx((alone.weights[0] / 2,) * 2, rel=1e-4)


def test_a_constant_signal_has_no_weight():
    columns, right = signals()
    with_constant = Combiner.fit(columns | {"flag": np.ones(1000)}, right)
    assert with_constant.weights[-1] == 0
    assert with_constant.weights[:3] == pytest.approx(Combiner.fit(columns, right).weights)


def test_infinities_count_as_the_most_extreme_finite_score_of_their_signal():
    columns, right = signals()
    columns["cme"][0] = np.inf
    combined = Combiner.fit(columns, right)
    highest = {name: np.array([column[np.isfinite(column)].max()]) for name, column in columns.items()}
    infinite = {name: np.array([np.inf]) for name in columns}
    assert combined.predict_proba(infinite) == pytest.approx(combined.predict_proba(highest))


def test_it_survives_json_and_knows_its_rows_and_signals():
    columns, right = signals()
    first = {name: column[:500] for name, column in columns.items()}
    rest = {name: column[500:] for name, column in columns.items()}
    combined = Combiner.fit(first, right[:500], source=Source("log_cmp+cme+noise", "m"))
    assert Combiner.from_json(combined.to_json()) == combined
    assert combined.report(rest, right[500:]).auroc.value > 0.75
    with pytest.raises(InputError, match="was fitted on"):
        combined.report(first, right[:500])
    with pytest.raises(ConfigError, match=r"log_cmp\+cme\+noise of m"):
        combined.predict_proba(rest, source=Source("log_cmp", "m"))
    with pytest.raises(InputError, match="fitted on the signals log_cmp, cme, noise; got log_cmp, cme"):
        combined.predict_proba({name: rest[name] for name in ("log_cmp", "cme")})


@pytest.mark.parametrize(
    ("columns", "right", "settings", "message"),
    [
        ({}, [1, 0], {}, "at least one signal"),
        ({"a": [1, 2]}, [1, 0], {"ridge": -1}, "at least 0; got -1"),
        ({"a": [1, np.nan]}, [1, 0], {}, "signal 'a' must not contain NaN; got at row 1"),
        ({"a": [1, 2], "b": [1]}, [1, 0], {}, "a 2, b 1, correct 2"),
        ({"a": [1e200, -1e200]}, [1, 0], {}, "within ±1e150"),
    ],
)
def test_what_cannot_be_combined(columns, right, settings, message):
    with pytest.raises(InputError, match=message):
        Combiner.fit(columns, right, **settings)


def test_one_class_is_not_enough():
    with pytest.raises(NotEnoughData, match="2 right, 0 wrong"):
        Combiner.fit({"a": [1, 2]}, [1, 1])


def test_the_gain_over_the_best_single_signal_is_measured_on_unseen_rows():
    columns, right = signals()
    gain = held_out_gain(columns, right)
    assert gain.best_single in ("log_cmp", "cme")
    assert gain.low > 0
    assert gain.auroc_combined > gain.auroc_single
    assert gain.gain == pytest.approx(gain.nll_single - gain.nll_combined)


def test_noise_gains_nothing():
    columns, _ = signals(400)
    right = np.random.default_rng(9).random(400) < 1 / (1 + np.exp(2 * columns["log_cmp"]))
    gain = held_out_gain({"log_cmp": columns["log_cmp"], "noise": columns["noise"]}, right)
    assert gain.best_single == "log_cmp"
    assert gain.low < 0 < gain.high or gain.high <= 0
    with pytest.raises(InputError, match="at least two signals; got log_cmp"):
        held_out_gain({"log_cmp": columns["log_cmp"]}, right)


def test_a_whole_number_as_intercept_is_one():
    combiner = Combiner.fit({"a": [0.0, 1.0, 2.0, 3.0]}, [False, True, False, True])
    document = json.loads(combiner.to_json())
    document["parameters"]["intercept"] = 1
    assert 0 < Combiner.from_json(json.dumps(document)).predict_proba({"a": [1.0]})[0] < 1
