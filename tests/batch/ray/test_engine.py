"""Reading with Ray, on a real cluster of three nodes and on this machine alone: what is lost is read again, in the same bytes.

Each run is a process of its own, as a user's is, and its workers are more of them: that is why these tests take seconds.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from foureyes.batch.job import Job
from foureyes.batch.run import score_file
from foureyes.errors import ConfigError
from foureyes.models.scripted import ScriptedReader

ROOT = Path(__file__).parents[3]
N_ROWS = 400
LONGEST = 600
"""Seconds of a wait that must be over long before."""

SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "f0" * 32}


class Nodes:
    """A cluster on this machine, of which nodes can be killed."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
        self._cluster = Cluster(initialize_head=True, connect=False, head_node_args=head)
        self._more = [self.add(), self.add()]
        self.address = str(self._cluster.address)

    def add(self) -> Any:
        return self._cluster.add_node(num_cpus=1, object_store_memory=80 << 20)

    def kill_other_than_head(self) -> str:
        """Kills a node at once and says which; another takes its place."""
        node = self._more.pop()
        self._cluster.remove_node(node, allow_graceful=False)
        return str(node.node_id)

    def shutdown(self) -> None:
        self._cluster.shutdown()


def started_nodes() -> Nodes:
    """Tries again: Ray gives itself 30 seconds to start, which a machine with much to do may exceed."""
    for _ in range(2):
        with suppress(Exception):
            return Nodes()
    return Nodes()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (SETTINGS | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}).items():
            patch.setenv(name, value)
        if "ray" not in sys.modules and "CI" not in os.environ:
            pytest.importorskip("ray")
        nodes = started_nodes()
        try:
            yield nodes
        finally:
            nodes.shutdown()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    write(tmp_path, {})
    (tmp_path / "seen").mkdir()
    yield tmp_path
    (tmp_path / "seen/hold").unlink(missing_ok=True)
    while RUNS:
        with RUNS.pop() as run:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)


def write(place: Path, answers: dict[int, str]) -> None:
    rows = [{"id": i, "prompt": f"q {i} " * 40, "answer": answers.get(i, f"a {i}")} for i in range(N_ROWS)]
    (place / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


RUNS: list[subprocess.Popen[str]] = []
"""Of the test that is going on."""


def started(place: Path, *options: str, name: str = "x", out: str = "out.jsonl") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.batch.ray.watched_score", "score", "in.jsonl", "-o", out, "--engine", "ray"]
    settings = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "TMPDIR": str(place / "seen")}
    run = subprocess.Popen(
        [*command, "--verifier", f"{name}:{place / 'seen'}", *options],
        cwd=place,
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    RUNS.append(run)
    return run


def finished(run: subprocess.Popen[str]) -> tuple[int, str]:
    _, told = run.communicate(timeout=LONGEST)
    return run.returncode, told


def until(run: subprocess.Popen[str], true: Callable[[], bool]) -> None:
    """Waits until something has happened, or the run has ended without."""
    latest = time.monotonic() + LONGEST
    while not true():
        assert run.poll() is None, run.communicate(timeout=LONGEST)[1]
        assert time.monotonic() < latest, "it did not happen"
        time.sleep(0.05)


def readings(place: Path) -> dict[str, int]:
    """Processes that are reading, by their nodes."""
    return {path.read_text(): int(path.name.split("-")[1]) for path in (place / "seen").glob("reading-*")}


def as_local(place: Path, name: str = "x") -> bytes:
    out = place / "local.jsonl"
    score_file(Job(place / "in.jsonl", out), lambda: [ScriptedReader(name=name)])
    return out.read_bytes()


def test_a_node_and_an_engine_killed_midway_change_no_byte(cluster: Nodes, place: Path) -> None:
    (place / "seen/hold").touch()
    run = started(place, "--address", cluster.address)
    until(run, lambda: len(readings(place)) == 3)
    dead = cluster.kill_other_than_head()
    os.kill(next(pid for node, pid in readings(place).items() if node != dead), signal.SIGKILL)
    (place / "seen/hold").unlink()
    cluster._more.append(cluster.add())
    status, told = finished(run)
    assert status == 0, told
    assert (place / "out.jsonl").read_bytes() == as_local(place)
    assert "Traceback" not in told
    assert "ray" not in told.lower().replace(str(place).lower(), "")


def test_rows_that_end_their_workers_come_out_unscored_and_alone(cluster: Nodes, place: Path) -> None:
    write(place, {7: "poison", 390: "crash"})
    status, told = finished(started(place, "--address", cluster.address))
    assert status == 0, told
    rows = [json.loads(line) for line in (place / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == list(range(N_ROWS))
    unscored = {row["id"]: row["foureyes"]["x"]["unscored"] for row in rows if "unscored" in row["foureyes"]["x"]}
    assert {i: (one["reason"], one["detail"].rsplit(": ", 2)[-1]) for i, one in unscored.items()} == {
        7: ("unavailable", "its process ended"),
        390: ("unavailable", "of no kind that is known"),
    }
    local = [json.loads(line) for line in as_local(place).splitlines()]
    assert [row for row in rows if row["id"] not in unscored] == [row for row in local if row["id"] not in unscored]


@pytest.mark.parametrize(
    ("name", "said"),
    [("other-weights", "has another other-weights than the workers before"), ("other-version", "has foureyes 0.0.9")],
)
def test_nodes_that_would_see_something_else_are_refused_by_name(
    cluster: Nodes, place: Path, name: str, said: str
) -> None:
    (place / "seen/hold").touch()  # so that all workers are there before the rows are read
    status, told = finished(started(place, "--address", cluster.address, name=name))
    assert status == 1
    assert said in told
    assert not (place / "out.jsonl").exists()


def test_this_machine_alone_interrupted_and_resumed_ends_in_the_same_bytes(place: Path) -> None:
    (place / "seen/hold").touch()
    run = started(place)
    until(run, lambda: bool(readings(place)))
    (place / "seen/hold").unlink()
    until(run, lambda: "end" in kept(place) or kept(place).count("\n") > 1)
    os.killpg(run.pid, signal.SIGINT)
    status, told = finished(run)
    assert "Traceback" not in told
    if status != 0:  # it may have been quicker
        status, told = finished(started(place, "--resume"))
    assert status == 0, told
    assert (place / "out.jsonl").read_bytes() == as_local(place)
    left = [path.name for path in (place / "seen").iterdir() if not path.name.startswith("reading-")]
    assert left == []


def kept(place: Path) -> str:
    journal = place / "out.jsonl.part/journal"
    return journal.read_text() if journal.exists() else ""


@pytest.mark.parametrize("address", ["127.0.0.1", "ray://127.0.0.1:10001", "127.0.0.1:99999"])
def test_an_address_that_is_none(address: str) -> None:
    from foureyes.batch.ray.engine import RayEngine

    with pytest.raises(ConfigError, match=r"--address wants HOST:PORT|no Ray cluster can be reached"):
        RayEngine(list, address=address)


def test_nobody_listens() -> None:
    from foureyes.batch.ray.engine import RayEngine

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"no Ray cluster can be reached at 127.0.0.1:{port}"):
            RayEngine(list, address=f"127.0.0.1:{port}")


def test_without_ray_the_extra_is_named_and_no_token_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    from foureyes.batch.ray.engine import RayEngine

    monkeypatch.setattr("foureyes.batch.ray.cluster._own", {})
    monkeypatch.setitem(sys.modules, "ray", None)
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match=r"pip install 'foureyes\[ray\]'"):
        RayEngine(list)
    assert not {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN"} & set(os.environ)


def test_a_ray_that_was_imported_without_a_token_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    from foureyes.batch.ray import cluster

    monkeypatch.setattr(cluster, "_own", {})
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(is_initialized=lambda: False))
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    with pytest.raises(ConfigError, match=r"ray was imported before.*set RAY_AUTH_MODE"):
        cluster.RayCluster(None)
