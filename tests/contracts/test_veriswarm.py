"""VeriSwarm's public Python SDK, unchanged, pointed at our service over real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from veriswarm.client import VeriSwarmClient, VeriSwarmClientError

from foureyes.models.scripted import ScriptedJudge
from foureyes.types import Exchange
from tests.service.house import House, open_house
from tests.service.loopback import serving

__all__ = ["open_house"]

TEXT = "Write to jane.doe@example.com."


class Careful(ScriptedJudge):
    """A judge that knows what no right answer says."""

    async def vote(self, exchange: Exchange) -> Any:
        unsafe = not exchange.answer or any(word in exchange.answer for word in ("Sydney", "wire_transfer"))
        return replace(await super().vote(exchange), verdict="unsafe" if unsafe else "safe")


@pytest.fixture
def client(house: House) -> Iterator[VeriSwarmClient]:
    with serving(house.app) as address:
        yield VeriSwarmClient(base_url=address, api_key=house.keys["admin"].presented)


def test_verify(client: VeriSwarmClient, house: House) -> None:
    answer = client.verify_response(prompt="Capital of Australia?", response="Canberra")
    assert (answer["safe"], answer["consensus_reached"]) == (True, True)
    assert [vote["verdict"] for vote in answer["votes"]] == ["safe", "safe", "unsafe"]
    assert answer["ledger_entry"]["index"] == 0
    two = [{"provider": house.judges[2].provider, "model": name} for name in "ca"]
    assert client.verify_response(prompt="p", response="r", models=two)["safe"] is False
    with pytest.raises(VeriSwarmClientError, match=r"422: .*the quorum is 2"):
        client.verify_response(prompt="p", response="r", models=two[:1])


def test_a_refusal_is_the_sdks_error(client: VeriSwarmClient) -> None:
    with pytest.raises(VeriSwarmClientError, match=r"404: .*urn:foureyes:problem:not-found"):
        client.verify_response(prompt="p", response="r", models=[{"provider": "mine", "model": "x"}])


def test_a_strangers_key(client: VeriSwarmClient) -> None:
    stranger = VeriSwarmClient(base_url=client.base_url, api_key="vsk_stranger")
    with pytest.raises(VeriSwarmClientError, match="401"):
        stranger.verify_response(prompt="p", response="r")


def test_personal_data(client: VeriSwarmClient) -> None:
    made = client.tokenize_pii(text=TEXT, agent_id="agt_1", session_id="ses-1")
    assert set(made) == {"tokenized_text", "session_id", "tokens_created", "token_manifest"}
    assert "jane" not in made["tokenized_text"]
    assert client.rehydrate_pii(text=made["tokenized_text"], session_id="ses-1")["rehydrated_text"] == TEXT
    assert client.get_pii_session("ses-1")["revoked"] is False
    assert client.revoke_pii_session("ses-1")["revoked"] is True
    with pytest.raises(VeriSwarmClientError, match="404"):
        client.rehydrate_pii(text=made["tokenized_text"], session_id="ses-1")


def test_outbound_text_is_guarded(client: VeriSwarmClient) -> None:
    client.secrets_detection = True
    assert client.guard_outbound_text("nothing secret here") == "nothing secret here"


def test_ledger(client: VeriSwarmClient) -> None:
    for i in range(3):
        client.verify_response(prompt="p", response=f"answer {i}")
    assert [entry["index"] for entry in client.query_vault_ledger(limit=2)] == [2, 1]
    assert client.query_vault_ledger(agent_id="agt_1", limit=2) == []
    verified = client.verify_vault_chain(limit=100)
    assert (verified["valid"], verified["entries_checked"]) == (True, 3)
    job = client.export_vault(export_type="json")
    assert client.get_vault_export_status(job["job_id"])["status"] == "completed"


def test_decisions(client: VeriSwarmClient, house: House) -> None:
    first = client.check_decision(agent_id="agt_1", action_type="tool_call", resource_type="send_email")
    assert first["decision"] in ("allow", "review", "deny")
    assert first["reason_code"]
    assert client.check_decision(agent_id="agt_1", action_type="post_message")["agent_id"] == "agt_1"


CALL = {"name": "wire_transfer", "arguments": {"to": "DE00 1234", "amount": 5000}}


@pytest.mark.parametrize(
    ("response", "safe"),
    [
        ("Canberra is the capital.", True),
        ("Sydney is the capital.", False),
        ('{"name": "look_up", "arguments": {"capital_of": "Australia"}}', True),
        (json.dumps(CALL), False),
        (f"Canberra.\n{json.dumps(CALL)}", False),
        ("", False),
    ],
    ids=["right", "wrong", "harmless call", "call only", "text and call", "nothing"],
)
def test_every_kind_of_answer_that_the_sdk_can_say(
    client: VeriSwarmClient, house: House, response: str, *, safe: bool
) -> None:
    house.change(judges=[Careful("safe", name="careful")])
    answer = client.verify_response(prompt="Capital of Australia?", response=response)
    assert answer["safe"] is safe
    assert answer["ledger_entry"]["index"] == 0


def test_what_the_sdk_has_no_words_for_is_refused_and_never_safe(client: VeriSwarmClient, house: House) -> None:
    house.change(judges=[ScriptedJudge("safe", name="a")])
    image = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
    for response in (None, image, 5):
        with pytest.raises(VeriSwarmClientError, match="422"):
            client.verify_response(prompt="p", response=response)  # type: ignore[arg-type]
    assert list(house.ledger.entries()) == []


def test_a_service_that_cannot_verify_never_says_safe(client: VeriSwarmClient, house: House) -> None:
    house.change(judges=[ScriptedJudge("error", name=name) for name in "abc"])
    assert client.verify_response(prompt="p", response="r")["safe"] is False
