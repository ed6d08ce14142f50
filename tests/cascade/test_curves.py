import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.cascade.curves import Costs, cascade_curve, compare
from foureyes.cascade.policy import ALWAYS, Policy
from foureyes.cascade.routers import AdvantageRouter, InSample, ThresholdRouter
from foureyes.errors import InputError, NotEnoughData

QUICK = (0.9, 40, 0)


def pair(seed=0, n=2000, large=0.85):
    """A small model that knows when it knows, and a large one."""
    rng = np.random.default_rng(seed)
    conf = rng.random(n)
    return conf, rng.random(n) < conf, rng.random(n) < large


def area(points, axis="escalated"):
    at, pgr = (np.array([getattr(point, name) for point in points]) for name in (axis, "pgr"))
    return (np.diff(at) * (pgr[1:] + pgr[:-1]) / 2).sum()


def test_a_curve_runs_from_the_small_model_to_the_large_one():
    conf, small, large = pair()
    router = AdvantageRouter.fit(conf[:1000], np.full(1000, 0.85), order="confidence")
    curve = cascade_curve(conf[1000:], small[1000:], large[1000:], router)
    assert len(curve.points) == 16
    first, last = curve.points[0], curve.points[-1]
    assert (first.escalated, first.accuracy, first.pgr) == (0, small[1000:].mean(), 0)
    assert (last.escalated, last.accuracy, last.pgr) == (1, large[1000:].mean(), 1)
    assert curve.apgr == pytest.approx(area(curve.points))
    assert 0.6 < (curve.low or 0) < curve.apgr < (curve.high or 1) < 1
    assert all(point.low <= point.accuracy <= point.high for point in curve.points)
    assert curve.over_random == pytest.approx((curve.apgr - 0.5) * (curve.large_accuracy - curve.small_accuracy))


def test_every_point_can_be_carried_out():
    conf, small, large = pair()
    router = AdvantageRouter.fit(conf[:1000], np.full(1000, 0.85), bins=7)
    test = slice(1000, None)
    for point in cascade_curve(conf[test], small[test], large[test], router, interval=QUICK).points:
        done = Policy((router.gate(point.cut), ALWAYS)).simulate([conf[test], np.ones(1000)])
        assert done.stage.mean() == pytest.approx(point.escalated)
        assert np.where(done.stage == 1, large[test], small[test]).mean() == pytest.approx(point.accuracy)


def test_long_curves_are_thinned_and_the_area_is_not():
    conf, small, large = pair(n=20_000)
    curve = cascade_curve(conf, small, large, ThresholdRouter(), interval=QUICK)
    assert len(curve.points) == 1001
    priority = -conf
    for point in curve.points[1:-1:97]:
        sent = priority >= point.cut
        assert sent.mean() == pytest.approx(point.escalated)
        assert np.where(sent, large, small).mean() == pytest.approx(point.accuracy)
    assert curve.apgr == pytest.approx(area(curve.points), abs=1e-4)


def test_the_baselines_bound_the_routers():
    conf, small, large = pair()
    curves = compare({"threshold": (ThresholdRouter(), conf)}, small, large, interval=QUICK)
    assert list(curves) == ["random", "oracle", "threshold"]
    assert curves["random"].apgr == pytest.approx(0.5)
    random, threshold, oracle = (curves[name].apgr or 0 for name in ("random", "threshold", "oracle"))
    assert random < threshold < oracle
    assert curves["oracle"].only_large == (large & ~small).mean()
    assert curves["oracle"].only_small == (small & ~large).mean()


@given(st.integers(0, 2000), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(seed, random):
    conf, small, large = pair(seed, n=50)
    order = random.sample(range(50), 50)
    one = cascade_curve(conf, small, large, ThresholdRouter(), interval=QUICK)
    assert cascade_curve(conf[order], small[order], large[order], ThresholdRouter(), interval=QUICK) == one


def test_equally_good_models_have_a_gain_and_no_gap():
    rng = np.random.default_rng(0)
    conf = rng.random(4000)
    small = rng.random(4000) < conf
    large = np.concatenate([rng.permutation(small[:2000]), rng.permutation(small[2000:])])
    curve = cascade_curve(conf, small, large, ThresholdRouter())
    assert small.mean() == large.mean()
    assert (curve.apgr, curve.low, curve.high, curve.cpt50, curve.cpt80) == (None,) * 5
    assert all(point.pgr is None for point in curve.points)
    assert curve.over_random_low > 0.05
    assert max(point.accuracy for point in curve.points) > small.mean() + 0.1


def test_a_gap_that_may_be_none_does_not_bound_the_area():
    conf, small, large = pair(seed=1, n=60, large=0.6)
    curve = cascade_curve(conf, small, large, ThresholdRouter())
    assert 0 < large.mean() - small.mean() < 0.1
    assert curve.apgr is not None
    assert (curve.low, curve.high) == (None, None)


def test_half_the_gap_is_recovered_at_cpt50():
    conf, small, large = pair(n=400)
    curve = cascade_curve(conf, small, large, ThresholdRouter(), interval=QUICK)
    at, pgr = zip(*((p.escalated, p.pgr or 0.0) for p in curve.points), strict=True)
    assert np.interp(curve.cpt50 or 0, at, pgr) == pytest.approx(0.5)
    assert np.interp(curve.cpt80 or 0, at, pgr) == pytest.approx(0.8)


def test_costs_count_the_verifier_and_the_wasted_small_answers():
    conf, small, large = pair(n=500)
    costs = Costs(small=1, large=10, verifier=0.5, unit="tokens")
    curve = cascade_curve(conf, small, large, ThresholdRouter(), costs=costs, interval=QUICK)
    assert curve.points[0].cost == 1.5
    assert curve.points[-1].cost == pytest.approx(11.5)
    assert curve.unit == "tokens"
    free = cascade_curve(
        conf, small, large, ThresholdRouter(), costs=Costs(1, 10, small_runs="unless escalated"), interval=QUICK
    )
    assert [free.points[end].cost for end in (0, -1)] == pytest.approx([1, 10])
    assert free.apgr_on_cost == pytest.approx(free.apgr, abs=1e-4)
    assert (curve.apgr_on_cost or 0) < (free.apgr_on_cost or 0)


def test_who_decides_on_the_question_pays_neither_verifier_nor_wasted_answers():
    conf, small, large = pair(n=500)
    routers = {"after": (ThresholdRouter(), conf), "before": (ThresholdRouter(), conf)}
    curves = compare(routers, small, large, costs=Costs(1, 10, 0.5), question_only={"before"}, interval=QUICK)
    ends = {name: (curve.points[0].cost, curve.points[-1].cost) for name, curve in curves.items()}
    assert ends["after"] == ends["oracle"] == pytest.approx((1.5, 11.5))
    assert ends["before"] == ends["random"] == pytest.approx((1, 10))
    assert curves["random"].apgr_on_cost == pytest.approx(0.5)
    assert curves["before"].apgr == curves["after"].apgr


def test_the_area_over_budgets_is_that_of_the_plot():
    conf, small, large = pair(n=300)
    curve = cascade_curve(conf, small, large, ThresholdRouter(), costs=Costs(2, 6, 1), interval=QUICK)
    budgets = np.linspace(2, 6, 20_001)
    cost, pgr = zip(*((p.cost, p.pgr) for p in curve.points), strict=True)
    plotted = np.where(budgets < 3, 0, np.interp(budgets, cost, pgr))
    assert curve.apgr_on_cost == pytest.approx(plotted.mean(), abs=1e-3)


def test_costs_may_differ_from_row_to_row():
    conf, small, large = pair(n=50)
    tokens = np.random.default_rng(1).integers(1, 100, 50)
    curve = cascade_curve(conf, small, large, ThresholdRouter(), costs=Costs(1, tokens), interval=QUICK)
    for point in curve.points:
        assert point.cost == pytest.approx(1 + tokens[-conf >= point.cut].sum() / 50)


def test_a_target_is_met_at_the_least_cost():
    conf, small, large = pair()
    curve = cascade_curve(conf, small, large, ThresholdRouter(), costs=Costs(1, 10), interval=QUICK)
    point = curve.cheapest(0.8)
    assert point.accuracy >= 0.8
    assert all(p.accuracy < 0.8 for p in curve.points if p.cost < point.cost)
    assert curve.cheapest(0.8, by="low").cost > point.cost
    best = curve.best(cost=point.cost)
    assert best.cost <= point.cost
    assert all(p.accuracy <= best.accuracy for p in curve.points if p.cost <= point.cost)
    with pytest.raises(NotEnoughData, match=r"no point reaches an accuracy of 0\.999"):
        curve.cheapest(0.999)
    with pytest.raises(InputError, match=r"no point costs 0\.5 or less; the cheapest costs 1"):
        curve.best(cost=0.5)


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        (Costs(1, [1, 2]), "cost of large must be one number or one for each of 50 rows"),
        (Costs(-1, 2), "cost of small must be finite and not negative"),
        (Costs(1, np.inf), "cost of large must be finite"),
        (Costs(3, 2), "large model must cost more"),
    ],
)
def test_costs_that_cannot_be_are_refused(costs, message):
    conf, small, large = pair(n=50)
    with pytest.raises(InputError, match=message):
        cascade_curve(conf, small, large, ThresholdRouter(), costs=costs)


def test_a_router_is_not_judged_on_its_own_rows_by_accident():
    conf, small, large = pair(n=400)
    router = AdvantageRouter.fit(conf, np.full(400, 0.85))
    for rows in (np.arange(400), np.random.default_rng(0).permutation(400)[:300]):
        with pytest.raises(InputError, match="were among those the router was fitted on"):
            cascade_curve(conf[rows], small[rows], large[rows], router)
    allowed = cascade_curve(conf, small, large, InSample(router), interval=QUICK)
    assert allowed.in_sample
    other = pair(seed=1, n=400)
    assert not cascade_curve(*other, router, interval=QUICK).in_sample


def test_bad_columns_are_refused():
    conf, small, large = pair(n=50)
    with pytest.raises(InputError, match="same length; got small_conf 50, small_correct 49"):
        cascade_curve(conf, small[1:], large, ThresholdRouter())
    with pytest.raises(InputError, match="at least 40 draws; got 10"):
        cascade_curve(conf, small, large, ThresholdRouter(), interval=(0.95, 10, 0))
    with pytest.raises(InputError, match="'oracle' is the name of a baseline"):
        compare({"oracle": (ThresholdRouter(), conf)}, small, large)
    with pytest.raises(NotEnoughData):
        cascade_curve([], [], [], ThresholdRouter())


def test_small_llms_know_when_to_ask_a_larger_one(shared_data):
    """MMLU, Llama-2 7B to 70B with its own probabilities: halves, fifteen bins, better than a coin and below the oracle."""
    stored = np.load(shared_data / "llm_mcq_confidence" / "mmlu_first_prompt.npz")
    models = [str(name) for name in stored["models"]]
    small, large = models.index("Llama-7b"), models.index("Llama-70b")
    conf, right = stored["msp"].astype(float).clip(0, 1), stored["grade"] == 1
    fit, test = (np.random.default_rng(0).permutation(conf.shape[1]) % 2 == half for half in (0, 1))
    router = AdvantageRouter.fit(
        conf[small, fit], conf[large, fit], order="accuracy", correct=(right[small, fit], right[large, fit])
    )
    curve = cascade_curve(conf[small, test], right[small, test], right[large, test], router)
    assert 0.5 < (curve.low or 0) < (curve.high or 1) < 1
