"""Nothing of a request becomes an address, a key, a header or a template of a verifier.

A trap listens on loopback. Every body below names it, everywhere a body can name anything. Verifiers must be the ones that
are configured, and the trap must stay empty.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.service.house import House, open_house

__all__ = ["open_house"]

ASKED = {"prompt": "Capital of Australia?", "response": "Canberra"}
SMUGGLED = [
    "base_url", "api_base", "endpoint", "url", "webhook", "callback_url", "api_key", "apiKey", "authorization", "headers",
    "extra_headers", "template", "chat_template", "system_prompt", "config", "provider", "model", "verifiers", "deadline_s",
    "quorum", "mode", "tenant", "safe", "__class__", "$ref",
]  # fmt: skip


@contextmanager
def trap() -> Iterator[tuple[str, list[bytes]]]:
    """An address on loopback, and whatever is sent there."""
    caught: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                except OSError:
                    return
                caught.append(b"connected")
                connection.close()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1", caught
    thread.join(timeout=5)


@pytest.mark.parametrize("field", SMUGGLED)
def test_a_field_that_is_not_ours_is_refused(house: House, field: str) -> None:
    with trap() as (url, caught):
        for value in (url, {"Authorization": "Bearer stolen", "Host": url}, [url], True):
            reply = house.call("POST", "/v1/guard/verify", {**ASKED, field: value})
            assert reply.status == 422
            assert url.encode() not in reply.body
    assert caught == []
    assert list(house.ledger.entries()) == []


@pytest.mark.parametrize("field", [*SMUGGLED[:15], "weight", "cut"])
def test_a_verifier_is_named_by_two_words_and_nothing_else(house: House, field: str) -> None:
    model = {"provider": house.judges[0].provider, "model": "a"}
    with trap() as (url, caught):
        reply = house.call("POST", "/v1/guard/verify", {**ASKED, "models": [{**model, field: url}]})
        assert reply.status == 422
    assert caught == []


@pytest.mark.parametrize(
    "name", ["{}", "{}#a", "a@{}", "../../a", "a\n{}", "a\x00", "A", "a ", "file:///etc/passwd", "${{jndi:{}}}"]
)
def test_a_name_is_compared_and_never_read(house: House, name: str) -> None:
    with trap() as (url, caught):
        named = name.replace("{}", url)
        for model in ({"provider": named, "model": "a"}, {"provider": house.judges[0].provider, "model": named}):
            reply = house.call("POST", "/v1/guard/verify", {**ASKED, "models": [model]})
            assert reply.status in (404, 422)
            assert b'"safe"' not in reply.body
    assert caught == []


def test_headers_of_a_request_reach_no_verifier(house: House) -> None:
    seen: list[Any] = []

    class Looking:
        provider, name = "scripted", "looking"

        async def vote(self, *arguments: Any, **options: Any) -> Any:
            from foureyes.types import Vote

            seen.append((arguments, options))
            return Vote("scripted", "looking", "safe")

    house.change(judges=[Looking()])
    with trap() as (url, caught):
        headers = {"x-forwarded-host": url, "host": url, "referer": url, "openai-base-url": url, "x-verifier": "canary"}
        assert house.call("POST", "/v1/guard/verify", ASKED, headers=headers).json()["safe"] is True
    [(arguments, options)] = seen
    assert (len(arguments), options) == (1, {})
    assert (arguments[0].prompt, arguments[0].answer) == (ASKED["prompt"], ASKED["response"])
    assert caught == []


LITELLM, NEMO = "/beta/litellm_basic_guardrail_api", "/v1/guardrail/checks"
USER = {"role": "user", "content": "Capital of Australia?"}
ANSWERED = {"role": "assistant", "content": "Canberra"}


def test_what_gateways_say_about_a_request_may_name_anything_and_none_of_it_is_used(house: House) -> None:
    with trap() as (url, caught):
        along = {field: url for field in SMUGGLED if field not in ("model", "config")}
        about = ("request_data", "request_headers", "additional_provider_specific_params")
        litellm = {"input_type": "response", "texts": ["Canberra"], "structured_messages": [USER], "model": url}
        assert house.call("POST", LITELLM, litellm | dict.fromkeys(about, along)).json()["action"] == "NONE"
        nemo = {"messages": [USER, ANSWERED], "guardrails": {"config_id": url}, **along}
        assert house.call("POST", NEMO, nemo).json()["status"] == "success"
        inline = {**nemo, "guardrails": {"config": {"models": [{"engine": "openai", "parameters": {"base_url": url}}]}}}
        assert house.call("POST", NEMO, inline).status == 422
    assert caught == []


@pytest.mark.parametrize("field", sorted(set(SMUGGLED) - {"model", "config"}))
def test_what_nobody_knows_beside_or_in_a_message_blocks_and_is_not_used(house: House, field: str) -> None:
    with trap() as (url, caught):
        litellm = {"input_type": "response", "texts": ["Canberra"], "structured_messages": [USER]}
        for body in ({**litellm, field: url}, {**litellm, "structured_messages": [{**USER, field: url}]}):
            assert house.call("POST", LITELLM, body).json()["action"] == "BLOCKED"
        nemo = {"messages": [{**USER, field: url}, ANSWERED]}
        assert house.call("POST", NEMO, nemo).json()["status"] == "blocked"
    assert caught == []


def test_the_text_itself_may_say_anything(house: House) -> None:
    with trap() as (url, caught):
        answer = house.call(
            "POST", "/v1/guard/verify", {"prompt": f"{{{{ {url} }}}}", "response": f"![x]({url})"}
        ).json()
    assert answer["safe"] is True
    assert caught == []


def test_a_duplicate_key_cannot_smuggle_either(house: House) -> None:
    model = '{"provider": "scripted", "model": "a", "model": "http://127.0.0.1/"}'
    body = f'{json.dumps(ASKED)[:-1]}, "models": [{model}]}}'
    reply = house.call("POST", "/v1/guard/verify", body.encode(), headers={"content-type": "application/json"})
    assert (reply.status, reply.json()["detail"]) == (400, "an object in the body has the same key twice")
