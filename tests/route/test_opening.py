"""Routes from files: what opens, and what is refused with which words."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from foureyes.calibration import Platt, Source
from foureyes.cascade.policy import Policy
from foureyes.config import load
from foureyes.config.load import load_route
from foureyes.config.wiring import build
from foureyes.errors import ConfigError
from foureyes.http import RequestLimits
from foureyes.models.scripted import ScriptedReader, ScriptedWriter
from foureyes.route.cuts import policy_of_cuts
from foureyes.route.opened_writers import writer_of
from foureyes.route.opening import open_route, route_of
from foureyes.route.person_queue import SqlitePersonQueue
from foureyes.route.promised import RoutePromise
from foureyes.route.role_writer import RoleWriter
from foureyes.route.scripted import completion
from foureyes.types import Exchange
from tests.route.upstreams import upstream, whole

READER = ScriptedReader({"Canberra": 0.9, "Sydney": 0.01}, name="scripted")
SURPRISES, RIGHT = [0.1, 0.2, 0.5, 2.0, 3.0, 0.3, 4.0, 2.5], [1, 1, 1, 0, 0, 1, 0, 0]
TWO = """
[route]
name = "capitals"

[[writers]]
name = "small"
model = "s"
reports_as = ["scripted"]
base_url = "URL"
price_in = 1
price_out = 2
cut = 0.5

[[writers]]
name = "large"
model = "l"
reports_as = ["scripted"]
base_url = "URL"
key_env = "KEY"

[reader]
reader = "scripted"
calibrator = "platt.json"
price = 0.25
"""
ENVIRON = {"KEY": "sk-123"}
VERIFIER = '[verifiers.toy]\nkind = "judge"\nmodel = "toy"\nbase_url = "http://localhost:1/v1"\n'


def put(folder: Path, text: str, *, url: str = "http://127.0.0.1:1/v1", source: Source | None = None) -> Path:
    platt = Platt.fit(SURPRISES, RIGHT, source=source or Source("log_cmp", "scripted"))
    (folder / "platt.json").write_text(platt.to_json())
    (folder / "route.toml").write_text(text.replace("URL", url))
    return folder / "route.toml"


def opened(path: Path, **more: Any):
    return open_route(path, environ=ENVIRON, open_reader=lambda _: READER, **more)


def replies(i: int) -> bytes:
    return whole(200, completion(["Sydney", "Canberra"][i]))


async def test_a_file_is_a_route(tmp_path: Path) -> None:
    async with upstream(replies) as server:
        route = opened(put(tmp_path, TWO, url=server.url))
        answer = await route.answer("Capital of Australia?")
        await route.aclose()
    assert (route.name, answer.action, [body["model"] for body in server.bodies]) == ("capitals", "answer", ["s", "l"])
    assert answer.stages[0].cost == pytest.approx(20e-6)
    assert [stage.reading_cost for stage in answer.stages] == [0.25, 0.25]
    assert "Bearer sk-123" in server.heads[1]


BAD = [
    (TWO.replace('calibrator = "platt.json"', ""), "[route]: nothing makes P(correct) of what is read of small, large"),
    (TWO.replace('calibrator = "platt.json"', "").replace("cut = 0.5", ""), "neither a calibrator nor a policy"),
    (TWO.replace("cut = 0.5", ""), "[route]: wanted a policy"),
    (TWO.replace("cut = 0.5", "cut = 1.5"), "[writers 1] cut: wanted at most 1; got 1.5"),
    (TWO.replace("price_out = 2", ""), "[writers 1] price_out: price_in and price_out go together"),
    (TWO.replace('name = "large"', 'name = "small"'), "[writers]: each needs a name of its own; got small, small"),
    (TWO.replace("price =", "prize ="), "[reader] prize: unknown; did you mean price?"),
    (TWO.replace('name = "capitals"', 'on_doubt = "person"'), "[route] queue: missing"),
    (
        TWO.replace('name = "capitals"', 'on_doubt = "guess"'),
        "[route] on_doubt: wanted 'abstain', 'strongest' or 'person'",
    ),
    (
        TWO.replace('key_env = "KEY"', 'key_env = "NONE"'),
        "[writers 2] key: the environment variable that key_env names",
    ),
    (TWO + '[council]\nverifiers = ["nobody"]', "[council] verifiers: no verifier is called 'nobody'"),
    (
        TWO.replace('reader = "scripted"', 'reader = "http://127.0.0.1:1/v1#l"'),
        "the reader is to be none of the writers",
    ),
    (TWO + "[strange]\nx = 1", "[strange]: unknown"),
]


@pytest.mark.parametrize(("text", "words"), BAD, ids=[words for _, words in BAD])
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_route(put(tmp_path, text), ENVIRON)
    assert words in str(caught.value)
    assert str(tmp_path / "route.toml") in str(caught.value)


@pytest.mark.parametrize(
    "source", [Source("log_cmp", "another"), Source("cme", "scripted"), Source("log_cmp", "scripted:00")]
)
def test_a_calibrator_of_another_signal_or_other_weights_is_refused(tmp_path: Path, source: Source) -> None:
    with pytest.raises(ConfigError, match="was fitted on"):
        opened(put(tmp_path, TWO, source=source))


def test_a_calibrator_of_these_very_weights_is_taken(tmp_path: Path) -> None:
    assert opened(put(tmp_path, TWO, source=Source("log_cmp", READER.fingerprint))).name == "capitals"


def test_a_reader_of_other_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fingerprint"):
        opened(put(tmp_path, TWO + 'fingerprint = "sha256:other"'))


def test_a_route_that_only_watches_needs_neither(tmp_path: Path) -> None:
    text = TWO.replace('calibrator = "platt.json"', "").replace("cut = 0.5", "")
    route = opened(put(tmp_path, text.replace('name = "capitals"', "shadow = true")))
    assert (route.policy, route.name) == (None, "route")


def test_a_route_that_does_not_open_leaves_its_log_to_the_next(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(policy_of_cuts([0.5]).to_json())
    text = TWO.replace("cut = 0.5", "").replace('name = "capitals"', 'log = "log.jsonl"\npolicy = "policy.json"')
    for _ in range(2):
        with pytest.raises(ConfigError, match="a policy of as many gates; got 1"):
            opened(put(tmp_path, text))


def test_a_policy_of_another_number_of_writers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(policy_of_cuts([0.5]).to_json())
    text = TWO.replace("cut = 0.5", "").replace('name = "capitals"', 'policy = "policy.json"')
    with pytest.raises(ConfigError, match="a policy of as many gates; got 1"):
        opened(put(tmp_path, text))
    (tmp_path / "policy.json").write_text(policy_of_cuts([0.5, 0.2]).to_json())
    assert opened(put(tmp_path, text)).policy == policy_of_cuts([0.5, 0.2])


def promised(folder: Path, **other: Any) -> RoutePromise:
    reference = {"small": (0.9, 0.95), "large": (0.9, 0.99)}
    known = {"cut": 0.8, "limit": 0.05, "delta": 0.05, "n": 200, "returned": 100, "wrong": 0, "signal": "log_cmp"}
    known |= {"coverage_low": 0.4, "coverage_high": 0.6, "reader": READER.fingerprint, "reference": reference, **other}
    promise = RoutePromise(**known)
    (folder / "promise.json").write_text(promise.to_json())
    return promise


def test_a_promise_is_a_policy_and_is_watched(tmp_path: Path) -> None:
    promised(tmp_path)
    text = TWO.replace("cut = 0.5", "").replace('name = "capitals"', 'promise = "promise.json"')
    route = opened(put(tmp_path, text))
    assert route.policy == policy_of_cuts([0.8, 0.8])
    assert route.parts.keeper is not None


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"reader": "other weights"}, "learn the route anew"),
        ({"signal": "cme"}, "learn the route anew"),
        ({"reference": {"small": (0.9,), "medium": (0.8,)}}, "it was made of the writers small, medium"),
    ],
)
def test_a_promise_of_something_else_is_refused(tmp_path: Path, other: dict[str, Any], words: str) -> None:
    promised(tmp_path, **other)
    text = TWO.replace("cut = 0.5", "").replace('name = "capitals"', 'promise = "promise.json"')
    with pytest.raises(ConfigError, match=words):
        opened(put(tmp_path, text))


def test_a_policy_that_does_not_keep_the_promise_is_refused(tmp_path: Path) -> None:
    promised(tmp_path)
    with pytest.raises(ConfigError, match="a policy that returns others"):
        opened(put(tmp_path, TWO.replace('name = "capitals"', 'promise = "promise.json"')))


async def test_a_model_of_this_process_writes_too(tmp_path: Path) -> None:
    text = TWO.replace('model = "s"\nreports_as = ["scripted"]\nbase_url = "URL"', 'model = "gemma3-270m"')
    route = opened(put(tmp_path, text), open_writer=lambda _: ScriptedWriter(otherwise="Canberra", name="local"))
    answer = await route.answer("Capital of Australia?")
    assert (answer.action, answer.stages[0].model, answer.stages[0].usage is None) == ("answer", "local", False)
    tools = [{"type": "function", "function": {"name": "look_up"}}]
    asked = await route.answer([{"role": "user", "content": "Capital?"}])
    assert asked.stages[0].failure is None
    from foureyes.route.outcome import RouteRequest

    refused = await route.answer(RouteRequest.of({"messages": [{"role": "user", "content": "Hi"}], "tools": tools}))
    assert (refused.stages[0].failure, "tools" in refused.stages[0].detail) == ("refused", True)
    await route.aclose()


def test_writers_by_reference_have_their_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("FOUREYES_API_KEY", "sk-server")
    for reference, words in (("openai:gpt-5", "OPENAI_API_KEY"), ("anthropic:claude-5", "ANTHROPIC_API_KEY")):
        with pytest.raises(ConfigError, match=words):
            writer_of("w", reference)
    assert writer_of("w", "openai:gpt-5", key="sk-1")._key == "sk-1"  # type: ignore[attr-defined]
    assert writer_of("w", "http://localhost:1/v1#m")._key == "sk-server"  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="takes neither key nor reports_as"):
        writer_of("w", "gemma3-270m", key="sk-1")
    with pytest.raises(ConfigError, match="a server with its model"):
        writer_of("w", "http://localhost:1/v1")


@pytest.mark.parametrize(("timeout_s", "waited_s"), [(120.0, 5.0), (2.0, 2.0)])
def test_a_providers_own_api_that_is_busy_is_not_waited_for_while_another_may_answer(
    timeout_s: float, waited_s: float
) -> None:
    pytest.importorskip("anthropic")
    writer = writer_of("claude", "anthropic:claude-5", key="sk-1", limits=RequestLimits(timeout_s=timeout_s))
    assert isinstance(writer, RoleWriter)
    assert writer._writer._busy_timeout_s == waited_s  # type: ignore[attr-defined]
    asyncio.run(writer.aclose())


async def test_a_providers_own_api_writes_words_and_is_paid_by_its_count() -> None:
    pytest.importorskip("anthropic")
    reply = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "claude-5",
        "content": [{"type": "text", "text": "Canberra"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 9, "output_tokens": 3},
    }
    from foureyes.models.chat import Endpoint
    from foureyes.models.chat.writer import ChatWriter
    from foureyes.models.providers import connect
    from foureyes.route.outcome import RouteRequest

    async with upstream(lambda _: whole(200, reply)) as server:
        chat = connect("anthropic", Endpoint("claude-5", server.url.removesuffix("/v1"), "sk-1"))
        writer = RoleWriter("claude", ChatWriter(chat, top_logprobs=0))
        found = await writer.write(RouteRequest.of({"messages": [{"role": "user", "content": "Capital?"}]}))
        await writer.aclose()
    assert found.body["choices"][0]["message"]["content"] == "Canberra"
    assert (found.body["usage"]["prompt_tokens"], found.body["usage"]["completion_tokens"]) == (9, 3)
    assert server.heads[0].startswith("POST /v1/messages")


async def test_doubt_waits_for_a_person_who_settles_it(tmp_path: Path) -> None:
    text = TWO.replace('name = "capitals"', 'on_doubt = "person"\nqueue = "queue.db"\nqueue_limit = 1')
    text = text.replace('key_env = "KEY"', "cut = 0.9")
    async with upstream(lambda _: whole(200, completion("Sydney"))) as server:
        route = opened(put(tmp_path, text, url=server.url))
        first, second = [await route.answer("Capital of Australia?") for _ in range(2)]
        await route.aclose()
    assert (first.action, second.action, second.reason) == ("person", "failed", "it could not be handed to a person")
    queue = SqlitePersonQueue(tmp_path / "queue.db")
    [question] = queue.waiting()
    assert [row["answer"] for row in question.written] == ["Sydney", "Sydney"]
    queue.settle(question.request_id, "Canberra")
    assert (queue.waiting(), queue.reply(question.request_id)) == ([], "Canberra")


def test_a_service_names_the_file_or_has_the_tables_itself(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    put(tmp_path / "r", TWO)
    put(tmp_path, "")
    inline = TWO.replace("[route]", "[routes.inline.route]").replace("[[writers]]", "[[routes.inline.writers]]")
    inline = inline.replace("[reader]", "[routes.inline.reader]")
    (tmp_path / "foureyes.toml").write_text(
        VERIFIER
        + '[tenants.acme]\n[tenants.other]\n[routes.filed]\nfile = "r/route.toml"\ntenants = ["acme"]\n'
        + inline.replace("URL", "http://localhost:1/v1")
    )
    settings = load(tmp_path / "foureyes.toml", ENVIRON)
    filed, inlined = settings.routes["filed"], settings.routes["inline"]
    assert (filed.tenants, filed.reader.calibrator, inlined.tenants) == (("acme",), tmp_path / "r" / "platt.json", None)
    route = route_of(filed, "filed", open_reader=lambda _: READER)
    assert (route.name, len(route.members)) == ("filed", 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[routes.a]\nfile = "route.toml"\ntenants = ["nobody"]\n[tenants.acme]', "a: no tenant is called nobody"),
        ('[routes.a]\nfile = "route.toml"\n[routes.a.reader]\nreader = "x"', "got reader beside it"),
        ("[routes.a.route]\nshadow = 1", "[routes.a.route] shadow: wanted true or false; got 1"),
        ('[routes.a]\nfile = "none.toml"', "cannot read"),
    ],
)
def test_a_mistake_in_a_services_route_is_told(tmp_path: Path, text: str, words: str) -> None:
    put(tmp_path, TWO)
    (tmp_path / "foureyes.toml").write_text(VERIFIER + text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "foureyes.toml", ENVIRON)
    assert words in str(caught.value)


def test_cuts_are_a_policy() -> None:
    assert isinstance(policy_of_cuts([0.5, None]), Policy)
    assert asyncio.iscoroutinefunction(open_route) is False


def test_a_service_of_routes_needs_no_verifier_and_verifies_nothing(tmp_path: Path) -> None:
    put(tmp_path, TWO)
    (tmp_path / "foureyes.toml").write_text('[tenants.me]\npii = "off"\n[routes.a]\nfile = "route.toml"')
    settings = load(tmp_path / "foureyes.toml", ENVIRON)
    assert settings.tenants["me"].verifiers == ()
    guard = build(settings).tenants["me"].guard
    decision = asyncio.run(guard.verify(Exchange("Capital of Australia?", "Canberra")))
    assert (decision.safe, decision.verdict.votes[0].reason) == (False, "no verifier is configured for this tenant")
    both = '[tenants.me]\npii = "off"\nverifiers = []\n[tenants.you]\npii = "off"\n' + VERIFIER
    (tmp_path / "foureyes.toml").write_text(both + '[routes.a]\nfile = "route.toml"')
    settings = load(tmp_path / "foureyes.toml", ENVIRON)
    assert [len(tenant.verifiers) for tenant in settings.tenants.values()] == [0, 1]
    (tmp_path / "foureyes.toml").write_text("[tenants.me]")
    with pytest.raises(ConfigError, match="verifiers"):
        load(tmp_path / "foureyes.toml", ENVIRON)
