"""Agents' records and monitors, saved between two runs: one JSON file a tenant.

A file is replaced as a whole, so a process that dies while writing leaves the one before. A file that cannot be read stops
the service from starting: forgetting an agent's harm silently would be worse. Numbers and names only; no text is in it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from foureyes.batch.disk import sync_folder
from foureyes.errors import ConfigError, InputError
from foureyes.guard.gate import AgentGate, GatePolicy
from foureyes.monitoring import Monitor

__all__ = ["StateStore"]


class StateStore:
    """A folder with one file a tenant.

    Args:
        folder: exists, and belongs to one process.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = StateStore(Path(folder))
        ...     store.save("acme", AgentGate(), Monitor())
        ...     [type(part).__name__ for part in store.load("acme")], store.load("other")
        (['AgentGate', 'Monitor'], None)
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, tenant: str, policy: GatePolicy | None = None) -> tuple[AgentGate, Monitor] | None:
        """What was saved of a tenant; ``None`` if nothing was.

        Args:
            tenant: whose.
            policy: what its gate decides by.

        Raises:
            ConfigError: the file is there and cannot be used.
        """
        path = self._path(tenant)
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            return AgentGate.from_json(document["gate"], policy), Monitor.from_json(document["monitor"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError, InputError) as error:
            raise ConfigError(
                f"cannot read what was saved of {tenant} in {path}: move it away to begin anew"
            ) from error

    def save(self, tenant: str, gate: AgentGate, monitor: Monitor) -> None:
        """Replaces what was saved of a tenant.

        Raises:
            ConfigError: it cannot be written; what was saved before is still there.
        """
        path = self._path(tenant)
        fresh = path.with_suffix(".new")
        try:
            with open(fresh, "w", encoding="utf-8", opener=_for_us_alone) as file:
                json.dump({"gate": gate.to_json(), "monitor": monitor.to_json()}, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            sync_folder(self._folder)
        except OSError as error:
            raise ConfigError(f"cannot save what is known of {tenant}: {error.strerror or error}") from error

    def _path(self, tenant: str) -> Path:
        return self._folder / f"{tenant}.json"


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
