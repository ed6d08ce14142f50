"""The stated false-alarm rates, by simulation, and the power to see what really changed."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.maths.bounds import rate_lower
from foureyes.maths.change import _STAKES, MeanTest, RateDetector
from foureyes.maths.exchangeability import ExchangeabilityTest, conformal_p

STREAMS = 1000


def draw(kind, rng, n):
    values = rng.beta(8, 2, n)
    return {"smooth": values, "coarse": np.round(values, 1), "flags": (values > 0.9).astype(float)}[kind]


def is_at_most(alarms, streams, alpha):
    """Whether this many alarms are what a chance of at most alpha may give: the exact lower bound stays below it."""
    return rate_lower(alarms, streams, 1e-4) <= alpha


@pytest.mark.parametrize("kind", ["smooth", "coarse", "flags"])
@pytest.mark.parametrize("with_reference", [True, False])
def test_a_stream_that_does_not_change_hardly_ever_alarms(kind, with_reference):
    rng = np.random.default_rng(5)
    alarms = 0
    for seed in range(STREAMS):
        values = draw(kind, rng, 300)
        reference, stream = (values[:60], values[60:]) if with_reference else ((), values)
        test = ExchangeabilityTest(reference, alpha=0.3, epoch=80, seed=seed)
        alarms += any(test.observe(value) for value in stream.tolist())
    assert is_at_most(alarms, STREAMS, 0.3)
    assert alarms > 0  # otherwise this test would see nothing


@pytest.mark.parametrize(
    ("epoch", "streams"), [(20, 300), (2000, 400)], ids=["many epochs", "a short reference for long"]
)
def test_alarms_stay_as_rare_as_stated_however_long_the_stream(epoch, streams):
    rng = np.random.default_rng(7)
    alarms = 0
    for seed in range(streams):
        values = draw("flags", rng, 1060)
        test = ExchangeabilityTest(values[:60], alpha=0.3, epoch=epoch, seed=seed)
        alarms += any(test.observe(value) for value in values[60:].tolist())
    assert is_at_most(alarms, streams, 0.3)


def test_p_values_of_exchangeable_values_are_uniform_and_independent_even_with_ties():
    rng = np.random.default_rng(1)
    pairs = []
    for _ in range(4000):
        values, ties = np.round(rng.random(8), 1).tolist(), rng.random(2)
        pairs.append(
            [conformal_p(sorted(values[:6]), values[6], ties[0]), conformal_p(sorted(values[:7]), values[7], ties[1])]
        )
    first, second = np.array(pairs).T
    for p in (first, second):
        assert np.abs(np.quantile(p, np.linspace(0.1, 0.9, 9)) - np.linspace(0.1, 0.9, 9)).max() < 0.03
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


@pytest.mark.parametrize(
    ("after", "within"),
    [((5, 5), 60), ((40, 10), 300), ((20, 2), 250)],
    ids=["falls", "narrows", "rises"],
)
def test_a_change_is_seen_soon(after, within):
    rng = np.random.default_rng(2)
    seen = 0
    for seed in range(60):
        test = ExchangeabilityTest(rng.beta(8, 2, 500), alpha=0.01, seed=seed)
        calm = [test.observe(value) for value in rng.beta(8, 2, 100).tolist()]
        seen += not any(calm) and any(test.observe(value) for value in rng.beta(*after, within).tolist())
    assert seen >= 55


def test_a_change_long_after_the_start_is_still_seen_soon():
    rng = np.random.default_rng(4)
    test = ExchangeabilityTest(rng.beta(8, 2, 400), alpha=0.01, epoch=500)
    assert not any(test.observe(value) for value in rng.beta(8, 2, 6000).tolist())
    delays = [test.observe(value) for value in rng.beta(5, 5, 200).tolist()]
    assert any(delays)
    assert delays.index(True) < 120


def test_a_test_without_reference_learns_one_from_its_first_epoch():
    rng = np.random.default_rng(6)
    test = ExchangeabilityTest(alpha=0.01, epoch=200)
    for value in rng.beta(8, 2, 250).tolist():
        test.observe(value)
    assert test.n_reference == 200
    assert test.reference_mean == pytest.approx(0.8, abs=0.03)
    assert any(test.observe(value) for value in rng.beta(5, 5, 140).tolist())


def test_an_alarm_is_raised_once_and_stands_until_the_restart():
    test = ExchangeabilityTest(np.linspace(0, 1, 200), alpha=0.05)
    raised = [test.observe(2.0) for _ in range(200)]
    assert sum(raised) == 1
    assert test.alarmed
    before = test.limit
    test.restart([2.0] * 50)
    assert not test.alarmed
    assert test.limit > before  # the next epoch has less of alpha to spend
    assert not any(test.observe(2.0) for _ in range(200))


def test_memory_is_bounded_whatever_comes():
    test = ExchangeabilityTest(np.random.default_rng(0).random(100_000), epoch=50)
    assert test.n_reference == ExchangeabilityTest.most
    for value in np.random.default_rng(1).random(500).tolist():
        test.observe(value)
    assert len(test.state()["bag"]) <= ExchangeabilityTest.most + 50


@given(st.integers(0, 60), st.booleans())
def test_a_restored_test_goes_on_as_if_nothing_had_happened(cut, with_reference):
    rng = np.random.default_rng(cut)
    values = np.round(rng.random(90), 1).tolist()
    straight = ExchangeabilityTest(values[:30] if with_reference else (), alpha=0.2, epoch=20, seed=cut)
    broken = ExchangeabilityTest.from_state(json.loads(json.dumps(straight.state())))
    for i, value in enumerate(values[30:]):
        if i == cut:
            broken = ExchangeabilityTest.from_state(json.loads(json.dumps(broken.state())))
        assert straight.observe(value) == broken.observe(value)
        assert straight.capital == broken.capital


@pytest.mark.parametrize("fair", ["coins", "streaks"])
def test_a_mean_within_its_limit_hardly_ever_alarms(fair):
    rng = np.random.default_rng(8)
    alarms = 0
    for _ in range(STREAMS):
        coins = rng.random(400) < 0.1
        if fair == "streaks":  # what comes next depends on what came, but is never above the limit on average
            coins &= np.roll(np.cumsum(coins) % 7 != 0, 1)
        test = MeanTest(0.1, alpha=0.2)
        alarms += any(test.observe(float(coin)) for coin in coins.tolist())
    assert is_at_most(alarms, STREAMS, 0.2)


@pytest.mark.parametrize(("rate", "within"), [(0.2, 400), (0.5, 60), (1.0, 12)])
def test_a_mean_above_its_limit_is_found_out(rate, within):
    rng = np.random.default_rng(9)
    found = 0
    for _ in range(100):
        test = MeanTest(0.1, alpha=0.01)
        found += any(test.observe(float(coin)) for coin in (rng.random(within) < rate).tolist())
    assert found >= 95


def test_losses_need_not_be_flags():
    test = MeanTest(0.3, alpha=0.01)
    assert any(test.observe(0.6) for _ in range(100))


def test_a_rate_within_its_limit_alarms_no_more_often_than_said():
    rng = np.random.default_rng(10)
    run_length, longest, total = 150, 1500, 0
    for _ in range(STREAMS):
        detector = RateDetector(0.1, run_length=run_length)
        coins = (rng.random(longest) < 0.1).tolist()
        total += next((t for t, coin in enumerate(coins, 1) if detector.observe(float(coin))), longest)
    assert total / STREAMS >= run_length  # runs cut off at `longest` only make this smaller


def test_a_rate_that_rises_late_is_seen_as_soon_as_one_that_rises_early():
    rng = np.random.default_rng(11)
    delays = []
    for quiet in (10, 5000):
        detector = RateDetector(0.05, run_length=10_000)
        for coin in (rng.random(quiet) < 0.03).tolist():
            detector.observe(float(coin))
        delays.append(next(t for t in range(1, 1000) if detector.observe(float(rng.random() < 0.6))))
    assert max(delays) <= 40


def test_a_rate_detector_starts_anew_after_an_alarm():
    detector = RateDetector(0.05, run_length=100)
    while not detector.observe(1.0):
        pass
    assert detector.evidence == 0


@given(st.lists(st.floats(0, 1), max_size=40), st.integers(0, 40))
def test_restored_tests_by_betting_go_on_as_if_nothing_had_happened(values, cut):
    for straight in (MeanTest(0.2, alpha=0.1), RateDetector(0.2, run_length=50)):
        broken = type(straight).from_state(straight.state())
        for i, value in enumerate(values):
            if i == cut:
                broken = type(straight).from_state(json.loads(json.dumps(broken.state())))
            assert straight.observe(value) == broken.observe(value)
        assert straight.state() == broken.state()


def test_endless_quiet_breaks_no_arithmetic():
    for detector in (MeanTest(0.5), RateDetector(0.5)):
        for _ in range(20_000):
            detector.observe(0.0)
    mean = MeanTest(0.5)
    for _ in range(20_000):
        mean.observe(0.0)
    assert 0 <= mean.capital < 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_none_are_refused(value):
    with pytest.raises(InputError, match="finite"):
        ExchangeabilityTest([1.0]).observe(value)
    with pytest.raises(InputError, match=r"in \[0, 1\]"):
        MeanTest(0.1).observe(value)
    with pytest.raises(InputError, match=r"in \[0, 1\]"):
        RateDetector(0.1).observe(value)


def test_settings_out_of_range_are_refused():
    with pytest.raises(InputError, match="alpha must lie strictly"):
        ExchangeabilityTest(alpha=0)
    with pytest.raises(InputError, match="2 to 4096 values; got 1"):
        ExchangeabilityTest(epoch=1)
    with pytest.raises(InputError, match="reference must not contain NaN"):
        ExchangeabilityTest([float("nan")])
    with pytest.raises(InputError, match="limit must lie strictly"):
        MeanTest(1.0)
    with pytest.raises(InputError, match="above 1; got 1"):
        RateDetector(0.1, run_length=1)


@pytest.mark.parametrize("kind", [ExchangeabilityTest, MeanTest, RateDetector])
def test_a_state_that_is_not_one_is_refused(kind):
    with pytest.raises(InputError, match="not the state of a detector: it lacks"):
        kind.from_state({})


def test_a_rate_detector_that_comes_to_rest_says_and_is_the_same():
    detector, sums = RateDetector(0.05, run_length=500), np.zeros(len(_STAKES))
    for t in range(12_000):
        value = float(t in (9000, 9001, 9002) or 10_500 < t < 10_600)
        for i, stake in enumerate(_STAKES):
            sums[i] = (sums[i] + 1) * (1 - stake + stake / 0.05 * value)
        is_risen = sum(sums) >= 500 * len(_STAKES)
        sums *= not is_risen
        assert detector.observe(value) == is_risen
        assert detector.state()["sums"] == sums.tolist()
