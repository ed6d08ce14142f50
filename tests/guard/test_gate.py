"""Nothing is allowed on hope: what an agent may do rests on what came of its earlier actions."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.guard.gate import ActionOutcome, ActionRule, AgentGate, GateMemory, GatePolicy, GateRules

RIGHT, WRONG = ActionOutcome(correct=True), ActionOutcome(correct=False)
outcomes = st.builds(
    ActionOutcome, correct=st.booleans(), confidence=st.none() | st.floats(0, 1), harmful=st.booleans()
)
histories = st.lists(st.tuples(st.sampled_from("abcde"), outcomes), max_size=80)
small = GateRules(least=5)
little = GatePolicy(small, memory=GateMemory(window=30, verdicts=10, agents=3))


def gate(*rows, policy=None, agent="a"):
    found = AgentGate(policy)
    for row in rows:
        found.report(agent, row)
    return found


def decision(*rows, policy=None):
    return gate(*rows, policy=policy).decide("a")


def test_a_stranger_is_reviewed():
    found = AgentGate().decide("nobody")
    assert (found.action, found.code, found.reasons) == (
        "review",
        "unknown_agent",
        ("nothing is known of what came of this agent's actions",),
    )
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
    policy = GatePolicy(memory=GateMemory(window=20))
    assert decision(*[WRONG] * 500, *[RIGHT] * 20, policy=policy).action == "allow"
    assert gate(*[RIGHT] * 500, policy=policy).record("a").outcomes == 20


def test_reporting_says_how_many_count():
    found = AgentGate(little)
    assert [found.report("a", RIGHT) for _ in range(32)] == [*range(1, 31), 30, 30]


def test_the_agent_heard_of_least_recently_is_forgotten_and_then_reviewed():
    found = AgentGate(little)
    for agent in "abca":
        for _ in range(20):
            found.report(agent, RIGHT)
    found.report("d", RIGHT)
    assert found.agents == ("c", "a", "d")
    assert found.decide("b").code == "unknown_agent"


def test_a_flood_of_agents_cannot_turn_a_denied_one_into_an_allowed_one():
    found = gate(*[WRONG] * 100, policy=little)
    assert found.decide("a").action == "deny"
    for i in range(100):
        found.report(f"flood-{i}", RIGHT)
    assert found.decide("a").action == "review"
    assert len(found.agents) == 3


@given(histories)
def test_memory_is_bounded(history):
    found = AgentGate(little)
    for agent, outcome in history:
        found.report(agent, outcome)
    assert len(found.agents) <= little.memory.agents
    assert all(found.record(agent).outcomes <= little.memory.window for agent in found.agents)


@given(histories)
def test_the_state_survives_json_and_goes_on_alike(history):
    found = AgentGate(little)
    for agent, outcome in history:
        found.report(agent, outcome)
    for number, (agent, outcome) in enumerate(history):
        found.hear(agent, f"v-{number}", unsafe=outcome.correct)
    again = AgentGate.from_json(found.to_json(), little)
    assert again.to_json() == found.to_json()
    assert (again.agents, again.policy) == (found.agents, found.policy)
    for state in (found, again):
        state.report("f", RIGHT)
    assert again.agents == found.agents
    assert [again.decide(agent) for agent in "abcdef"] == [found.decide(agent) for agent in "abcdef"]


@given(st.lists(outcomes, max_size=40))
def test_allowed_only_by_a_record_that_bears_it(rows):
    found = decision(*rows, policy=little)
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
    better, after = decision(*rows, policy=little), decision(*worse, policy=little)
    assert mildness.index(after.action) <= mildness.index(better.action)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        json.dumps({"format": "foureyes.gate", "version": 3, "agents": {}}),
        json.dumps({"format": "other", "version": 2, "agents": {}}),
        AgentGate().to_json().replace('"agents": {}', '"agents": []'),
        AgentGate().to_json().replace('"agents": {}', '"agents": {"a": 7}'),
        *(
            AgentGate().to_json().replace('"agents": {}', f'"agents": {{"a": {{"outcomes": {rows}, "unsafe": []}}}}')
            for rows in (
                "[[1, null, false]]",
                "[[true, true, false]]",
                "[[true, 1.5, false]]",
                "[[true, NaN, false]]",
                "7",
            )
        ),
        *(
            AgentGate().to_json().replace('"agents": {}', f'"agents": {{"a": {{"outcomes": [], "unsafe": {rows}}}}}')
            for rows in ('[["v", 1]]', '[["v"]]', "[[7, true]]", '{"v": true}')
        ),
        AgentGate().to_json().replace('"agents": {}', '"agents": {"a": {"outcomes": []}}'),
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
        {"least": 0},
        {"review_unsafe": 0.6},
        {"deny_unsafe": 1.5},
        {"reliability": 1.0},
        {"review_risk": 0.5},
        {"deny_risk": 1.1},
        {"brier": -1},
    ],
)
def test_rules_are_valid_once_built(wrong):
    with pytest.raises(InputError, match="rules of a gate want"):
        GateRules(**wrong)


def heard(found, verdicts, agent="a"):
    for number, unsafe in enumerate(verdicts):
        found.hear(agent, f"v-{number}", unsafe=unsafe)
    return found.decide(agent)


def test_the_gate_hears_verifications():
    found = heard(gate(*[RIGHT] * 40), [True] * 30)
    assert (found.action, found.code) == ("deny", "often_unsafe")
    assert found.reasons == (
        "1.00 of 30 verifications came out unsafe, 0.88 at the least; denied above 0.5",
        *found.reasons[1:],
    )
    assert heard(gate(*[RIGHT] * 40), [True] * 3).code == "some_unsafe"
    assert heard(gate(*[RIGHT] * 40), [True] * 10 + [False] * 40).action == "allow", "verifiers err too"


def test_verifications_allow_nobody():
    found = heard(AgentGate(), [False] * 50)
    assert (found.action, found.code, found.record.verifications) == ("review", "unknown_agent", 50)
    assert heard(AgentGate(), [True] * 30).action == "deny"


def test_an_outcome_counts_in_the_place_of_its_verification():
    found = gate(*[RIGHT] * 40)
    assert heard(found, [True] * 30).action == "deny"
    for number in range(30):
        found.report("a", RIGHT, verification=f"v-{number}")
    assert (found.decide("a").action, found.record("a").verifications, found.record("a").outcomes) == ("allow", 0, 70)
    found.report("a", RIGHT, verification="never-heard")
    assert found.record("a").outcomes == 71


def test_verifications_are_bounded_and_old_ones_forgotten():
    found = AgentGate(little)
    heard(found, [True] * 30 + [False] * 10)
    assert (found.record("a").verifications, found.record("a").unsafe) == (10, 0)
    for agent in "bcd":
        found.hear(agent, "v", unsafe=True)
    assert found.agents == ("b", "c", "d")


PRECISE = GatePolicy(
    GateRules(least=5),
    (
        ActionRule(GateRules(least=30), "tool_call"),
        ActionRule(GateRules(decision="review"), resource_type="send_email"),
        ActionRule(GateRules(decision="deny"), "tool_call", "wire_transfer"),
    ),
)


@pytest.mark.parametrize(
    ("action", "wanted"),
    [
        (("read", None), ("allow", "good_record")),
        ((None, None), ("allow", "good_record")),
        (("tool_call", None), ("review", "too_few_outcomes")),
        (("tool_call", "look_up"), ("review", "too_few_outcomes")),
        (("tool_call", "send_email"), ("review", "by_rule")),
        (("reply", "send_email"), ("review", "by_rule")),
        (("tool_call", "wire_transfer"), ("deny", "by_rule")),
        (("reply", "wire_transfer"), ("allow", "good_record")),
    ],
)
def test_the_most_precise_rule_for_an_action_decides(action, wanted):
    found = gate(*[RIGHT] * 25, policy=PRECISE).decide("a", *action)
    assert (found.action, found.code) == wanted


def test_a_record_may_still_deny_what_is_reviewed():
    found = gate(*[WRONG] * 25, policy=PRECISE).decide("a", "tool_call", "send_email")
    assert (found.action, found.code) == ("deny", "unreliable")
    assert "this action is always reviewed" in found.reasons


def test_a_policy_is_valid_once_built():
    for wrong, message in (
        (lambda: ActionRule(GateRules()), "got neither"),
        (
            lambda: GatePolicy(actions=(ActionRule(GateRules(), "a"),) * 2),
            "same actions: action_type a, resource_type any",
        ),
        (lambda: GatePolicy(GateRules(least=201)), "least ≤ window; got 201 and 200"),
        (lambda: GatePolicy(actions=(ActionRule(GateRules(least=201), "a"),)), "least ≤ window"),
        (lambda: GateMemory(window=0), "memory of a gate wants window ≥ 1"),
        (lambda: GateMemory(agents=0, verdicts=-1), "verdicts ≥ 1, got -1; agents ≥ 1, got 0"),
    ):
        with pytest.raises(InputError, match=message):
            wrong()


def test_another_policy_is_put_in_force_with_the_records_kept():
    found = gate(*[RIGHT] * 40)
    found.change(little)
    assert (found.record("a").outcomes, found.policy) == (30, little)
    found.change(PRECISE)
    assert found.decide("a", "tool_call", "wire_transfer").action == "deny"
    for agent in "bcd":
        found.report(agent, RIGHT)
    found.change(little)
    assert found.agents == ("b", "c", "d")


def test_what_the_version_before_wrote_is_read():
    rows = [[True, 0.9, False]] * 25
    text = json.dumps({"format": "foureyes.gate", "version": 1, "rules": {"window": 200}, "agents": {"a": rows}})
    assert AgentGate.from_json(text).decide("a").action == "allow"
