"""Judges through their providers' SDKs: the real SDK against a server on loopback."""

import asyncio
import gzip
import inspect
import json
import logging
import traceback

import anthropic
import httpx2
import pytest
from google.genai import errors as google_errors

from foureyes.errors import ConfigError, InputError, ModelError, ModelRefused, ModelUnavailable
from foureyes.models.attempts import OVERLOADED, Limits
from foureyes.models.providers import (
    Account,
    AnthropicAnswerer,
    AnthropicJudge,
    GoogleAnswerer,
    GoogleJudge,
    claude,
    gemini,
)
from foureyes.models.providers.failures import failure
from foureyes.models.roles import Answerer
from foureyes.types import Exchange, Message
from tests.servers.chat_simulator import ChatSimulator, verdict
from tests.servers.simulator import send

EXCHANGE = Exchange("Capital of Australia?", "Sydney")
KEY = "sk-very-secret-123"
BOTH = pytest.mark.parametrize("kind", [AnthropicJudge, GoogleJudge])


@pytest.fixture
def server():
    with ChatSimulator() as server:
        yield server


def vote(server, kind, *, limits=None, **options):
    async def once():
        judge = kind(Account("toy", KEY, server.url, limits=limits or Limits()), **options)
        try:
            return await judge.vote(EXCHANGE)
        finally:
            await judge.aclose()

    return asyncio.run(once())


def error_of(server, kind, wanted=ModelError, **limits):
    with pytest.raises(wanted) as caught:
        vote(server, kind, limits=Limits(**limits))
    assert caught.value.model == "toy"
    assert KEY not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    return caught.value


def tree(kind):
    return {kind}.union(*(tree(sub) for sub in kind.__subclasses__()))


def exceptions_of(module):
    return {
        e
        for e in vars(module).values()
        if inspect.isclass(e)
        and issubclass(e, Exception)
        and not issubclass(e, Warning)
        and e.__module__.startswith(module.__name__.split(".")[0])
    }


def anthropic_exceptions():
    return sorted(tree(anthropic.AnthropicError) | exceptions_of(anthropic._exceptions), key=lambda e: e.__name__)


def google_exceptions():
    return sorted(exceptions_of(google_errors), key=lambda e: e.__name__)


def httpx2_exceptions():
    public = {e for e in vars(httpx2).values() if isinstance(e, type) and issubclass(e, Exception)}
    abstract = {httpx2.HTTPError, httpx2.RequestError, httpx2.TransportError, httpx2.ProtocolError}
    theirs = {e for e in set().union(*(tree(e) for e in public)) if e.__module__.startswith("httpx2")}
    return sorted((e for e in theirs - abstract if not issubclass(e, Warning)), key=lambda e: e.__name__)


@pytest.mark.parametrize(
    "kind",
    [*anthropic_exceptions(), *httpx2_exceptions(), json.JSONDecodeError, UnicodeDecodeError],
    ids=lambda k: k.__name__,
)
def test_every_exception_of_anthropics_sdk_becomes_a_model_error(kind):
    mapped(kind, claude.MEANING)


@pytest.mark.parametrize(
    "kind",
    [*google_exceptions(), *httpx2_exceptions(), json.JSONDecodeError, UnicodeDecodeError],
    ids=lambda k: k.__name__,
)
def test_every_exception_of_googles_sdk_becomes_a_model_error(kind):
    mapped(kind, gemini.MEANING)


def mapped(kind, table):
    error = kind.__new__(kind)
    assert isinstance(error, tuple(table)), "it is caught"
    ours = failure(error, table, Account("toy", KEY))
    assert isinstance(ours, ModelError)
    assert str(ours).startswith("toy: ")


def test_the_tables_name_nothing_the_sdks_do_not_raise():
    common = {*httpx2_exceptions(), httpx2.TransportError, ValueError, RecursionError}
    assert set(claude.MEANING) <= common | set(anthropic_exceptions())
    assert set(gemini.MEANING) <= common | set(google_exceptions())


@BOTH
@pytest.mark.parametrize("said", ["safe", "unsafe", "abstain"])
def test_a_verdict_becomes_a_vote(server, kind, said):
    server.say = lambda _, user: verdict(user, said, reason="because")
    found = vote(server, kind)
    assert (found.verdict, found.reason, found.model) == (said, "because", "toy")
    assert found.provider == {AnthropicJudge: "anthropic", GoogleJudge: "google"}[kind]


@BOTH
def test_the_server_is_shown_instructions_and_the_quoted_exchange(server, kind):
    vote(server, kind, codes=lambda: "5eed5eed")
    ((system, user),) = server.asked
    assert "You verify another model's response" in system
    assert user.splitlines()[4] == '"Sydney"'
    assert "Sydney" not in system


def test_each_provider_is_asked_for_structured_output(server):
    vote(server, AnthropicJudge)
    vote(server, AnthropicJudge, form="words")
    vote(server, GoogleJudge)
    claude, plain, gemini = (body for _, body in server.requests)
    assert claude["output_config"]["format"]["schema"]["required"] == ["code", "verdict", "confidence", "reason"]
    assert "output_config" not in plain
    assert gemini["generationConfig"]["responseMimeType"] == "application/json"
    assert gemini["generationConfig"]["responseJsonSchema"]["required"] == ["code", "verdict", "confidence", "reason"]
    with pytest.raises(InputError, match="one of words, schema"):
        vote(server, AnthropicJudge, form="loose")


@BOTH
@pytest.mark.parametrize("said", ["safe", '{"verdict": "safe", "confidence": 1, "reason": ""}', "```json\n{}\n```"])
def test_anything_but_a_verdict_is_an_error(server, kind, said):
    server.say = lambda *_: said
    assert vote(server, kind).verdict == "error"


@BOTH
def test_a_busy_server_is_asked_again_and_unavailable_when_it_stays_so(server, kind):
    server.trouble = lambda handler, _: send(handler, b'{"error": {"message": "busy"}}', 429)
    assert error_of(server, kind, ModelUnavailable, attempts=2).retryable
    assert len(server.requests) == 2
    replies = iter([min(OVERLOADED)])
    server.trouble = lambda handler, _: send(handler, b"{}", s) if (s := next(replies, 0)) else False
    assert vote(server, kind).verdict == "safe"


@BOTH
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_not_repeated_and_quoted_without_the_key(server, kind, status):
    body = json.dumps({"error": {"message": f"no such key {KEY}", "status": "x", "code": status}}).encode()
    server.trouble = lambda handler, _: send(handler, body, status)
    error = error_of(server, kind, ModelRefused)
    assert f"HTTP {status}" in str(error)
    assert "no such key [key]" in str(error)
    assert len(server.requests) == 1


@BOTH
def test_a_redirect_is_not_followed(server, kind):
    with ChatSimulator() as other:
        server.trouble = lambda handler, _: send(handler, b"", 307, Location=other.url)
        error_of(server, kind)
        assert other.requests == []


@BOTH
@pytest.mark.parametrize("trouble", ["hang", "drip"])
def test_a_server_that_hangs_or_drips_is_left_in_time(server, kind, trouble):
    server.trouble = getattr(server, trouble)
    error_of(server, kind, ModelUnavailable, timeout=0.4, attempts=1)


@BOTH
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"safe"',
        b"\xff\xfe",
        b"[" * 50_000,
        b"{}",
        b'{"type": "message", "content": null}',
    ],
    ids=lambda content: repr(content[:12]),
)
def test_a_reply_that_is_none_is_a_model_error(server, kind, content):
    server.trouble = lambda handler, _: send(handler, content)
    error_of(server, kind, attempts=1)


@BOTH
def test_a_reply_without_end_and_a_packed_one_are_given_up(server, kind):
    """Both would be verdicts otherwise."""
    server.trouble = lambda handler, reply: send(handler, json.dumps(reply).encode() + b" " * (1 << 20))
    error_of(server, kind, most_bytes=100_000, attempts=1)
    assert vote(server, kind, limits=Limits(most_bytes=1 << 22)).verdict == "safe"
    server.trouble = lambda handler, reply: send(
        handler, gzip.compress(json.dumps(reply).encode()), 200, **{"Content-Encoding": "gzip"}
    )
    error_of(server, kind, attempts=1)


@pytest.mark.parametrize(
    ("reply", "kind", "message"),
    [
        ({"type": "message", "stop_reason": "refusal", "content": []}, ModelRefused, "declined"),
        (
            {"type": "message", "stop_reason": "max_tokens", "content": [{"type": "text", "text": "{"}]},
            ModelError,
            "cut off",
        ),
        ({"type": "message", "stop_reason": "end_turn", "content": []}, ModelError, "got 0 blocks"),
        ({"type": "message", "content": [{"type": "text", "text": "a"}] * 2}, ModelError, "got 2 blocks"),
        (
            {"type": "message", "content": [{"type": "tool_use", "input": {"verdict": "safe"}}]},
            ModelError,
            "got 1 blocks",
        ),
        ({"type": "error"}, ModelError, "not a message"),
    ],
    ids=str,
)
def test_what_claude_did_not_say_in_one_text_is_not_believed(reply, kind, message):
    with pytest.raises(kind, match=message):
        claude.words(reply, "toy")


def test_claudes_thinking_is_not_its_word():
    blocks = [{"type": "thinking", "thinking": "safe?"}, {"type": "text", "text": "word"}]
    assert claude.words({"type": "message", "content": blocks}, "toy") == "word"


@pytest.mark.parametrize(
    ("reply", "kind", "message"),
    [
        ({"promptFeedback": {"blockReason": "SAFETY"}}, ModelRefused, "refused the request"),
        ({"candidates": [{"finishReason": "SAFETY"}]}, ModelRefused, "withheld"),
        (
            {"candidates": [{"finishReason": "MAX_TOKENS", "content": {"parts": [{"text": "{"}]}}]},
            ModelError,
            "cut off",
        ),
        ({"candidates": []}, ModelError, "not one candidate"),
        ({"candidates": [{"content": {"parts": [{"text": "a"}]}}] * 2}, ModelError, "not one candidate"),
        ({"candidates": [{"content": {"parts": []}}]}, ModelError, "got 0 parts"),
        ({"candidates": [{"content": {"parts": [{"functionCall": {}}]}}]}, ModelError, "got 1 parts"),
    ],
    ids=str,
)
def test_what_gemini_did_not_say_in_one_text_is_not_believed(reply, kind, message):
    with pytest.raises(kind, match=message):
        gemini.words(reply, "toy")


def test_geminis_thoughts_are_not_its_word():
    parts = [{"text": "safe?", "thought": True}, {"text": "word"}]
    assert gemini.words({"candidates": [{"content": {"parts": parts}}]}, "toy") == "word"


@pytest.mark.parametrize("kind", [AnthropicAnswerer, GoogleAnswerer])
def test_an_answerer_answers_in_the_turns_it_was_given(server, kind):
    server.say = lambda system, user: f"{system}|{user}"
    turns = (
        Message("system", "Be brief."),
        Message("user", "Hi"),
        Message("assistant", "Hello."),
        Message("user", "Who?"),
    )

    async def both():
        answerer = kind(Account("toy", KEY, server.url))
        assert isinstance(answerer, Answerer)
        assert answerer.name == "toy"
        try:
            return await answerer.answer(turns), await answerer.answer("Hi")
        finally:
            await answerer.aclose()

    assert asyncio.run(both()) == ("Be brief.|Who?", "|Hi")


@pytest.mark.parametrize("kind", [AnthropicAnswerer, GoogleAnswerer])
def test_an_answerer_that_says_nothing_raises(server, kind):
    server.say = lambda *_: " "

    async def once():
        answerer = kind(Account("toy", KEY, server.url))
        try:
            await answerer.answer("Hi")
        finally:
            await answerer.aclose()

    with pytest.raises(ModelError, match="wanted one"):
        asyncio.run(once())


@BOTH
def test_the_key_stands_in_no_log(server, kind, caplog):
    caplog.set_level(logging.DEBUG)
    vote(server, kind)
    assert KEY in " ".join(server.headers.values())
    assert KEY not in caplog.text
    assert KEY not in repr(Account("toy", KEY))


@BOTH
def test_the_environment_does_not_say_where_to_send_a_key(server, kind, monkeypatch):
    for name in ("ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_API_KEY", "other")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "other")
    assert vote(server, kind).verdict == "safe"
    assert "other" not in " ".join(server.headers.values())


@pytest.mark.parametrize(
    "wrong", [{"model": ""}, {"key": ""}, {"key": "with\nnewline"}, {"key": "trailing "}, {"key": "schlüssel"}]
)
def test_an_account_is_valid_once_built(wrong):
    with pytest.raises(ConfigError):
        Account(**{"model": "m", "key": "k"} | wrong)
    with pytest.raises(InputError, match="at least 64 tokens"):
        Account("m", "k", most_tokens=10)
