import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from foureyes.cascade.policy import ALWAYS
from foureyes.cascade.routers import AdvantageRouter, ThresholdRouter
from foureyes.errors import InputError, NotEnoughData


def pair(seed, n=200):
    rng = np.random.default_rng(seed)
    return rng.random(n).round(2), rng.random(n).round(2), (rng.random(n) < 0.5, rng.random(n) < 0.7)


@given(st.integers(0, 5000), st.integers(1, 12))
def test_a_bin_is_worth_the_mean_advantage_of_its_rows(seed, bins):
    small, large, _ = pair(seed)
    router = AdvantageRouter.fit(small, large, bins=bins, order="confidence")
    place = np.searchsorted(router.cuts, small, side="right")
    for b, (advantage, count) in enumerate(zip(router.advantage, router.counts, strict=True)):
        assert count == (place == b).sum()
        assert advantage == pytest.approx((large - small)[place == b].mean())
    assert np.unique(router.advantage, return_inverse=True)[1].tolist() == list(router.rank)


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
    small = np.repeat([0.1, 0.5, 0.9], 100)
    falling = AdvantageRouter.fit(small, np.repeat([0.8, 0.8, 0.95], 100), bins=3)
    assert falling.unlike_threshold == ()
    hopeless = AdvantageRouter.fit(small, np.repeat([0.15, 0.8, 0.95], 100), bins=3)
    assert hopeless.rank == (0, 1, 0)
    assert hopeless.unlike_threshold == ((0, 1),)
    few = slice(None, None, 2)
    assert AdvantageRouter.fit(small[few], np.repeat([0.15, 0.8, 0.95], 50), bins=3).unlike_threshold == (), (
        "few rows: no peak"
    )


def test_ties_leave_fewer_bins():
    router = AdvantageRouter.fit(np.repeat([0.2, 0.9], 50), np.full(100, 0.9), bins=15)
    assert router.cuts == (0.9,)
    assert router.counts == (50, 50)


@pytest.mark.parametrize("order", ["unimodal", "confidence"])
def test_confidences_beyond_those_seen_belong_to_the_outer_bins(order):
    router = AdvantageRouter.fit(np.linspace(0.4, 0.6, 30), np.full(30, 0.9), bins=3, order=order)
    inside, outside = router.priority([0.4, 0.6]), router.priority([0.0, 1.0])
    np.testing.assert_allclose(outside - inside, [0.2, -0.2] if order == "unimodal" else [0, 0])


def peaked(n, seed=0):
    """Below .3 both models guess; above, the large one is right and the small one as often as it says."""
    rng = np.random.default_rng(seed)
    small = rng.random(n)
    return small, np.where(small < 0.3, 0.05 + small, 0.95)


def test_a_clear_peak_goes_first_and_a_doubtful_one_does_not():
    router = AdvantageRouter.fit(*peaked(600))
    assert router.unlike_threshold
    first = router.priority([0.35, 0.05, 0.95]).argsort()[::-1]
    assert first.tolist() == [0, 2, 1] or first.tolist() == [0, 1, 2]
    few = AdvantageRouter.fit(*peaked(15))
    assert few.unlike_threshold == ()
    rows = np.random.default_rng(1).random(50)
    assert (few.priority(rows).argsort() == ThresholdRouter().priority(rows).argsort()).all()


@given(st.integers(0, 5000))
def test_noise_is_escalated_as_a_threshold_would(seed):
    small, _, _ = pair(seed, n=400)
    router = AdvantageRouter.fit(small, np.full(400, 0.9), bins=8)
    np.testing.assert_array_equal(router.priority(small).argsort(kind="stable"), (-small).argsort(kind="stable"))


@given(st.integers(0, 5000), st.integers(2, 9))
def test_bins_are_ranked_by_the_best_shape_found_by_trying_every_peak(seed, bins):
    small, large, correct = pair(seed)
    small = np.where(seed % 3, small, small**2)
    router = AdvantageRouter.fit(small, large, bins=bins, correct=correct)
    place = np.searchsorted(router.cuts, small, side="right")
    gain = (large - small + correct[1].astype(float) - correct[0]) / 2
    means = np.array([gain[place == b].mean() for b in range(len(router.counts))])
    counts = np.bincount(place)
    tried = [shape(means, counts, peak) for peak in range(len(means))]
    errors = [(counts * (fit - means) ** 2).sum() for fit in tried]
    variance = ((gain - means[place]) ** 2).sum() / (len(gain) - len(means))
    best = int(np.argmin(errors))
    wanted = tried[best] if errors[0] - errors[best] > 16 * variance else tried[0]
    assert np.unique(wanted.round(9), return_inverse=True)[1].tolist() == list(router.rank)


def shape(means, counts, peak):
    return np.append(isotonic(means[:peak], counts[:peak], 1), isotonic(means[peak:], counts[peak:], -1))


def isotonic(means, counts, sign):
    x = np.arange(len(means))
    return sign * IsotonicRegression().fit(x, sign * means, counts).predict(x) if len(means) else means


@given(st.integers(0, 5000), st.sampled_from(["unimodal", "confidence"]))
def test_a_gate_escalates_what_reaches_the_cut(seed, order):
    small, large = peaked(100, seed)
    router = AdvantageRouter.fit(small, large, bins=6, order=order)
    asked = np.concatenate([small, router.cuts, [0.0, 1.0, np.nextafter(1, 0), 1e-300]])
    priority = router.priority(asked)
    for cut in (*priority[::7], priority[-1], priority.max() + 1, -1, np.inf):
        gate = router.gate(cut)
        assert [gate.action(c) == "escalate" for c in asked] == (priority >= cut).tolist()


def test_a_gate_that_never_escalates_has_one_bin():
    router = AdvantageRouter.fit(*peaked(100))
    assert router.gate(np.inf) == ALWAYS


@given(st.integers(0, 5000))
def test_json_keeps_a_router(seed):
    small, large, _ = pair(seed)
    router = AdvantageRouter.fit(small, large)
    assert AdvantageRouter.from_json(router.to_json()) == router


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
        ((np.full(20, 0.7), np.full(20, 0.9)), {}, "small_conf is 0.7 in all 20 rows"),
        (([0.5, np.nan, np.nan], [0.5, 0.5, 0.5]), {}, "got nan at row 1 and in 1 more"),
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
