import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.cascade.routers import AdvantageRouter, FittedRouter, ThresholdRouter, calibrated_router
from foureyes.errors import InputError, NotEnoughData


def pair(seed, n=200):
    rng = np.random.default_rng(seed)
    return rng.random(n).round(2), rng.random(n).round(2), (rng.random(n) < 0.5, rng.random(n) < 0.7)


@given(st.integers(0, 5000), st.integers(1, 12))
def test_a_bin_is_worth_the_mean_advantage_of_its_rows(seed, bins):
    small, large, _ = pair(seed)
    router = AdvantageRouter.fit(small, large, bins=bins)
    place = np.searchsorted(router.cuts, small, side="right")
    for b, (advantage, count) in enumerate(zip(router.advantage, router.counts, strict=True)):
        assert count == (place == b).sum()
        assert advantage == pytest.approx((large - small)[place == b].mean())
    assert np.argsort(router.rank).tolist() == np.argsort(router.advantage, kind="stable").tolist()


@given(st.integers(0, 5000), st.sampled_from(["confidence", "accuracy", "threshold"]))
def test_rows_are_escalated_by_the_rank_of_their_bin(seed, order):
    small, large, correct = pair(seed)
    router = AdvantageRouter.fit(small, large, order=order, correct=correct)
    place = np.searchsorted(router.cuts, small, side="right")
    np.testing.assert_array_equal(router.priority(small), np.array(router.rank)[place])


def test_the_order_by_accuracy_uses_labels_only():
    small, large, (small_ok, large_ok) = pair(0)
    router = AdvantageRouter.fit(small, large, order="accuracy", correct=(small_ok, large_ok))
    place = np.searchsorted(router.cuts, small, side="right")
    wanted = [large_ok[place == b].mean() - small_ok[place == b].mean() for b in range(15)]
    np.testing.assert_allclose(router.advantage, wanted, atol=1e-12)


@given(st.integers(0, 5000))
def test_the_threshold_order_is_like_the_threshold(seed):
    small, large, _ = pair(seed)
    router = AdvantageRouter.fit(small, large, order="threshold")
    assert router.unlike_threshold == ()
    lower_first = np.argsort(ThresholdRouter().priority(small))
    assert (np.diff(router.priority(small)[lower_first]) >= 0).all()


def test_where_the_orders_differ_is_said():
    small = np.repeat([0.1, 0.5, 0.9], 10)
    falling = AdvantageRouter.fit(small, np.repeat([0.8, 0.8, 0.95], 10), bins=3)
    assert falling.unlike_threshold == ()
    hopeless = AdvantageRouter.fit(small, np.repeat([0.15, 0.8, 0.95], 10), bins=3)
    assert hopeless.rank == (0, 1, 0)
    assert hopeless.unlike_threshold == ((0, 1),)


def test_ties_leave_fewer_bins():
    router = AdvantageRouter.fit(np.repeat([0.2, 0.9], 50), np.full(100, 0.9), bins=15)
    assert router.cuts == (0.9,)
    assert router.counts == (50, 50)


def test_confidences_beyond_those_seen_belong_to_the_outer_bins():
    router = AdvantageRouter.fit(np.linspace(0.4, 0.6, 30), np.full(30, 0.9), bins=3)
    np.testing.assert_array_equal(router.priority([0.0, 1.0]), router.priority([0.4, 0.6]))


def test_a_gate_escalates_what_reaches_the_cut():
    router = AdvantageRouter.fit([0.1, 0.6, 0.9], [0.2, 0.9, 0.9], bins=3)
    gate = router.gate(1)
    assert [gate.action(c) for c in (0.2, 0.7, 0.95)] == ["escalate", "escalate", "answer"]
    assert router.gate(np.inf).actions == ("answer",) * 3


def test_scores_pass_through_their_calibrator():
    class Halved:
        def predict_proba(self, scores):
            return np.asarray(scores) / 2

    np.testing.assert_array_equal(calibrated_router(Halved(), ThresholdRouter()).priority([0.4, 1.6]), [-0.2, -0.8])


@given(st.integers(0, 5000))
def test_json_keeps_a_router(seed):
    small, large, _ = pair(seed)
    router = AdvantageRouter.fit(small, large)
    assert AdvantageRouter.from_json(router.to_json()) == router


def test_rows_are_recognised_through_a_calibrator():
    class Halved:
        def predict_proba(self, scores):
            return np.asarray(scores) / 2

    rng = np.random.default_rng(0)
    scores, others = rng.random(100), rng.random(100)
    router = calibrated_router(Halved(), AdvantageRouter.fit(scores / 2, np.ones(100)))
    assert isinstance(router, FittedRouter)
    assert router.fitted_on(scores)
    assert not router.fitted_on(others)
    assert not calibrated_router(Halved(), ThresholdRouter()).fitted_on(scores)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "platt"}', "3"])
def test_what_is_no_router_is_refused(text):
    with pytest.raises(InputError, match="not a fitted AdvantageRouter"):
        AdvantageRouter.from_json(text)


def test_json_of_another_kind_is_refused():
    text = AdvantageRouter.fit([0.1, 0.9], [0.5, 0.5], bins=2).to_json()
    with pytest.raises(InputError, match="got kind 'platt'"):
        AdvantageRouter.from_json(text.replace("advantage_router", "platt"))


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        (([0.5], [0.5, 0.5]), {}, "same length; got small_conf 1, large_conf 2"),
        (([1.5], [0.5]), {}, r"small_conf must lie in \[0, 1\]"),
        (([np.nan], [0.5]), {}, "small_conf"),
        (([0.5], [0.5]), {"order": "luck"}, "order must be one of"),
        (([0.5], [0.5]), {"bins": 0}, "bins must be at least 1"),
        (([0.5], [0.5]), {"order": "accuracy"}, r"needs correct="),
        (([0.5], [0.5]), {"order": "accuracy", "correct": ([1], [1, 0])}, "same length"),
    ],
)
def test_bad_input_is_refused(args, options, message):
    with pytest.raises(InputError, match=message):
        AdvantageRouter.fit(*args, **options)


def test_fewer_rows_than_bins_are_too_few():
    with pytest.raises(NotEnoughData, match="15 bins need at least 15 rows; got 12"):
        AdvantageRouter.fit(np.linspace(0, 1, 12), np.ones(12))
