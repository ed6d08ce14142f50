"""NeMo Guardrails' real server with the rails in docs/examples/nemo, and NVIDIA's client of the check route, against a real
``foureyes serve``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.gateway_cases import CHECKS, IMAGE, NEMO, Case, Check
from tests.servers.gateway_peers import TOOL, Service, foureyes_serving, peer
from tests.servers.model_simulator import ANSWERS, TRANSFER, ModelSimulator
from tests.servers.test_litellm import answer_of

pytestmark = pytest.mark.gateways

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "nemo"
NOT_VERIFIED = "This answer was not verified as safe."
TOOLS = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}]

CLIENT = """
import json, sys
from nemo_microservices import NeMoMicroservices
from nemo_microservices.types import GuardrailCheckResponse
url, key = sys.argv[1:]
client = NeMoMicroservices(base_url=url, default_headers={"X-API-Key": key}, max_retries=0)
for messages in json.load(sys.stdin):
    said = client.guardrail.check(model="toy", messages=messages, guardrails={"config_id": "any"})
    print(json.dumps(GuardrailCheckResponse.model_validate(said.model_dump(), strict=True).model_dump()))
"""


@dataclass
class Server:
    """NeMo's server between a client, a model and the service."""

    client: httpx.Client
    model: ModelSimulator
    service: Service

    def ask(self, messages: list[dict[str, Any]], **body: Any) -> httpx.Response:
        self.model.requests.clear()
        sent = {"model": "toy", "guardrails": {"config_id": "foureyes"}, "messages": messages, **body}
        return self.client.post("/v1/chat/completions", json=sent)

    def check(self, message: dict[str, Any]) -> dict[str, Any]:
        """NeMo's own check of a finished answer, with the rails of the example."""
        body = {
            "model": "toy",
            "guardrails": {"config_id": "foureyes", "rail_types": ["output"]},
            "messages": [{"role": "user", "content": "Capital of Australia?"}, message],
        }
        said: dict[str, Any] = self.client.post("/v1/checks", json=body).raise_for_status().json()
        return said


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("nemo")
    shutil.copytree(EXAMPLE, folder / "configurations")
    with ModelSimulator() as model, foureyes_serving(folder) as service:
        file = folder / "configurations" / "foureyes" / "config.yml"
        where = f"model: toy\n    parameters: {{base_url: {model.url}/v1}}"
        file.write_text(file.read_text().replace("model: gpt-5", where))
        environment = {"OPENAI_API_KEY": "none", "FOUREYES_URL": service.url, "FOUREYES_KEY": service.key}
        with (
            peer("nemo", folder / "configurations", "/healthz", **environment) as url,
            httpx.Client(base_url=url, timeout=120) as client,
        ):
            yield Server(client, model, service)


@pytest.mark.parametrize("case", NEMO, ids=lambda case: case.what)
def test_case(server: Server, case: Case) -> None:
    reply = server.ask(case.messages, **({"stream": True} if case.stream else {"tools": TOOLS}))
    assert reply.status_code == 200, reply.text
    said = answer_of(reply)
    if case.now == "passes":
        assert said == expected(case)
    elif case.stream:
        assert '"code": "content_blocked"' in reply.text
        assert said == {"text": "", "calls": ""}
    else:
        assert said in ({"text": NOT_VERIFIED, "calls": ""}, {"text": "", "calls": ""})


def expected(case: Case) -> dict[str, str]:
    """What NeMo hands on of an answer: the first choice, its text or its calls, and no calls in a stream."""
    first = ANSWERS[case.asks][0]
    calls = [] if case.stream else [call["function"] for call in first.get("tool_calls") or []]
    return {
        "text": first["content"] or "",
        "calls": "".join(call["name"] for call in calls) + "".join(call["arguments"] for call in calls),
    }


def test_without_the_service_nothing_goes_out(server: Server, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "configurations")
    file = tmp_path / "configurations" / "foureyes" / "config.yml"
    where = f"model: toy\n    parameters: {{base_url: {server.model.url}/v1}}"
    file.write_text(file.read_text().replace("model: gpt-5", where))
    environment = {"OPENAI_API_KEY": "none", "FOUREYES_URL": server.service.url, "FOUREYES_KEY": "stranger"}
    with (
        peer("nemo", tmp_path / "configurations", "/healthz", **environment) as url,
        httpx.Client(base_url=url, timeout=120) as client,
    ):
        other = Server(client, server.model, server.service)
        for asks in ("right", "harmless call"):
            said = answer_of(other.ask([{"role": "user", "content": f"({asks})"}], tools=TOOLS))
            assert said in ({"text": NOT_VERIFIED, "calls": ""}, {"text": "", "calls": ""})
        streamed = other.ask([{"role": "user", "content": "(right)"}], stream=True)
        assert answer_of(streamed) == {"text": "", "calls": ""}


def test_only_a_check_that_passed_was_verified(server: Server) -> None:
    """NeMo asks no output rail about an answer without text, and then says "modified"."""
    asked = len(server.service.judge.asked)
    assert server.check({"role": "assistant", "content": "Canberra"})["status"] == "passed"
    assert server.check({"role": "assistant", "content": "Sydney"})["status"] == "blocked"
    assert len(server.service.judge.asked) == asked + 2
    for message in ({"content": None, "tool_calls": [TRANSFER]}, {"content": None, "refusal": "Sydney"}):
        assert server.check({"role": "assistant", **message})["status"] == "modified"
    assert len(server.service.judge.asked) == asked + 2


@pytest.fixture(scope="module")
def checked(server: Server) -> dict[str, Any]:
    """What NVIDIA's client got for every check, by its name: one process for all of them."""
    question = {"role": "user", "content": "Capital of Australia?"}
    conversations = [[question, {"role": "assistant", **check.message}] for check in CHECKS]
    conversations.append([{"role": "user", "content": [IMAGE]}, {"role": "assistant", "content": "Canberra"}])
    done = subprocess.run(
        [TOOL, "python", "nemo", "-c", CLIENT, server.service.url, server.service.key],
        input=json.dumps(conversations),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = [*(check.what for check in CHECKS), "image asked"]
    return dict(zip(names, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.what)
def test_nvidias_client_reads_every_answer_of_the_check_route(checked: dict[str, Any], check: Check) -> None:
    said = checked[check.what]
    assert said["status"] == check.now
    assert said["rails_status"] == {"cross model verification": {"status": check.now}}
    assert check.why in said["guardrails_data"]["reason"]


def test_an_image_in_the_question_blocks_too(checked: dict[str, Any]) -> None:
    assert checked["image asked"]["status"] == "blocked"
    assert "image_url" in checked["image asked"]["guardrails_data"]["reason"]
