"""Nothing is allowed on hope: what an agent may do rests on what came of its earlier actions."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.guard.gate import ActionOutcome, AgentGate, GateRules

RIGHT, WRONG = ActionOutcome(correct=True), ActionOutcome(correct=False)
outcomes = st.builds(
    ActionOutcome, correct=st.booleans(), confidence=st.none() | st.floats(0, 1), harmful=st.booleans()
)
histories = st.lists(st.tuples(st.sampled_from("abcde"), outcomes), max_size=80)
small = GateRules(window=30, agents=3, least=5)


def gate(*rows, rules=None, agent="a"):
    found = AgentGate(rules)
    for row in rows:
        found.report(agent, row)
    return found


def decision(*rows, rules=None):
    return gate(*rows, rules=rules).decide("a")


def test_a_stranger_is_reviewed():
    found = AgentGate().decide("nobody")
    assert (found.action, found.code, found.reasons) == ("review", "unknown_agent", ("nothing is known of this agent",))
    assert (found.record.outcomes, found.record.reliability, found.record.risk, found.record.brier) == (
        0,
        None,
        None,
        None,
    )
    assert (found.record.reliability_low, found.record.reliability_high) == (0, 1)


def test_asking_about_a_stranger_is_not_remembered():
    found = AgentGate()
    found.decide("nobody")
    assert found.agents == ()


def test_a_good_record_is_allowed_once_it_is_long_enough():
    assert decision(*[RIGHT] * 19).code == "too_few_outcomes"
    found = decision(*[RIGHT] * 20)
    assert (found.action, found.code) == ("allow", "good_record")
    assert found.reasons == ("20 outcomes, reliability between 0.83 and 1.00",)


def test_a_record_that_leaves_doubt_is_reviewed_and_a_bad_one_denied():
    unsure = decision(*[RIGHT] * 26, *[WRONG] * 4)
    assert (unsure.action, unsure.code) == ("review", "unsure")
    assert unsure.record.reliability == pytest.approx(26 / 30)
    bad = decision(*[RIGHT] * 10, *[WRONG] * 20)
    assert (bad.action, bad.code) == ("deny", "unreliable")


def test_harm_is_reviewed_and_much_harm_denied():
    harmful = ActionOutcome(correct=True, harmful=True)
    assert decision(*[RIGHT] * 97, *[harmful] * 3).code == "risky"
    found = decision(*[RIGHT] * 80, *[harmful] * 20)
    assert (found.action, found.code, found.record.risk) == ("deny", "harmful", 0.2)
    assert decision(*[harmful] * 5).action == "review", "five outcomes deny nobody"


def test_an_agent_that_does_not_know_what_it_knows_is_reviewed():
    modest = [ActionOutcome(correct=True, confidence=0.1)] * 40
    found = decision(*modest)
    assert (found.action, found.code) == ("review", "miscalibrated")
    assert found.record.brier == pytest.approx(0.81)
    assert decision(*[ActionOutcome(correct=True, confidence=0.95)] * 40).action == "allow"


def test_outcomes_without_a_stated_confidence_do_not_count_for_calibration():
    assert gate(ActionOutcome(correct=True, confidence=1.0), WRONG).record("a").brier == 0
    assert gate(RIGHT, WRONG).record("a").brier is None


def test_every_reason_is_given_the_weightiest_first():
    found = decision(*[ActionOutcome(correct=False, confidence=1.0, harmful=True)] * 30)
    assert found.code == "harmful"
    assert len(found.reasons) == 4
    assert found.reasons[0].startswith("1.000 of its actions did harm; denied above")


def test_old_outcomes_are_forgotten():
    rules = GateRules(window=20, least=20)
    assert decision(*[WRONG] * 500, *[RIGHT] * 20, rules=rules).action == "allow"
    assert gate(*[RIGHT] * 500, rules=rules).record("a").outcomes == 20


def test_reporting_says_how_many_count():
    found = AgentGate(small)
    assert [found.report("a", RIGHT) for _ in range(32)] == [*range(1, 31), 30, 30]


def test_the_agent_heard_of_least_recently_is_forgotten_and_then_reviewed():
    found = AgentGate(small)
    for agent in "abca":
        for _ in range(20):
            found.report(agent, RIGHT)
    found.report("d", RIGHT)
    assert found.agents == ("c", "a", "d")
    assert found.decide("b").code == "unknown_agent"


def test_a_flood_of_agents_cannot_turn_a_denied_one_into_an_allowed_one():
    found = gate(*[WRONG] * 100, rules=small)
    assert found.decide("a").action == "deny"
    for i in range(100):
        found.report(f"flood-{i}", RIGHT)
    assert found.decide("a").action == "review"
    assert len(found.agents) == 3


@given(histories)
def test_memory_is_bounded(history):
    found = AgentGate(small)
    for agent, outcome in history:
        found.report(agent, outcome)
    assert len(found.agents) <= small.agents
    assert all(found.record(agent).outcomes <= small.window for agent in found.agents)


@given(histories)
def test_the_state_survives_json_and_goes_on_alike(history):
    found = AgentGate(small)
    for agent, outcome in history:
        found.report(agent, outcome)
    again = AgentGate.from_json(found.to_json())
    assert again.to_json() == found.to_json()
    assert (again.agents, again.rules) == (found.agents, found.rules)
    for state in (found, again):
        state.report("f", RIGHT)
    assert again.agents == found.agents
    assert [again.decide(agent) for agent in "abcdef"] == [found.decide(agent) for agent in "abcdef"]


@given(st.lists(outcomes, max_size=40))
def test_allowed_only_by_a_record_that_bears_it(rows):
    found = decision(*rows, rules=small)
    record = found.record
    if found.action == "allow":
        assert record.outcomes >= small.least
        assert record.reliability_low >= small.reliability
        assert record.risk <= small.review_risk
        assert record.brier is None or record.brier <= small.brier
    assert found.reasons
    assert record.reliability is None or record.reliability_low <= record.reliability <= record.reliability_high


@given(
    st.lists(st.builds(ActionOutcome, correct=st.booleans(), harmful=st.booleans()), min_size=1, max_size=25), st.data()
)
def test_a_worse_outcome_never_leads_to_a_milder_decision(rows, data):
    place = data.draw(st.integers(0, len(rows) - 1))
    worse = [*rows]
    worse[place] = ActionOutcome(correct=False, harmful=True)
    mildness = ["deny", "review", "allow"]
    better, after = decision(*rows, rules=small), decision(*worse, rules=small)
    assert mildness.index(after.action) <= mildness.index(better.action)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        json.dumps({"format": "foureyes.gate", "version": 2, "rules": {}, "agents": {}}),
        json.dumps({"format": "other", "version": 1, "rules": {}, "agents": {}}),
        AgentGate().to_json().replace('"window": 200', '"windows": 200'),
        AgentGate().to_json().replace('"window": 200', '"window": 0'),
        AgentGate().to_json().replace('"window": 200', '"window": "many"'),
        AgentGate().to_json().replace('"agents": {}', '"agents": []'),
        AgentGate().to_json().replace('"agents": {}', '"agents": {"a": 7}'),
        AgentGate().to_json().replace('"agents": {}', '"agents": {"a": [[1, null, false]]}'),
        AgentGate().to_json().replace('"agents": {}', '"agents": {"a": [[true, true, false]]}'),
        AgentGate().to_json().replace('"agents": {}', '"agents": {"a": [[true, 1.5, false]]}'),
        AgentGate().to_json().replace('"agents": {}', '"agents": {"a": [[true, NaN, false]]}'),
        AgentGate().to_json().replace('"agents": {}', '"agents": {"a": [[true, null]]}'),
    ],
)
def test_what_is_no_gate_is_refused(text):
    with pytest.raises(InputError):
        AgentGate.from_json(text)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_a_stated_confidence_is_one(confidence):
    with pytest.raises(InputError, match="stated confidence"):
        ActionOutcome(correct=True, confidence=confidence)


@pytest.mark.parametrize(
    "wrong",
    [
        {"window": 0},
        {"least": 0},
        {"least": 201},
        {"agents": 0},
        {"reliability": 1.0},
        {"review_risk": 0.5},
        {"deny_risk": 1.1},
        {"brier": -1},
    ],
)
def test_rules_are_valid_once_built(wrong):
    with pytest.raises(InputError, match="rules of a gate want"):
        GateRules(**wrong)
