"""Workers as Ray's actors: one a node, or one a graphics processor. Start at :class:`RayWorkplace`."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from foureyes.batch.ray.cluster import RayCluster, WorkerSlot, slots_of
from foureyes.batch.ray.failures import cause_of
from foureyes.batch.workers.narrowing import Lost
from foureyes.batch.workers.worker import OpenReaders, ReadingWorker
from foureyes.batch.workers.workplace import Hired
from foureyes.types import Exchange, Unscored

__all__ = ["RayWorkplace"]


class RayWorkplace:
    """The nodes of a cluster that are alive.

    Args:
        cluster: of them.
        open_readers: opens the verifiers, in each worker: picklable.
        gpus: use graphics processors, where a node has them.
    """

    wants = "; a worker wants all processors of its node to itself"

    def __init__(self, cluster: RayCluster, open_readers: OpenReaders, *, gpus: bool) -> None:
        self._cluster, self._ray, self._gpus = cluster, cluster.ray, gpus
        self._open_readers = open_readers

    def slots(self) -> Sequence[WorkerSlot]:
        """Of the nodes that are alive now."""
        return slots_of(self._cluster.nodes(), gpus=self._gpus)

    def start(self, slot: WorkerSlot) -> Hired:
        """An actor on the slot's node, which Ray starts again for nobody."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415 - an extra

        there = NodeAffinitySchedulingStrategy(node_id=slot.node, soft=False)
        options = {"num_cpus": slot.cpus, "num_gpus": slot.gpus, "max_restarts": 0, "max_task_retries": 0}
        actor = self._ray.remote(_NodeWorker).options(scheduling_strategy=there, **options)
        handle = actor.remote(self._open_readers, slot.cpus)
        return Hired(handle, handle.ready.remote(), handle.open.remote())

    def read(self, handle: Any, rows: Sequence[Exchange | Unscored], signals: Sequence[str], *, tokens: bool) -> Any:
        """A call to the actor."""
        return handle.read.remote(rows, signals, tokens=tokens)

    def answered(self, calls: Sequence[Any], seconds: float) -> Any | None:
        """The first that Ray has news of."""
        if not calls:
            time.sleep(seconds)
            return None
        done, _ = self._ray.wait(list(calls), timeout=seconds)
        return next(iter(done), None)

    def told(self, call: Any) -> Any:
        """What the actor returned, or why it is gone."""
        from ray.exceptions import RayError  # noqa: PLC0415 - an extra

        try:
            return self._ray.get(call)
        except RayError as error:
            return Lost(cause_of(error))

    def end(self, handle: Any) -> None:
        """Kills the actor."""
        self._ray.kill(handle)

    def close(self) -> None:
        """Lets go of the cluster, which ends if it is our own."""
        self._cluster.close()


class _NodeWorker(ReadingWorker):
    """A worker that has so many processors of its node."""

    def __init__(self, open_readers: OpenReaders, cpus: int) -> None:
        super().__init__(open_readers)
        if os.environ.get("OMP_NUM_THREADS") == str(cpus):  # Ray's, which counts hyperthreads; libraries know better
            del os.environ["OMP_NUM_THREADS"]
