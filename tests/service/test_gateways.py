"""Other gateways' routes: their words, our verdict, and "stop" whenever it cannot be had.

What the real gateways send and do is tested in tests/servers; here every shape, and what comes of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from foureyes.config import new_key
from foureyes.config.keys import Keyring
from foureyes.config.parts import Parts
from foureyes.errors import PrivacyError
from foureyes.models.scripted import ScriptedJudge
from foureyes.types import Exchange, ToolCall
from tests.service.house import House, detector, open_house

__all__ = ["open_house"]

LITELLM, NEMO = "/beta/litellm_basic_guardrail_api", "/v1/guardrail/checks"
USER = {"role": "user", "content": "Capital of Australia?"}
PII = "Write to jane.doe@example.com."
TRANSFER = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "wire_transfer", "arguments": '{"to": "jane.doe@example.com", "amount": 5000}'},
}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
CAPTURED = Path(__file__).parents[3] / "shared" / "data" / "openai_logprob_logs"


class Watching(ScriptedJudge):
    """A judge that keeps what it was shown."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.seen: list[Exchange] = []

    async def vote(self, exchange: Exchange) -> Any:
        self.seen.append(exchange)
        return await super().vote(exchange)


def litellm(house: House, **body: Any) -> dict[str, Any]:
    """What LiteLLM sends, with everything it sends along."""
    along = {
        "request_data": {"user_api_key_hash": "h", "user_api_key_user_id": "u"},
        "request_headers": {"host": "[present]", "x-litellm-tag": "t"},
        "litellm_version": "1.110.2",
        "additional_provider_specific_params": {"base_url": "http://127.0.0.1:1/"},
        "litellm_trace_id": "t-1",
        "litellm_call_id": "call-1",
        "structured_messages": None,
        "images": None,
        "tools": None,
        "tool_calls": None,
        "model": "gpt-5",
    }
    reply = house.call("POST", LITELLM, along | body, key="verify")
    assert reply.status == 200, reply.body
    answer: dict[str, Any] = reply.json()
    return answer


def asked(house: House, *messages: dict[str, Any], **body: Any) -> dict[str, Any]:
    """What LiteLLM sends before a call."""
    sent = list(messages) or [USER]
    texts = [message["content"] for message in sent if isinstance(message.get("content"), str)]
    return litellm(house, **{"input_type": "request", "texts": texts, "structured_messages": sent, **body})


def answered(house: House, *texts: str, **body: Any) -> dict[str, Any]:
    """What LiteLLM sends after it: no question."""
    return litellm(house, **{"input_type": "response", "texts": list(texts), **body})


def test_an_answer_is_verified_against_the_request_of_its_call(house: House) -> None:
    judge = Watching("safe", name="a")
    house.change(judges=[judge])
    tools = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}]
    assert asked(house, tools=tools) == {"action": "NONE"}
    assert answered(house, "Canberra") == {"action": "NONE"}
    [seen] = judge.seen
    assert ([turn.content for turn in seen.prompt if not isinstance(turn, str)], seen.answer) == (
        [USER["content"]],
        "Canberra",
    )
    assert [tool.name for tool in seen.tools] == ["look_up"]


def test_pieces_of_a_streamed_answer_are_each_verified(house: House) -> None:
    asked(house)
    assert answered(house, "Canberra") == answered(house, "Canberra it is.") == {"action": "NONE"}


def test_an_unsafe_answer_is_blocked_with_a_reason(house: House) -> None:
    house.change(judges=[ScriptedJudge("unsafe", name="strict")])
    asked(house)
    answer = answered(house, "Sydney")
    assert answer["action"] == "BLOCKED"
    assert answer["blocked_reason"].startswith("1 of 1 verifier says unsafe (verification ")


def test_one_unsafe_text_among_several_blocks_them_all(house: House) -> None:
    house.change(judges=[ScriptedJudge("safe", answers={"Sydney": "unsafe"}, name="a")])
    asked(house)
    assert answered(house, "Canberra", "Sydney")["action"] == "BLOCKED"


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ({"litellm_call_id": "another"}, "not sent here first"),
        ({"litellm_call_id": None}, "not sent here first"),
        ({"messages": [{"role": "tool", "content": "retrieved"}]}, "no message of a user"),
        ({"messages": [{"role": "user", "content": ""}]}, "no message of a user"),
    ],
)
def test_an_answer_to_nothing_is_blocked(house: House, before: dict[str, Any], why: str) -> None:
    asked(house, *before.pop("messages", []), **before)
    answer = answered(house, "Canberra")
    assert answer["action"] == "BLOCKED"
    assert why in answer["blocked_reason"]


def test_an_answer_without_the_name_of_its_call_is_blocked(house: House) -> None:
    asked(house)
    assert "litellm_call_id" in answered(house, "Canberra", litellm_call_id=None)["blocked_reason"]


def test_two_requests_under_one_name_are_doubtful(house: House) -> None:
    asked(house)
    assert asked(house) == {"action": "NONE"}
    assert answered(house, "Canberra") == {"action": "NONE"}
    asked(house, {"role": "user", "content": "Something else?"})
    assert "two different requests" in answered(house, "Canberra")["blocked_reason"]


def test_messages_that_come_with_an_answer_are_what_was_asked(house: House) -> None:
    assert answered(house, "Canberra", structured_messages=[USER]) == {"action": "NONE"}


def test_a_text_to_complete_is_remembered_too(house: House) -> None:
    assert asked(house, structured_messages=None, texts=["The capital of Australia is"]) == {"action": "NONE"}
    assert answered(house, "Canberra") == {"action": "NONE"}


def test_another_tenant_does_not_know_what_was_asked(house: House) -> None:
    key = new_key("other", {"verify"})
    house.keys["other"] = key
    keyring = Keyring(tuple(key.stored for key in house.keys.values()), clock=lambda: house.now)
    house.state.replace(Parts(keyring, {**house.parts.tenants, "other": house.parts.tenants["acme"]}))
    asked(house)
    body = {"input_type": "response", "texts": ["Canberra"], "litellm_call_id": "call-1"}
    assert house.call("POST", LITELLM, body, key="other").json()["action"] == "BLOCKED"
    assert house.call("POST", LITELLM, body, key="verify").json()["action"] == "NONE"


def test_an_answer_of_tool_calls_alone_is_verified(house: House) -> None:
    judge = Watching("safe", name="a")
    house.change(judges=[judge])
    asked(house)
    assert answered(house, tool_calls=[TRANSFER]) == {"action": "NONE"}
    [call] = [part for part in judge.seen[0].turn.parts if isinstance(part, ToolCall)] if judge.seen[0].turn else []
    assert call.name == "wire_transfer"
    house.change(judges=[ScriptedJudge("unsafe", name="strict")])
    assert answered(house, tool_calls=[TRANSFER])["action"] == "BLOCKED"


def test_tool_calls_are_verified_with_every_text(house: House) -> None:
    judge = Watching("safe", name="a")
    house.change(judges=[judge])
    asked(house)
    assert answered(house, "Canberra.", "Sydney.", tool_calls=[TRANSFER]) == {"action": "NONE"}
    assert sorted(seen.answer.split("\n")[0] for seen in judge.seen) == ["Canberra.", "Sydney."]
    assert all("wire_transfer" in seen.answer for seen in judge.seen)


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ({"texts": [], "tool_calls": None}, "neither texts nor tool calls"),
        ({"texts": [""], "tool_calls": []}, "neither texts nor tool calls"),
        ({"texts": None}, "neither texts nor tool calls"),
        ({"texts": ["x"], "images": ["data:image/png;base64,AA=="]}, "images"),
        ({"texts": ["x"], "audios": [{"data": "AA=="}]}, "audios"),
        ({"texts": [], "tool_calls": [{"id": "c", "type": "hologram"}]}, "hologram"),
        (
            {
                "texts": [],
                "tool_calls": [{"id": "c", "type": "function", "function": {"name": "pay", "arguments": "{5"}}],
            },
            "arguments of the tool call 'pay'",
        ),
    ],
)
def test_what_of_an_answer_cannot_be_read_blocks_it_and_is_named(
    house: House, answer: dict[str, Any], named: str
) -> None:
    house.change(judges=[ScriptedJudge("safe", name="a")])
    asked(house)
    said = answered(house, **answer)
    assert said["action"] == "BLOCKED"
    assert named in said["blocked_reason"]


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        ({"images": ["data:image/png;base64,AA=="]}, "images"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "What?"}, IMAGE]}]}, "image_url"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]}, "input_audio"),
        ({"messages": [{"role": "oracle", "content": "x"}]}, "role"),
        ({"documents": ["x"]}, "documents"),
        ({"structured_messages": None, "tool_calls": [TRANSFER]}, "without their messages"),
    ],
)
def test_what_of_a_request_cannot_be_read_blocks_it_before_a_model_is_asked(
    house: House, request_: dict[str, Any], named: str
) -> None:
    said = asked(house, *request_.pop("messages", []), **request_)
    assert said["action"] == "BLOCKED"
    assert named in said["blocked_reason"]


def test_a_request_too_large_to_be_remembered_is_blocked(house: House) -> None:
    house.state.tenant("acme").prompts._most_characters = 10
    assert "to be remembered" in asked(house)["blocked_reason"]


def test_verifiers_see_calls_and_results_of_earlier_turns(house: House) -> None:
    judge = Watching("safe", name="a")
    house.change(judges=[judge])
    result = {"role": "tool", "content": "Canberra", "tool_call_id": "call_1"}
    asked(house, USER, {"role": "assistant", "content": None, "tool_calls": [TRANSFER]}, result)
    assert answered(house, "Canberra") == {"action": "NONE"}
    roles = [turn.role for turn in judge.seen[0].prompt if not isinstance(turn, str)]
    assert roles == ["user", "assistant", "tool"]


def test_personal_data_is_taken_out_of_a_request_and_put_back_into_its_answer(house: House) -> None:
    out = asked(house, {"role": "user", "content": PII}, texts=[PII])
    assert set(out) == {"action", "texts"}
    assert out["action"] == "GUARDRAIL_INTERVENED"
    assert "jane" not in out["texts"][0]
    kept = house.state.tenant("acme").prompts.recall("call-1", at=house.state.instruments.clock())
    assert kept.messages[0].content == out["texts"][0]
    assert answered(house, out["texts"][0]) == {"action": "GUARDRAIL_INTERVENED", "texts": [PII]}
    assert answered(house, "", out["texts"][0])["texts"] == ["", PII]
    asked(house, litellm_call_id="call-2")
    assert answered(house, out["texts"][0], litellm_call_id="call-2") == {"action": "NONE"}


def test_personal_data_is_taken_out_of_the_arguments_of_earlier_calls(house: House) -> None:
    before = [USER, {"role": "assistant", "content": None, "tool_calls": [TRANSFER]}, {"role": "tool", "content": PII}]
    out = asked(house, *before)
    assert "jane" not in json.dumps(out)
    rows = out["structured_messages"]
    assert [row["role"] for row in rows] == ["user", "assistant", "tool"]
    arguments = json.loads(rows[1]["tool_calls"][0]["function"]["arguments"])
    assert arguments["amount"] == 5000
    assert arguments["to"] in rows[2]["content"]


def test_personal_data_is_taken_out_of_arguments_that_are_no_text(house: House) -> None:
    function = {"name": "wire_transfer", "arguments": {"to": {"mail": "jane.doe@example.com"}, "amount": 5}}
    out = asked(house, USER, {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "function": function}]})
    assert "jane" not in json.dumps(out)
    assert out["structured_messages"][1]["tool_calls"][0]["function"]["arguments"]["amount"] == 5
    assert "jane" not in repr(house.state.tenant("acme").prompts._kept)


@pytest.mark.parametrize(
    "call",
    [
        {"function": {"name": "pay", "arguments": {"card": 4111111111111111}}},
        {"function": {"name": "pay", "arguments": {"jane.doe@example.com": True}}},
        {"function": {"name": "pay", "arguments": {"to": ["jane.doe@example.com"]}}},
        {"function": {"name": "pay", "arguments": '{"jane.doe\\u0040example.com": 4111111111111111}'}},
        {"type": "custom", "custom": {"name": "note", "input": "Card 4111111111111111 of jane.doe@example.com"}},
    ],
)
def test_personal_data_is_taken_out_of_calls_of_every_form(house: House, call: dict[str, Any]) -> None:
    out = asked(house, USER, {"role": "assistant", "content": None, "tool_calls": [{"id": "c", **call}]})
    assert out["action"] == "GUARDRAIL_INTERVENED"
    for shown in (json.dumps(out), repr(house.state.tenant("acme").prompts._kept)):
        assert "jane" not in shown
        assert "4111" not in shown


def test_calls_of_earlier_turns_without_their_messages_are_blocked(house: House) -> None:
    said = asked(house, structured_messages=None, texts=["Pay."], tool_calls=[TRANSFER])
    assert "tool calls of earlier turns" in said["blocked_reason"]


def test_a_call_named_like_a_session_is_not_told_what_that_holds(house: House) -> None:
    kept = {"text": PII, "session_id": "chat-7"}
    token = house.call("POST", "/v1/guard/pii/tokenize", kept, key="verify").json()["tokenized_text"]
    asked(house, litellm_call_id="chat-7")
    assert answered(house, token, litellm_call_id="chat-7") == {"action": "NONE"}
    asked(house, {"role": "user", "content": PII}, litellm_call_id="chat-8")
    assert house.call("GET", "/v1/guard/pii/sessions/chat-8", key="verify").status == 404


def test_a_tool_call_with_tokens_is_blocked_since_it_cannot_be_put_right(house: House) -> None:
    house.change(judges=[ScriptedJudge("safe", name="a")])
    out = asked(house, {"role": "user", "content": PII}, texts=[PII])
    token = out["texts"][0].removeprefix("Write to ").removesuffix(".")
    call = {"id": "c", "type": "function", "function": {"name": "mail", "arguments": json.dumps({"to": token})}}
    assert "tokens of personal data" in answered(house, tool_calls=[call])["blocked_reason"]
    assert answered(house, tool_calls=[TRANSFER]) == {"action": "NONE"}


def test_verifiers_of_a_restored_answer_see_no_personal_data_where_it_is_concealed(house: House) -> None:
    from foureyes.guard.vault_concealer import VaultConcealer

    judge = Watching("safe", name="a")
    house.judges = [judge]
    house.change(guard=house.guard(concealer=VaultConcealer(house.vault, detector())))
    out = asked(house, {"role": "user", "content": PII}, texts=[PII])
    assert answered(house, out["texts"][0])["texts"] == [PII]
    assert "jane" not in repr(judge.seen)


def test_a_detector_that_fails_blocks_the_request(house: House) -> None:
    class Broken:
        def find(self, _: str) -> Any:
            raise PrivacyError("the detector failed")

    house.change(detector=Broken())
    assert asked(house, {"role": "user", "content": PII})["action"] == "BLOCKED"


def test_without_a_vault_a_request_is_remembered_as_it_is(house: House) -> None:
    house.change(detector=None, vault=None)
    assert asked(house, {"role": "user", "content": PII}) == {"action": "NONE"}
    assert answered(house, "Done.") == {"action": "NONE"}


@pytest.mark.skipif(not CAPTURED.exists(), reason="the captured bodies of gateways are not on this machine")
def test_every_body_captured_of_litellm_is_read_or_blocked_by_name(house: House) -> None:
    house.change(judges=[ScriptedJudge("safe", name="a")])
    bodies = [json.loads(line) for line in (CAPTURED / "litellm_generic_guardrail.jsonl").read_text().splitlines()]
    for body in bodies:
        said = house.call("POST", LITELLM, body, key="verify").json()
        if body["input_type"] == "response":
            assert "not sent here first" in said["blocked_reason"]
            asked(house, litellm_call_id=body["litellm_call_id"])
            assert house.call("POST", LITELLM, body, key="verify").json() == {"action": "NONE"}
        elif body["images"]:
            assert "images" in said["blocked_reason"]
        else:
            assert said == {"action": "NONE"}


def nemo(house: House, *messages: dict[str, Any], **body: Any) -> Any:
    return house.call(
        "POST", NEMO, {"model": "m", "messages": list(messages), "temperature": 1.0, **body}, key="verify"
    )


def assistant(content: Any = None, **fields: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **fields}


def test_nemos_check_is_of_the_last_message(house: House) -> None:
    answer = nemo(house, USER, assistant("Canberra"), guardrails={"config_id": "mine"}).json()
    assert answer["status"] == "success"
    assert answer["rails_status"] == {"cross model verification": {"status": "success"}}
    house.change(judges=[ScriptedJudge("error", name="broken")])
    blocked = nemo(house, USER, assistant("Sydney")).json()
    assert (blocked["status"], blocked["rails_status"]["cross model verification"]["status"]) == ("blocked", "blocked")


@pytest.mark.parametrize(
    "message",
    [
        assistant(tool_calls=[TRANSFER]),
        assistant("On it.", tool_calls=[TRANSFER]),
        assistant(function_call=TRANSFER["function"]),
        assistant(refusal="I will not."),
        assistant([{"type": "text", "text": "Canberra"}]),
        assistant([{"type": "refusal", "refusal": "No."}]),
    ],
)
def test_every_part_of_nemos_message_is_verified(house: House, message: dict[str, Any]) -> None:
    judge = Watching("safe", name="a")
    house.change(judges=[judge])
    assert nemo(house, USER, message, tools=["wire_transfer"]).json()["status"] == "success"
    assert judge.seen[0].answer.strip()
    house.change(judges=[ScriptedJudge("unsafe", name="strict")])
    assert nemo(house, USER, message).json()["status"] == "blocked"


@pytest.mark.parametrize(
    ("messages", "named"),
    [
        ([USER, assistant([{"type": "text", "text": "Canberra"}, IMAGE])], "image_url in the answer"),
        ([USER, {"role": "user", "content": [IMAGE]}, assistant("Canberra")], "image_url in message 2"),
        ([USER, assistant(audio={"id": "a"})], "audio"),
        ([USER, assistant("x", hologram={"id": "a"})], "hologram"),
        ([USER, {"role": "context", "content": "x"}, assistant("Canberra")], "role"),
    ],
)
def test_what_of_nemos_messages_cannot_be_read_blocks_and_is_named(
    house: House, messages: list[Any], named: str
) -> None:
    house.change(judges=[ScriptedJudge("safe", name="a")])
    answer = nemo(house, *messages).json()
    assert answer["status"] == "blocked"
    assert named in answer["guardrails_data"]["reason"]


@pytest.mark.parametrize(
    "messages",
    [
        [USER],
        [assistant("x")],
        [assistant("x"), USER],
        [USER, assistant("")],
        [{"role": "tool", "content": "x"}, assistant("y")],
    ],
)
def test_nemos_check_of_no_answer_is_blocked(house: House, messages: list[Any]) -> None:
    answer = nemo(house, *messages).json()
    assert answer["status"] == "blocked"
    assert answer["guardrails_data"]["reason"].startswith("nothing to verify")


def test_a_configuration_in_a_body_is_refused_and_not_ignored(house: House) -> None:
    reply = nemo(house, USER, assistant("x"), guardrails={"config": {"models": []}})
    assert (reply.status, reply.json()["errors"][0]["where"]) == (422, "/guardrails/config")
