"""The record over HTTP: what is sent can be checked without the service."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import replace

import pytest

from foureyes.config.keys import new_key
from foureyes.ledger.checkpoint import Checkpoint
from foureyes.maths.merkle import verify_consistency, verify_inclusion
from tests.service.house import House, open_house

__all__ = ["open_house"]


def filled(house: House, n: int = 5) -> House:
    for i in range(n):
        body = {"prompt": "p", "response": f"answer {i}", "agent_id": f"agent-{i % 2}"}
        assert house.call("POST", "/v1/guard/verify", body).status == 200
    return house


def test_an_entry_can_be_hashed_and_proved_by_whoever_has_it(house: House) -> None:
    filled(house)
    [*_, newest] = house.call("GET", "/v1/ledger/entries?limit=3", key="audit").json()["entries"]
    leaf = hashlib.sha256(b"\0" + newest["raw"].encode()).digest()
    assert leaf.hex() == newest["entry_hash"]
    proof = house.call("GET", f"/v1/ledger/proof/inclusion?index={newest['index']}", key="audit").json()
    path = [bytes.fromhex(one) for one in proof["path"]]
    note = house.call("GET", "/v1/ledger/checkpoint", key="audit")
    assert note.headers["content-type"].startswith("text/plain")
    signed = Checkpoint.opened(note.body.decode(), house.ledger.keys)
    assert verify_inclusion(leaf, newest["index"], signed.size, path, root=signed.root)


def test_growth_can_be_proved(house: House) -> None:
    filled(house, 3)
    old = Checkpoint.opened(house.call("GET", "/v1/ledger/checkpoint").body.decode(), house.ledger.keys)
    filled(house, 4)
    proof = house.call("GET", f"/v1/ledger/proof/consistency?old={old.size}").json()
    hashes = [bytes.fromhex(one) for one in proof["hashes"]]
    new_root = bytes.fromhex(proof["new_root"])
    assert verify_consistency(old.size, proof["new"], hashes, old_root=old.root, new_root=new_root)


def test_entries_come_in_order_by_range_or_from_the_end(house: House) -> None:
    filled(house)

    def indices(query: str) -> list[int]:
        return [entry["index"] for entry in house.call("GET", f"/v1/ledger/entries{query}").json()["entries"]]

    assert indices("?limit=2") == [3, 4]
    assert indices("?start=1&limit=2") == [1, 2]
    assert indices("?start=9") == []
    assert house.call("GET", "/v1/ledger/entries/2").json()["index"] == 2
    assert house.call("GET", "/v1/ledger/entries/9").status == 404
    about = house.call("GET", "/v1/ledger").json()
    assert (about["size"], about["log_id"]) == (5, "example.com/acme")
    assert about["keys"][0].startswith("example.com/acme+")


def test_the_vaults_routes_are_newest_first_and_by_agent(house: House) -> None:
    filled(house)
    found = house.call("GET", "/v1/suite/vault/ledger?limit=2&agent_id=agent-0", key="audit").json()
    assert [entry["index"] for entry in found] == [4, 2]
    verified = house.call("GET", "/v1/suite/vault/verify?limit=100", key="audit").json()
    assert (verified["valid"], verified["entries_checked"]) == (True, 5)


def test_what_was_tampered_with_is_not_valid(house: House) -> None:
    filled(house)
    with sqlite3.connect(house.folder / "ledger.db") as db:
        [(entry,)] = db.execute("SELECT entry FROM entries WHERE place = 2")
        db.execute("UPDATE entries SET entry = ? WHERE place = 2", [entry.replace(b"agent-0", b"agent-9")])
    db.close()
    audit = house.call("GET", "/v1/ledger/verify").json()
    assert audit["valid"] is False
    assert "edited" in audit["problem"]


def test_an_export_is_where_it_says(house: House) -> None:
    filled(house)
    job = house.call("POST", "/v1/suite/vault/export", {"export_type": "json"}).json()
    assert (job["status"], job["size"]) == ("completed", 5)
    assert house.call("GET", f"/v1/suite/vault/export/{job['job_id']}").json() == job
    assert house.call("GET", "/v1/suite/vault/export/99999").status == 404
    export = house.call("GET", job["download"])
    assert export.status == 200
    assert b"cross_model_verification" in export.body


def test_another_tenants_entries_in_a_shared_log_are_not_shown(house: House) -> None:
    filled(house, 2)
    other = new_key("other", {"audit", "verify"})
    tenants = {**house.state.parts.tenants, "other": house.state.parts.tenants["acme"]}
    keyring = replace(house.state.parts.keyring, keys=(*house.state.parts.keyring.keys, other.stored))
    house.state.replace(replace(house.state.parts, tenants=tenants, keyring=keyring))
    key = {"x-api-key": other.presented}
    house.call("POST", "/v1/guard/verify", {"prompt": "p", "response": "r"}, key=None, headers=key)
    for path in ("/v1/ledger/entries", "/v1/suite/vault/ledger"):
        reply = house.call("GET", path, key=None, headers=key)
        found = reply.json()
        entries = found["entries"] if isinstance(found, dict) else found
        assert [(entry["index"], entry["payload"]["tenant"]) for entry in entries] == [(2, "other")]
    assert house.call("GET", "/v1/ledger/entries/0", key=None, headers=key).status == 404
    assert house.call("GET", "/v1/ledger/export", key=None, headers=key).status == 403
    assert house.call("GET", "/v1/ledger/export", key="admin").status == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("index=5", 404),
        ("index=0&size=6", 404),
        ("index=-1", 422),
        ("index=a", 422),
        ("", 422),
        ("index=" + "9" * 20, 422),
    ],
)
def test_what_is_not_there_cannot_be_proved(house: House, query: str, status: int) -> None:
    filled(house)
    reply = house.call("GET", f"/v1/ledger/proof/inclusion?{query}")
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")


def test_without_a_ledger_the_routes_say_so(house: House) -> None:
    house.change(ledger=None)
    assert house.call("GET", "/v1/ledger").status == 501


def test_no_text_is_in_the_ledger(house: House) -> None:
    house.call("POST", "/v1/guard/verify", {"prompt": "canary-prompt", "response": "canary-response"})
    assert b"canary" not in json.dumps(house.call("GET", "/v1/ledger/entries").json()).encode()
