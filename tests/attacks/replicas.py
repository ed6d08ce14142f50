"""Several ``foureyes serve`` on one PostgreSQL, each a process, and a verifier that they all ask."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from foureyes.config import NewKey, new_key
from foureyes.ledger import Signer
from tests.ports import free_port

_CODE = re.compile(r"Its code is ([0-9a-f]+)\.")
_TOP = """
[verifiers.stub]
kind = "judge"
provider = "stub"
model = "geographer"
base_url = "http://127.0.0.1:{port}/v1"
attempts = 1

[shared_state]
url_env = "STATE_URL"

[server]
notice_s = 0.2

[ledger]
url_env = "LEDGER_URL"
key_file = "{{tenant}}.key"
"""
_TENANT = """
[tenants.{name}]
pii = "off"
salt_env = "SALT"
{more}
{key}
"""


class Geographer(BaseHTTPRequestHandler):
    """Says unsafe of whatever names Sydney, in OpenAI's chat format."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["content-length"])).decode()
        found = _CODE.search(asked)
        is_wrong = "Sydney" in asked
        said = {"code": found and found[1], "verdict": "unsafe" if is_wrong else "safe"}
        said |= {"confidence": 0.1 if is_wrong else 0.9, "reason": "a map"}
        message = {"role": "assistant", "content": json.dumps(said)}
        body = json.dumps({"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def verifier() -> Iterator[int]:
    """The port of the verifier."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Geographer) as served:
        served.daemon_threads = True
        thread = threading.Thread(target=served.serve_forever, daemon=True)
        thread.start()
        try:
            yield served.server_port
        finally:
            served.shutdown()
            thread.join()


class Replica:
    """A process that serves, at the same address whenever it is started."""

    def __init__(self, file: Path, environ: dict[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._file, self._environ = file, environ
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts it; whoever uses it waits."""
        command = [sys.executable, "-m", "foureyes", "serve", "--json", "--port", str(self.port)]
        with (self._file.parent / f"{self.port}.log").open("a") as log:
            self._process = subprocess.Popen(
                [*command, "--config", str(self._file)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | self._environ,
            )

    def wait(self) -> None:
        """Until it serves."""
        assert self._process is not None
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise AssertionError((self._file.parent / f"{self.port}.log").read_text()[-2000:])
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Until it says so."""
        while True:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=60).status_code == 200:
                    return
            except httpx.TransportError:
                continue

    def end(self, how: int = signal.SIGTERM) -> int:
        """Ends it, and waits until it has ended."""
        assert self._process is not None
        self._process.send_signal(how)
        ended = self._process.wait(timeout=60)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return ended

    def restart(self, how: int) -> None:
        """Ends it one way or the other, and starts it again."""
        assert self.end(how) == (-how if how == signal.SIGKILL else 0)
        self.start()
        self.wait()

    @property
    def said(self) -> str:
        """Its log."""
        return (self._file.parent / f"{self.port}.log").read_text()


class Replicas:
    """All of them, and the keys of the tenants."""

    def __init__(self, several: Sequence[Replica], keys: dict[str, NewKey]) -> None:
        self.several = several
        self.keys = keys

    def call(self, which: int, tenant: str, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """One request to one replica, over a connection of its own."""
        headers = {"X-API-Key": self.keys[tenant].presented, **more.pop("headers", {})}
        return httpx.request(method, self.several[which].url + path, json=body, headers=headers, timeout=60, **more)

    def verify(self, which: int, tenant: str, answer: str = "Canberra", agent: str = "agent-7") -> httpx.Response:
        """One verification at one replica."""
        asked = {"prompt": "Capital of Australia?", "response": answer, "agent_id": agent}
        return self.call(which, tenant, "POST", "/v1/guard/verify", asked)


@contextmanager
def serving(folder: Path, urls: dict[str, str], tenants: dict[str, str], n: int = 4) -> Iterator[Replicas]:
    """The replicas while they serve.

    Args:
        folder: for the configuration and the logs.
        urls: of the shared state and the record, by the names of their variables.
        tenants: what stands in their tables besides, by name.
        n: how many replicas.
    """
    keys = {name: new_key(name, {"admin"}) for name in tenants}
    for name in tenants:
        Signer.generate(f"example.com/{name}").save(folder / f"{name}.key")
    with verifier() as port:
        text = _TOP.format(port=port)
        text += "".join(_TENANT.format(name=name, more=more, key=keys[name].toml) for name, more in tenants.items())
        file = folder / "foureyes.toml"
        file.write_text(text)
        several = [Replica(file, {"SALT": "a salt of sixteen bytes", **urls}) for _ in range(n)]
        try:
            for one in several:
                one.start()
            for one in several:
                one.wait()
            yield Replicas(several, keys)
        finally:
            for one in several:
                one.end(signal.SIGKILL)
