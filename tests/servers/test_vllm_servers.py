"""Two real vLLM servers read as one: one killed midway, one added, and always the bytes of one alone."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from foureyes.http.limits import BATCH_LIMITS
from foureyes.models.completions import CompletionsReader
from foureyes.types import Exchange, Reading
from tests.servers.conftest import vllm_server
from tests.servers.simulator import wait_until

pytestmark = [pytest.mark.vllm, pytest.mark.weights]

ROWS = 96
AT_ONCE = 4


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("scored")
    rows = [
        {"prompt": f"What is {i} plus {i}?", "answer": f"{i} plus {i} is {2 * i}. " + "I counted twice. " * (i % 5)}
        for i in range(ROWS)
    ]
    (place / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return place


@pytest.fixture(scope="module")
def alone(place, vllm):
    """What one server reads of them."""
    run = score(place, [vllm], "alone.jsonl")
    run.wait()
    assert run.returncode == 0
    return (place / "alone.jsonl").read_bytes()


def score(place, servers, out):
    """The command, under way; what it says on stderr is in a file beside its output."""
    command = [sys.executable, "-m", "foureyes", "score", "in.jsonl", "-o", out, "--verifier", ",".join(servers)]
    command += ["--at-once", str(AT_ONCE)]  # what is found by measuring may be small for one and large for the other
    with (place / f"{out}.stderr").open("w") as said:
        return subprocess.Popen([*command, "--force"], cwd=place, stderr=said, env=os.environ)


def n_read(url):
    """Requests that a server has answered, by its own count."""
    import httpx

    lines = httpx.get(url.replace("/v1", "/metrics"), timeout=30).text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("vllm:request_success_total"))


def test_two_read_what_one_reads(place, vllm, vllm_reader, alone):
    other, _ = vllm_reader
    before = n_read(vllm), n_read(other)
    assert score(place, [vllm, other], "two.jsonl").wait() == 0
    assert (place / "two.jsonl").read_bytes() == alone
    assert all(after > earlier for after, earlier in zip((n_read(vllm), n_read(other)), before, strict=True))


def test_one_killed_midway_costs_no_byte(place, vllm, vllm_reader, alone):
    other, end = vllm_reader
    before = n_read(other)
    run = score(place, [vllm, other], "killed.jsonl")
    wait_until(lambda: n_read(other) - before > 15, 600)  # the first few are asked while it is opened
    end()
    assert run.wait() == 0
    assert f"{other.removesuffix('/v1')}: set aside for now" in (place / "killed.jsonl.stderr").read_text()
    assert (place / "killed.jsonl").read_bytes() == alone


def test_one_that_comes_up_while_others_read_joins_them(vllm, weights, tmp_path, alone):
    assert alone
    exchanges = [Exchange(f"What is {i} plus {i}?", f"It is {2 * i}.") for i in range(40)]
    told = []
    limits = replace(BATCH_LIMITS, concurrency=AT_ONCE)
    with CompletionsReader.open(vllm, limits=limits) as one:
        expected = one.read(exchanges)
    with ServerToCome(weights, tmp_path) as coming:
        reader = CompletionsReader.open([vllm, coming.url], limits=limits, on_server=told.append)
        with reader:
            coming.start()
            wait_until(lambda: reader.read(exchanges[:2]) and told[-1].state == "joined", 600, every_s=1.0)
            before = n_read(coming.url)
            rows = reader.read(exchanges)
            assert n_read(coming.url) > before
    assert all(isinstance(row, Reading) for row in rows)
    assert all((a.nll == b.nll).all() for a, b in zip(rows, expected, strict=True))


class ServerToCome:
    """A server whose address is known before it is there."""

    def __init__(self, weights, folder):
        from tests.ports import free_port

        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}/v1"
        self._what = weights, folder / "coming.log"
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def start(self):
        self._thread.start()

    def _serve(self):
        with vllm_server(*self._what, port=self._port):
            self._done.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()
