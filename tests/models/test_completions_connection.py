"""One request and all that can go wrong with it."""

import subprocess
import sys

import pytest

from foureyes.http import RequestLimits
from foureyes.models.completions.connection import Connection
from foureyes.models.token_logprobs import RowFault
from tests.servers.simulator import Simulator, send

BODY = {"model": "toy", "prompt": [1, 5, 6], "prompt_logprobs": 1}


@pytest.fixture
def server():
    with Simulator() as server:
        yield server


@pytest.fixture
def connect(server):
    opened = []

    def connect(key=None, **limits):
        opened.append(Connection(server.url, key=key, limits=RequestLimits(**limits)))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def ask(connection, max_bytes=1 << 20):
    return connection.post("/v1/completions", BODY, max_bytes=max_bytes)


def fault_of(connection, **options):
    with pytest.raises(RowFault) as caught:
        ask(connection, **options)
    return caught.value


def test_json_comes_back(connect):
    assert ask(connect())["object"] == "text_completion"


def test_a_server_that_is_not_there_is_unavailable(connect, server):
    connection = connect(attempts=1)
    server.stop()
    fault = fault_of(connection)
    assert fault.unscored.reason == "unavailable"
    assert fault.server_wide


def test_a_busy_server_is_asked_again(connect, server):
    replies = iter([503, 429])

    def busy(handler, reply):
        status = next(replies, 200)
        return send(handler, b"{}" if status == 200 else b'{"error": "busy"}', status)

    server.trouble = busy
    assert ask(connect(attempts=3)) == {}
    assert len(server.requests) == 3


def test_a_server_that_stays_busy_is_unavailable(connect, server):
    server.trouble = lambda handler, _: send(handler, b"slow down", 429)
    fault = fault_of(connect(attempts=2))
    assert (fault.status, fault.server_wide) == (429, True)
    assert len(server.requests) == 2


def test_a_refusal_is_not_repeated_and_quotes_the_server(connect, server):
    server.forbids = {"prompt_logprobs"}
    fault = fault_of(connect())
    assert fault.status == 400
    assert not fault.server_wide
    assert "Unrecognized request argument" in fault.detail
    assert len(server.requests) == 1


def test_a_connection_cut_in_the_middle_of_a_reply_is_unavailable(connect, server):
    def cut(handler, reply):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"choices": [')
        handler.close_connection = True
        return True

    server.trouble = cut
    assert fault_of(connect(attempts=2)).unscored.reason == "unavailable"
    assert len(server.requests) == 2


def test_a_server_that_hangs_is_left_after_the_time_limit_and_not_asked_again(connect, server):
    server.trouble = server.hang
    fault = fault_of(connect(timeout_s=1.5))
    assert fault.unscored.reason == "unavailable"
    assert "no whole reply within 1.5 s" in fault.detail
    assert len(server.requests) == 1


def test_a_server_that_drips_is_left_after_the_time_limit(connect, server):
    server.trouble = server.drip
    fault = fault_of(connect(timeout_s=0.3))
    assert fault.unscored.reason == "unavailable"
    assert "within 0.3 s" in fault.detail


@pytest.mark.parametrize(
    "content", [b"<html>", b"", b"\xff\xfe\x00", b"{", b"[" * 100_000, b"9" * 10_000], ids=lambda c: repr(c[:8])
)
def test_what_is_not_json_is_a_bad_reply(connect, server, content):
    server.trouble = lambda handler, _: send(handler, content)
    assert fault_of(connect()).unscored.reason == "bad_reply"


def test_a_reply_without_end_is_given_up(connect, server):
    server.trouble = lambda handler, _: send(handler, b" " * (1 << 20))
    fault = fault_of(connect(), max_bytes=100_000)
    assert fault.unscored.reason == "bad_reply"
    assert "at most 100000 bytes" in fault.detail


def test_a_redirect_is_not_followed(connect, server):
    server.trouble = lambda handler, _: send(handler, b"", 307, Location="http://elsewhere.invalid/")
    assert "redirects to http://elsewhere.invalid/" in fault_of(connect()).detail


@pytest.mark.parametrize(
    ("missing", "module", "words"),
    [
        ("httptools", "foureyes.models.completions", "pip install 'foureyes[http]'"),
        ("pytest", "foureyes.testing", "pip install pytest"),
    ],
)
def test_what_is_not_installed_is_named_with_what_installs_it(missing, module, words):
    program = f"import sys; sys.modules[{missing!r}] = None; import {module}"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "foureyes.errors.ConfigError" in run.stderr
    assert words in run.stderr
