"""Every provider's models answer in a council and in a segment check, through the service that a configuration makes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.asgi import call
from foureyes.config import Reloader, new_key
from foureyes.service.configured import ConfiguredService
from tests.servers.chat_simulator import ChatSimulator

VERIFIER = """
[verifiers.{api}]
kind = "judge"
api = "{api}"
model = "{api}-model"
base_url = "{url}"
key_env = "KEY"
"""
TENANT = "[tenants.acme]\npii = 'off'\nsalt_env = 'SALT'\n"
ENVIRON = {"SALT": "a salt of sixteen bytes", "KEY": "sk-very-secret"}


@pytest.fixture
def server() -> Iterator[ChatSimulator]:
    with ChatSimulator(lambda _, user: f"An answer to: {user[:10]}") as server:
        yield server


def asked(folder: Path, server: ChatSimulator, apis: tuple[str, ...], path: str, body: dict[str, str]) -> Any:
    key = new_key("acme", {"admin"})
    urls = {"openai": f"{server.url}/v1"}
    verifiers = "".join(VERIFIER.format(api=api, url=urls.get(api, server.url)) for api in apis)
    file = folder / "foureyes.toml"
    file.write_text(verifiers + TENANT + key.toml)
    service = ConfiguredService.open(Reloader(file, ENVIRON))

    async def scene() -> Any:
        headers = {"x-api-key": key.presented, "content-type": "application/json"}
        try:
            return await call(service.app, "POST", path, json.dumps(body).encode(), headers)
        finally:
            await service.close()

    return asyncio.run(scene())


@pytest.mark.parametrize("apis", [("anthropic", "google"), ("openai", "anthropic", "google")], ids="+".join)
def test_models_of_every_provider_answer_in_a_council(
    tmp_path: Path, server: ChatSimulator, apis: tuple[str, ...]
) -> None:
    reply = asked(tmp_path, server, apis, "/v1/guard/council", {"prompt": "Capital of Australia?"})
    assert reply.status == 200, reply.body
    opinions = reply.json()["opinions"]
    assert [(one["model"], one["text"]) for one in opinions] == [
        (f"{api}-model", "An answer to: Capital of") for api in apis
    ]


@pytest.mark.parametrize("api", ["openai", "anthropic", "google"])
def test_one_model_of_any_provider_checks_segments(tmp_path: Path, server: ChatSimulator, api: str) -> None:
    body = {"prompt": "Capital of Australia?", "response": "It is Sydney. It is large."}
    reply = asked(tmp_path, server, (api,), "/v1/guard/check", body)
    assert reply.status == 200, reply.body
    assert len(reply.json()["segments"]) == 2
