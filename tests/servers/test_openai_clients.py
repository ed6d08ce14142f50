"""LangChain, OpenAI's Agents SDK and LiteLLM as clients of the gateway, unchanged, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from foureyes.cascade.policy import ConfidenceGate, Policy
from foureyes.route.outcome import RouteRequest
from foureyes.route.route import Route
from foureyes.route.rules import RouteMember
from foureyes.route.scripted import ScriptedRouteReader, ScriptedRouteWriter, completion
from tests.servers.gateway_peers import TOOL
from tests.service.house import House
from tests.service.loopback import serving

pytestmark = pytest.mark.gateways

CLIENTS = Path(__file__).parent / "clients"
WEATHER = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Canberra"}'}}


def written(request: RouteRequest) -> str | dict[str, Any]:
    """What the writer says: a call, the object asked for, a wrong answer or a right one."""
    last = request.body["messages"][-1]
    if request.body.get("response_format", {}).get("type") in ("json_schema", "json_object"):
        return '{"name": "Canberra"}' if "unknowable" not in str(last["content"]) else '{"name": "Sydney"}'
    if request.tools and last["role"] == "user":
        body = completion("")
        message = {"role": "assistant", "content": None, "tool_calls": [WEATHER]}
        body["choices"][0] |= {"message": message, "finish_reason": "tool_calls"}
        return body
    if last["role"] == "tool":
        return f"It is {last['content']}"
    return "Sydney" if "unknowable" in str(last["content"]) else "Canberra"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    reader = ScriptedRouteReader({"Sydney": 0.1, '{"name": "Sydney"}': 0.1}, otherwise=0.9)
    policy = Policy((ConfidenceGate((0.8,), ("abstain", "answer")),))
    route = Route("trivia", [RouteMember(ScriptedRouteWriter("small", written))], reader, policy)
    with House(tmp_path_factory.mktemp("house")) as house:
        house.change(routes={"trivia": route})
        with serving(house.app) as url:
            yield f"{url}/v1", house.keys["route"].presented


def used(peer: str, script: str, address: tuple[str, str]) -> Any:
    """What a client's script prints."""
    command = [TOOL, "python", peer, CLIENTS / script, *address]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_langchain(address: tuple[str, str]) -> None:
    found = used("clients", "langchain_client.py", address)
    for kind in ("chat", "responses"):
        refused = found[kind].pop("refused")
        assert found[kind] == {
            "text": "Canberra",
            "tokens": 15,
            "streamed": "Canberra",
            "streamed_tokens": 15,
            "calls": [["weather", {"city": "Canberra"}]],
            "after": "It is fine in Canberra",
            "parsed": "Canberra",
            "json": "Canberra",
            "batch": ["Canberra", "Canberra"] if kind == "chat" else [],
            "abstained": "",
        }
        assert "No answer" in refused


def test_agents(address: tuple[str, str]) -> None:
    found = used("clients", "agents_client.py", address)
    for kind in ("chat", "responses"):
        abstained = found[kind].pop("abstained")
        assert found[kind] == {
            "text": "Canberra",
            "second": "Canberra",
            "tokens": 15,
            "tool": "It is fine in Canberra",
            "streamed": "It is fine in Canberra",
            "events": ["agent_updated_stream_event", "raw_response_event", "run_item_stream_event"],
            "typed": "Canberra",
        }
        assert "Sydney" not in abstained
        assert "No answer" in abstained


def test_litellm(address: tuple[str, str]) -> None:
    found = used("litellm", "litellm_client.py", address)
    assert found == {
        "texts": ["Canberra", "Canberra"],
        "tokens": 15,
        "streamed": "Canberra",
        "streamed_tokens": 15,
        "calls": [["weather", {"city": "Canberra"}]],
        "schema": '{"name": "Canberra"}',
        "old": "Canberra",
        "responses": "Canberra",
        "abstained": [None, "stop"],
        "refusal": found["refusal"],
        "unknown": 404,
    }
    assert "No answer" in found["refusal"]
