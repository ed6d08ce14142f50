"""What :mod:`bench.gateway` measures, each in a process of its own: a null upstream, the gateway before it, and LiteLLM's proxy.

    python -m bench.gateway_serving upstream            says its port
    python -m bench.gateway_serving gateway UPSTREAM    says its port and a key

The upstream speaks OpenAI's chat completions and has its answer ready. Asked for ``wait_s``, it waits so long first.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import uvloop

from foureyes.cascade.policy import ConfidenceGate, Policy
from foureyes.config import Keyring, ServerSettings, new_key
from foureyes.config.parts import Parts, TenantParts
from foureyes.guard import Council, CouncilMember, Guard
from foureyes.http.limits import RequestLimits
from foureyes.models.scripted import ScriptedJudge
from foureyes.route.http_writer import HttpRouteWriter
from foureyes.route.route import Route
from foureyes.route.rules import Prices, RouteMember
from foureyes.route.scripted import ScriptedRouteReader
from foureyes.service.app import create_app
from foureyes.service.app_state import Instruments
from foureyes.service.logs import open_log
from foureyes.service.running import listen, run

__all__ = ["PEERS", "Served", "gateway", "litellm", "main", "upstream"]

PEERS: Final = Path(__file__).parent.parent / "tools" / "gateway-peers"
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_WAIT: Final = re.compile(rb'"wait_s": ?([0-9.]+)')
_START_S: Final = 120.0

_REPLY: Final = {
    "id": "chatcmpl-null",
    "object": "chat.completion",
    "created": 1_800_000_000,
    "model": "null",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Canberra is the capital of Australia. " * 8},
            "finish_reason": "stop",
            "logprobs": None,
        }
    ],
    "usage": {"prompt_tokens": 40, "completion_tokens": 64, "total_tokens": 104},
}


@dataclass(frozen=True, slots=True)
class Served:
    """A process that answers.

    Attributes:
        port: on loopback.
        pid: of the process.
        key: to present.
        model: to ask for.
    """

    port: int
    pid: int
    key: str
    model: str

    def request(self, **more: Any) -> bytes:
        """One chat completion's request, head and body."""
        body = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": "You answer questions of geography, briefly."},
                {"role": "user", "content": "What is the capital of Australia? Say it in a sentence."},
            ],
            "temperature": 0,
            "max_tokens": 64,
            **more,
        }
        content = json.dumps(body).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content

    def memory(self) -> float:
        """MiB that it has resident now."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return float(status.partition("VmRSS:")[2].split()[0]) / 1024

    def cpu_s(self) -> float:
        """Seconds of a processor that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def upstream() -> Iterator[Served]:
    """The null upstream."""
    with _said("upstream") as (process, said):
        yield Served(said["port"], process.pid, "none", "null")


@contextmanager
def gateway(behind: Served) -> Iterator[Served]:
    """The gateway with a route of one writer, the upstream, and a scripted reader."""
    with _said("gateway", str(behind.port)) as (process, said):
        yield Served(said["port"], process.pid, said["key"], "foureyes/null")


@contextmanager
def litellm(behind: Served, folder: Path) -> Iterator[Served | None]:
    """LiteLLM's proxy that passes through to the upstream; ``None`` where it is not installed."""
    where = subprocess.run([PEERS, "where"], check=True, capture_output=True, text=True).stdout.strip()
    if not (Path(where) / "litellm").exists():
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file = folder / "litellm.yaml"
    address = f"http://127.0.0.1:{behind.port}/v1"
    params = {"model": "openai/null", "api_base": address, "api_key": "none"}
    file.write_text(
        json.dumps(
            {
                "model_list": [{"model_name": "null", "litellm_params": params}],
                "general_settings": {"master_key": "sk-bench"},
            }
        )
    )
    with (folder / "litellm.log").open("wb") as log:
        process = subprocess.Popen([PEERS, "litellm", file, str(port)], stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_until_up(f"http://127.0.0.1:{port}/health/liveliness")
        yield Served(port, process.pid, "sk-bench", "null")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_up(url: str) -> None:
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends:
        try:
            if httpx.get(url, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    raise TimeoutError(f"{url} did not come up")


@contextmanager
def _said(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    command = [sys.executable, "-m", "bench.gateway_serving", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            if process.stdout is None:
                raise AssertionError("stdout is a pipe")
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


class _Upstream(asyncio.Protocol):
    """One connection of the null upstream."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: Any = None
        content = json.dumps(_REPLY).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
        self._answer = head.encode() + content

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or length is None or len(body) < int(length[1]):
            return
        self._buffer = b""
        if wait := _WAIT.search(body):
            asyncio.get_running_loop().call_later(float(wait[1]), self._transport.write, self._answer)
        else:
            self._transport.write(self._answer)


async def _serve_upstream() -> None:
    server = await asyncio.get_running_loop().create_server(_Upstream, "127.0.0.1", 0, backlog=2048)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


def _serve_gateway(upstream_port: int) -> None:
    key = new_key("bench", {"route"})
    limits = RequestLimits(timeout_s=60, attempts=1, concurrency=2_000)
    writer = HttpRouteWriter("null", "null", f"http://127.0.0.1:{upstream_port}/v1", limits=limits)
    policy = Policy((ConfidenceGate((0.5,), ("abstain", "answer")),))
    route = Route("null", [RouteMember(writer, Prices(0.1, 0.4))], ScriptedRouteReader(otherwise=0.9), policy)
    tenant = TenantParts(Guard(Council([CouncilMember(ScriptedJudge("safe"))], deadline_s=5.0)), routes={"null": route})
    server = ServerSettings(max_in_flight=4_000, max_connections=4_096, max_connections_per_address=4_096)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        parts = Parts(Keyring((key.stored,)), {"bench": tenant}, server)
        app = create_app(parts, Instruments(log=open_log(nowhere)))
        listening = listen("127.0.0.1", 0)
        print(json.dumps({"port": listening.getsockname()[1], "key": key.presented}), flush=True)
        run(app, listening, state=app.state.foureyes)


def main(arguments: list[str]) -> None:
    """Serves until it is killed."""
    if arguments[0] == "upstream":
        uvloop.run(_serve_upstream())
    else:
        _serve_gateway(int(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
