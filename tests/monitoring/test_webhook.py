"""The webhook against a real server on loopback that may be slow, busy, gone or rude."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import socket

import pytest
import structlog

from foureyes.errors import ConfigError
from foureyes.http import RequestLimits
from foureyes.monitoring import Alarm
from foureyes.monitoring.sinks import LogSink, send_all
from foureyes.monitoring.webhook import Delivery, Webhook, signature
from tests.monitoring.receiver import Receiver, serving

SECRET = b"sixteen bytes or more"


def alarm(n=0):
    return Alarm(
        f"drift:{n}",
        "drift",
        12.0,
        "changed",
        "rarely",
        "acknowledge",
        tenant="acme",
        agent="agent-7",
        session="chat-1",
    )


def hook(url, **settings):
    return Webhook(url, secret=SECRET, clock=lambda: 1000.0, **settings)


def test_an_alarm_arrives_signed():
    receiver = Receiver()
    with serving(receiver) as url:
        webhook = hook(url)
        webhook.send(alarm())
        webhook.close()
    ((headers, body),) = receiver.requests
    assert Alarm.from_dict(json.loads(body)) == alarm()
    assert {name: json.loads(body)[name] for name in ("tenant", "agent", "session")} == {
        "tenant": "acme",
        "agent": "agent-7",
        "session": "chat-1",
    }
    expected = hmac.new(SECRET, b"1000." + body, hashlib.sha256).hexdigest()
    assert headers["X-Foureyes-Signature"] == f"t=1000,v1={expected}" == signature(SECRET, 1000, body)
    assert webhook.delivery == Delivery(delivered=1)


def test_a_busy_receiver_is_asked_again():
    receiver = Receiver(503, 429)
    with serving(receiver) as url:
        webhook = hook(url)
        webhook.send(alarm())
        webhook.close()
    assert len(receiver.requests) == 3
    assert webhook.delivery == Delivery(delivered=1)


@pytest.mark.parametrize("status", [400, 403, 302])
def test_a_refusal_is_not_repeated_and_a_redirect_not_followed(status):
    receiver = Receiver(status)
    with serving(receiver) as url:
        webhook = hook(url)
        webhook.send(alarm())
        webhook.send(alarm(1))
        webhook.close()
    assert len(receiver.requests) == 2
    assert webhook.delivery == Delivery(delivered=1, failed=1)


def test_a_receiver_that_is_gone_costs_the_alarm_and_is_told_in_the_log():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    stream = io.StringIO()
    log = structlog.wrap_logger(structlog.PrintLogger(stream), processors=[structlog.processors.JSONRenderer()])
    webhook = hook(url, limits=RequestLimits(attempts=2), log=log)
    webhook.send(alarm())
    webhook.close()
    assert webhook.delivery == Delivery(failed=1)
    assert json.loads(stream.getvalue()) == {
        "event": "alarm_not_delivered",
        "key": "drift:0",
        "error": "unavailable",
        "status": None,
    }


def test_a_slow_receiver_blocks_nobody_and_the_queue_stays_bounded():
    receiver = Receiver()
    receiver.gate.clear()
    with serving(receiver) as url:
        webhook = hook(url, pending=3)
        webhook.send(alarm())
        assert receiver.arrived.acquire(timeout=60)
        for n in range(1, 10):
            webhook.send(alarm(n))  # returns at once though the receiver does not answer
        assert webhook.delivery == Delivery(dropped=6)
        receiver.gate.set()
        webhook.close()
    assert [json.loads(body)["key"] for _, body in receiver.requests] == [f"drift:{n}" for n in range(4)]
    assert webhook.delivery == Delivery(delivered=4, dropped=6)


def test_closing_does_not_wait_for_ever():
    receiver = Receiver()
    receiver.gate.clear()
    with serving(receiver) as url:
        webhook = hook(url, pending=3)
        for n in range(3):
            webhook.send(alarm(n))
        assert receiver.arrived.acquire(timeout=60)
        webhook.close(wait_s=0.01)
        assert webhook.delivery.dropped == 2
        webhook.send(alarm(9))
        assert webhook.delivery.dropped == 3
        webhook.close()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/", "host", "http://", "http://host:port/", ""])
def test_an_address_that_is_none_is_refused_at_once(url):
    with pytest.raises(ConfigError, match="wanted an address like"):
        hook(url)


def test_a_short_secret_is_refused():
    with pytest.raises(ConfigError, match="at least 16 bytes; got 5"):
        Webhook("http://127.0.0.1/", secret=b"short", clock=lambda: 0.0)


def test_a_log_gets_every_alarm_as_one_event():
    stream = io.StringIO()
    log = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
    )
    send_all([alarm(0), alarm(1)], [LogSink(log)])
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line["key"], line["level"]) for line in lines] == [
        ("alarm", "drift:0", "warning"),
        ("alarm", "drift:1", "warning"),
    ]
