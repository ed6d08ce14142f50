"""Every example of a response in the OpenAPI document is what the service serves for the request beside it.

One scene is played: a tenant with one verifier, whose words are a model's, and two models that answer. What differs from run to
run (names of requests, hashes, times) must have its form; everything else must be equal, word for word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from foureyes.monitoring import Monitor, MonitorSettings, Observation, ObservedVote
from foureyes.service.wire.health import NOT_READY
from foureyes.types import Prompt, Vote
from tests.service.house import House, open_house
from tests.service.scripted_route import ScriptedRoute
from tests.service.test_independent_answers import Scripted
from tests.service.test_openai_routes import ASKED, ask

__all__ = ["open_house"]

HASH, ID = r"[0-9a-f]{64}", r"[0-9a-f]{32}"
FORMS: Final = {
    "request_id": ID,
    "entry_hash": HASH,
    "root": HASH,
    "old_root": HASH,
    "new_root": HASH,
    "path": HASH,
    "hashes": HASH,
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
    "keys": r"example\.com/acme\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+",
    "latency_ms": r"\d+(\.\d{1,3})?",
    **dict.fromkeys(("index", "size", "old", "new", "entries_checked", "checkpoints", "job_id"), r"[0-9]+"),
}
"""What differs from run to run, by the name of its field."""
TOKEN: Final = re.compile(r"\[EMAIL_ADDRESS_1_[A-Z0-9]{8}\]")
VERIFICATION: Final = re.compile(rf"\(verification {ID}\)")


class Judge:
    """A verifier that says what a model would."""

    provider, name = "openai", "gpt-5"

    async def vote(self, exchange: Any) -> Vote:
        if "Sydney" in exchange.answer or "Austria" in exchange.answer:
            return Vote(self.provider, self.name, "unsafe", 0.11, "The capital of Australia is Canberra.")
        return Vote(self.provider, self.name, "safe", 0.97, "That is right.")


class Answering(Scripted):
    """Answers, compares, corrects and sorts in the forms that it is asked for."""

    FACTS: Final = ("Canberra is the capital of Australia.", "The capital is Canberra.")

    provider = "openai"

    async def answer(self, prompt: Prompt) -> str:
        system = prompt[0].content if not isinstance(prompt, str) and prompt[0].role == "system" else ""
        code = re.search(r"code (\w+)", system)
        if code is None:
            return self.fact
        compared = next(fact for fact in self.FACTS if fact in prompt[1].content)
        replies: dict[str, Any] = {
            '"replacement"': {"replacement": "It is the capital of Australia."},
            '"segments"': {
                "segments": [
                    {"number": 0, "label": "neutral", "quote": ""},
                    {"number": 1, "label": "contradictory", "quote": compared},
                ]
            },
            '"consensus"': {
                "consensus": [
                    {
                        "claim": "Canberra is the capital of Australia.",
                        "support": [{"answer": n, "quote": "Canberra"} for n in (0, 1)],
                    }
                ],
                "disagreement": [],
                "unique": [],
            },
        }
        [reply] = [reply for name, reply in replies.items() if name in system]
        return json.dumps({"code": code[1], **reply})


@pytest.fixture(name="scene")
def play_scene(house: House) -> House:
    """Three outcomes of an agent, six verifications, and a question that LiteLLM has asked."""
    answerers = [Answering(name, fact) for name, fact in zip(("gpt-5", "gpt-5-mini"), Answering.FACTS, strict=True)]
    house.change(
        judges=[Judge()], answerers=answerers, routes={"trivia": ScriptedRoute(suspended="confidences changed")}
    )
    for _ in range(3):
        house.call("POST", "/v1/decisions/outcomes", {"agent_id": "agent-7", "correct": True, "confidence": 0.9})
    for _ in range(6):
        house.call("POST", "/v1/guard/verify", {"prompt": "Capital of Australia?", "response": "Canberra."})
    asked = [{"role": "user", "content": "Capital of Australia?"}]
    before = {"input_type": "request", "litellm_call_id": "c-1", "structured_messages": asked}
    assert house.call("POST", "/beta/litellm_basic_guardrail_api", before).json()["action"] == "NONE"
    return house


def raise_alarm(house: House) -> None:
    """A verifier fails more often than it may."""
    tenant = house.state.tenant("acme")
    tenant.records.monitor = Monitor(MonitorSettings(max_error_rate=0.05))
    failed = ObservedVote("openai/gpt-5", "error", None, None)
    for at in range(10):
        tenant.monitor.observe(
            Observation(float(at), safe=False, consensus=False, opinions=(failed,), confidence=None, latency_ms=1.0)
        )


def document(house: House) -> dict[str, Any]:
    found: dict[str, Any] = house.app.openapi()
    return found


def example(house: House, name: str) -> Any:
    """The one example of a schema."""
    [found] = document(house)["components"]["schemas"][name]["examples"]
    return found


def operations(house: House) -> Iterator[tuple[str, str, str | None, str]]:
    """Method, path, request and response of every operation whose response is a schema with an example."""
    schemas = document(house)["components"]["schemas"]
    for path, methods in document(house)["paths"].items():
        for method, operation in methods.items():
            sent = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            served = operation["responses"]["200"].get("content", {}).get("application/json", {}).get("schema", {})
            request, response = (one.get("$ref", "").rpartition("/")[2] for one in (sent, served))
            if schemas.get(response, {}).get("examples"):
                yield method.upper(), path, request or None, response


OPEN: Final = frozenset({"by_action", "would", "promise", "text", "prompt"})
"""Fields of routes whose own keys differ, or that only some routes have."""

QUERIES: Final = {
    "/v1/ledger/proof/inclusion": "?index=0&size=2",
    "/v1/ledger/proof/consistency": "?old=1&new=2",
}
CONCEALED: Final = {"text": "Write to jane@example.com.", "session_id": "chat-7"}


def served(house: House, method: str, path: str, request: str | None) -> Any:
    """What the service answers to the example of a request."""
    body = None if request is None else json.loads(json.dumps(example(house, request)))
    if "pii" in path:
        concealed = house.call("POST", "/v1/guard/pii/tokenize", CONCEALED).json()["tokenized_text"]
        if path.endswith("rehydrate"):
            body["text"] = TOKEN.sub(TOKEN.findall(concealed)[0], body["text"])
        if path.endswith("tokenize"):
            house.call("DELETE", "/v1/guard/pii/sessions/chat-7")
    if path.endswith("acknowledge"):
        raise_alarm(house)
    if path.endswith("outcomes") and "route" in path:
        body["request_id"] = ask(house, ASKED).headers["x-foureyes-request-id"]
    if path.endswith("tokens"):
        house.change(show_texts=True)
        path = path.replace("{request_id}", ask(house, ASKED).headers["x-foureyes-request-id"])
    if path.endswith("resume"):
        body["route"] = "trivia"
    path = path.replace("{session_id}", "chat-7").replace("{job_id}", "6").replace("{index}", "5")
    reply = house.call(method, path + QUERIES.get(path, ""), body)
    assert reply.status == 200, reply.body
    return reply.json()


def plain(value: Any, name: str = "") -> Any:
    """A value without what differs from run to run, each of which has its form."""
    if isinstance(value, dict):
        return {key: plain(inner, key) for key, inner in value.items() if inner is not None}  # FastAPI shows no null
    if isinstance(value, list):
        return [plain(inner, name) for inner in value]
    if name in FORMS:
        assert re.fullmatch(FORMS[name], str(value)), (name, value)
        return name
    return VERIFICATION.sub("(…)", TOKEN.sub("(…)", value)) if isinstance(value, str) else value


def kinds(value: Any) -> Any:
    """The names of fields; of a list, those of its first entry."""
    if isinstance(value, dict):
        return {key: kinds(inner) for key, inner in value.items() if key not in OPEN}
    return [kinds(inner) for inner in value[:1]] if isinstance(value, list) else "value"


def shared_kinds(shown: Any, sent: Any) -> tuple[Any, Any]:
    """Both as :func:`kinds`; what the example leaves out of an object of its own is left out of the other."""
    return kinds(shown), _within(kinds(sent), kinds(shown))


def _within(sent: Any, shown: Any) -> Any:
    if isinstance(sent, dict) and isinstance(shown, dict):
        return {key: _within(inner, shown[key]) for key, inner in sent.items() if key in shown}
    if isinstance(sent, list) and isinstance(shown, list):
        return [_within(inner, outer) for inner, outer in zip(sent, shown, strict=False)]
    return sent


def test_every_response_with_an_example_is_served_word_for_word(scene: House) -> None:
    found = list(operations(scene))
    assert len(found) >= 20
    different = {}
    for method, path, request, response in found:
        shown, sent = plain(example(scene, response)), plain(served(scene, method, path, request))
        if path.endswith("{session_id}") and method == "GET":
            shown["revoked"] = False
        if path.startswith(
            "/v1/route"
        ):  # figures of a route that has answered once; the example shows one of many answers
            shown, sent = shared_kinds(shown, sent)
        if shown != sent:
            different[f"{method} {path}"] = {"shown": shown, "served": sent}
    assert different == {}


def test_the_problem_that_is_shown_is_served(scene: House) -> None:
    fields = document(scene)["components"]["schemas"]["Problem"]["properties"]
    wrong = document(scene)["components"]["schemas"]["FieldError"]["properties"]
    sent = scene.call("POST", "/v1/guard/verify", {"prompt": "p"}).json()
    shown = {name: fields[name]["examples"][0] for name in sent if name != "errors"}
    assert plain(shown) == plain({name: value for name, value in sent.items() if name != "errors"})
    assert sent["errors"] == [{name: wrong[name]["examples"][0] for name in wrong}]


def test_every_problem_of_the_document_is_one_that_the_service_makes(scene: House) -> None:
    for status, shown in document(scene)["components"]["responses"].items():
        [content] = shown["content"].values()
        assert plain(content["example"])["request_id"] == "request_id"
        assert content["example"]["status"] == int(status)
    sent = scene.call("GET", "/v1/ledger/entries/99").json()
    shown = document(scene)["components"]["responses"]["404"]["content"]["application/problem+json"]["example"]
    assert plain({name: sent[name] for name in shown}) == plain(shown)


def test_what_is_not_ready_is_said_in_the_words_shown() -> None:
    from foureyes.service.wire.health import ReadyResponse

    [shown] = ReadyResponse.model_json_schema()["properties"]["not_ready"]["examples"]
    assert shown.items() <= NOT_READY.items()
