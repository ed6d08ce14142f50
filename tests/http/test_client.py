"""One request over HTTP and all that can go wrong with it."""

import asyncio
import gzip
import json
import logging
import subprocess
import sys
import traceback

import pytest

from foureyes.errors import ConfigError, InputError
from foureyes.http import RequestLimits, pool
from foureyes.http.client import HttpClient
from foureyes.http.failures import RETRIED_STATUSES, RequestFailed
from tests.servers.chat_simulator import ChatSimulator
from tests.servers.simulator import send

BODY = {"model": "toy", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Its code is 0."}]}
KEY = "sk-very-secret-123"


@pytest.fixture
def server():
    with ChatSimulator() as server:
        yield server


def complete(server, *, key=None, url=None, **limits):
    async def once():
        client = HttpClient(url or f"{server.url}/v1", key=key, limits=RequestLimits(**limits))
        try:
            return await client.post("/chat/completions", BODY)
        finally:
            await client.aclose()

    return asyncio.run(once())


def failure_of(server, kind, **options):
    with pytest.raises(RequestFailed) as caught:
        complete(server, **options)
    assert caught.value.kind == kind
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_json_comes_back_and_the_request_goes_where_it_was_configured(server):
    assert complete(server)["object"] == "chat.completion"
    assert server.requests == [("/v1/chat/completions", BODY)]
    complete(server, url=f"{server.url}/v1/")
    assert server.requests[1][0] == "/v1/chat/completions"


def test_a_request_goes_to_the_address_itself_where_no_path_is_given_and_without_a_body_where_there_is_none(server):
    async def both():
        client = HttpClient(f"{server.url}/v1/models", limits=RequestLimits())
        try:
            listed = await client.get("")
            asked = dict(server.headers)
            await client.send("POST", "", json.dumps(BODY).encode(), headers={"X-Signature": "sha256=00"})
            return listed, asked
        finally:
            await client.aclose()

    listed, asked = asyncio.run(both())
    assert listed["data"]
    assert not {"Content-Length", "Content-Type"} & asked.keys()
    assert server.headers["X-Signature"] == "sha256=00"
    assert [path for path, _ in server.requests][-1] == "/v1/models"


@pytest.mark.parametrize("proxies", [True, False])
def test_the_proxy_of_the_environment_is_gone_through_unless_it_is_told_not_to(server, monkeypatch, proxies):
    with ChatSimulator() as between:
        monkeypatch.setenv("http_proxy", between.url)
        monkeypatch.setenv("no_proxy", "")

        async def once():
            client = HttpClient(f"{server.url}/v1", limits=RequestLimits(), proxies=proxies)
            try:
                return await client.post("/chat/completions", BODY)
            finally:
                await client.aclose()

        asyncio.run(once())
        assert (len(between.requests), len(server.requests)) == ((1, 0) if proxies else (0, 1))


def test_a_server_that_is_not_there_is_unavailable(server):
    url = f"{server.url}/v1"
    server.stop()
    assert failure_of(server, "unavailable", url=url, attempts=1).retryable


@pytest.mark.parametrize("status", sorted(RETRIED_STATUSES))
def test_a_busy_server_is_asked_again(server, status):
    replies = iter([status])
    server.trouble = lambda handler, _: send(handler, b'{"error": "busy"}', s) if (s := next(replies, 0)) else False
    assert complete(server)["object"] == "chat.completion"
    assert len(server.requests) == 2


def test_a_server_that_stays_busy_is_unavailable(server):
    server.trouble = lambda handler, _: send(handler, b"slow down", 429)
    error = failure_of(server, "unavailable", attempts=2)
    assert "HTTP 429: slow down" in str(error)
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 451, 501])
def test_a_refusal_is_not_repeated(server, status):
    server.trouble = lambda handler, _: send(handler, b'{"error": {"message": "no such model"}}', status)
    error = failure_of(server, "refused")
    assert f"HTTP {status}: no such model" in str(error)
    assert not error.retryable
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_refusal_and_not_followed(server, status):
    with ChatSimulator() as other:
        server.trouble = lambda handler, _: send(handler, b"", status, Location=f"{other.url}/v1/chat/completions")
        error = failure_of(server, "refused")
        assert f"redirects to {other.url}" in str(error)
        assert other.requests == []


def test_a_connection_cut_in_the_middle_is_unavailable_after_another_attempt(server):
    def cut(handler, reply):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"choices": [')
        handler.close_connection = True
        return True

    server.trouble = cut
    failure_of(server, "unavailable", attempts=2)
    assert len(server.requests) == 2


@pytest.mark.parametrize("trouble", ["hang", "drip"])
def test_a_server_that_hangs_or_drips_is_left_in_time(server, trouble):
    server.trouble = getattr(server, trouble)
    error = failure_of(server, "unavailable", timeout_s=1.5)
    assert str(error) == "no whole reply within 1.5 s"
    assert len(server.requests) == 1


def test_pauses_between_attempts_count_towards_the_time(server):
    server.trouble = lambda handler, _: send(handler, b"busy", 503)
    error = failure_of(server, "unavailable", timeout_s=0.5, attempts=1000)
    assert "no whole reply within 0.5 s" in str(error)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"{", b"\xff\xfe", b"[" * 100_000, gzip.compress(b"{}", mtime=0)],
    ids=lambda content: repr(content[:6]),
)
def test_what_is_not_json_is_a_bad_reply(server, content):
    server.trouble = lambda handler, _: send(handler, content)
    assert "wanted JSON" in str(failure_of(server, "bad_reply"))


@pytest.mark.parametrize("before", [0, 20, 45, 59])
def test_no_part_of_the_key_is_told_of_what_is_not_json(server, before):
    server.trouble = lambda handler, _: send(handler, b"x" * before + KEY.encode())
    told = str(failure_of(server, "bad_reply", key=KEY))
    assert "wanted JSON" in told
    assert KEY[:4] not in told


def test_a_status_line_that_is_none_shows_no_key(server):
    def trouble(handler, _):
        handler.wfile.write(f"HTTP/1.1 {KEY}\r\n\r\n".encode())
        return True

    server.trouble = trouble
    assert KEY not in str(failure_of(server, "unavailable", key=KEY, attempts=1))


def test_a_reply_without_end_is_given_up(server):
    server.trouble = lambda handler, reply: send(handler, json.dumps(reply).encode() + b" " * (1 << 20))
    assert "at most 100000 bytes" in str(failure_of(server, "bad_reply", max_bytes=100_000))


def test_a_packed_reply_is_neither_asked_for_nor_unpacked(server):
    server.trouble = lambda handler, reply: send(
        handler, gzip.compress(json.dumps(reply).encode()), 200, **{"Content-Encoding": "gzip"}
    )
    assert str(failure_of(server, "bad_reply")) == "the reply is packed, which was not asked for"
    assert server.headers["Accept-Encoding"] == "identity"


def test_a_packed_refusal_is_told_by_its_status(server):
    words = gzip.compress(b'{"error": {"message": "busy"}}', mtime=0)
    server.trouble = lambda handler, _: send(handler, words, 503, **{"Content-Encoding": "gzip"})
    error = failure_of(server, "unavailable", attempts=2)
    assert (str(error), error.status) == ("HTTP 503", 503)
    assert len(server.requests) == 2


def test_the_key_goes_into_one_header_and_into_no_word_of_ours(server, caplog):
    caplog.set_level(logging.DEBUG)
    words = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}}).encode()
    server.trouble = lambda handler, _: send(handler, words, 503)
    error = failure_of(server, "unavailable", key=KEY, attempts=2)
    assert server.headers["Authorization"] == f"Bearer {KEY}"
    assert "Incorrect API key provided: [key]" in str(error)
    client = HttpClient("http://localhost/v1", key=KEY, limits=RequestLimits())
    assert KEY not in repr(error) + repr(client) + caplog.text


ENDLESS = b'{"error": {"message": "' + b"no room " * 200_000


def headed(status, content=b"", **headers):
    """A reply by its head; the content may be less than was promised, and the connection ends behind it."""

    def trouble(handler, _):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)
        handler.close_connection = True
        return True

    return trouble


REFUSALS = {
    "too long": lambda status: lambda handler, _: send(handler, ENDLESS, status),
    "broken off": lambda status: headed(status, b'{"error": {"message": "no room', Content_Length="1000"),
    "in a broken coding": lambda status: headed(status, b"6\r\nno rooZZ", Transfer_Encoding="chunked"),
}


@pytest.mark.parametrize("way", REFUSALS)
@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_refusal_is_told_by_its_status_whatever_becomes_of_its_words(server, status, way):
    server.trouble = REFUSALS[way](status)
    error = failure_of(server, "refused" if status == 401 else "unavailable", max_bytes=1000, attempts=2)
    assert (error.status, error.retryable) == (status, status != 401)
    assert len(server.requests) == (1 if status == 401 else 2)
    assert f"HTTP {status}: " in str(error)
    assert "no roo" in str(error)
    assert len(str(error)) < 400


def test_a_refusal_whose_words_never_end_is_told_by_its_status(server, monkeypatch):
    monkeypatch.setattr(pool, "REFUSAL_S", 0.1)

    def trouble(handler, reply):
        headed(401, b"no such key, and ", Content_Length="1000")(handler, reply)
        return server.hang(handler, reply)

    server.trouble = trouble
    error = failure_of(server, "refused", timeout_s=60)
    assert (error.status, str(error)) == (401, "HTTP 401: no such key, and")


def test_a_refusal_whose_words_stall_is_told_by_its_status_before_the_deadline(server):
    def trouble(handler, reply):
        headed(429, b"no room, and ", Content_Length="1000")(handler, reply)
        return server.hang(handler, reply)

    server.trouble = trouble
    error = failure_of(server, "unavailable", timeout_s=1.0, attempts=1)
    assert (error.status, str(error)) == (429, "HTTP 429: no room, and")


@pytest.mark.parametrize("cut", [1, 5, len(KEY) - 1])
def test_no_half_of_the_key_is_told_of_a_refusal_that_was_cut(server, cut):
    blank = b" " * (1000 - cut)
    server.trouble = lambda handler, _: send(handler, blank + KEY.encode() + b" is no key", 401)
    assert str(failure_of(server, "refused", key=KEY, max_bytes=1000)) == "HTTP 401"


def test_no_half_of_the_key_is_told_of_what_is_no_json(server):
    server.trouble = lambda handler, _: send(handler, b" " * (100_000 - 7) + KEY.encode())
    assert KEY[:4] not in str(failure_of(server, "bad_reply", key=KEY))


def test_a_key_is_not_told_as_json_writes_it(server):
    key = 'sk-"/\\-123'
    for said in (json.dumps({"a": key}), "<p>" + json.dumps(key).replace("/", "\\/"), f"<p>{key}</p>"):
        server.trouble = lambda handler, _, said=said: send(handler, said.encode(), 401)
        assert "-123" not in str(failure_of(server, "refused", key=key))


def test_what_follows_a_body_in_chunks_is_no_header(server):
    body = b"2\r\n{}\r\n0\r\nLocation: http://elsewhere\r\nContent-Encoding: gzip\r\nRetry-After: 1e9\r\n\r\n"
    server.trouble = headed(200, body, Transfer_Encoding="chunked")
    assert complete(server) == {}
    server.trouble = headed(302, body, Transfer_Encoding="chunked")
    assert str(failure_of(server, "refused")) == "HTTP 302: {}"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("tomorrow", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("-1", None),
        ("1e9", None),
    ],
)
def test_how_long_a_busy_server_wants_to_be_left_alone_is_told(server, said, seconds):
    server.trouble = headed(429, Retry_After=said, Content_Length="0")
    assert failure_of(server, "unavailable", attempts=1).retry_after_s == seconds


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "/a b"},
        {"path": "/a\r\nX: y"},
        {"path": "/ä"},
        {"method": "GET /other HTTP/1.1\r\nX: y\r\n\r\nGET"},
        {"headers": {"X": "secret\r\nY: z"}},
        {"headers": {"X": "secret\n"}},
        {"headers": {"X\r\nY": "secret"}},
        {"headers": {"X: y, Z": "secret"}},
        {"headers": {"X": "secret\x00"}},
        {"headers": {"X": "secret ä"}},
    ],
    ids=repr,
)
def test_nothing_is_sent_that_would_end_a_line_and_begin_another(server, wrong):
    async def once():
        client = HttpClient(server.url, limits=RequestLimits())
        try:
            await client.send(**{"method": "GET", "path": "/v1/models", **wrong})
        finally:
            await client.aclose()

    with pytest.raises(InputError, match="in one line") as caught:
        asyncio.run(once())
    assert "secret" not in str(caught.value)
    assert server.requests == []


def test_a_servers_words_cannot_take_over_the_terminal(server):
    server.trouble = lambda handler, _: send(handler, b'{"message": "\\u001b[2J' + b"long " * 500 + b'"}', 400)
    words = str(failure_of(server, "refused"))
    assert words.isprintable()
    assert len(words) < 400


@pytest.mark.parametrize("key", ["with\nnewline", "", "trailing ", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key):
    with pytest.raises(ConfigError, match="no header can carry") as caught:
        HttpClient("http://localhost", key=key, limits=RequestLimits())
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["ftp://host/v1", "host/v1", "http:///v1", "http://[::1/v1", f"http://user:{KEY}@host/v1"]
)
def test_an_address_that_is_none_is_refused_without_being_shown(url):
    with pytest.raises(ConfigError, match="wanted an address like") as caught:
        HttpClient(url, limits=RequestLimits())
    assert KEY not in str(caught.value)


def test_what_is_not_installed_is_named_with_what_installs_it():
    program = "import sys; sys.modules['httptools'] = None; import foureyes.http.client"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "foureyes.errors.ConfigError" in run.stderr
    assert "pip install 'foureyes[http]'" in run.stderr
