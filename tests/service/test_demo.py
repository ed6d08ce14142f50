"""``foureyes serve --demo``: real weights, a right and a wrong answer, the record proved, the page served."""

from __future__ import annotations

import hashlib
import itertools
import json
import signal
from pathlib import Path

import httpx
import pytest

from foureyes.config import new_key
from foureyes.guard.reader_judge import SHIPPED_MODELS
from foureyes.ledger import read_keys
from foureyes.ledger.checkpoint import Checkpoint
from foureyes.maths.merkle import verify_inclusion
from foureyes.models.weights import SMALL_PAIR, STANDARD_PAIR, ModelPair
from foureyes.service.demo import demo_settings
from foureyes.service.traffic import play, scenes
from tests.service.house import House, open_house
from tests.service.test_serve import serving

__all__ = ["open_house"]


def test_of_every_four_scenes_two_are_right() -> None:
    first = list(itertools.islice(scenes(), 400))
    assert [scene.right for scene in first[:8]] == [True, False, True, False] * 2
    assert {scene.agent for scene in first} == {"right-answers", "confident-errors", "poisoned-memory"}
    assert [scene.prompt for scene in first] == [scene.prompt for scene in itertools.islice(scenes(), 400)]


def test_a_poisoned_memory_is_shown_to_nobody() -> None:
    poisoned = [scene for scene in itertools.islice(scenes(), 400) if scene.agent == "poisoned-memory"]
    assert all(scene.memory and scene.memory not in scene.prompt + scene.response for scene in poisoned)


def test_traffic_is_verified_and_its_outcomes_are_reported(house: House) -> None:
    import asyncio

    async def run() -> None:
        for scene in itertools.islice(scenes(), 8):
            await play(house.state, "acme", scene)

    asyncio.run(run())
    tenant = house.state.tenant("acme")
    assert len(asyncio.run(tenant.feed.latest(100))) == len(list(house.ledger.entries())) == 8
    assert tenant.gate.record("right-answers").reliability == 1.0
    assert tenant.gate.record("poisoned-memory").reliability == 0.0


@pytest.mark.parametrize("pair", [SMALL_PAIR, STANDARD_PAIR])
def test_the_second_reader_decides_and_the_authors_model_is_heard(pair: ModelPair, tmp_path: Path) -> None:
    [tenant] = demo_settings(tmp_path, pair, new_key("demo", {"admin"})).tenants.values()
    assert [verifier.model for verifier in tenant.verifiers] == [pair.author, pair.reader]
    author, reader = (verifier.weight for verifier in tenant.verifiers)
    assert reader > author > 0
    assert set(SHIPPED_MODELS) >= {pair.author, pair.reader}, "without a calibration it could not vote"


@pytest.mark.weights
def test_the_demo_verifies_records_and_shows() -> None:
    with serving("--demo", "--small") as (process, said):
        headers = {"Authorization": f"Bearer {said['key']}"}
        with httpx.Client(base_url=said["url"], headers=headers, timeout=120) as client:
            for response in ("Canberra", "Sydney"):
                body = {"prompt": "What is the capital of Australia? Answer with the name only.", "response": response}
                answer = client.post("/v1/guard/verify", json=body).json()
                assert {vote["verdict"] for vote in answer["votes"]} <= {"safe", "unsafe"}
                assert {vote["model"] for vote in answer["votes"]} == {"smollm2-135m", "gemma3-270m"}
                index = answer["ledger_entry"]["index"]
            entry = client.get(f"/v1/ledger/entries/{index}").json()
            assert json.loads(entry["raw"])["payload"]["request_id"] == answer["request_id"]
            leaf = hashlib.sha256(b"\0" + entry["raw"].encode()).digest()
            keys = [key for line in client.get("/v1/ledger").json()["keys"] for key in read_keys(line)]
            signed = Checkpoint.opened(client.get("/v1/ledger/checkpoint").text, keys)
            proof = client.get("/v1/ledger/proof/inclusion", params={"index": index, "size": signed.size}).json()
            path = [bytes.fromhex(one) for one in proof["path"]]
            assert verify_inclusion(leaf, index, signed.size, path, root=signed.root)
            assert client.get("/v1/ledger/verify").json()["valid"] is True
            assert "text/html" in client.get("/").headers["content-type"]
            shown = client.get("/v1/decisions").json()["decisions"]
            assert any(decision["response"] == "Sydney" for decision in shown)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0
