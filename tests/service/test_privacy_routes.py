"""Personal data over HTTP: out, back, and gone."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.service.house import House, open_house
from tests.service.loopback import serving

__all__ = ["open_house"]

TEXT = "Write to jane.doe@example.com or call +44 20 7946 0958."


@pytest.mark.parametrize("prefix", ["/v1/guard/pii", "/v1/suite/guard/pii"])
def test_there_and_back(house: House, prefix: str) -> None:
    made = house.call("POST", f"{prefix}/tokenize", {"text": TEXT}, key="verify").json()
    assert "jane" not in made["tokenized_text"]
    assert made["tokens_created"] == len(made["token_manifest"]) >= 1
    assert all("jane" not in str(entry) for entry in made["token_manifest"])
    body = {"text": made["tokenized_text"], "session_id": made["session_id"]}
    assert house.call("POST", f"{prefix}/rehydrate", body, key="verify").json()["rehydrated_text"] == TEXT


def test_tokens_stay_the_same_within_a_conversation_and_differ_between_two(house: House) -> None:
    first, again, other = (
        house.call("POST", "/v1/guard/pii/tokenize", {"text": TEXT, "session_id": session}).json()
        for session in ("chat-1", "chat-1", "chat-2")
    )
    assert first["tokenized_text"] == again["tokenized_text"] != other["tokenized_text"]
    assert again["tokens_created"] == 0


def test_a_conversation_can_be_forgotten_for_good(house: House) -> None:
    made = house.call("POST", "/v1/guard/pii/tokenize", {"text": TEXT, "session_id": "chat-1"}).json()
    path = "/v1/guard/pii/sessions/chat-1"
    assert house.call("GET", path).json() == {"session_id": "chat-1", "revoked": False}
    assert house.call("DELETE", path).json() == {"session_id": "chat-1", "revoked": True}
    assert house.call("GET", path).status == 404
    assert house.call("DELETE", path).status == 404
    body = {"text": made["tokenized_text"], "session_id": "chat-1"}
    assert house.call("POST", "/v1/guard/pii/rehydrate", body).status == 404


@pytest.mark.parametrize("session", ["a/b", "a//b", "team/chat-7/2", "user@example.com/1", "a:b+c/d", "a/sessions/b"])
def test_a_conversation_whose_name_holds_slashes_can_be_read_and_deleted(house: House, session: str) -> None:
    for prefix in ("/v1/guard/pii", "/v1/suite/guard/pii"):
        house.call("POST", f"{prefix}/tokenize", {"text": TEXT, "session_id": session})
        path = f"{prefix}/sessions/{session}"
        assert house.call("GET", path).json() == {"session_id": session, "revoked": False}
        assert house.call("DELETE", path).json() == {"session_id": session, "revoked": True}
        assert house.call("GET", path).status == 404


@pytest.mark.parametrize("sent", ["a/b", "a%2Fb", "a%2fb"])
def test_a_slash_arrives_escaped_or_not(house: House, sent: str) -> None:
    house.call("POST", "/v1/guard/pii/tokenize", {"text": TEXT, "session_id": "a/b"})
    headers = {"X-API-Key": house.keys["verify"].presented}
    with serving(house.app) as address:
        reply = httpx.delete(f"{address}/v1/guard/pii/sessions/{sent}", headers=headers)
    assert reply.json() == {"session_id": "a/b", "revoked": True}


@pytest.mark.parametrize("path", ["", "/", "/a/", "a b", "..%2fa", "-a"])
def test_what_is_no_name_of_a_conversation_is_refused(house: House, path: str) -> None:
    assert house.call("GET", f"/v1/guard/pii/sessions/{path}").status in (404, 422)


def test_a_text_without_personal_data_stays_as_it_is(house: House) -> None:
    made = house.call("POST", "/v1/guard/pii/tokenize", {"text": "Nothing here."}).json()
    assert (made["tokenized_text"], made["tokens_created"], made["token_manifest"]) == ("Nothing here.", 0, [])
    body = {"text": made["tokenized_text"], "session_id": made["session_id"]}
    assert house.call("POST", "/v1/guard/pii/rehydrate", body).json()["rehydrated_text"] == "Nothing here."


def test_a_text_without_tokens_needs_no_conversation(house: House) -> None:
    body = {"text": "Nothing here.", "session_id": "never-made"}
    assert house.call("POST", "/v1/guard/pii/rehydrate", body).json()["rehydrated_text"] == "Nothing here."


def test_a_detector_that_fails_lets_nothing_out(house: House) -> None:
    class Broken:
        def find(self, text: str) -> Any:
            raise IndexError(f"a bug in {text}")

    house.change(detector=Broken())
    reply = house.call("POST", "/v1/guard/pii/tokenize", {"text": TEXT})
    assert (reply.status, reply.json()["type"]) == (503, "urn:foureyes:problem:unavailable")
    assert b"jane" not in reply.body
    assert "jane" not in house.log.getvalue()


def test_without_a_vault_the_route_says_so(house: House) -> None:
    house.change(vault=None)
    assert house.call("POST", "/v1/guard/pii/tokenize", {"text": TEXT}).status == 501
