import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.cascade.chain import fit_chain, fit_chains
from foureyes.cascade.mixture import PolicyMix
from foureyes.cascade.points import best, best_policy, cheapest, evaluate_chain, paid_costs
from foureyes.cascade.policy import CascadeAction, ConfidenceGate, Policy
from foureyes.cascade.routers import AdvantageRouter
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.bounds import rate_lower

SKILLS = (0.5, 0.7, 0.9)
COSTS = (1.0, 5.0, 25.0)


def models(seed=0, n=3000):
    """Three models of growing skill that know when they know."""
    rng = np.random.default_rng(seed)
    confs = [rng.beta(4 * skill, 4 * (1 - skill), n) for skill in SKILLS]
    return confs, [rng.random(n) < conf for conf in confs]


@given(st.integers(0, 3000), st.floats(0, 0.2))
def test_two_models_are_the_advantage_router_where_the_advantage_just_pays(seed, price):
    (small, _, large), _ = models(seed, n=200)
    gate = fit_chain([small, large], [1, 5], price=price, bins=7).gates[0]
    router = AdvantageRouter.fit(small, large, bins=7)
    means = np.array(
        [(large - small)[router.priority(small).astype(int) == rank].mean() for rank in sorted(router.rank)]
    )
    for rank, action in zip(router.rank, _by_bin(gate, router.cuts), strict=True):
        advantage = means[sorted(router.rank).index(rank)]
        if abs(advantage - 5 * price) > 1e-9:
            assert (action == "escalate") == (advantage > 5 * price)


def _by_bin(gate, cuts):
    return [gate.action(low) for low in (0.0, *cuts)]


@given(st.integers(0, 3000), st.sampled_from([0.0, 0.005, 0.02, 0.1]), st.sampled_from([None, 0.4]))
def test_a_gate_is_the_best_threshold_there_is_for_the_rest_of_the_chain(seed, price, abstain):
    """By brute force over all cuts, for the chain and for its tails; 40 rows show no clear peak."""
    confs, correct = models(seed, n=40)
    for tail in range(2 if abstain is None else 3):
        columns, costs = confs[tail:], COSTS[tail:]
        outcomes = [(conf + flag) / 2 for conf, flag in zip(columns, correct[tail:], strict=True)]
        fitted = fit_chain(columns, costs, price=price, abstain=abstain, correct=correct[tail:])
        reached = _worth(fitted, columns, outcomes, costs, price, abstain)
        if len(fitted.gates[0].cuts) < 2:
            otherwise: CascadeAction = "abstain" if tail == 2 else "escalate"
            for other in _thresholds(fitted, columns[0], otherwise):
                assert _worth(other, columns, outcomes, costs, price, abstain) <= reached + 1e-9


def _thresholds(policy, confidence, otherwise: CascadeAction):
    """The policy with any other threshold at its first gate."""
    for cut in confidence:
        yield Policy((ConfidenceGate((cut,), (otherwise, "answer")), *policy.gates[1:]))
    for action in ("answer", otherwise):
        yield Policy((ConfidenceGate((), (action,)), *policy.gates[1:]))


def _worth(policy, confs, outcomes, costs, price, abstain):
    done = policy.simulate(confs)
    paid = np.cumsum(costs)[done.stage] - costs[0]
    value = np.where(done.answered, np.choose(done.model, outcomes), abstain or 0.0)
    return (value - price * paid).mean()


def test_the_policy_that_is_worth_most_is_found_among_all_pairs_of_thresholds():
    """Exhaustively: 3 models of 12 rows, every pair of cuts, outcomes that are the confidences."""
    small = np.array([0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 0.95])
    middle = np.full(12, 0.7)
    large = np.full(12, 0.9)
    cuts = [*small, 1.1]
    for price in (0.001, 0.01, 0.05, 0.1, 0.3):
        worth = max(
            (
                np.where(small >= low, small, np.where(high, 0.9, 0.7))
                - price * np.where(small >= low, 0.0, 2.0 + 3.0 * high)
            ).mean()
            for low in cuts
            for high in (0, 1)
        )
        done = fit_chain([small, middle, large], [1, 2, 3], price=price).simulate([small, middle, large])
        value = np.choose(done.model, [small, middle, large]) - price * np.array([0, 2, 5])[done.stage]
        assert value.mean() == pytest.approx(worth)


def test_the_surest_answer_is_kept_and_counted():
    rng = np.random.default_rng(3)
    confs = [rng.beta(2, 1, 2000) for _ in range(2)]
    correct = [rng.random(2000) < conf for conf in confs]
    points = [evaluate_chain(p, confs, correct, (1, 1)) for p in fit_chains(confs, (1, 1), keep="surest")]
    alone = max(column.mean() for column in correct)
    assert points[-1].accuracy == np.where(confs[1] >= confs[0], correct[1], correct[0]).mean() > alone + 0.05
    assert points[0].cost == 1
    last = [evaluate_chain(p, confs, correct, (1, 1)) for p in fit_chains(confs, (1, 1))]
    assert best(points, cost=1.5).accuracy > best(last, cost=1.5).accuracy


def test_the_thriftiest_chain_asks_one_model_and_the_dearest_most():
    confs, correct = models()
    policies = fit_chains(confs, COSTS, correct=correct)
    points = [evaluate_chain(policy, confs, correct, COSTS) for policy in policies]
    assert points[0].stopped == (1.0, 0.0, 0.0)
    assert points[0].cost == 1.0
    assert np.corrcoef([p.cost for p in points], [p.accuracy for p in points])[0, 1] > 0.8
    assert points[-1].accuracy > points[0].accuracy + 0.3
    assert len(set(policies)) == len(policies)


def test_a_chain_of_three_beats_the_large_model_alone_at_its_accuracy():
    confs, correct = models(seed=1)
    fresh, fresh_correct = models(seed=2)
    points = [
        evaluate_chain(policy, fresh, fresh_correct, COSTS) for policy in fit_chains(confs, COSTS, correct=correct)
    ]
    alone = fresh_correct[2].mean()
    assert cheapest(points, alone).cost < COSTS[2]


def test_an_evaluation_counts_what_a_loop_counts():
    confs, correct = models(n=400)
    policy = fit_chain(confs, COSTS, price=0.004, abstain=0.6)
    point = evaluate_chain(policy, confs, correct, COSTS)
    right = answered = paid = 0.0
    for i in range(400):
        done = policy.simulate([conf[i : i + 1] for conf in confs])
        stage = int(done.stage[0])
        paid += sum(COSTS[: stage + 1])
        answered += done.answered[0]
        right += done.answered[0] and correct[stage][i]
    assert point.cost == pytest.approx(paid / 400)
    assert point.answered == pytest.approx(answered / 400)
    assert point.accuracy == pytest.approx(right / 400)
    assert point.accuracy_answered == pytest.approx(right / answered)
    assert point.low == rate_lower(int(right), int(answered), 0.05)


def test_abstention_is_the_last_step_and_buys_accuracy():
    confs, correct = models()
    policy = fit_chain(confs, COSTS, price=0.001, abstain=0.8)
    assert "abstain" in policy.gates[-1].actions
    assert all("abstain" not in gate.actions for gate in policy.gates[:-1])
    with_it, without = (
        evaluate_chain(p, confs, correct, COSTS) for p in (policy, fit_chain(confs, COSTS, price=0.001))
    )
    assert without.answered == 1
    assert with_it.answered < 0.95
    assert (with_it.accuracy_answered or 0) > (without.accuracy_answered or 1) + 0.02


def test_a_chain_that_always_abstains_has_no_accuracy():
    point = evaluate_chain(fit_chain([[0.1, 0.2]], [1], price=0, bins=1, abstain=0.9), [[0.1, 0.2]], [[1, 0]], [1])
    assert (point.answered, point.accuracy_answered, point.low) == (0, None, 0)


def test_targets_are_met():
    confs, correct = models()
    points = [evaluate_chain(policy, confs, correct, COSTS) for policy in fit_chains(confs, COSTS, abstain=0.7)]
    chosen = cheapest(points, 0.9, of="answers")
    assert chosen.accuracy_answered == pytest.approx(0.9)
    assert all(p.cost >= chosen.cost for p in points if (p.accuracy_answered or 0) >= 0.9)
    assert best(points, cost=chosen.cost).accuracy >= chosen.accuracy
    single = evaluate_chain(best_policy(points, cost=chosen.cost), confs, correct, COSTS)
    assert single.accuracy == max(point.accuracy for point in points if point.cost <= chosen.cost)
    assert best(points, cost=1e9).accuracy == max(point.accuracy for point in points)
    with pytest.raises(NotEnoughData, match=r"no policy reaches an accuracy of 0\.99 of questions"):
        cheapest(points, 0.99)
    with pytest.raises(InputError, match=r"no policy costs 0\.5 or less; the cheapest costs 1"):
        best(points, cost=0.5)


@pytest.mark.parametrize("cost", [1.7, 3.0, 8.0])
def test_between_two_policies_a_mix_costs_what_is_allowed(cost):
    confs, correct = models()
    points = [evaluate_chain(policy, confs, correct, COSTS) for policy in fit_chains(confs, COSTS)]
    chosen = best(points, cost=cost)
    assert isinstance(chosen.policy, PolicyMix)
    assert chosen.cost == pytest.approx(cost)
    assert chosen.accuracy > max(point.accuracy for point in points if point.cost <= cost)
    assert evaluate_chain(chosen.policy, confs, correct, COSTS) == chosen
    assert cheapest(points, chosen.accuracy).cost == pytest.approx(cost)
    done = chosen.policy.simulate(confs)
    assert np.cumsum(COSTS)[done.stage].mean() == pytest.approx(cost, abs=0.5)


@pytest.mark.parametrize(
    ("confs", "costs", "options", "message"),
    [
        ([], [], {}, "at least one model"),
        ([[0.5], [0.5]], [1], {}, "2 models needs as many costs; got 1"),
        ([[0.5], [0.5]], [1, -1], {}, r"costs\[1\] must be one finite number"),
        ([[0.5], [0.5]], [1, [1, 2]], {}, "one for each of 1 rows"),
        ([[0.5], [0.5, 0.5]], [1, 1], {}, "same length"),
        ([[0.5], [1.5]], [1, 1], {}, r"confidences\[1\] must lie in"),
        ([[0.5]], [1], {"price": -1}, "price must be a finite number"),
        ([[0.5]], [1], {"price": np.inf}, "price must be a finite number"),
        ([[0.5]], [1], {"abstain": 2.0}, "abstain must be worth"),
        ([[0.5]], [1], {}, "one model that may not abstain leaves nothing to decide"),
        ([[0.5]], [1], {"correct": []}, "a column for each of 1 models; got 0"),
    ],
)
def test_bad_input_is_refused(confs, costs, options, message):
    with pytest.raises(InputError, match=message):
        fit_chain(confs, costs, **{"price": 0.0, "bins": 1, **options})


def test_too_little_is_said():
    with pytest.raises(NotEnoughData, match="at least one row; got none"):
        fit_chain([[], []], [1, 2], price=0)
    with pytest.raises(InputError, match="bins must be at least 1; got 0"):
        fit_chain([[0.5], [0.5]], [1, 2], price=0, bins=0)
    with pytest.raises(NotEnoughData, match="at least one row"):
        evaluate_chain(Policy((ConfidenceGate((), ("answer",)),)), [[]], [[]], [1])
    with pytest.raises(InputError, match="n_prices must be at least 2"):
        fit_chains([[0.5]], [1], n_prices=1)


def test_models_that_cost_nothing_are_asked_wherever_they_help():
    small, large = np.array([0.2, 0.5, 0.95]), np.array([0.9, 0.9, 0.9])
    (policy,) = fit_chains([small, large], [0, 0])
    assert policy.simulate([small, large]).stage.tolist() == [1, 1, 0]


def test_a_cost_that_is_none_is_told_with_its_row() -> None:
    with pytest.raises(InputError, match=r"costs\[1\] must be .* for each of 3 rows; got -5 in row 2"):
        paid_costs([1.0, [2.0, 3.0, -5.0]], 2, 3)
    with pytest.raises(InputError, match=r"for each of 3 rows; got \[2.0, 3.0\]"):
        paid_costs([1.0, [2.0, 3.0]], 2, 3)
