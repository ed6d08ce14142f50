"""Agents over HTTP: nothing is allowed on hope, and outcomes change what is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.house import House, open_house

__all__ = ["open_house"]

CHECK, OUTCOMES = "/v1/decisions/check", "/v1/decisions/outcomes"


def checked(house: House, agent: str = "agent-7") -> dict[str, Any]:
    body = {"agent_id": agent, "action_type": "tool_call", "resource_type": None}
    answer: dict[str, Any] = house.call("POST", CHECK, body, key="verify").json()
    return answer


def report(house: House, n: int, **outcome: Any) -> Any:
    return [house.call("POST", OUTCOMES, {"agent_id": "agent-7", **outcome}, key="verify") for _ in range(n)][-1]


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


def test_an_outcome_of_a_verification_measures_accuracy(house: House) -> None:
    made = house.call("POST", "/v1/guard/verify", {"prompt": "p", "response": "r"}).json()
    assert report(house, 1, correct=True, verification_id=made["request_id"]).status == 200
    figures = house.call("GET", "/v1/monitoring").json()["monitor"]["outcomes"]
    assert "1" in str(figures)
    unknown = report(house, 1, correct=True, verification_id="never-made")
    assert unknown.status == 404
    assert checked(house)["scores"]["outcomes"] == 1


@pytest.mark.parametrize(
    "body", [{}, {"correct": "yes"}, {"correct": True, "confidence": 1.1}, {"correct": True, "confidence": "NaN"}]
)
def test_an_outcome_that_is_none(house: House, body: dict[str, Any]) -> None:
    assert report(house, 1, **body).status == 422


def test_records_outlive_a_change_of_configuration(house: House) -> None:
    report(house, 40, correct=True)
    house.change()
    assert checked(house)["decision"] == "allow"
