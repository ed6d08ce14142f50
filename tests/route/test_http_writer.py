"""A writer over HTTP: what is sent, what is sent again, and what is not."""

from __future__ import annotations

import asyncio
import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from foureyes.errors import ConfigError, ModelError, ModelRefused, ModelUnavailable
from foureyes.http import RequestLimits
from foureyes.http.way import Way
from foureyes.route.http_writer import HttpRouteWriter
from foureyes.route.outcome import RouteRequest
from foureyes.route.roles import Unpaid
from foureyes.route.scripted import completion
from tests.route.upstreams import chunked, event, proxy, until, upstream, whole

BODY: dict[str, Any] = {
    "messages": [{"role": "user", "content": "Capital of Australia? Ω"}],
    "temperature": 0.3,
    "logit_bias": {"50256": -100},
    "seed": 12345678901234567890,
    "x_of_somebody": [1, None, {"a": 1.5}],
}
ASKED = RouteRequest.of({"model": "foureyes/x", "stream": False, **BODY})


def writer(url: str, **limits: Any) -> HttpRouteWriter:
    told = RequestLimits(**{"attempts": 1, **limits})
    return HttpRouteWriter("small", "gpt", url, key="sk-123", limits=told, reports_as=("scripted",))


async def test_every_field_goes_to_the_writer_unchanged() -> None:
    async with upstream(lambda _: whole(200, completion("Canberra"))) as server:
        reply = await writer(server.url).write(ASKED)
    assert reply.body == completion("Canberra")
    assert server.bodies == [{**BODY, "model": "gpt"}]
    assert "POST /v1/chat/completions HTTP/1.1" in server.heads[0]
    assert "Authorization: Bearer sk-123" in server.heads[0]


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not for Windows")
def test_the_service_has_another_event_loop_and_the_same_replies() -> None:
    import uvloop

    async def scene() -> Any:
        async with upstream(lambda _: whole(200, completion("Canberra"))) as server:
            one = writer(server.url)
            body = (await one.write(ASKED)).body
            await one.aclose()
            return body

    assert uvloop.run(scene()) == completion("Canberra")


def test_one_event_loop_after_another_may_ask() -> None:
    one: list[HttpRouteWriter] = []

    async def scene() -> Any:
        async with upstream(lambda _: whole(200, completion("Canberra"))) as server:
            one[:] = one or [writer(server.url)]
            one[0]._pool._way = Way.to(urlsplit(server.url))
            return (await one[0].write(ASKED)).body

    assert [asyncio.run(scene()) for _ in range(2)] == [completion("Canberra")] * 2


async def test_connections_are_used_again_and_closed_ones_are_not() -> None:
    async with upstream(lambda _: whole(200, completion("Canberra"))) as server:
        one = writer(server.url)
        for _ in range(3):
            await one.write(ASKED)
        assert server.connections == 1
    async with upstream(lambda _: whole(200, completion("Canberra")), close=True) as server:
        one = writer(server.url)
        for _ in range(3):
            await one.write(ASKED)
            await asyncio.sleep(0.01)
        assert server.connections == 3


@pytest.mark.parametrize(
    "reply",
    [
        chunked(b'{"cho', b'ices": []}', kind="application/json"),
        b'HTTP/1.1 200 OK\r\n\r\n{"choices": []}',
        b'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{"choices": []}',
    ],
    ids=["chunked", "until the end", "after a provisional one"],
)
async def test_a_body_is_read_however_it_is_framed(reply: bytes) -> None:
    async with upstream(lambda _: reply, close=True) as server:
        assert (await writer(server.url).write(ASKED)).body == {"choices": []}


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (whole(401, {"error": {"message": "no such key sk-123"}}), ModelRefused, "HTTP 401"),
        (whole(500, b"oops"), ModelUnavailable, "HTTP 500"),
        (whole(302, b"", {"location": "http://other"}), ModelRefused, "HTTP 302"),
        (whole(200, b"not json"), ModelError, "wanted JSON; got something else"),
        (whole(200, [1]), ModelError, "wanted a JSON object; got something else"),
        (whole(200, {"error": {"message": "inside"}}), ModelError, "the reply carries an error"),
        (None, ModelUnavailable, "the server hung up"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", ModelUnavailable, "the server hung up"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", ModelUnavailable, "the server's reply is no HTTP"),
        (whole(200, completion("x" * 2000)), ModelError, "wanted a reply of at most 1000 bytes; got more"),
    ],
)
async def test_whatever_goes_wrong_is_named_without_the_servers_words(reply: Any, kind: type, words: str) -> None:
    async with upstream(lambda _: reply, close=True) as server:
        with pytest.raises(ModelError) as caught:
            await writer(server.url, max_bytes=1000).write(ASKED)
    assert (type(caught.value), caught.value.summary, len(server.bodies)) == (kind, words, 1)
    assert "sk-123" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_is_busy_is_asked_again(status: int) -> None:
    replies = [whole(status, b""), whole(200, completion("Canberra"))]
    async with upstream(lambda i: replies[i]) as server:
        assert (await writer(server.url, attempts=2).write(ASKED)).body == completion("Canberra")
    async with upstream(lambda _: whole(status, b"")) as server:
        with pytest.raises(Unpaid):
            await writer(server.url, attempts=2).write(ASKED)
    assert len(server.bodies) == 2


@pytest.mark.parametrize(("status", "kind"), [(401, ModelRefused), (429, Unpaid), (503, Unpaid)])
async def test_a_refusal_is_told_by_its_status_however_much_is_said(status: int, kind: type) -> None:
    async with upstream(lambda _: whole(status, b"no room " * 50_000), close=True) as server:
        with pytest.raises(ModelError) as caught:
            await writer(server.url, max_bytes=1000).write(ASKED)
        assert (type(caught.value), caught.value.status) == (kind, status)
        with pytest.raises(ModelError) as caught:
            _ = [one async for one in writer(server.url, max_bytes=1000).stream(ASKED)]
        assert (type(caught.value), caught.value.status) == (kind, status)


async def test_a_server_that_wants_to_be_left_alone_for_long_is_not_waited_for() -> None:
    busy = whole(429, b"", {"retry-after": "6"})
    async with upstream(lambda _: busy) as server:
        with pytest.raises(Unpaid):
            await writer(server.url, attempts=5).write(ASKED)
    assert len(server.bodies) == 1
    replies = [whole(429, b"", {"retry-after": "0.3"}), whole(200, completion("Canberra"))]
    async with upstream(lambda i: replies[i]) as server:
        assert (await writer(server.url, attempts=2).write(ASKED)).body == completion("Canberra")


async def test_a_pause_that_would_pass_the_deadline_is_not_begun_and_what_cost_nothing_is_told_as_that() -> None:
    async with upstream(lambda _: whole(429, b"", {"retry-after": "4"})) as server:
        with pytest.raises(Unpaid) as caught:
            await writer(server.url, attempts=2, timeout_s=3.0).write(ASKED)
    assert (caught.value.status, len(server.bodies)) == (429, 1)


async def test_a_refusal_whose_words_stall_is_told_by_its_status_before_the_deadline() -> None:
    stalled = b"HTTP/1.1 429 Said\r\ncontent-length: 1000\r\n\r\nno room"
    async with upstream(lambda _: stalled) as server:
        one = writer(server.url, timeout_s=1.0)
        with pytest.raises(Unpaid, match="no room") as caught:
            await one.write(ASKED)
        assert caught.value.status == 429
        with pytest.raises(Unpaid, match="no room"):
            await anext(one.stream(ASKED))
        await one.aclose()


@pytest.mark.parametrize("reply", [None, whole(500, b""), whole(200, b"no json")])
async def test_what_may_have_been_paid_is_not_asked_for_again(reply: Any) -> None:
    async with upstream(lambda _: reply) as server:
        with pytest.raises(ModelError):
            await writer(server.url, attempts=5).write(ASKED)
    assert len(server.bodies) == 1


async def test_nobody_there_costs_nothing() -> None:
    with pytest.raises(Unpaid):
        await writer("http://127.0.0.1:1/v1").write(ASKED)


async def test_a_server_that_says_nothing_is_late() -> None:
    async with upstream(lambda _: 60.0) as server:
        with pytest.raises(ModelUnavailable, match=r"no whole reply within 0\.5 s"):
            await writer(server.url, timeout_s=0.5).write(ASKED)
        await until(lambda: server.hung_up)


async def test_cancelling_closes_the_connection_at_once() -> None:
    async with upstream(lambda _: 60.0) as server:
        task = asyncio.create_task(writer(server.url).write(ASKED))
        await until(lambda: server.bodies)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: server.hung_up)


async def test_a_stream_is_given_chunk_by_chunk() -> None:
    pieces = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in ("Can", "berra")]
    raw = b"".join([b": a comment\n\n", *map(event, pieces), event(b"[DONE]")])
    cut = [raw[i : i + 7] for i in range(0, len(raw), 7)]
    async with upstream(lambda _: chunked(*cut)) as server:
        assert [chunk async for chunk in writer(server.url).stream(ASKED)] == pieces
    assert server.bodies == [{**BODY, "model": "gpt", "stream": True, "stream_options": {"include_usage": True}}]


@pytest.mark.parametrize(
    "reply",
    [
        chunked(event({"choices": []})),
        chunked(event({"choices": []}), end=False),
        chunked(event({"choices": []}), event({"error": {"message": "died"}})),
        chunked(event({"choices": []}), event(b"{")),
    ],
)
async def test_a_stream_that_breaks_off_says_so_after_what_came(reply: bytes) -> None:
    async with upstream(lambda _: reply, close=True) as server:
        stream = writer(server.url).stream(ASKED)
        assert await anext(stream) == {"choices": []}
        with pytest.raises(ModelError):
            await anext(stream)


async def test_a_body_in_place_of_a_stream_is_no_stream() -> None:
    async with upstream(lambda _: whole(200, completion("Canberra"))) as server:
        with pytest.raises(ModelError, match="wanted a stream of events"):
            _ = [chunk async for chunk in writer(server.url).stream(ASKED)]


async def test_leaving_a_stream_closes_the_connection() -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        there.write(chunked(event({"choices": []}), end=False))
        while await reader.read(1000):
            pass
        gone.set()
        there.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    stream = writer(url).stream(ASKED)
    await anext(stream)
    await stream.aclose()
    await asyncio.wait_for(gone.wait(), 60)
    server.close()


async def test_an_unread_stream_makes_the_server_wait() -> None:
    written = 0

    async def serve(reader: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        there.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        try:
            for _ in range(2000):
                there.write(event({"choices": [], "x": "y" * 16_000}))
                await there.drain()
                written += 1
        except ConnectionError:
            there.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    stream = writer(url, max_bytes=1 << 30).stream(ASKED)
    await anext(stream)
    await asyncio.sleep(0.3)
    assert written < 1500
    await stream.aclose()
    server.close()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server for ``localhost`` shows, which nobody but this process believes."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "pem").write_bytes(made.public_bytes(Encoding.PEM) + secret)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    return context


def over_tls(url: str) -> str:
    return url.replace("http://127.0.0.1", "https://localhost")


async def test_a_server_shows_who_it_is(certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    async with upstream(lambda _: whole(200, completion("Canberra")), secure=certificate) as server:
        one = writer(over_tls(server.url))
        assert [(await one.write(ASKED)).body for _ in range(2)] == [completion("Canberra")] * 2
        assert server.connections == 1
        await one.aclose()
        with pytest.raises(Unpaid, match="certificate"):
            await writer(server.url.replace("http:", "https:")).write(ASKED)  # 127.0.0.1 is not whom it shows
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(Unpaid):
            await writer(over_tls(server.url)).write(ASKED)
    assert len(server.bodies) == 2


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_proxy_of_the_environment_is_gone_through(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    async def scene() -> None:
        async with (
            upstream(lambda _: whole(200, completion("Canberra")), secure=certificate) as server,
            proxy() as seen,
        ):
            monkeypatch.setenv("https_proxy", f"http://ana:p%40ss@{seen[0]}")
            monkeypatch.setenv("no_proxy", "")
            one = writer(over_tls(server.url))
            assert [(await one.write(ASKED)).body for _ in range(2)] == [completion("Canberra")] * 2
            assert [line for line in seen[1:] if "CONNECT" in line] == [
                f"CONNECT localhost:{over_tls(server.url).split(':')[2].split('/')[0]} HTTP/1.1"
            ]
            assert "Proxy-Authorization: Basic YW5hOnBAc3M=" in seen
            assert "Proxy-Authorization" not in server.heads[0]
            await one.aclose()

    if loop == "uvloop":
        import uvloop

        uvloop.run(scene())
    else:
        asyncio.run(scene())


async def test_a_proxy_for_plain_http_reads_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async with upstream(lambda _: whole(200, completion("Canberra"))) as server:  # stands for the proxy
        monkeypatch.setenv("http_proxy", server.url.removesuffix("/v1"))
        monkeypatch.setenv("no_proxy", "")
        await writer("http://models.internal:8000/v1").write(ASKED)
    assert server.heads[0].startswith("POST http://models.internal:8000/v1/chat/completions HTTP/1.1\r\n")


async def test_a_proxy_that_refuses_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with proxy(b"HTTP/1.1 407 Who are you\r\n\r\n") as seen:
        monkeypatch.setenv("https_proxy", seen[0])
        with pytest.raises(Unpaid, match="the proxy failed: HTTP 407"):
            await writer("https://models.internal/v1").write(ASKED)


def test_another_kind_of_proxy_is_refused_rather_than_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://user:secret@proxy:1080")
    with pytest.raises(ConfigError, match="wanted such a one") as caught:
        HttpRouteWriter("far", "m", "https://api.example.com/v1")
    assert "secret" not in str(caught.value)


NAMES = {
    "gpt": True,
    "GPT-2024-08-06": True,
    "scripted": True,
    "": True,
    "gpt-mini": False,
    "gpt-mini-2024-07-18": False,
    "claude-4": False,
}


@pytest.mark.parametrize("name", NAMES)
async def test_a_reply_of_another_model_is_none(name: str) -> None:
    body = completion("Canberra", model=name)
    async with upstream(lambda _: whole(200, body)) as server:
        if NAMES[name]:
            assert (await writer(server.url).write(ASKED)).body == body
            return
        with pytest.raises(ModelError, match="names another model") as caught:
            await writer(server.url, attempts=3).write(ASKED)
    assert (type(caught.value), name in caught.value.summary, len(server.bodies)) == (ModelError, False, 1)


@pytest.mark.parametrize("name", [None, 7, ["gpt"], "claude-4"])
async def test_a_stream_of_another_model_is_broken_off_before_a_word(name: Any) -> None:
    chunk = {"model": name, "choices": [{"index": 0, "delta": {"content": "Perth"}, "finish_reason": "stop"}]}
    async with upstream(lambda _: chunked(event(chunk), event(b"[DONE]"))) as server:
        if name is None:
            assert [piece async for piece in writer(server.url).stream(ASKED)] == [chunk]
            return
        with pytest.raises(ModelError, match="names another model"):
            await anext(writer(server.url).stream(ASKED))


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n" + b"x-more: of the same\r\n" * 40_000,
        b"HTTP/1.1 200 OK\r\nx-long: " + b"y" * 700_000,
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 30_000,
        chunked(b"{", end=False) + b"0\r\n" + b"x-trailer: of the same\r\n" * 40_000,
    ],
    ids=["many headers", "one header", "many heads", "trailers"],
)
async def test_headers_without_end_are_no_reply(head: bytes) -> None:
    async with upstream(lambda _: head, close=True) as server:
        with pytest.raises(ModelUnavailable) as caught:
            await writer(server.url).write(ASKED)
    assert caught.value.summary == "the server sends headers without end"
