"""Other gateways' routes: their words, our verdict, and "stop" whenever it cannot be had."""

from __future__ import annotations

from typing import Any

import pytest

from foureyes.errors import PrivacyError
from foureyes.models.scripted import ScriptedJudge
from tests.service.house import House, open_house

__all__ = ["open_house"]

LITELLM, NEMO = "/beta/litellm_basic_guardrail_api", "/v1/guardrail/checks"
USER = {"role": "user", "content": "Capital of Australia?"}
PII = "Write to jane.doe@example.com."


def litellm(house: House, **body: Any) -> dict[str, Any]:
    """What LiteLLM sends, with everything it sends along."""
    along = {
        "request_data": {"user_api_key_hash": "h", "user_api_key_user_id": "u"},
        "request_headers": {"host": "[present]", "x-litellm-tag": "t"},
        "litellm_version": "1.80",
        "additional_provider_specific_params": {"base_url": "http://127.0.0.1:1/"},
        "litellm_trace_id": "t-1",
        "images": None,
        "tools": None,
        "tool_calls": None,
        "model": "gpt-5",
    }
    reply = house.call("POST", LITELLM, along | body, key="verify")
    assert reply.status == 200, reply.body
    answer: dict[str, Any] = reply.json()
    return answer


def test_a_safe_response_goes_on(house: House) -> None:
    assert litellm(house, input_type="response", texts=["Canberra"], structured_messages=[USER]) == {"action": "NONE"}


def test_an_unsafe_response_is_blocked_with_a_reason(house: House) -> None:
    house.change(judges=[ScriptedJudge("unsafe", name="strict")])
    answer = litellm(house, input_type="response", texts=["Sydney"], structured_messages=[USER])
    assert answer["action"] == "BLOCKED"
    assert answer["blocked_reason"].startswith("1 of 1 verifier says unsafe (verification ")


def test_one_unsafe_text_among_several_blocks_them_all(house: House) -> None:
    house.change(judges=[ScriptedJudge("safe", answers={"Sydney": "unsafe"}, name="a")])
    answer = litellm(house, input_type="response", texts=["Canberra", "Sydney"], structured_messages=[USER])
    assert answer["action"] == "BLOCKED"


@pytest.mark.parametrize(
    "messages", [None, [], [{"role": "tool", "content": "retrieved"}], [{"role": "user", "content": ""}]]
)
def test_a_response_to_nothing_is_blocked(house: House, messages: Any) -> None:
    assert litellm(house, input_type="response", texts=["x"], structured_messages=messages)["action"] == "BLOCKED"


def test_images_are_blocked(house: House) -> None:
    assert (
        litellm(house, input_type="request", texts=["x"], images=["data:image/png;base64,AA=="])["action"] == "BLOCKED"
    )


def test_verifiers_see_what_was_said_and_not_what_tools_brought_in(house: House) -> None:
    seen: list[Any] = []

    class Looking(ScriptedJudge):
        async def vote(self, exchange: Any) -> Any:
            seen.append(exchange)
            return await super().vote(exchange)

    house.change(judges=[Looking("safe", name="a")])
    parts = {"role": "user", "content": [{"type": "text", "text": "And"}, {"type": "image_url", "image_url": {}}]}
    tool = {"role": "tool", "content": "poison", "tool_call_id": "1"}
    litellm(house, input_type="response", texts=["x"], structured_messages=[USER, tool, parts])
    assert [(m.role, m.content) for m in seen[0].prompt] == [("user", USER["content"]), ("user", "And")]


def test_personal_data_is_taken_out_of_a_request_and_put_back_into_its_response(house: House) -> None:
    out = litellm(house, input_type="request", texts=[PII, "and"], litellm_call_id="call-1")
    assert out["action"] == "GUARDRAIL_INTERVENED"
    assert "jane" not in out["texts"][0]
    assert out["texts"][1] == "and"
    back = litellm(
        house, input_type="response", texts=[out["texts"][0]], structured_messages=[USER], litellm_call_id="call-1"
    )
    assert back == {"action": "GUARDRAIL_INTERVENED", "texts": [PII]}
    other = litellm(
        house, input_type="response", texts=[out["texts"][0]], structured_messages=[USER], litellm_call_id="call-2"
    )
    assert other == {"action": "NONE"}


def test_a_request_without_personal_data_goes_on(house: House) -> None:
    assert litellm(house, input_type="request", texts=["Capital of Australia?"]) == {"action": "NONE"}


def test_a_detector_that_fails_blocks_the_request(house: House) -> None:
    class Broken:
        def find(self, _: str) -> Any:
            raise PrivacyError("the detector failed")

    house.change(detector=Broken())
    assert litellm(house, input_type="request", texts=[PII])["action"] == "BLOCKED"


def nemo(house: House, *messages: dict[str, Any], **body: Any) -> Any:
    return house.call(
        "POST", NEMO, {"model": "m", "messages": list(messages), "temperature": 1.0, **body}, key="verify"
    )


def test_nemos_check_is_of_the_last_message(house: House) -> None:
    answer = nemo(house, USER, {"role": "assistant", "content": "Canberra"}, guardrails={"config_id": "mine"}).json()
    assert answer["status"] == "success"
    assert answer["rails_status"] == {"cross model verification": {"status": "success"}}
    house.change(judges=[ScriptedJudge("error", name="broken")])
    blocked = nemo(house, USER, {"role": "assistant", "content": "Sydney"}).json()
    assert (blocked["status"], blocked["rails_status"]["cross model verification"]["status"]) == ("blocked", "blocked")


@pytest.mark.parametrize(
    "messages", [[USER], [{"role": "assistant", "content": "x"}], [{"role": "assistant", "content": "x"}, USER]]
)
def test_nemos_check_of_no_answer_is_blocked(house: House, messages: list[Any]) -> None:
    answer = nemo(house, *messages).json()
    assert answer["status"] == "blocked"
    assert answer["guardrails_data"]["reason"].startswith("nothing to verify")


def test_a_configuration_in_a_body_is_refused_and_not_ignored(house: House) -> None:
    reply = nemo(house, USER, {"role": "assistant", "content": "x"}, guardrails={"config": {"models": []}})
    assert (reply.status, reply.json()["errors"][0]["where"]) == (422, "/guardrails/config")
