"""One request and all that can go wrong with it."""

import json
import logging
import subprocess
import sys

import httpx
import pytest

from foureyes.errors import InputError
from foureyes.models.completions.connection import Connection, Fault, Limits
from foureyes.models.http_errors import MEANING, meaning_of
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
        opened.append(Connection(server.url, key=key, limits=Limits(**limits)))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def ask(connection, most=1 << 20):
    return connection.post("/v1/completions", BODY, most=most)


def fault_of(connection, **options):
    with pytest.raises(Fault) as caught:
        ask(connection, **options)
    return caught.value


def tree(kind):
    return {kind}.union(*(tree(sub) for sub in kind.__subclasses__()))


def foreign_exceptions():
    public = {e for e in vars(httpx).values() if isinstance(e, type) and issubclass(e, Exception)}
    never_raised_itself = {httpx.HTTPError, httpx.RequestError, httpx.TransportError, httpx.ProtocolError}
    return sorted(set().union(*(tree(e) for e in public)) - never_raised_itself, key=lambda e: e.__name__)


@pytest.mark.parametrize("kind", foreign_exceptions(), ids=lambda kind: kind.__name__)
def test_every_exception_of_httpx_has_a_meaning(kind):
    meaning = meaning_of(kind.__new__(kind))
    assert meaning.reason in {"unavailable", "bad_reply"}
    assert meaning.words


def test_the_table_names_nothing_that_httpx_does_not_raise():
    assert set(MEANING) <= set(foreign_exceptions())


@pytest.mark.parametrize(
    "wrong", [{"timeout": 0}, {"concurrency": 0}, {"attempts": 0}, {"shown": 0}, {"vocabulary": 1}, {"timeout": -1.0}]
)
def test_limits_outside_their_range_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        Limits(**wrong)


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
    assert ask(connect()) == {}
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
    fault = fault_of(connect(timeout=0.2))
    assert fault.unscored.reason == "unavailable"
    assert "in time" in fault.detail
    assert len(server.requests) == 1


def test_a_server_that_drips_is_left_after_the_time_limit(connect, server):
    server.trouble = server.drip
    fault = fault_of(connect(timeout=0.3))
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
    fault = fault_of(connect(), most=100_000)
    assert fault.unscored.reason == "bad_reply"
    assert "at most 100000 bytes" in fault.detail


def test_a_packed_reply_is_not_asked_for(connect, server):
    ask(connect())
    assert server.headers["Accept-Encoding"] == "identity"


def test_a_redirect_is_not_followed(connect, server):
    server.trouble = lambda handler, _: send(handler, b"", 307, Location="http://elsewhere.invalid/")
    assert "redirects to http://elsewhere.invalid/" in fault_of(connect()).detail


def test_the_key_goes_into_the_header_and_into_no_word_of_ours(connect, server, caplog):
    caplog.set_level(logging.DEBUG)
    key = "sk-very-secret-123"
    words = json.dumps({"error": {"message": f"Incorrect API key provided: {key}"}}).encode()
    server.trouble = lambda handler, _: send(handler, words, 503)
    connection = connect(key=key, attempts=2)
    fault = fault_of(connection)
    assert server.headers["Authorization"] == f"Bearer {key}"
    assert "Incorrect API key provided: [key]" in fault.detail
    assert key not in repr(connection) + repr(fault) + str(fault) + caplog.text


def test_a_servers_words_cannot_take_over_the_terminal(connect, server):
    server.trouble = lambda handler, _: send(handler, b'{"message": "\\u001b[2J' + b"long " * 500 + b'"}', 400)
    detail = fault_of(connect()).detail
    assert detail.isprintable()
    assert len(detail) < 400


@pytest.mark.parametrize(
    ("missing", "module", "words"),
    [
        ("httpx", "foureyes.models.completions", "pip install 'foureyes[http]'"),
        ("stamina", "foureyes.models.completions", "pip install 'foureyes[http]'"),
        ("pytest", "foureyes.testing", "pip install pytest"),
    ],
)
def test_what_is_not_installed_is_named_with_what_installs_it(missing, module, words):
    program = f"import sys; sys.modules[{missing!r}] = None; import {module}"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "foureyes.errors.ConfigError" in run.stderr
    assert words in run.stderr
