"""Claude and Gemini as judges and answerers: the real SDKs against a server on loopback."""

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

from foureyes.errors import ConfigError, ModelError, ModelRefused, ModelUnavailable
from foureyes.http import RequestLimits
from foureyes.http.failures import RETRIED_STATUSES, RequestFailed
from foureyes.models.chat import ChatAnswerer, ChatJudge, ChatRequest, Endpoint
from foureyes.models.chat.protocol import messages_of
from foureyes.models.providers import anthropic as anthropic_adapter
from foureyes.models.providers import connect, sdk
from foureyes.models.providers import google as google_adapter
from foureyes.models.providers.sdk import request_failure
from foureyes.types import Exchange, Message, TokenUsage
from tests.servers.chat_simulator import ChatSimulator, verdict
from tests.servers.simulator import send

EXCHANGE = Exchange("Capital of Australia?", "Sydney")
KEY = "sk-very-secret-123"
BOTH = pytest.mark.parametrize("kind", ["anthropic", "google"])
ALL = pytest.mark.parametrize("kind", ["openai", "anthropic", "google"])


@pytest.fixture
def server():
    with ChatSimulator() as server:
        yield server


def talk(server, kind, work, *, limits=None, key=KEY, **endpoint):
    async def once():
        url = f"{server.url}/v1" if kind == "openai" else server.url
        model = connect(kind, Endpoint("toy", url, key, limits=limits or RequestLimits(), **endpoint))
        try:
            return await work(model)
        finally:
            await model.aclose()

    return asyncio.run(once())


def vote(server, kind, *, limits=None, form="schema", **options):
    return talk(server, kind, lambda model: ChatJudge(model, form=form, **options).vote(EXCHANGE), limits=limits)


def answer(server, kind, prompt="Hi"):
    return talk(server, kind, lambda model: ChatAnswerer(model).answer(prompt))


def say(server, kind, reply):
    server.say, server.tamper = lambda *_: "", lambda _: reply
    ((said),) = talk(server, kind, lambda model: model.say(ChatRequest(messages_of("Hi"))))
    return said


def error_of(server, kind, wanted=ModelError, **limits):
    with pytest.raises(wanted) as caught:
        vote(server, kind, limits=RequestLimits(**limits))
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
    mapped(kind, anthropic_adapter.MEANING)


@pytest.mark.parametrize(
    "kind",
    [*google_exceptions(), *httpx2_exceptions(), json.JSONDecodeError, UnicodeDecodeError],
    ids=lambda k: k.__name__,
)
def test_every_exception_of_googles_sdk_becomes_a_model_error(kind):
    mapped(kind, google_adapter.MEANING)


def mapped(kind, table):
    error = kind.__new__(kind)
    assert isinstance(error, tuple(table)), "it is caught"
    assert isinstance(request_failure(error, table, Endpoint("toy", key=KEY)), RequestFailed)


def test_the_tables_name_nothing_the_sdks_do_not_raise():
    common = {*httpx2_exceptions(), httpx2.TransportError, ValueError, RecursionError}
    assert set(anthropic_adapter.MEANING) <= common | set(anthropic_exceptions())
    assert set(google_adapter.MEANING) <= common | set(google_exceptions())


@BOTH
@pytest.mark.parametrize("said", ["safe", "unsafe", "abstain"])
def test_a_verdict_becomes_a_vote(server, kind, said):
    server.say = lambda _, user: verdict(user, said, reason="because")
    found = vote(server, kind)
    assert (found.verdict, found.reason, found.model) == (said, "because", "toy")
    assert found.provider == kind


@BOTH
def test_the_server_is_shown_instructions_and_the_quoted_exchange(server, kind):
    vote(server, kind, codes=lambda: "5eed5eed")
    ((system, user),) = server.asked
    assert "You verify another model's response" in system
    assert user.splitlines()[4] == '"Sydney"'
    assert "Sydney" not in system


def test_each_provider_is_asked_for_structured_output(server):
    vote(server, "anthropic")
    vote(server, "anthropic", form="words")
    vote(server, "google")
    claude, plain, gemini = (body for _, body in server.requests)
    assert claude["output_config"]["format"]["schema"]["required"] == ["code", "verdict", "confidence", "reason"]
    assert "output_config" not in plain
    assert gemini["generationConfig"]["responseMimeType"] == "application/json"
    assert gemini["generationConfig"]["responseJsonSchema"]["required"] == ["code", "verdict", "confidence", "reason"]


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
    replies = iter([min(RETRIED_STATUSES)])
    server.trouble = lambda handler, _: send(handler, b"{}", s) if (s := next(replies, 0)) else False
    assert vote(server, kind).verdict == "safe"


@BOTH
@pytest.mark.parametrize("way", ["too long", "broken off", "packed", "without end"])
@pytest.mark.parametrize("status", [401, 429])
def test_a_refusal_is_told_by_its_status_whatever_becomes_of_its_words(server, kind, status, way, monkeypatch):
    monkeypatch.setattr(sdk, "REFUSAL_S", 0.1)
    words = b'{"error": {"message": "' + b"no room " * 100_000

    def trouble(handler, reply):
        if way == "too long":
            return send(handler, words, status)
        if way == "packed":
            return send(handler, gzip.compress(words), status, **{"Content-Encoding": "gzip"})
        handler.send_response(status)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(words[:100])
        handler.close_connection = True
        return server.hang(handler, reply) if way == "without end" else True

    server.trouble = trouble
    error = error_of(server, kind, ModelRefused if status == 401 else ModelUnavailable, max_bytes=1000, attempts=1)
    assert error.status == status
    assert f"HTTP {status}" in str(error)


@BOTH
@pytest.mark.parametrize("way", ["too long", "broken off"])
@pytest.mark.parametrize("cut", [1, 5, len(KEY) - 1])
def test_no_half_of_the_key_is_told_of_a_refusal_that_was_cut(server, kind, cut, way):
    words = b"<p>no such key: ".ljust(1000 - cut) + KEY.encode()

    def trouble(handler, _):
        handler.send_response(401)
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        handler.wfile.write(words + b" " * 4000 if way == "too long" else words[:1000])
        handler.close_connection = True
        return True

    server.trouble = trouble
    said = str(error_of(server, kind, ModelRefused, max_bytes=1000 if way == "too long" else 2000))
    assert "no such key" in said
    assert not said.partition("no such key:")[2].lstrip().startswith(KEY[:1])


@BOTH
def test_a_busy_server_that_wants_to_be_left_alone_for_longer_than_there_is_time_is_not_asked_again(server, kind):
    server.trouble = lambda handler, _: send(handler, b'{"error": {"message": "busy"}}', 429, **{"Retry-After": "90"})
    assert error_of(server, kind, ModelUnavailable, attempts=3, timeout_s=30).status == 429
    assert len(server.requests) == 1


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
    error_of(server, kind, ModelUnavailable, timeout_s=0.4, attempts=1)


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
    error_of(server, kind, max_bytes=100_000, attempts=1)
    assert vote(server, kind, limits=RequestLimits(max_bytes=1 << 22)).verdict == "safe"
    server.trouble = lambda handler, reply: send(
        handler, gzip.compress(json.dumps(reply).encode()), 200, **{"Content-Encoding": "gzip"}
    )
    error_of(server, kind, attempts=1)


def claude(*blocks, stop_reason="end_turn"):
    return {"type": "message", "stop_reason": stop_reason, "content": list(blocks)}


def gemini(*parts, reason="STOP"):
    return {"candidates": [{"finishReason": reason, "content": {"parts": list(parts)}}]}


WORDS = {"text": "word"}
TEXT = {"type": "text", "text": "word"}
TOOL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"branch": "Süd"}}


@pytest.mark.parametrize(
    ("kind", "reply", "wanted", "message"),
    [
        ("anthropic", claude(stop_reason="refusal"), ModelRefused, "declined"),
        ("anthropic", claude({"type": "text", "text": "{"}, stop_reason="max_tokens"), ModelError, "cut off"),
        ("anthropic", claude(), ModelError, "said nothing"),
        ("anthropic", claude({"type": "text", "text": " "}), ModelError, "said nothing"),
        ("anthropic", claude(TOOL), ModelError, "calls a tool"),
        ("anthropic", claude({"type": "tool_use", "input": {}}), ModelError, "no id, name or arguments"),
        ("anthropic", claude({"type": "image"}), ModelError, "another kind"),
        ("anthropic", {"type": "error"}, ModelError, "not a message"),
        ("google", {"promptFeedback": {"blockReason": "SAFETY"}}, ModelRefused, "withheld"),
        ("google", {"candidates": [{"finishReason": "SAFETY"}]}, ModelRefused, "withheld"),
        ("google", gemini({"text": "{"}, reason="MAX_TOKENS"), ModelError, "cut off"),
        ("google", {"candidates": [{"finishReason": "MAX_TOKENS", "content": {}}]}, ModelError, "cut off"),
        ("google", {"candidates": []}, ModelError, "not one candidate"),
        ("google", {"candidates": gemini(WORDS)["candidates"] * 2}, ModelError, "not one candidate"),
        ("google", gemini(), ModelError, "said nothing"),
        ("google", gemini({"functionCall": {"name": "look"}}), ModelError, "calls a tool"),
        ("google", gemini({"functionCall": {}}), ModelError, "no name"),
        ("google", gemini({"inlineData": {}}), ModelError, "another kind"),
        ("google", gemini(WORDS, reason=["STOP"]), ModelError, "not text"),
        ("google", gemini({"text": "\ud800"}), ModelError, "lone surrogate"),
        ("anthropic", claude(TEXT, stop_reason=["end_turn"]), ModelError, "not text"),
        ("anthropic", claude({"type": "text", "text": "\ud800"}), ModelError, "lone surrogate"),
    ],
    ids=str,
)
def test_what_is_not_whole_words_is_not_believed(server, kind, reply, wanted, message):
    server.say, server.tamper = lambda *_: "", lambda _: reply
    with pytest.raises(wanted, match=message):
        answer(server, kind)


def test_thinking_is_not_the_models_word(server):
    assert say(server, "anthropic", claude({"type": "thinking", "thinking": "safe?"}, TEXT)).text == "word"
    assert say(server, "google", gemini({"text": "safe?", "thought": True}, WORDS, WORDS)).text == "wordword"


def test_tool_calls_and_usage_are_handed_on(server):
    reply = say(server, "anthropic", claude(TEXT, TOOL) | {"usage": {"input_tokens": 30, "output_tokens": 12}})
    assert (reply.text, reply.usage) == ("word", TokenUsage(30, 12))
    ((call),) = reply.tool_calls
    assert (call.id, call.name, call.arguments) == ("toolu_1", "look", '{"branch": "Süd"}')
    usage = {"promptTokenCount": 20, "candidatesTokenCount": 9, "thoughtsTokenCount": 3}
    reply = say(server, "google", gemini({"functionCall": {"name": "look", "args": {}}}) | {"usageMetadata": usage})
    assert (reply.tool_calls[0].name, reply.tool_calls[0].arguments, reply.usage) == ("look", "{}", TokenUsage(20, 12))


@BOTH
def test_an_answerer_answers_in_the_turns_it_was_given(server, kind):
    server.say = lambda system, user: f"{system}|{user}"
    turns = (
        Message("system", "Be brief."),
        Message("user", "Hi"),
        Message("assistant", "Hello."),
        Message("user", "Who?"),
    )
    assert (answer(server, kind, turns), answer(server, kind)) == ("Be brief.|Who?", "|Hi")


@BOTH
def test_the_key_stands_in_no_log(server, kind, caplog):
    caplog.set_level(logging.DEBUG)
    vote(server, kind)
    assert KEY in " ".join(server.headers.values())
    assert KEY not in caplog.text
    assert KEY not in repr(connect(kind, Endpoint("toy", key=KEY)))


@BOTH
def test_the_environment_does_not_say_where_to_send_a_key(server, kind, monkeypatch):
    for name in ("ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_API_KEY", "other")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "other")
    assert vote(server, kind).verdict == "safe"
    assert "other" not in " ".join(server.headers.values())


@BOTH
def test_a_provider_that_lets_nobody_in_wants_a_key(kind):
    with pytest.raises(ConfigError, match="needs an API key"):
        connect(kind, Endpoint("toy"))


def test_options_that_google_does_not_know_are_named_and_not_repeated(server):
    async def once():
        model = connect("google", Endpoint("toy", server.url, KEY, options={"nope": KEY}))
        try:
            await model.say(ChatRequest(messages_of("Hi")))
        finally:
            await model.aclose()

    with pytest.raises(ConfigError, match="toy: google does not know options like these: nope") as caught:
        asyncio.run(once())
    assert KEY not in "".join(traceback.format_exception(caught.value))


@BOTH
def test_options_cannot_set_what_is_not_theirs(kind):
    with pytest.raises(ConfigError, match="tools"):
        connect(kind, Endpoint("toy", key=KEY, options={"tools": []}))


CANARY = "CANARY of org-4711 at db.internal:5432"


@ALL
@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (lambda h, _: send(h, json.dumps({"error": {"message": f"{CANARY} {KEY}"}}).encode(), 401), "HTTP 401"),
        (lambda h, _: send(h, CANARY.encode(), 500), "HTTP 500"),
        (lambda h, _: send(h, b"", 307, Location=f"http://internal.example/{CANARY[:6]}"), "HTTP 307"),
        (lambda h, _: send(h, f"<html>{CANARY}".encode()), "wanted JSON"),
        (lambda h, _: send(h, json.dumps({"error": CANARY}).encode()), "carries an error"),
        (lambda h, _: send(h, json.dumps({CANARY: 1}).encode()), "the server's reply is not"),
    ],
)
def test_what_a_tenant_is_told_holds_no_word_of_the_server(server, kind, trouble, told):
    """The message, which is for whoever runs this, may."""
    server.trouble = trouble
    with pytest.raises(ModelError) as caught:
        talk(server, kind, lambda model: ChatJudge(model).vote(EXCHANGE), limits=RequestLimits(attempts=1))
    assert told in caught.value.summary
    for secret in ("CANARY", "org-4711", "internal", KEY, "127.0.0.1"):
        assert secret not in caught.value.summary
    assert KEY not in str(caught.value)


@ALL
def test_a_server_that_is_gone_is_not_named(server, kind):
    class Gone:
        url = "http://127.0.0.1:9"

    with pytest.raises(ModelUnavailable) as caught:
        talk(Gone, kind, lambda model: ChatJudge(model).vote(EXCHANGE), limits=RequestLimits(attempts=1))
    assert caught.value.summary == "the model cannot be had now (the connection failed)"


NAMES = {"openai": "model", "anthropic": "model", "google": "modelVersion"}


@ALL
def test_a_reply_that_names_another_model_is_no_vote(server, kind):
    def named(name, **endpoint):
        server.tamper = lambda reply: {**reply, NAMES[kind]: name}
        return talk(server, kind, lambda model: ChatJudge(model).vote(EXCHANGE), **endpoint).verdict

    assert {named(name) for name in ("toy", "toy-2025-04-16", "", None)} == {"safe"}
    for other in ("toy-mini", "gpt-5", ["toy"], 7):
        with pytest.raises(ModelError, match="names another model") as caught:
            named(other)
        assert "gpt-5" not in caught.value.summary
    assert named("toy-mini", reports_as=("toy-mini",)) == "safe"


@ALL
@pytest.mark.parametrize("error", [{"message": "upstream failed"}, "upstream failed", {}, "", False, 0])
def test_a_reply_that_carries_an_error_beside_its_words_is_no_vote(server, kind, error):
    server.tamper = lambda reply: {**reply, "error": error}
    with pytest.raises(ModelError, match="carries an error"):
        talk(server, kind, lambda model: ChatJudge(model).vote(EXCHANGE))
    server.tamper = lambda reply: {**reply, "error": None}
    assert talk(server, kind, lambda model: ChatJudge(model).vote(EXCHANGE)).verdict == "safe"


def test_a_choice_that_carries_an_error_is_no_vote(server):
    def beside(reply):
        return {**reply, "choices": [{**reply["choices"][0], "error": {"code": 502, "message": "upstream"}}]}

    server.tamper = beside
    with pytest.raises(ModelError, match="a choice of the reply carries an error"):
        talk(server, "openai", lambda model: ChatJudge(model).vote(EXCHANGE))
