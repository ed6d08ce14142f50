"""What stands behind the gateway: LiteLLM's proxy as a writer, and two real vLLM servers as writers and reader."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from foureyes.calibration import Platt, Source
from foureyes.cascade.policy import ConfidenceGate, Policy
from foureyes.models.completions import CompletionsReader
from foureyes.route.http_writer import HttpRouteWriter
from foureyes.route.outcome import RouteRequest
from foureyes.route.reader import CalibratedReader
from foureyes.route.roles import WriterReply
from foureyes.route.route import Route
from foureyes.route.rules import Prices, RouteMember
from foureyes.route.scripted import ScriptedRouteReader
from tests.servers.chat_simulator import ChatSimulator
from tests.servers.gateway_peers import peer
from tests.service.house import House
from tests.service.loopback import serving

QUESTION: Any = [{"role": "user", "content": "What is the capital of Australia? Answer with the name only."}]
NAME = "smollm2-135m"
CITY: Any = {
    "type": "object",
    "properties": {"city": {"enum": ["Canberra", "Sydney"]}},
    "required": ["city"],
    "additionalProperties": False,
}


class Located(HttpRouteWriter):
    """A writer that knows in which loop it was asked, where its connections are."""

    loop: asyncio.AbstractEventLoop

    async def write(self, request: RouteRequest) -> WriterReply:
        self.loop = asyncio.get_running_loop()
        return await super().write(request)


def close(route: Route, writer: Located) -> None:
    asyncio.run_coroutine_threadsafe(route.aclose(), writer.loop).result(30)


@pytest.fixture
def litellm(tmp_path: Path) -> Iterator[str]:
    """LiteLLM's proxy before a model that knows one answer."""
    with ChatSimulator(lambda _, user: "Canberra" if "Australia" in user else "Cheese") as model:
        params = {"model": "openai/toy", "api_base": f"{model.url}/v1", "api_key": "none"}
        models = [{"model_name": "cheap", "litellm_params": params}]
        file = tmp_path / "litellm.yaml"
        file.write_text(json.dumps({"model_list": models, "general_settings": {"master_key": "sk-toy"}}))
        with peer("litellm", file, "/health/liveliness") as url:
            yield url


@pytest.mark.gateways
def test_litellm_is_a_writer(litellm: str, tmp_path: Path) -> None:
    writer = Located("toy", "cheap", f"{litellm}/v1", key="sk-toy")
    policy = Policy((ConfidenceGate((0.5,), ("abstain", "answer")),))
    reader = ScriptedRouteReader({"Canberra": 0.9}, otherwise=0.1)
    route = Route("litellm", [RouteMember(writer, Prices(1.0, 2.0))], reader, policy)
    with House(tmp_path) as house:
        house.change(routes={"litellm": route})
        with serving(house.app) as url, client_of(house, url) as client:
            found = client.chat.completions.create(model="foureyes/litellm", messages=QUESTION)
            assert found.choices[0].message.content == "Canberra"
            assert found.foureyes["stages"][0]["cost"] is not None
            other = client.chat.completions.create(
                model="foureyes/litellm", messages=[{"role": "user", "content": "The moon?"}]
            )
            assert other.choices[0].message.refusal
            close(route, writer)


@pytest.mark.vllm
@pytest.mark.weights
def test_one_vllm_server_writes_and_another_reads(
    vllm: str, vllm_reader: tuple[str, Callable[[], None]], tmp_path: Path
) -> None:
    """They serve the same small model: what is held here is the wire, not who is right."""
    reading, end_reader = vllm_reader
    with CompletionsReader.open(reading) as opened:
        source = Source("log_cmp", opened.fingerprint)
        platt = Platt.fit([0.1, 0.5, 1.0, 2.0, 3.0, 4.0], [1, 1, 1, 0, 0, 0], source=source)
        members = [RouteMember(Located(name, NAME, vllm)) for name in ("small", "large")]
        policy = Policy((ConfidenceGate((1.0,), ("escalate", "answer")), ConfidenceGate((0.0,), ("abstain", "answer"))))
        route = Route("vllm", members, CalibratedReader(opened, "log_cmp", platt), policy)
        with House(tmp_path) as house:
            house.change(routes={"vllm": route})
            with serving(house.app) as url, client_of(house, url) as client:
                asked: Any = {"model": "foureyes/vllm", "messages": QUESTION, "max_tokens": 12, "temperature": 0}
                found = client.chat.completions.create(**asked, logprobs=True, top_logprobs=2)
                assert [stage["writer"] for stage in found.foureyes["stages"]] == ["small", "large"]
                assert 0 < found.foureyes["confidence"] < 1
                assert found.choices[0].logprobs.content
                with client.chat.completions.stream(**asked) as stream:
                    assert stream.get_final_completion().choices[0].message.content == found.choices[0].message.content
                response = client.responses.create(
                    model="foureyes/vllm", input=QUESTION, max_output_tokens=12, temperature=0
                )
                assert response.output_text == found.choices[0].message.content
                form: Any = {"type": "json_schema", "json_schema": {"name": "city", "strict": True, "schema": CITY}}
                held = client.chat.completions.create(**{**asked, "max_tokens": 40}, response_format=form)
                assert json.loads(held.choices[0].message.content)["city"] in CITY["properties"]["city"]["enum"]
                assert [stage["failure"] for stage in held.foureyes["stages"]] == [None, None]
                end_reader()
                with pytest.raises(openai.InternalServerError, match="small: unread") as unread:
                    client.chat.completions.create(**asked)
                assert unread.value.response.headers["x-should-retry"] == "false"
                close(route, members[0].writer)


def client_of(house: House, url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=house.keys["route"].presented, max_retries=0, timeout=120)
