"""Four replicas on one PostgreSQL: restarted one after the other, killed at random, and without their database.

Each test has a tenant of its own, and leaves all replicas serving.
"""

from __future__ import annotations

import json
import random
import secrets
import signal
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx
import pytest

from foureyes.ledger import Log, open_log
from foureyes.ledger.opening import read_signer
from foureyes.service.event_json import decode
from foureyes.service.tenant_events import Verified
from foureyes.shared_state.store import SharedStore
from tests.attacks.replicas import Replicas, serving
from tests.ledger.proxy import Proxy
from tests.postgres import administrate, server

QUOTA = 150
TENANTS = {
    "gated": "",
    "reported": "",
    "shown": "",
    "rolling": "",
    "killed": f"requests_per_day = {QUOTA}",
    "away": "",
}


@dataclass
class Place:
    """The database of the replicas, over a wire that can be cut."""

    folder: Path
    schema: str
    proxy: Proxy
    serving: Replicas = field(init=False)

    def url(self, schema: str, host: str | None = None) -> str:
        return (
            f"postgresql:///postgres?user=postgres&host={host or self.host}&options={quote('-csearch_path=')}{schema}"
        )

    @property
    def host(self) -> str:
        return str(server().get_uri().partition("host=")[2])

    def log(self, tenant: str) -> Log:
        return open_log(self.url(f"{self.schema}_{tenant}"), [read_signer(self.folder / f"{tenant}.key")[0].key])

    def verifications(self, tenant: str) -> list[str]:
        """The names of those in the journal."""
        store = SharedStore(self.url(self.schema))
        events = [decode(one.event, one.at) for one in store.load(tenant).events]
        store.close()
        return [event.verification for event in events if isinstance(event, Verified)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, schema = tmp_path_factory.mktemp("replicas"), f"r{secrets.token_hex(8)}"
    schemas = [schema, *(f"{schema}_{tenant}" for tenant in TENANTS)]
    for name in schemas:
        administrate(f"CREATE SCHEMA {name}")
    with tempfile.TemporaryDirectory(prefix="fe-") as wire:
        [socket] = Path(server().get_uri().partition("host=")[2]).glob(".s.PGSQL.*[0-9]")
        found = Place(folder, schema, Proxy(Path(wire), socket))
        urls = {"STATE_URL": found.url(schema, wire), "LEDGER_URL": found.url(schema + "_{tenant}", wire)}
        with serving(folder, urls, TENANTS) as replicas:
            found.serving = replicas
            yield found
        found.proxy.close()
    for name in schemas:
        administrate(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def replicas(place: Place) -> Replicas:
    return place.serving


def test_what_one_replica_saw_of_an_agent_another_decides_by(replicas: Replicas) -> None:
    asked = {"agent_id": "agent-7", "action_type": "tool_call"}
    good = {"agent_id": "agent-7", "correct": True, "confidence": 0.95}
    for n in range(40):
        assert replicas.call(n % 4, "gated", "POST", "/v1/decisions/outcomes", good).status_code == 200
    decide = [replicas.call(n, "gated", "POST", "/v1/decisions/check", asked).json() for n in range(4)]
    assert {(one["decision"], one["scores"]["outcomes"]) for one in decide} == {("allow", 40)}
    for _ in range(30):
        assert replicas.verify(0, "gated", "Sydney").json()["safe"] is False
    decide = [replicas.call(n, "gated", "POST", "/v1/decisions/check", asked).json() for n in range(4)]
    assert {(one["decision"], one["reason_code"]) for one in decide} == {("deny", "often_unsafe")}


def test_an_outcome_counts_once_wherever_it_is_reported(replicas: Replicas) -> None:
    made = replicas.verify(0, "reported").json()["request_id"]
    body = {"verification_id": made, "correct": True}
    found: list[int] = []

    def report(which: int) -> None:
        found.append(replicas.call(which, "reported", "POST", "/v1/decisions/outcomes", body).status_code)

    threads = [threading.Thread(target=report, args=(n % 4,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [200] + [409] * 11
    totals = [replicas.call(n, "reported", "GET", "/v1/monitoring").json()["monitor"]["outcomes"] for n in range(4)]
    assert all(one == totals[0] for one in totals)
    assert "1" in str(totals[0])


def test_the_feed_shows_what_all_did_under_the_same_numbers(replicas: Replicas) -> None:
    made = [replicas.verify(n % 4, "shown").json()["request_id"] for n in range(8)]
    for which in range(4):
        listed = replicas.call(which, "shown", "GET", "/v1/decisions").json()["decisions"]
        assert [one["verification"]["request_id"] for one in listed] == made[::-1]
        assert {vote["reason"] for one in listed for vote in one["verification"]["votes"]} == {""}
    shown = [events(replicas, which, "shown", 8) for which in range(4)]
    assert shown[0] == shown[1] == shown[2] == shown[3]
    assert [name for _, name in shown[0]] == made
    assert events(replicas, 3, "shown", 4, after=shown[0][3][0]) == shown[0][4:]


def events(replicas: Replicas, which: int, tenant: str, n: int, *, after: int = 0) -> list[tuple[int, str]]:
    """The first n events at a replica, by their numbers and the verifications' names."""
    headers = {"X-API-Key": replicas.keys[tenant].presented, "Last-Event-ID": str(after)}
    found: list[tuple[int, str]] = []
    with httpx.stream("GET", f"{replicas.several[which].url}/v1/events", headers=headers, timeout=60) as reply:
        number = 0
        for line in reply.iter_lines():
            if line.startswith("id: "):
                number = int(line[4:])
            if line.startswith("data: "):
                found.append((number, json.loads(line[6:])["verification"]["request_id"]))
                if len(found) == n:
                    break
    return found


class Load:
    """Callers that ask any replica until they are told to stop; whoever does not answer, another is asked."""

    def __init__(self, replicas: Replicas, tenant: str, *, callers: int = 6) -> None:
        self.acknowledged: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        self.broken: list[Exception] = []
        self.over = threading.Event()
        self._replicas, self._tenant = replicas, tenant
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(callers)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, n: int) -> None:
        """Until so many more were answered."""
        wanted = len(self.statuses) + n
        while len(self.statuses) < wanted and not self.over.wait(0.01):
            pass

    def _ask(self, caller: int) -> None:
        rng = random.Random(caller)  # noqa: S311 - not a secret
        while not self.over.is_set():
            try:
                reply = self._replicas.verify(rng.randrange(4), self._tenant)
            except httpx.TransportError as error:
                self.broken.append(error)
                continue
            self.statuses.append(reply.status_code)
            if reply.status_code == 200:
                self.acknowledged.append(reply.json())
            if reply.status_code == 429:
                self.over.set()


def require_every(place: Place, tenant: str, acknowledged: list[dict[str, Any]]) -> int:
    """Every answer that went out stands once in record and journal, where it was said to stand; how many there are."""
    log = place.log(tenant)
    size = log.verify().size
    entries = list(log.entries())
    log.close()
    names = [str(entry.payload["request_id"]) for entry in entries]
    assert len(names) == len(set(names)) == size
    for answer in acknowledged:
        receipt = answer["ledger_entry"]
        assert (names[receipt["index"]], entries[receipt["index"]].hash) == (
            answer["request_id"],
            receipt["entry_hash"],
        )
    journaled = place.verifications(tenant)
    assert len(journaled) == len(set(journaled))
    assert {answer["request_id"] for answer in acknowledged} <= set(journaled) <= set(names)
    return len(journaled)


def totals(replicas: Replicas, tenant: str) -> set[int]:
    """What each replica's monitor counts."""
    found = [replicas.call(n, tenant, "GET", "/v1/monitoring").json() for n in range(4)]
    return {one["monitor"]["total"] for one in found}


def test_a_rolling_restart_under_load_loses_and_doubles_nothing(place: Place, replicas: Replicas) -> None:
    with Load(replicas, "rolling") as load:
        for one in replicas.several:
            load.wait_for(10)
            one.restart(signal.SIGTERM)
        load.wait_for(10)
    assert set(load.statuses) <= {200, 503}
    assert all(answer["safe"] for answer in load.acknowledged)
    assert totals(replicas, "rolling") == {require_every(place, "rolling", load.acknowledged)}


def test_kills_at_random_lose_and_double_nothing_and_pass_no_quota(place: Place, replicas: Replicas) -> None:
    rng = random.Random(7)  # noqa: S311 - not a secret
    with Load(replicas, "killed") as load:
        while not load.over.is_set():
            load.wait_for(rng.randint(5, 30))
            if not load.over.is_set():
                rng.choice(replicas.several).restart(signal.SIGKILL)
    assert set(load.statuses) <= {200, 429, 503}
    assert QUOTA - 6 * len(load.broken) <= len(load.acknowledged) <= QUOTA
    assert all(replicas.verify(n, "killed").status_code == 429 for n in range(4))
    assert require_every(place, "killed", load.acknowledged) <= QUOTA


def test_without_their_database_nobody_is_admitted_and_with_it_all_goes_on(place: Place, replicas: Replicas) -> None:
    assert replicas.verify(0, "away").status_code == 200
    place.proxy.served = False
    administrate("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name LIKE 'foureyes%'")
    for which in range(4):
        refused = replicas.verify(which, "away")
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:foureyes:problem:unavailable")
        asked = {"agent_id": "agent-7", "action_type": "tool_call"}
        assert replicas.call(which, "away", "POST", "/v1/decisions/check", asked).status_code == 503
        while "shared_state" not in httpx.get(f"{replicas.several[which].url}/readyz", timeout=60).json()["not_ready"]:
            pass
    place.proxy.served = True
    for one in replicas.several:
        one.wait_until_ready()
    answers = [replicas.verify(which, "away") for which in range(4)]
    assert [reply.status_code for reply in answers] == [200] * 4
    assert totals(replicas, "away") == {require_every(place, "away", [reply.json() for reply in answers])}
    assert "postgres" not in refused.text
