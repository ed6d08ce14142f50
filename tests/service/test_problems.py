"""Errors: one shape, for every status, that tells a stranger nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from foureyes.config import ServerSettings
from foureyes.errors import (
    ConfigError,
    InputError,
    LedgerError,
    LedgerTampered,
    ModelUnavailable,
    PrivacyError,
    StateError,
)
from foureyes.service.problems import KINDS, Refused, problem_of
from tests.service.house import House, open_house

__all__ = ["open_house"]

ASKED = {"prompt": "p", "response": "r"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1/guard/verify/", 404),
        ("GET", "/v1/guard/verify", 405),
        ("DELETE", "/healthz", 405),
        ("POST", "/v1/guard/verify", 415),
        ("GET", "/v1/ledger/entries/first", 422),
        ("GET", "/v1/decisions?limit=0", 422),
    ],
)
def test_every_error_is_a_problem(house: House, method: str, path: str, status: int) -> None:
    reply = house.call(method, path)
    problem = reply.json()
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert (problem["status"], problem["title"]) == (status, KINDS[status][1])
    assert problem["request_id"] == reply.headers["x-request-id"]


def test_a_405_says_what_is_served(house: House) -> None:
    assert house.call("GET", "/v1/guard/verify").headers["allow"] == "POST"
    assert house.call("POST", "/v1/guard/pii/sessions/chat-1").headers["allow"] == "DELETE, GET"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused(413, "too large"), 413),
        (InputError("a number is wanted"), 422),
        (LedgerError("cannot write /secret/path"), 503),
        (LedgerTampered("secret"), 503),
        (PrivacyError("secret"), 503),
        (StateError("postgresql://secret/records"), 503),
        (ConfigError("secret"), 503),
        (ModelUnavailable("secret", model="m"), 503),
        (TimeoutError("secret"), 504),
        (ZeroDivisionError("secret"), 500),
    ],
)
def test_what_is_said_of_an_error(error: Exception, status: int) -> None:
    problem = problem_of(error, "r-1")
    assert (problem.status, problem.request_id) == (status, "r-1")
    assert "secret" not in problem.model_dump_json()


def test_a_bug_anywhere_is_a_problem_and_never_safe(house: House) -> None:
    class Broken:
        async def verify(self, *_: Any, **__: Any) -> Any:
            raise ZeroDivisionError("canary")

    house.change(guard=Broken())
    reply = house.call("POST", "/v1/guard/verify", ASKED)
    assert (reply.status, reply.json()["type"]) == (500, "urn:foureyes:problem:internal")
    assert b"safe" not in reply.body
    [failure] = [line for line in house.logged() if line["event"] == "failure"]
    assert failure["error"] == "ZeroDivisionError"
    assert any(re.match(r"test_problems\.py:\d+ verify", frame) for frame in failure["raised_at"])
    assert "canary" not in house.log.getvalue()


def test_a_sane_request_id_is_kept_and_any_other_replaced(house: House) -> None:
    def named(sent: str) -> str:
        return house.call("GET", "/healthz", key=None, headers={"x-request-id": sent}).headers["x-request-id"]

    assert named("trace-7.a_B") == "trace-7.a_B"
    for insane in ("", "a b", "x" * 65, "-a", 'a"b', "a\tb", "ä"):
        assert re.fullmatch(r"[0-9a-f]{32}", named(insane))


def test_every_answer_has_the_security_headers(house: House) -> None:
    for path in ("/healthz", "/nowhere", "/v1/ledger"):
        headers = house.call("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]


def test_too_many_at_once_are_refused_at_once_and_health_still_answers(house: House) -> None:
    import asyncio

    waiting = asyncio.Event

    async def run() -> tuple[list[int], int]:
        release = waiting()

        class Slow:
            async def verify(self, *arguments: Any, **options: Any) -> Any:
                await release.wait()
                return await house.guard().verify(*arguments, **options)

        house.change(guard=Slow(), server=ServerSettings(max_in_flight=2))
        held = [asyncio.create_task(house.acall("POST", "/v1/guard/verify", ASKED)) for _ in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        refused = [await house.acall("POST", "/v1/guard/verify", ASKED) for _ in range(3)]
        health = await house.acall("GET", "/healthz")
        release.set()
        return [*(reply.status for reply in refused), *[(await task).status for task in held]], health.status

    assert asyncio.run(run()) == ([503, 503, 503, 200, 200], 200)
