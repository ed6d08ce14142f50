import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.cascade.chain_curves import Chain, ChainCurve, SingleModel, chain_costs, chain_curve
from foureyes.errors import InputError, NotEnoughData

SKILLS = (0.5, 0.7, 0.9)
COSTS = (1.0, 5.0, 25.0)


def models(seed=0, n=2000):
    """Three models of growing skill that know when they know."""
    rng = np.random.default_rng(seed)
    confs = [rng.beta(4 * skill, 4 * (1 - skill), n) for skill in SKILLS]
    return confs, [rng.random(n) < conf for conf in confs]


def test_the_curve_beats_a_coin_between_models_and_stays_below_the_oracle():
    chain = Chain.fit(models()[0], chain_costs(COSTS, 0.5)[0])
    curve = chain_curve(chain, *models(1), COSTS, verifier=0.5, unit="cents")
    assert max(curve.over_mixture(point) for point in curve.points) > 0.05
    assert all(point.accuracy <= curve.oracle.accuracy for point in curve.points)
    assert [point.cost for point in curve.points] == sorted(point.cost for point in curve.points)
    assert curve.points[0].cost == pytest.approx(1.5)
    assert [model.cost for model in curve.alone] == list(COSTS)
    assert (curve.n, curve.unit, curve.in_sample) == (2000, "cents", False)


def test_the_oracle_stops_at_the_first_right_answer():
    confs = [[0.5] * 4] * 3
    right = [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0]]
    curve = chain_curve(Chain.fit(confs, COSTS, bins=1), confs, right, COSTS)
    assert curve.oracle == SingleModel((1 + 6 + 31 + 1) / 4, 0.75)


def test_costs_of_every_row_are_summed_for_every_row():
    confs, right = models(n=400)
    tokens = np.random.default_rng(0).integers(1, 50, 400)
    curve = chain_curve(Chain.fit(confs, COSTS), confs, right, (tokens, 60.0, 600.0))
    assert curve.alone[0].cost == pytest.approx(tokens.mean())
    assert curve.points[0].cost == pytest.approx(tokens.mean())


def test_the_last_model_is_judged_only_where_the_chain_may_abstain():
    assert chain_costs([1, 10], 0.5) == ((1.5, 10), (1, 10))
    assert chain_costs([1, 10], 0.5, abstains=True) == ((1.5, 10.5), (1, 10))
    (rows, _), _ = chain_costs([[1, 2], 10], 0.5)
    assert np.array_equal(rows, [1.5, 2.5])


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(0, 1)), min_size=1, max_size=6))
def test_no_model_lies_above_the_mixtures_and_no_corner_below_another(alone):
    curve = ChainCurve(
        (), tuple(SingleModel(*model) for model in alone), SingleModel(0, 1), None, 1, "", in_sample=False
    )
    corners = curve.mixtures
    costs, accuracies = [c.cost for c in corners], [c.accuracy for c in corners]
    assert costs == sorted(costs)
    assert accuracies == sorted(accuracies)
    assert set(corners) <= set(curve.alone)
    for cost, accuracy in alone:
        assert accuracy <= np.interp(cost, costs, accuracies) + 1e-9
    slopes = np.diff(accuracies) / np.maximum(np.diff(costs), 1e-12)
    assert (np.diff(slopes) <= 1e-6 * np.abs(slopes[:-1]) + 1e-9).all()


def test_an_abstention_counts_what_it_was_said_to_be_worth():
    curve = chain_curve(Chain.fit(models()[0], COSTS, abstain=0.8), *models(1), COSTS)
    assert curve.mixtures[0] == SingleModel(0.0, 0.8)
    assert any(point.answered < 1 for point in curve.points)
    for point in curve.points:
        assert curve.worth(point) == pytest.approx(point.accuracy + 0.8 * (1 - point.answered))
        reached = np.interp(point.cost, *zip(*((c.cost, c.accuracy) for c in curve.mixtures), strict=True))
        assert curve.over_mixture(point) == pytest.approx(curve.worth(point) - reached)


@pytest.mark.parametrize("abstain", [None, 0.8])
def test_it_comes_back_from_json(abstain):
    chain = Chain.fit(models(n=300)[0], COSTS, abstain=abstain)
    assert Chain.from_json(chain.to_json()) == chain


def test_rows_of_the_fit_are_recognised_and_marked():
    confs, right = models(n=300)
    chain = Chain.fit(confs, COSTS)
    assert chain.fitted_on(confs)
    assert not chain.fitted_on(models(1, n=300)[0])
    assert chain_curve(chain, confs, right, COSTS).in_sample


def test_things_that_are_no_chain_are_refused():
    good = json.loads(Chain.fit(models(n=300)[0], COSTS).to_json())
    for text in ("", "[]", "{}", json.dumps(good | {"kind": "x"}), json.dumps(good | {"abstain": True})):
        with pytest.raises(InputError, match="not a fitted chain"):
            Chain.from_json(text)
    with pytest.raises(InputError, match="one number of models"):
        Chain.from_json(json.dumps(good | {"policies": []}))


def test_what_cannot_be_measured():
    confs, right = models(n=300)
    chain = Chain.fit(confs, COSTS)
    with pytest.raises(InputError, match="asks 3 models; got confidences of 2"):
        chain_curve(chain, confs[:2], right[:2], COSTS[:2])
    with pytest.raises(InputError, match=r"costs\[1\] must be one finite number"):
        chain_curve(chain, confs, right, (1, -5, 25))
    with pytest.raises(NotEnoughData, match="at least one row"):
        chain_curve(chain, [[]] * 3, [[]] * 3, COSTS)
