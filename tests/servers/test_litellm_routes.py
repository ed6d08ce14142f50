"""The other routes of LiteLLM's real proxy: messages as Anthropic has them, OpenAI's responses, and completions of words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.servers.gateway_cases import LITELLM_ROUTES, RouteCase
from tests.servers.gateway_peers import foureyes_serving, peer
from tests.servers.model_simulator import ANSWERS
from tests.servers.routes_simulator import RoutesSimulator
from tests.servers.test_litellm import EXAMPLE, MASTER_KEY, Proxy, configuration

pytestmark = pytest.mark.gateways

ROUTES = ("messages", "responses", "completions")


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("litellm-routes")
    with RoutesSimulator() as model, foureyes_serving(folder) as service:
        file = folder / "litellm.yaml"
        (folder / "foureyes_rest.py").write_bytes((EXAMPLE / "foureyes_rest.py").read_bytes())
        file.write_text(configuration(model, service))
        with (
            peer("litellm", file, "/health/liveliness", LITELLM_MASTER_KEY=MASTER_KEY) as url,
            httpx.Client(base_url=url, headers={"Authorization": f"Bearer {MASTER_KEY}"}, timeout=120) as client,
        ):
            yield Proxy(client, model, service)


def asked(route: str, question: str) -> dict[str, Any]:
    """The body of a request."""
    bodies: dict[str, dict[str, Any]] = {
        "messages": {"max_tokens": 99, "messages": [{"role": "user", "content": question}]},
        "responses": {"input": question},
        "completions": {"prompt": question},
    }
    return {"model": "toy", "guardrails": ["foureyes"], **bodies[route]}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("case", LITELLM_ROUTES, ids=lambda case: case.what)
def test_case(proxy: Proxy, case: RouteCase, route: str) -> None:
    proxy.model.requests.clear()
    votes = len(proxy.service.judge.asked)
    reply = proxy.client.post(f"/v1/{route}", json=asked(route, f"Capital of Australia? ({case.asks})"))
    assert proxy.model.requests
    if getattr(case, route) == "blocked":
        assert reply.status_code == 400, reply.text
        assert not any(word in reply.text for word in ("Sydney", "wire_transfer"))
        return
    assert reply.status_code == 200, reply.text
    assert len(proxy.service.judge.asked) == votes + 1
    said = json.dumps(reply.json())
    for message in ANSWERS[case.asks]:
        assert (message["content"] or "") in said
        for call in message.get("tool_calls", []):
            assert (call["function"]["name"] in said) is (route != "completions")


@pytest.mark.parametrize("route", ROUTES)
def test_without_the_service_nothing_goes_out(proxy: Proxy, route: str) -> None:
    proxy.model.requests.clear()
    body = asked(route, "Capital of Australia? (right)") | {"guardrails": ["nobody-there"]}
    reply = proxy.client.post(f"/v1/{route}", json=body)
    assert reply.status_code >= 400
    assert "Canberra" not in reply.text
    assert not proxy.model.requests
