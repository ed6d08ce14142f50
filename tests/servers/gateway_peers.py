"""What the tests of real gateways share: the service as a process, a judge that knows what is wrong, and the gateways."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from foureyes.config import new_key
from foureyes.ledger import Signer
from tests.ports import free_port
from tests.servers.chat_simulator import ChatSimulator, verdict

TOOL = Path(__file__).parents[2] / "tools" / "gateway-peers"
START_SECONDS = 300
WRONG = ("Sydney", "wire_transfer")
"""What no right answer says."""


def judged(_: str, user: str) -> str:
    """A judge's word: what says anything wrong is unsafe."""
    return verdict(user, "unsafe" if any(word in user for word in WRONG) else "safe")


@dataclass(frozen=True)
class Service:
    """A running ``foureyes serve``.

    Attributes:
        url: its address.
        key: that may verify and read the ledger.
        judge: its one verifier.
    """

    url: str
    key: str
    judge: ChatSimulator

    def entries(self) -> list[dict[str, Any]]:
        """What is in its ledger, the newest first."""
        reply = httpx.get(f"{self.url}/v1/suite/vault/ledger?limit=200", headers={"X-API-Key": self.key})
        entries: list[dict[str, Any]] = reply.raise_for_status().json()
        return entries


@contextmanager
def foureyes_serving(folder: Path) -> Iterator[Service]:
    """``foureyes serve`` with one verifier, which is asked over HTTP, a ledger and a vault."""
    key = new_key("acme", {"admin"})
    Signer.generate("example.com/acme").save(folder / "acme.key")
    file = folder / "foureyes.toml"
    with ChatSimulator(judged) as judge:
        file.write_text(
            f"""
[verifiers.judge]
kind = "judge"
provider = "local"
model = "toy"
base_url = "{judge.url}/v1"

[ledger]
url = "sqlite:{folder}/{{tenant}}.db"
key_file = "{folder}/{{tenant}}.key"

[tenants.acme]
salt_env = "ACME_SALT"
requests_per_minute = 6000

{key.toml}
"""
        )
        command = [sys.executable, "-m", "foureyes", "serve", "--json", "--port", "0", "--config", str(file)]
        environment = os.environ | {"ACME_SALT": "a salt of sixteen bytes"}
        log = folder / "foureyes.log"
        with (
            log.open("w") as told,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True, env=environment) as process,
        ):
            try:
                line = process.stdout.readline() if process.stdout else ""
                if not line:
                    pytest.fail(f"foureyes did not start:\n{log.read_text()[-3000:]}")
                yield Service(json.loads(line)["result"]["url"], key.presented, judge)
            finally:
                process.kill()


@contextmanager
def peer(name: str, configuration: Path, health: str, **environment: str) -> Iterator[str]:
    """The address of a gateway while it runs; ``make test-servers`` installs it."""
    folder = Path(subprocess.run([TOOL, "where"], check=True, capture_output=True, text=True).stdout.strip())
    if not (folder / "installed").exists():
        pytest.fail(f"no gateways in {folder}: run tools/gateway-peers install, or make test-servers")
    url, log = f"http://127.0.0.1:{free_port()}", configuration.parent / f"{name}.log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            [TOOL, name, configuration, url.rpartition(":")[2]],
            stdout=told,
            stderr=told,
            env=os.environ | environment,
            start_new_session=True,
        )
    try:
        _wait_until_up(url + health, process, log)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if httpx.get(url, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass  # not yet
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"it did not start:\n{log.read_text()[-3000:]}")
        time.sleep(0.5)
