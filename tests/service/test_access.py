"""Keys, scopes, allowances: who may do what, and what a stranger is told."""

from __future__ import annotations

import json

import pytest

from bench.asgi import call
from foureyes.config import RateLimit, ServerSettings
from foureyes.config.keys import Keyring, new_key
from foureyes.service.access import presented_key
from tests.service.house import SCOPES, House, open_house

__all__ = ["open_house"]

ASKED = {"prompt": "Capital of Australia?", "response": "Canberra"}
VERIFY = "/v1/guard/verify"


@pytest.mark.parametrize(
    ("header", "template"), [("authorization", "Bearer {}"), ("authorization", "bearer  {}"), ("x-api-key", "{}")]
)
def test_a_key_is_taken_from_either_header(house: House, header: str, template: str) -> None:
    key = house.keys["verify"].presented
    assert house.call("POST", VERIFY, ASKED, key=None, headers={header: template.format(key)}).status == 200


def test_strangers_are_all_told_the_same(house: House) -> None:
    key = house.keys["verify"].presented
    strangers = [
        {}, {"authorization": ""}, {"authorization": f"Basic {key}"}, {"authorization": "Bearer "},
        {"x-api-key": key[:-1]}, {"x-api-key": key + "A"}, {"x-api-key": "ä" * 20}, {"x-api-key": "k" * 10_000},
        {"x-api-key": new_key("acme", {"admin"}).presented}, {"x-api-key": house.keys["verify"].stored.sha256},
    ]  # fmt: skip
    told = set()
    for headers in strangers:
        reply = house.call("POST", VERIFY, ASKED, key=None, headers=headers)
        assert reply.status == 401
        assert reply.headers["www-authenticate"].startswith("Bearer")
        told.add(json.dumps({name: value for name, value in reply.json().items() if name != "request_id"}))
    assert len(told) == 1


def test_two_different_keys_are_none(house: House) -> None:
    verify, audit = (house.keys[scope].presented for scope in ("verify", "audit"))
    both = {"authorization": f"Bearer {verify}", "x-api-key": audit}
    assert house.call("POST", VERIFY, ASKED, key=None, headers=both).status == 401
    twice = {"authorization": f"Bearer {verify}", "x-api-key": verify}
    assert house.call("POST", VERIFY, ASKED, key=None, headers=twice).status == 200


def test_an_expired_key_is_a_strangers(house: House) -> None:
    from dataclasses import replace

    keyring = Keyring((replace(house.keys["verify"].stored, expires=house.now + 10),), clock=lambda: house.now)
    house.state.replace(replace(house.state.parts, keyring=keyring))
    assert house.call("POST", VERIFY, ASKED, key="verify").status == 200
    house.now += 10
    assert house.call("POST", VERIFY, ASKED, key="verify").status == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "right"),
    [
        ("POST", VERIFY, ASKED, "verify"),
        ("POST", "/v1/guard/pii/tokenize", {"text": "x"}, "verify"),
        ("POST", "/v1/decisions/check", {"agent_id": "a", "action_type": "t"}, "verify"),
        ("POST", "/v1/decisions/outcomes", {"agent_id": "a", "correct": True}, "report"),
        ("GET", "/v1/ledger", None, "audit"),
        ("GET", "/v1/monitoring", None, "audit"),
        ("GET", "/v1/decisions", None, "audit"),
    ],
)
def test_a_key_does_what_its_scope_says_and_admin_does_all(
    house: House, method: str, path: str, body: object, right: str
) -> None:
    statuses = {scope: house.call(method, path, body, key=scope).status for scope in SCOPES}
    assert statuses == {scope: 200 if scope in (right, "admin") else 403 for scope in SCOPES}


def test_who_may_not_is_told_before_the_body_is_looked_at(house: House) -> None:
    assert house.call("POST", VERIFY, b"not JSON", key="audit").status == 403
    assert house.call("POST", VERIFY, b"not JSON", key=None).status == 401


def test_beyond_the_allowance_one_is_told_when_to_come_back(house: House) -> None:
    house.change(rate=RateLimit(requests_per_minute=6, burst=2))
    replies = [house.call("POST", VERIFY, ASKED, key="verify") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[2].headers["retry-after"] == "10"
    house.now += 10
    assert house.call("POST", VERIFY, ASKED, key="verify").status == 200


def test_one_tenants_allowance_is_not_anothers(house: House) -> None:
    from dataclasses import replace

    other = new_key("other", {"verify"})
    tenants = {**house.state.parts.tenants, "other": house.state.parts.tenants["acme"]}
    keyring = Keyring((*house.state.parts.keyring.keys, other.stored))
    house.state.replace(replace(house.state.parts, tenants=tenants, keyring=keyring))
    house.state.tenant("acme").change(replace(house.state.tenant("acme").parts, rate=RateLimit(requests_per_day=0)))
    assert house.call("POST", VERIFY, ASKED, key="verify").status == 429
    assert house.call("POST", VERIFY, ASKED, key=None, headers={"x-api-key": other.presented}).status == 200


def test_the_body_is_not_read_for_strangers(house: House) -> None:
    import asyncio

    read: list[int] = []

    async def run() -> int:
        from bench.asgi import scope_of

        status: list[int] = []

        async def receive() -> dict[str, object]:
            read.append(1)
            return {"type": "http.request", "body": b"{}"}

        async def send(message: dict[str, object]) -> None:
            if "status" in message:
                status.append(int(str(message["status"])))

        await house.app(scope_of("POST", VERIFY, {"content-type": "application/json"}), receive, send)
        return status[0]

    assert asyncio.run(run()) == 401
    assert read == []


def test_a_body_is_bounded_however_it_arrives(house: House) -> None:
    import asyncio

    house.change(server=ServerSettings(max_body_bytes=1000))
    key = {"x-api-key": house.keys["verify"].presented, "content-type": "application/json"}
    announced = {**key, "content-length": "1001"}
    pieces = [b" " * 100] * 11
    for body, headers in ((b"{}", announced), (b" " * 1001, key), (pieces, key)):
        reply = asyncio.run(call(house.app, "POST", VERIFY, body, headers))
        assert (reply.status, reply.json()["type"]) == (413, "urn:foureyes:problem:too-large")
    lied = asyncio.run(call(house.app, "POST", VERIFY, pieces, {**key, "content-length": "5"}))
    assert lied.status == 413


def test_a_length_beyond_every_number_is_too_large(house: House) -> None:
    reply = house.call("POST", "/v1/guard/verify", {"prompt": "p"}, headers={"content-length": "9" * 5000})
    assert reply.status == 413


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_a_body_must_be_json_by_its_type(house: House, kind: str | None) -> None:
    import asyncio

    headers = {"x-api-key": house.keys["verify"].presented, **({"content-type": kind} if kind else {})}
    assert asyncio.run(call(house.app, "POST", VERIFY, json.dumps(ASKED).encode(), headers)).status == 415


def test_parameters_of_the_media_type_do_not_matter(house: House) -> None:
    assert house.call("POST", VERIFY, ASKED, headers={"content-type": "Application/JSON; charset=utf-8"}).status == 200


def test_the_longest_key_that_is_looked_at_is_bounded() -> None:
    scope = {"headers": [(b"x-api-key", b"k" * 513)]}
    assert presented_key(scope) is None
    assert presented_key({"headers": [(b"x-api-key", b"k" * 512)]}) == "k" * 512


def test_a_tenant_whose_requests_hang_refuses_no_other(house: House) -> None:
    import asyncio
    from dataclasses import replace

    class Hung:
        async def verify(self, *_: object, **__: object) -> None:
            await asyncio.sleep(3600)

    other = new_key("other", {"verify"})
    calm = house.state.parts.tenants["acme"]
    tenants = {"acme": replace(calm, guard=Hung()), "other": calm}
    keyring = Keyring((*house.state.parts.keyring.keys, other.stored))
    house.state.replace(replace(house.state.parts, tenants=tenants, keyring=keyring))

    async def run() -> tuple[list[int], int]:
        hung = [asyncio.create_task(house.acall("POST", VERIFY, ASKED)) for _ in range(600)]
        await asyncio.sleep(0)
        headers = {"x-api-key": other.presented}
        statuses = [(await house.acall("POST", VERIFY, ASKED, key=None, headers=headers)).status for _ in range(20)]
        began = sum(task.done() for task in hung) + house.state.in_flight.used
        while began < 600:
            await asyncio.sleep(0.01)
            began = sum(task.done() for task in hung) + house.state.in_flight.used
        refused = sum(task.done() and task.result().status == 503 for task in hung)
        for task in hung:
            task.cancel()
        await asyncio.gather(*hung, return_exceptions=True)
        return statuses, refused

    statuses, refused = asyncio.run(run())
    assert statuses == [200] * 20
    assert refused == 600 - (512 - 128)
    assert house.state.in_flight.used == 0
