"""Reading with Ray, on a real cluster of three nodes and on this machine alone: what is lost is read again, in the same bytes.

Each run is a process of its own, as a user's is, and its workers are more of them: that is why these tests take seconds.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from foureyes.errors import ConfigError
from tests.batch.workers.runs import N_ROWS, ROOT, as_local, finished, kept, readings, started, until, write
from tests.batch.workers.watched_score import REAL

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


def test_a_node_and_an_engine_killed_midway_change_no_byte(cluster: Nodes, place: Path) -> None:
    (place / "seen/hold").touch()
    run = started(place, "--engine", "ray", "--address", cluster.address)
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
    status, told = finished(started(place, "--engine", "ray", "--address", cluster.address))
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


def test_a_row_that_hangs_comes_out_unscored_and_alone_and_its_worker_is_replaced(cluster: Nodes, place: Path) -> None:
    write(place, {7: "hang"})
    run = started(place, "--engine", "ray", "--address", cluster.address, "--read-timeout", "3")
    status, told = finished(run)
    assert status == 0, told
    rows = [json.loads(line) for line in (place / "out.jsonl").read_text().splitlines()]
    unscored = {row["id"]: row["foureyes"]["x"]["unscored"] for row in rows if "unscored" in row["foureyes"]["x"]}
    assert list(unscored) == [7]
    assert unscored[7]["detail"].endswith("while reading this row: it was still reading after 3 s")
    local = [json.loads(line) for line in as_local(place).splitlines()]
    assert [row for row in rows if row["id"] != 7] == [row for row in local if row["id"] != 7]


@pytest.mark.weights
def test_real_weights_on_three_nodes_of_which_one_is_killed_midway_give_the_bytes_of_one_process(
    cluster: Nodes, place: Path
) -> None:
    rows = [{"id": i, "prompt": f"{i} + {i} = ?", "answer": f"It is {2 * i}."} for i in range(24)]
    (place / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    small = ("--window", "2")
    status, told = finished(started(place, *small, name=REAL, out="local.jsonl"))
    assert status == 0, told
    run = started(place, *small, "--engine", "ray", "--address", cluster.address, name=REAL)
    until(run, lambda: kept(place).count("\n") > 1)  # rows of some windows are read, and of others not
    (place / "seen/hold").touch()
    until(run, lambda: len(readings(place)) == 3)
    dead = cluster.kill_other_than_head()
    assert dead in readings(place)
    (place / "seen/hold").unlink()
    cluster._more.append(cluster.add())
    status, told = finished(run)
    assert status == 0, told
    assert (place / "out.jsonl").read_bytes() == (place / "local.jsonl").read_bytes()
    scored = [json.loads(line)["foureyes"][REAL] for line in (place / "out.jsonl").read_text().splitlines()]
    assert len(scored) == len(rows)
    assert all("log_cmp" in row for row in scored)


@pytest.mark.parametrize(
    ("name", "said"),
    [("other-weights", "has another other-weights than the workers before"), ("other-version", "has foureyes 0.0.9")],
)
def test_nodes_that_would_see_something_else_are_refused_by_name(
    cluster: Nodes, place: Path, name: str, said: str
) -> None:
    (place / "seen/hold").touch()  # so that all workers are there before the rows are read
    status, told = finished(started(place, "--engine", "ray", "--address", cluster.address, name=name))
    assert status == 1
    assert said in told
    assert not (place / "out.jsonl").exists()


def test_this_machine_alone_interrupted_and_resumed_ends_in_the_same_bytes(place: Path) -> None:
    write(place, {390: "pause"})
    (place / "seen/pause").touch()
    small = ("--engine", "ray", "--window", "50")
    run = started(place, *small)
    until(run, lambda: kept(place).count("\n") > 3)
    os.killpg(run.pid, signal.SIGINT)
    status, told = finished(run)
    assert status != 0
    assert "Traceback" not in told
    (place / "seen/pause").unlink()
    status, told = finished(started(place, *small, "--resume"))
    assert status == 0, told
    assert (place / "out.jsonl").read_bytes() == as_local(place)
    left = [path.name for path in (place / "seen").iterdir() if not path.name.startswith("opened-")]
    assert left == []


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
