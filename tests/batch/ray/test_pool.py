"""How often a place gets another worker, without processes: every call to Ray that matters is answered here."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from foureyes import __version__
from foureyes.batch.ray import pool
from foureyes.batch.ray.worker import WorkerIdentity
from foureyes.errors import ModelUnavailable

if "CI" not in os.environ:
    pytest.importorskip("ray")


GOOD, BAD = "aa" * 28, "bb" * 28


@dataclass(frozen=True, eq=False)
class Call:
    """A call's result to come."""

    says: str


class Answers:
    """Ray, as far as a pool asks it: workers run at once, and then open, end or hang, node by node."""

    def __init__(self, opening: dict[str, str]) -> None:
        self.opening = opening
        self.starts: Counter[str] = Counter()

    def nodes(self) -> list[dict[str, Any]]:
        return [
            {"NodeID": node, "Alive": True, "NodeManagerAddress": node, "Resources": {"CPU": 1.0}}
            for node in self.opening
        ]

    def remote(self, _of: type) -> Any:
        return SimpleNamespace(options=self._options)

    def _options(self, *, scheduling_strategy: Any, **_options: Any) -> Any:
        node = scheduling_strategy.node_id

        def start(*_args: Any) -> Any:
            self.starts[node] += 1
            ready, opening = Call("runs"), Call(self.opening[node])
            return SimpleNamespace(
                ready=SimpleNamespace(remote=lambda: ready), open=SimpleNamespace(remote=lambda: opening)
            )

        return SimpleNamespace(remote=start)

    def wait(self, refs: list[Any], **_options: Any) -> tuple[list[Any], list[Any]]:
        return [ref for ref in refs if ref.says != "hangs"][:1], []

    def get(self, ref: Any) -> WorkerIdentity | bool:
        from ray.exceptions import RayError

        if ref.says == "ends":
            raise RayError("the worker died")
        return ref.says == "runs" or WorkerIdentity(__version__, {"x": "scripted"})

    def kill(self, handle: Any) -> None:
        pass


def pool_of(opening: dict[str, str]) -> tuple[pool.WorkerPool[int], Answers]:
    ray = Answers(opening)
    cluster: Any = SimpleNamespace(ray=ray, nodes=ray.nodes)
    return pool.WorkerPool(cluster, list, gpus=False), ray


def test_a_node_whose_workers_end_before_they_can_read_is_left_out() -> None:
    workers, ray = pool_of({GOOD: "opened", BAD: "ends"})
    workers.opened()
    for _ in range(60):
        workers.news()
    assert ray.starts == {GOOD: 1, BAD: 6}


def test_a_worker_that_never_opens_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_OPEN_S", 0.0)
    workers, ray = pool_of({BAD: "hangs"})
    with pytest.raises(ModelUnavailable, match="it did not open in time"):
        workers.opened()
    assert ray.starts == {BAD: 6}
