"""The connection to Ray: a cluster that runs already, or one of this machine alone that lives as long as the run.

A cluster of our own listens on loopback only, knows its callers by a token made for this run, has no dashboard, sends no
usage statistics, says nothing on the terminal and leaves no folder behind. Start at :class:`RayCluster`.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from foureyes.errors import ConfigError

__all__ = ["RayCluster", "WorkerSlot", "slots_of"]

_OBJECT_STORE: Final = 128 << 20
"""Bytes of shared memory for pieces and results on their way; more spills to disk."""

_CONNECT_S: Final = 10.0

_STARTS: Final = 3
"""Attempts to start Ray here: it gives itself 30 seconds, which a machine with much to do may exceed."""

_LONGEST_TEMP: Final = 24
"""Characters: Ray puts 75 more behind them, and a socket's path has 107 at most."""

_EVERYWHERE: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
}


_own: dict[str, str] = {}
"""Settings for clusters of our own, the same for all in one process, since Ray keeps the first that it has seen."""


@dataclass(frozen=True, slots=True)
class WorkerSlot:
    """Where one worker is to run, and what it has to itself.

    Attributes:
        node: by Ray's id.
        place: its address, for a person.
        number: of the worker on that node, from 0.
        cpus: of the node.
        gpus: graphics processors, 0 or 1.
    """

    node: str
    place: str
    number: int
    cpus: int
    gpus: int

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from the others."""
        return self.node, self.number


def slots_of(nodes: list[dict[str, Any]], *, gpus: bool) -> list[WorkerSlot]:
    """One worker for each graphics processor of a node, and one for the whole of a node that has none.

    Args:
        nodes: as ``ray.nodes()`` lists them. Those that are gone, or lend no processor, get no worker.
        gpus: whether to use graphics processors.

    Example:
        >>> node = {"NodeID": "a", "Alive": True, "NodeManagerAddress": "10.0.0.7", "Resources": {"CPU": 8.0, "GPU": 2.0}}
        >>> [(slot.number, slot.cpus, slot.gpus) for slot in slots_of([node], gpus=True)]
        [(0, 4, 1), (1, 4, 1)]
    """
    slots = []
    for node in nodes:
        has = node["Resources"]
        cpus, n = int(has.get("CPU", 0)), int(has.get("GPU", 0)) if gpus else 0
        if node["Alive"] and cpus >= 1:
            each = max(1, cpus // max(1, n))
            there = node["NodeID"], node["NodeManagerAddress"]
            slots += [WorkerSlot(*there, number, each, min(n, 1)) for number in range(max(1, n))]
    return slots


class RayCluster:
    """Connected to Ray until it is closed.

    Args:
        address: ``HOST:PORT`` of a cluster's head, or ``"auto"`` for the one this machine belongs to; ``None`` for one of
            this machine alone.

    Raises:
        ConfigError: Ray is not installed, or the cluster cannot be reached or used from here.
    """

    def __init__(self, address: str | None) -> None:
        self._folder: Path | None = None
        self._printing: Callable[..., None] | None = None
        _check_address(address)
        imported = sys.modules.get("ray")
        self._theirs = imported is not None and imported.is_initialized()  # the caller's own connection, which stays
        _set_environment(alone=address is None and not self._theirs)
        try:
            self.ray = _imported()
            if not self._theirs:
                with _mapped(address):
                    self._connect(address)
        except BaseException:
            _take_back_token()
            raise

    def nodes(self) -> list[dict[str, Any]]:
        """As Ray lists them, those that are gone among them; none while the cluster does not answer."""
        from ray.exceptions import RayError  # noqa: PLC0415 - an extra

        try:
            return list(self.ray.nodes())
        except RayError:
            return []

    def close(self) -> None:
        """Lets go of the cluster; one of our own ends."""
        if self._theirs:
            return
        try:
            self.ray.shutdown()
        finally:
            _take_back_token()
            if self._printing is not None:
                self.ray._private.worker.print_to_stdstream = self._printing  # noqa: SLF001 - as in _init
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)

    def _connect(self, address: str | None) -> None:
        if address is None:
            self._start()
        else:
            self._init(address=address)

    def _start(self) -> None:
        temp = tempfile.gettempdir()
        self._folder = Path(tempfile.mkdtemp(prefix="fe-", dir=temp if len(temp) <= _LONGEST_TEMP else "/tmp"))  # noqa: S108 - a name nobody can guess in it
        options = {"include_dashboard": False, "object_store_memory": _OBJECT_STORE, "_temp_dir": str(self._folder)}
        for left in reversed(range(_STARTS)):
            try:
                self._init(address="local", **options)
            except Exception:
                self.ray.shutdown()
                if not left:
                    self.close()
                    raise
            except BaseException:
                self.close()
                raise
            else:
                return

    def _init(self, **options: Any) -> None:
        self.ray.init(log_to_driver=False, logging_level=logging.CRITICAL, configure_logging=True, **options)
        # Ray tells of workers' ends on standard output, where rows may go, and has no switch for it.
        worker = self.ray._private.worker  # noqa: SLF001 - as said
        self._printing, worker.print_to_stdstream = worker.print_to_stdstream, lambda *_args, **_options: None


def _set_environment(*, alone: bool) -> None:
    """Tells Ray what it asks the environment for, some of it while it is imported; what somebody has set stays."""
    for name, value in _EVERYWHERE.items():
        os.environ.setdefault(name, value)
    if not alone or "RAY_AUTH_MODE" in os.environ:
        return
    if not _own and sys.modules.get("ray") is not None:
        raise ConfigError(
            "ray was imported before, so a cluster of this run's own would take anybody's calls; make the engine before "
            "ray is imported, or set RAY_AUTH_MODE before that, or name a cluster by its address"
        )
    if not _own:
        made = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        made["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # that is: loopback only, on any system
        _own.update({name: value for name, value in made.items() if name not in os.environ})
    os.environ.update(_own)


def _take_back_token() -> None:
    """Takes what only a cluster of our own needs out of the environment: processes started later have no use for it."""
    for name, value in _own.items():
        if os.environ.get(name) == value:
            del os.environ[name]


def _imported() -> ModuleType:
    try:
        import ray  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError("--engine ray needs ray: pip install 'foureyes[ray]'") from error
    found: ModuleType = ray
    return found


def _check_address(address: str | None) -> None:
    """Asks whether anybody listens there at all: Ray itself would ask for minutes."""
    if address is None or address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or "/" in address:
        raise ConfigError(f"--address wants HOST:PORT of a Ray cluster's head, or auto; got {address}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(f"no Ray cluster can be reached at {address}: {error}") from error


@contextmanager
def _mapped(address: str | None) -> Iterator[None]:
    """Names the cluster that could not be used."""
    where = (
        "Ray cannot be started on this machine" if address is None else f"the Ray cluster at {address} cannot be used"
    )
    try:
        yield
    except Exception as error:
        said = str(error).strip()
        raise ConfigError(f"{where}: {said.splitlines()[0] if said else type(error).__name__}") from error
