"""A real ``foureyes serve`` in a process of its own, its verifier in another, and a probe that watches how it feels.

The verifier speaks OpenAI's chat format and says "safe" at once; under ``/hung`` it takes a request and never answers. Three
tenants use it: ``calm`` the first, ``flood`` the second, ``texts`` the first with personal data looked for.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from foureyes.config import new_key
from foureyes.ledger import Signer

__all__ = ["Probe", "Service", "head_of", "main", "served"]

_CODE: Final = re.compile(rb"Its code is ([0-9a-f]+)\.")
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TENANTS: Final = {"calm": ("right", "off"), "flood": ("hung", "off"), "texts": ("right", "patterns")}

_VERIFIER: Final = """
[verifiers.{name}]
kind = "judge"
provider = "stub"
model = "{name}"
base_url = "http://127.0.0.1:{port}/{name}/v1"
attempts = 1
timeout_s = 60
"""
_TENANT: Final = """
[tenants.{name}]
verifiers = ["{verifier}"]
pii = "{pii}"
salt_env = "DOOR_SALT"
deadline_s = 10
{key}
"""


@dataclass(frozen=True, slots=True)
class Service:
    """A process that serves.

    Attributes:
        port: on loopback.
        pid: of the process.
        keys: of its tenants, by name.
    """

    port: int
    pid: int
    keys: dict[str, str]

    def connect(self, source: str = "127.0.0.1", *, timeout_s: float = 30.0) -> socket.socket:
        """A connection from an address of this machine."""
        return socket.create_connection(("127.0.0.1", self.port), timeout_s, (source, 0))

    def memory(self, field: str) -> float:
        """MiB that it has resident now (VmRSS) or had at most (VmHWM)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return float(status.partition(f"{field}:")[2].split()[0]) / 1024


def head_of(method: str, path: str, *, key: str = "", body: bytes | None = None, more: str = "") -> bytes:
    """A request's head, and its body where it has one."""
    fields = f"{method} {path} HTTP/1.1\r\nHost: door\r\n{more}"
    if key:
        fields += f"X-API-Key: {key}\r\n"
    if body is not None:
        fields += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return fields.encode() + b"\r\n" + (body or b"")


@contextmanager
def served(folder: Path, source: Path | None = None) -> Iterator[Service]:
    """The service and its verifier.

    Args:
        folder: for its configuration, ledgers and log.
        source: another checkout's ``src``, to serve that one; ``None`` for this one.
    """
    with _verifier() as right, _verifier(niceness=19) as hung:
        keys = {name: new_key(name, {"admin"}) for name in _TENANTS}
        text = f'[ledger]\nurl = "sqlite:{folder}/{{tenant}}.db"\nkey_file = "{folder}/{{tenant}}.key"\n'
        text += "".join(_VERIFIER.format(name=name, port=port) for name, port in (("right", right), ("hung", hung)))
        for name, (verifier, pii) in _TENANTS.items():
            Signer.generate(f"example.com/{name}").save(folder / f"{name}.key")
            text += _TENANT.format(name=name, verifier=verifier, pii=pii, key=keys[name].toml)
        (folder / "foureyes.toml").write_text(text)
        command = [
            *(sys.executable, "-m", "foureyes", "serve", "--json", "--port", "0"),
            *("--config", str(folder / "foureyes.toml")),
        ]
        environ = os.environ | {"DOOR_SALT": "a salt of sixteen bytes"}
        if source is not None:
            environ["PYTHONPATH"] = str(source)
        with _process(command, folder / "log", environ) as (process, said):
            presented = {name: key.presented for name, key in keys.items()}
            yield Service(int(said["result"]["url"].rpartition(":")[2]), process.pid, presented)


@contextmanager
def _verifier(niceness: int = 0) -> Iterator[int]:
    """Its port. One that hangs stands for another machine's: it gives way to every other process of this one."""
    command = ["nice", "-n", str(niceness), sys.executable, "-m", "bench.door_service"]
    with _process(command, None, dict(os.environ)) as (_, said):
        yield said["port"]


@contextmanager
def _process(
    command: list[str], log: Path | None, environ: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """A process, and the line of JSON that it says when it is ready."""
    words = subprocess.DEVNULL if log is None else log.open("wb")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words, env=environ) as process:
        try:
            if process.stdout is None:
                raise AssertionError("stdout is a pipe")
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


class Probe:
    """Asks ``/healthz`` again and again over a connection of its own, and remembers the longest wait.

    Args:
        service: what is asked.
    """

    def __init__(self, service: Service) -> None:
        self.longest_s = 0.0
        self.broken = False
        self._connection = service.connect("127.0.0.9", timeout_s=60)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._connection.close()

    def _ask(self) -> None:
        while not self._over.is_set():
            started = time.perf_counter()
            try:
                self._connection.sendall(head_of("GET", "/healthz"))
                answered = self._connection.recv(65_536)
            except OSError:
                answered = b""
            if not answered:
                self.broken = True
                return
            self.longest_s = max(self.longest_s, time.perf_counter() - started)
            self._over.wait(0.002)


class _Verifier(asyncio.Protocol):
    """A chat server of one model that finds everything safe; under ``/hung`` one that never says a word."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or length is None or len(body) < int(length[1]):
            return
        self._buffer = b""
        code = _CODE.search(body)
        if b" /hung/" in head or code is None:
            return
        said = json.dumps({"code": code[1].decode(), "verdict": "safe", "confidence": 0.9, "reason": "a stub"})
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        answer = json.dumps({"object": "chat.completion", "choices": [choice]}).encode()
        start = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(answer)}\r\n\r\n"
        self._transport.write(start.encode() + answer)


async def _answer_for_ever() -> None:
    server = await asyncio.get_running_loop().create_server(_Verifier, "127.0.0.1", 0, backlog=2048)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


def main() -> None:
    """The verifier's process."""
    asyncio.run(_answer_for_ever())


if __name__ == "__main__":
    main()
