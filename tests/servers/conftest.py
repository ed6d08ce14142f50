"""Real vLLM servers, which serve smollm2-135m in float32: one for the whole session, and one that reads behind a route."""

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.ports import free_port

TOOL = Path(__file__).parents[2] / "tools" / "vllm-server"
START_SECONDS = 480  # a busy machine has taken more than 240
CONTEXT = 2048
NAME = "smollm2-135m"
UNBOUND = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1"}
"""By itself every vLLM binds its work to the machine's first processor, where one that is busy has kept one that starts from running at all."""


@pytest.fixture(scope="session")
def weights():
    """The folder of the model that is served; the reader on this machine loads the same."""
    return ensure_weights()


def ensure_weights():
    from foureyes.models.weights import ensure

    return ensure(NAME).folder


@pytest.fixture(scope="session")
def vllm(weights, tmp_path_factory):
    """Address of the server. ``make test-servers`` installs what it needs; FOUREYES_VLLM_URL names one that runs."""
    if "FOUREYES_VLLM_URL" in os.environ:
        yield os.environ["FOUREYES_VLLM_URL"]
        return
    with vllm_server(weights, tmp_path_factory.mktemp("vllm") / "server.log") as (url, _):
        yield url


@pytest.fixture(scope="module")
def vllm_reader(weights, tmp_path_factory):
    """Address of a second server, and what ends it; it may be ended only once."""
    with vllm_server(weights, tmp_path_factory.mktemp("vllm") / "reader.log") as found:
        yield found


@contextmanager
def vllm_server(weights, log, port=None):
    """A server of its own: its address, and what ends it."""
    folder = Path(subprocess.run([TOOL, "where"], check=True, capture_output=True, text=True).stdout.strip())
    if not (folder / "bin" / "vllm").exists():
        pytest.fail(f"no vLLM in {folder}: run tools/vllm-server install, or make test-servers")
    port = port or free_port()
    options = ["--dtype", "float32", "--max-model-len", str(CONTEXT), "--served-model-name", NAME]
    with log.open("wb") as out:
        server = subprocess.Popen(
            [TOOL, "serve", weights, str(port), *options],
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, **UNBOUND},
        )

    def end():
        if server.poll() is not None:
            return
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()

    try:
        wait_until_up(f"http://127.0.0.1:{port}", server, log)
        yield f"http://127.0.0.1:{port}/v1", end
    finally:
        end()


def wait_until_up(url, server, log):
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if httpx.get(f"{url}/health", timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass  # not yet
        if server.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"vLLM did not start:\n{log.read_text()[-3000:]}")
        time.sleep(0.5)
