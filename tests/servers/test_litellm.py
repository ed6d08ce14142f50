"""LiteLLM's real proxy, with its generic guardrail pointed at a real ``foureyes serve``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ports import free_port
from tests.servers.gateway_cases import LITELLM, Case
from tests.servers.gateway_peers import Service, foureyes_serving, peer
from tests.servers.model_simulator import ANSWERS, ModelSimulator

pytestmark = pytest.mark.gateways

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "litellm"
MASTER_KEY = "sk-0123456789abcdef0123456789abcdef"
EMAIL = "jane.doe@example.com"


GUARDRAIL = """
  - guardrail_name: {name}
    litellm_params:
      guardrail: generic_guardrail_api
      mode: [{mode}]
      api_base: {address}
      api_key: {key}
      timeout: 60
      streaming_buffer_until_moderated: {buffered}
"""


@dataclass
class Proxy:
    """LiteLLM's proxy between a client, a model and the service."""

    client: httpx.Client
    model: ModelSimulator
    service: Service

    def ask(self, messages: list[dict[str, Any]], *guardrails: str, **body: Any) -> httpx.Response:
        """What the client gets; what the model got is in ``model.requests``."""
        self.model.requests.clear()
        sent = {"model": "toy", "guardrails": guardrails or ["foureyes"], "messages": messages, **body}
        return self.client.post("/v1/chat/completions", json=sent)

    def user(self, text: str, *guardrails: str, **body: Any) -> httpx.Response:
        return self.ask([{"role": "user", "content": text}], *guardrails, **body)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("litellm")
    with ModelSimulator() as model, foureyes_serving(folder) as service:
        shutil.copy(EXAMPLE / "foureyes_rest.py", folder)
        file = folder / "litellm.yaml"
        file.write_text(configuration(model, service))
        with (
            peer("litellm", file, "/health/liveliness", LITELLM_MASTER_KEY=MASTER_KEY) as url,
            httpx.Client(base_url=url, headers={"Authorization": f"Bearer {MASTER_KEY}"}, timeout=120) as client,
        ):
            yield Proxy(client, model, service)


def configuration(model: ModelSimulator, service: Service) -> str:
    both, nobody = "pre_call, post_call", f"http://127.0.0.1:{free_port()}"
    guardrails = [
        ("foureyes", both, service.url, service.key, "true"),
        ("not-buffered", both, service.url, service.key, "false"),
        ("after-only", "post_call", service.url, service.key, "true"),
        ("strange-key", both, service.url, "stranger", "true"),
        ("nobody-there", both, nobody, service.key, "true"),
    ]
    names = ("name", "mode", "address", "key", "buffered")
    return f"""
model_list:
  - model_name: toy
    litellm_params: {{model: openai/toy, api_base: "{model.url}/v1", api_key: none, max_retries: 0}}
router_settings: {{disable_cooldowns: true, num_retries: 0}}
guardrails:
  - guardrail_name: foureyes-rest
    litellm_params: {{guardrail: foureyes_rest.Rest, mode: post_call}}
""" + "".join(GUARDRAIL.format(**dict(zip(names, values, strict=True))) for values in guardrails)


def answer_of(reply: httpx.Response) -> dict[str, Any]:
    """The text and the tool calls of a whole or streamed reply, of all choices together."""
    if not reply.headers["content-type"].startswith("text/event-stream"):
        messages = [choice["message"] for choice in reply.json()["choices"]]
    else:
        lines = [line.removeprefix("data: ") for line in reply.text.splitlines() if line.startswith("data: {")]
        messages = [choice["delta"] for line in lines for choice in json.loads(line).get("choices", [])]
    calls = [call["function"] for message in messages for call in message.get("tool_calls") or []]
    return {
        "text": "".join(message.get("content") or "" for message in messages),
        "calls": "".join(call.get("name") or "" for call in calls) + "".join(call["arguments"] for call in calls),
    }


def expected(case: Case) -> dict[str, Any]:
    calls = [call["function"] for message in ANSWERS[case.asks] for call in message.get("tool_calls") or []]
    return {
        "text": "".join(message["content"] or "" for message in ANSWERS[case.asks]),
        "calls": "".join(call["name"] for call in calls) + "".join(call["arguments"] for call in calls),
    }


@pytest.mark.parametrize("case", LITELLM, ids=lambda case: case.what)
def test_case(proxy: Proxy, case: Case) -> None:
    votes = len(proxy.service.judge.asked)
    reply = proxy.ask(case.messages, **({"stream": True} if case.stream else {}))
    if case.now == "blocked":
        assert reply.status_code == 400, reply.text
        error = reply.json()["error"]["message"]
        assert case.why in error
        assert not any(word in error for word in ("Sydney", "wire_transfer"))
        assert bool(proxy.model.requests) is (case.beside is None)
    else:
        assert reply.status_code == 200, reply.text
        assert answer_of(reply) == expected(case)
        assert (len(proxy.service.judge.asked) > votes) is (case.now == "passes")


@pytest.mark.parametrize("guardrail", ["after-only", "strange-key", "nobody-there"])
@pytest.mark.parametrize("stream", [False, True])
def test_without_the_service_or_the_request_nothing_goes_out(proxy: Proxy, guardrail: str, *, stream: bool) -> None:
    reply = proxy.user("Capital of Australia? (right)", guardrail, stream=stream)
    assert reply.status_code >= 400
    assert "Canberra" not in reply.text
    if guardrail == "after-only":
        assert "the request of this call was not sent here first" in reply.text
    else:
        assert not proxy.model.requests


def test_a_stream_that_is_not_held_back_ends_with_the_error(proxy: Proxy) -> None:
    reply = proxy.user("Capital of Australia? (wrong)", "not-buffered", stream=True)
    assert "Sydney" in reply.text  # out before anybody was asked: docs/gateways.md says so
    assert '{"error"' in reply.text
    assert "1 of 1 verifier says unsafe" in reply.text
    assert answer_of(proxy.user("Capital of Australia? (right)", "not-buffered", stream=True)) == {
        "text": ANSWERS["right"][0]["content"],
        "calls": "",
    }


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("asks", ["refusal", "old call", "audio", "nothing", "reasoning"])
def test_a_second_guardrail_blocks_what_litellm_shows_to_nobody(proxy: Proxy, asks: str, *, stream: bool) -> None:
    both = ("foureyes", "foureyes-rest")
    assert answer_of(proxy.user("(right)", *both, stream=stream))["text"] == ANSWERS["right"][0]["content"]
    reply = proxy.user(f"({asks})", *both, stream=stream)
    assert not any(word in reply.text for word in ("Sydney", "wire_transfer", "Canberra"))
    if not stream:
        assert reply.status_code == 400


def test_personal_data_stays_here_and_comes_back(proxy: Proxy) -> None:
    reply = proxy.user(f"Write to {EMAIL}.")
    assert answer_of(reply)["text"] == f"Write to {EMAIL}."
    [(_, seen)] = proxy.model.requests
    assert EMAIL not in json.dumps(seen)
    assert "EMAIL_ADDRESS" in json.dumps(seen)
    assert EMAIL not in proxy.service.judge.asked[-1][1]


def test_personal_data_in_earlier_calls_stays_here_too(proxy: Proxy) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "find", "arguments": json.dumps({"who": EMAIL})}}
    messages = [
        {"role": "user", "content": "Who is it?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": f"{EMAIL} is a customer"},
        {"role": "user", "content": "Capital of Australia? (right)"},
    ]
    assert proxy.ask(messages).status_code == 200
    [(_, seen)] = proxy.model.requests
    assert EMAIL not in json.dumps(seen)
    assert [message["role"] for message in seen["messages"]] == [message["role"] for message in messages]
    token = json.loads(seen["messages"][1]["tool_calls"][0]["function"]["arguments"])["who"]
    assert seen["messages"][2]["content"] == f"{token} is a customer"


def test_a_streamed_answer_keeps_its_tokens(proxy: Proxy) -> None:
    text = answer_of(proxy.user(f"Write to {EMAIL}.", stream=True))["text"]
    assert EMAIL not in text  # LiteLLM puts no other text into a stream that it holds back
    assert "EMAIL_ADDRESS" in text


def test_every_answer_that_was_read_is_in_the_ledger(proxy: Proxy) -> None:
    before = len(proxy.service.entries())
    proxy.user("Capital of Australia? (right)")
    proxy.user("Capital of Australia? (two choices)")
    assert len(proxy.service.entries()) == before + 3
