"""What the service itself costs: verify without its verifiers' time, beside an empty handler on the same server.

    python -m bench.service --markdown docs/bench-service.md

Six servers (uvicorn, httptools, uvloop; one process each) take turns under the same load from this process: an empty ASGI
application, an empty FastAPI handler, a FastAPI handler that takes the body and the header of a verification and sends a fixed
answer of its shape, and verify with three instant verifiers, a real SQLite ledger with group commit, the monitor, the gate,
metrics and request log on; so, without the ledger, and with personal data looked for. Only one is under load at a time, the
rounds alternate, and the ratios are between neighbours of the same round. Then the memory of the verifying server is watched
over many more requests.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

from fastapi import FastAPI, Header

from bench.load import Load, offer
from bench.machine import command_line, describe, usable_processors
from bench.ratios import Spread, per_round
from bench.section import aims, at_least, at_most
from foureyes.config import Keyring, new_key
from foureyes.config.parts import Parts, TenantParts
from foureyes.guard import Council, CouncilMember, Guard
from foureyes.guard.vault_concealer import VaultConcealer
from foureyes.ledger import Signer, open_ledger, text_hash
from foureyes.models.scripted import ScriptedJudge
from foureyes.privacy import PatternDetector, Vault
from foureyes.service.app import create_app
from foureyes.service.running import listen, run
from foureyes.service.wire.guard import VerifyRequest, VerifyResponse

__all__ = ["main"]

KINDS: Final = (
    "empty ASGI",
    "empty FastAPI",
    "FastAPI, same shapes",
    "verify",
    "verify, no ledger",
    "verify, personal data",
)
_VERIFIER_MS: Final = 30.0
"""What the fastest verifier takes that reads a response: a small model in this process."""

_BODY: Final = json.dumps(
    {
        "prompt": "A customer asks: what is the capital of Australia, and how do I get there from Sydney by train?",
        "response": "The capital of Australia is Canberra. There are three trains a day from Sydney Central, "
        "which take about four hours.",
        "agent_id": "agent-7",
    }
).encode()


@dataclass(frozen=True, slots=True)
class Server:
    """A process that serves."""

    kind: str
    port: int
    key: str
    pid: int

    @property
    def request(self) -> bytes:
        """The request it is offered."""
        head = (
            "POST /v1/guard/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self.key}\r\nContent-Length: {len(_BODY)}\r\n\r\n"
        )
        return head.encode() + _BODY

    @property
    def resident_mib(self) -> float:
        """Memory of the process."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return float(status.partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def served(kind: str, folder: Path) -> Iterator[Server]:
    """A server in a process of its own."""
    command = [sys.executable, "-m", "bench.service", "--serve", kind, "--folder", str(folder)]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as process:
        try:
            if process.stdout is None:
                raise AssertionError("stdout is a pipe")
            said = json.loads(process.stdout.readline())
            yield Server(kind, said["port"], said["key"], process.pid)
        finally:
            process.terminate()


def serve(kind: str, folder: Path) -> None:
    """Serves until told to stop; says on stdout where."""
    listening = listen("127.0.0.1", 0)
    app, key = _app(kind, folder)
    print(json.dumps({"port": listening.getsockname()[1], "key": key}), flush=True)
    run(app, listening)


def _app(kind: str, folder: Path) -> tuple[Any, str]:
    if kind == "empty ASGI":
        return _empty, "none"
    if kind == "empty FastAPI":
        return _empty_fastapi(), "none"
    if kind == "FastAPI, same shapes":
        return _shapes_in_fastapi(), "none"
    return _verifying(folder, recorded="no ledger" not in kind, personal_data="personal" in kind)


async def _empty(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for what in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{what}.complete"})
        return
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")],
        }
    )
    await send({"type": "http.response.body", "body": b"{}"})


def _empty_fastapi() -> Any:
    app = FastAPI()

    @app.post("/v1/guard/verify")
    async def empty() -> dict[str, bool]:
        return {}

    return app


def _shapes_in_fastapi() -> Any:
    """What any handler of FastAPI costs that takes this body and sends this answer, whatever it does in between."""
    app = FastAPI()
    [answer] = VerifyResponse.model_json_schema()["examples"]

    async def same(body: VerifyRequest, authorization: Annotated[str, Header()]) -> VerifyResponse:  # noqa: ARG001 - read by FastAPI
        return VerifyResponse.model_validate(answer)

    app.post("/v1/guard/verify")(same)
    return app


def _verifying(folder: Path, *, recorded: bool, personal_data: bool) -> tuple[Any, str]:
    Signer.generate("foureyes.study/ledger").save(folder / "ledger.key")
    ledger = open_ledger(f"sqlite:{folder / 'ledger.db'}", key_file=folder / "ledger.key")
    judges = [CouncilMember(ScriptedJudge("safe", name=name)) for name in ("a", "b", "c")]
    guard = Guard(
        Council(judges),
        recorder=_Salted(ledger, os.urandom(32)) if recorded else None,
        concealer=VaultConcealer(Vault.open(), PatternDetector()) if personal_data else None,
    )
    key = new_key("bench", {"verify"})
    return create_app(Parts(Keyring((key.stored,)), {"bench": TenantParts(guard, ledger=ledger)})), key.presented


@dataclass(frozen=True, slots=True)
class _Salted:
    """A ledger as the guard wants it."""

    ledger: Any
    salt: bytes
    clear_reasons: bool = False

    def text_hash(self, _: str, text: str) -> str:
        return text_hash(text, self.salt)

    def append(self, event: str, payload: Any) -> Any:
        return self.ledger.append(event, payload)


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of all rounds.

    Attributes:
        rounds: of each, what every kind did.
        memory_mib: resident memory of the verifying server, along the soak.
        soaked: requests of the soak.
        failed: answers that were not 200.
    """

    rounds: Sequence[dict[str, Load]]
    memory_mib: Sequence[float]
    soaked: int

    @property
    def failed(self) -> int:
        """Answers that were not 200."""
        return sum(load.failed for one in self.rounds for load in one.values())

    def median(self, kind: str, what: str) -> float:
        """Median over the rounds of one figure of one kind."""
        return float(statistics.median(getattr(one[kind], what) for one in self.rounds))

    def ratio(self, kind: str, base: str, what: str) -> Spread | None:
        """One figure of a kind over the same of a neighbour, round by round."""
        return per_round(*([getattr(one[of], what) for one in self.rounds] for of in (kind, base)))


def measure(*, rounds: int, n: int, concurrent: int, soak: int) -> Measured:
    """Offers the load."""
    with ExitStack() as stack:
        servers = [stack.enter_context(served(kind, Path(stack.enter_context(TemporaryDirectory())))) for kind in KINDS]
        for server in servers:
            offer(server.port, server.request, concurrent=concurrent, n=n // 4)
        found = []
        for number in range(rounds):
            order = servers if number % 2 == 0 else servers[::-1]
            found.append({s.kind: offer(s.port, s.request, concurrent=concurrent, n=n) for s in order})
            _tell(f"round {number + 1} of {rounds}", found[-1])
        verifying = servers[KINDS.index("verify")]
        memory = [verifying.resident_mib]
        for _ in range(10):
            offer(verifying.port, verifying.request, concurrent=concurrent, n=soak // 10)
            memory.append(verifying.resident_mib)
            print(f"  {memory[-1]:.1f} MiB resident", file=sys.stderr)
    return Measured(found, memory, soak)


def _tell(what: str, found: dict[str, Load]) -> None:
    said = "; ".join(f"{kind} {load.per_second:,.0f}/s p99 {load.p99_ms:.1f} ms" for kind, load in found.items())
    print(f"{what}: {said}", file=sys.stderr)


def markdown(measured: Measured, command: str, *, concurrent: int) -> str:
    """The page."""
    lines = [
        "# What the service costs",
        "",
        (
            f"{concurrent} connections at once over loopback, {len(measured.rounds)} rounds, the load from a second process. "
            "Medians; ratios are between neighbours of a round, with the lowest and the highest in brackets. "
            f"{_machine()}"
        ),
        "",
        (
            f"Made by `{command}`. The verifiers are scripted and answer at "
            "once, so what remains is the service: key, body, council, ledger with a synced group commit, monitor, metrics, log."
        ),
        "",
        _aims(measured),
        "",
        _why(measured),
        "",
        "| | answers/s | p50 ms | p99 ms | throughput ÷ empty ASGI | p99 ÷ empty ASGI | throughput ÷ empty FastAPI | p99 ÷ empty FastAPI |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        *(_row(measured, kind) for kind in KINDS),
        "",
        f"Answers that were not 200: {measured.failed}.",
        "",
        f"Memory over {measured.soaked:,} more verifications: {measured.memory_mib[0]:.1f} MiB before, then "
        + ", ".join(f"{mib:.1f}" for mib in measured.memory_mib[1:])
        + " MiB.",
    ]
    return "\n".join(lines) + "\n"


def _machine() -> str:
    packages = ("foureyes", "uvicorn", "httptools", "uvloop", "fastapi", "pydantic")
    machine = describe(Path(sys.executable), Path("none"), packages)
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return f"{machine['processor']}, {usable_processors()} processors; Python {machine['python']}, {versions}."


def _row(measured: Measured, kind: str) -> str:
    figures = [f"{measured.median(kind, 'per_second'):,.0f}"]
    figures += [f"{measured.median(kind, what):.2f}" for what in ("p50_ms", "p99_ms")]
    for base in ("empty ASGI", "empty FastAPI"):
        figures += [str(measured.ratio(kind, base, what)) for what in ("per_second", "p99_ms")]
    return f"| {kind} | {' | '.join(figures)} |"


def _aims(measured: Measured) -> str:
    took_ms = [1000 / one["verify"].per_second for one in measured.rounds]
    return aims(
        [
            at_most(
                f"verify: time of one core ÷ a verifier's {_VERIFIER_MS:g} ms",
                0.05,
                per_round(took_ms, [_VERIFIER_MS] * len(took_ms)),
            ),
            at_least(
                "verify: throughput ÷ an empty handler's on the same server",
                0.5,
                measured.ratio("verify", "empty FastAPI", "per_second"),
            ),
            at_most(
                "verify: p99 ÷ an empty handler's on the same server",
                5,
                measured.ratio("verify", "empty FastAPI", "p99_ms"),
            ),
        ]
    )


def _why(measured: Measured) -> str:
    empty, same, bare, verify = (
        1e6 / measured.median(kind, "per_second")
        for kind in ("empty FastAPI", "FastAPI, same shapes", "verify, no ledger", "verify")
    )
    return (
        f"One process answers on one core, so its throughput is the time an answer takes there: {empty:.0f} µs for the empty "
        f"handler, which reads no body and no key, {same:.0f} µs for a handler of FastAPI that takes the body of a verification "
        f"and sends a fixed answer of its shape, {bare:.0f} µs for a verification without and {verify:.0f} µs with its ledger. "
        f"A small embedded verifier takes some {_VERIFIER_MS:g} ms, one behind an API a second: nobody feels the difference."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--requests", type=int, default=5_000, help="a round and a server")
    parser.add_argument("--concurrent", type=int, default=64)
    parser.add_argument("--soak", type=int, default=200_000)
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    parser.add_argument("--serve", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.serve:
        serve(args.serve, args.folder)
        return 0
    measured = measure(rounds=args.rounds, n=args.requests, concurrent=args.concurrent, soak=args.soak)
    page = markdown(measured, command_line("bench.service", argv), concurrent=args.concurrent)
    print(page)
    if args.markdown:
        args.markdown.write_text(page)
    return int(measured.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
