"""Agents over HTTP: nothing is allowed on hope, and outcomes change what is."""

from __future__ import annotations

from typing import Any

import pytest

from foureyes.errors import StateError
from foureyes.guard.gate import ActionRule, GatePolicy, GateRules
from foureyes.models.scripted import ScriptedJudge
from tests.service.house import House, open_house

__all__ = ["open_house"]

CHECK, OUTCOMES = "/v1/decisions/check", "/v1/decisions/outcomes"


def checked(house: House, agent: str = "agent-7", resource: str | None = None) -> dict[str, Any]:
    body = {"agent_id": agent, "action_type": "tool_call", "resource_type": resource}
    answer: dict[str, Any] = house.call("POST", CHECK, body, key="verify").json()
    return answer


def report(house: House, n: int, **outcome: Any) -> Any:
    return [house.call("POST", OUTCOMES, {"agent_id": "agent-7", **outcome}, key="report") for _ in range(n)][-1]


def test_a_stranger_is_reviewed(house: House) -> None:
    answer = checked(house)
    assert (answer["decision"], answer["reason_code"]) == ("review", "unknown_agent")
    assert answer["scores"]["reliability"] is None
    assert answer["request_id"]


def test_a_good_record_is_allowed_a_bad_one_denied(house: House) -> None:
    assert report(house, 40, correct=True, confidence=0.95).json() == {"agent_id": "agent-7", "outcomes": 40}
    assert checked(house)["decision"] == "allow"
    report(house, 60, correct=False, confidence=0.95, harmful=True)
    answer = checked(house)
    assert (answer["decision"], answer["reason_code"]) == ("deny", "harmful")
    assert checked(house, "agent-8")["decision"] == "review"


def test_an_agent_that_does_not_know_what_it_knows_is_reviewed(house: House) -> None:
    report(house, 40, correct=True, confidence=0.1)
    answer = checked(house)
    assert (answer["decision"], answer["reason_code"]) == ("review", "miscalibrated")
    assert answer["scores"]["brier"] == pytest.approx(0.81)


def verified(house: House, agent: str | None = "agent-7", **body: Any) -> str:
    asked = {"prompt": "p", "response": "r", "agent_id": agent, **body}
    made: str = house.call("POST", "/v1/guard/verify", asked, key="verify").json()["request_id"]
    return made


def test_an_outcome_of_a_verification_measures_accuracy(house: House) -> None:
    assert report(house, 1, correct=True, verification_id=verified(house)).status == 200
    figures = house.call("GET", "/v1/monitoring").json()["monitor"]["outcomes"]
    assert "1" in str(figures)
    unknown = report(house, 1, correct=True, verification_id="never-made")
    assert unknown.status == 404
    assert checked(house)["scores"]["outcomes"] == 1


def test_a_verification_has_one_outcome(house: House) -> None:
    made = verified(house)
    replies = [report(house, 1, correct=correct, verification_id=made).status for correct in (True, True, False)]
    assert replies == [200, 409, 409]
    scores = checked(house)["scores"]
    assert (scores["outcomes"], scores["reliability"]) == (1, 1.0)


def test_an_outcome_is_of_the_agent_the_verification_was_made_for(house: House) -> None:
    made = verified(house, "agent-8")
    assert report(house, 1, correct=True, verification_id=made).status == 409
    left_out = house.call("POST", OUTCOMES, {"correct": True, "verification_id": made}, key="report")
    assert left_out.json() == {"agent_id": "agent-8", "outcomes": 1}
    assert checked(house)["scores"]["outcomes"] == 0


def test_an_outcome_of_a_verification_for_no_agent_counts_for_the_monitor_alone(house: House) -> None:
    made = verified(house, None)
    assert report(house, 1, correct=True, verification_id=made).status == 409
    assert house.call("POST", OUTCOMES, {"correct": True, "verification_id": made}, key="report").json() == {
        "agent_id": None, "outcomes": 0,
    }  # fmt: skip
    assert "1" in str(house.call("GET", "/v1/monitoring").json()["monitor"]["outcomes"])
    assert house.call("POST", OUTCOMES, {"correct": True}, key="report").status == 422


def test_whoever_reports_an_action_that_counts_late_is_told_not_to_report_it_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late(*_: object) -> None:
        raise StateError("postgresql://canary/records did not answer within 2 s")

    monkeypatch.setattr(house.state, "watch", late)
    reply = report(house, 1, correct=True)
    assert (reply.status, b"twice if it is reported again" in reply.body) == (503, True)
    assert b"canary" not in reply.body


@pytest.mark.parametrize(("key", "status"), [("verify", 403), ("audit", 403), ("report", 200), ("admin", 200)])
def test_outcomes_need_a_scope_of_their_own(house: House, key: str, status: int) -> None:
    body = {"agent_id": "agent-7", "correct": True}
    assert house.call("POST", OUTCOMES, body, key=key).status == status


def test_a_key_that_reports_verifies_nothing(house: House) -> None:
    assert house.call("POST", "/v1/guard/verify", {"prompt": "p", "response": "r"}, key="report").status == 403
    assert house.call("POST", CHECK, {"agent_id": "a", "action_type": "x"}, key="report").status == 403


def test_unsafe_verifications_are_heard(house: House) -> None:
    report(house, 40, correct=True)
    house.change(judges=[ScriptedJudge("unsafe", name=name) for name in "abc"])
    made = [verified(house) for _ in range(30)]
    answer = checked(house)
    assert (answer["decision"], answer["reason_code"]) == ("deny", "often_unsafe")
    assert (answer["scores"]["verifications"], answer["scores"]["unsafe"]) == (30, 1.0)
    for verification in made:
        report(house, 1, correct=True, verification_id=verification)
    assert checked(house)["decision"] == "allow", "outcomes count in their place"


def test_safe_verifications_allow_nobody_and_those_without_a_majority_count_for_nothing(house: House) -> None:
    for _ in range(3):
        verified(house)
    assert (checked(house)["reason_code"], checked(house)["scores"]["verifications"]) == ("unknown_agent", 3)
    house.change(judges=[ScriptedJudge(said, name=said) for said in ("unsafe", "safe", "abstain")])
    verified(house)
    assert checked(house)["scores"]["verifications"] == 3


def test_rules_are_per_action(house: House) -> None:
    rules = (ActionRule(GateRules(decision="review"), "tool_call", "wire_transfer"),)
    report(house, 40, correct=True)
    house.change(gate=GatePolicy(actions=rules))
    assert [checked(house, resource=what)["decision"] for what in ("look_up", "wire_transfer", None)] == [
        "allow", "review", "allow",
    ]  # fmt: skip
    assert checked(house, resource="wire_transfer")["reason_code"] == "by_rule"


@pytest.mark.parametrize(
    "body", [{}, {"correct": "yes"}, {"correct": True, "confidence": 1.1}, {"correct": True, "confidence": "NaN"}]
)
def test_an_outcome_that_is_none(house: House, body: dict[str, Any]) -> None:
    assert report(house, 1, **body).status == 422


def test_records_outlive_a_change_of_configuration(house: House) -> None:
    report(house, 40, correct=True)
    house.change()
    assert checked(house)["decision"] == "allow"
