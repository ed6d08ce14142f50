"""The engine that reads on a cluster of Ray. Start at :class:`RayEngine`."""

from __future__ import annotations

from collections.abc import Callable

from foureyes.batch.ray.cluster import RayCluster
from foureyes.batch.ray.workplace import RayWorkplace
from foureyes.batch.workers.engine import WorkersEngine
from foureyes.batch.workers.patience import Patience
from foureyes.batch.workers.worker import OpenReaders

__all__ = ["RayEngine"]


class RayEngine(WorkersEngine):
    """Reads with Ray's workers.

    Args:
        open_readers: opens the verifiers, in each worker: picklable.
        address: ``HOST:PORT`` of a cluster's head, ``"auto"`` for the one this machine belongs to, ``None`` for this machine.
        gpus: use graphics processors, where a node has them.
        on_left_out: told of a node that is given up, in a sentence.
        patience: how long a worker may take over rows; one that takes longer is replaced.

    Raises:
        ConfigError: Ray is not installed, the cluster cannot be used from here, no worker starts, or nodes have other
            versions of foureyes or other weights.
        ModelError: the verifiers cannot be opened.
    """

    def __init__(
        self,
        open_readers: OpenReaders,
        *,
        address: str | None = None,
        gpus: bool = True,
        on_left_out: Callable[[str], None] = lambda _words: None,
        patience: Patience | None = None,
    ) -> None:
        super().__init__(RayWorkplace(RayCluster(address), open_readers, gpus=gpus), on_left_out, patience)
