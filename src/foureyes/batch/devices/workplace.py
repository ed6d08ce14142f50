"""Workers as processes of this machine, one a device. Start at :class:`DevicesWorkplace`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait
from typing import Any, TypeAlias

from foureyes.batch.devices.process import WorkerCall, WorkerProcess
from foureyes.batch.workers.workplace import Hired
from foureyes.models.roles import Reader
from foureyes.types import Exchange, Unscored

__all__ = ["DevicesWorkplace", "OpenOn"]

OpenOn: TypeAlias = Callable[[str], Sequence[Reader]]


@dataclass(frozen=True, slots=True)
class _DeviceSlot:
    key: int
    place: str


class DevicesWorkplace:
    """Devices of this machine.

    Args:
        open_on: opens the verifiers on a device, in its process: picklable.
        devices: by their names.
    """

    wants = ""

    def __init__(self, open_on: OpenOn, devices: Sequence[str]) -> None:
        self._open_on = open_on
        self._slots = [_DeviceSlot(i, device) for i, device in enumerate(devices)]

    def slots(self) -> Sequence[_DeviceSlot]:
        """One a device, always."""
        return self._slots

    def start(self, slot: _DeviceSlot) -> Hired:
        """A process for the slot's device."""
        process = WorkerProcess(partial(self._open_on, slot.place), f"foureyes-{slot.place}")
        return Hired(process, process.ask("ready"), process.ask("open"))

    def read(
        self, handle: WorkerProcess, rows: Sequence[Exchange | Unscored], signals: Sequence[str], *, tokens: bool
    ) -> WorkerCall:
        """A message to the process."""
        return handle.ask("read", rows, signals, tokens=tokens)

    def answered(self, calls: Sequence[WorkerCall], seconds: float) -> WorkerCall | None:
        """The first that a process has answered, in order of the calls."""
        if not calls:
            time.sleep(seconds)
            return None
        found = next((call for call in calls if call.is_answered), None)
        if found is None:
            asked = {call.process.pipe: call.process for call in calls}
            for pipe in wait(list(asked), seconds):
                asked[pipe].hear()  # type: ignore[index]  # wait returns what it was given
            found = next((call for call in calls if call.is_answered), None)
        return found

    def told(self, call: WorkerCall) -> Any:
        """What the process returned, or why it is gone."""
        return call.answer

    def end(self, handle: WorkerProcess) -> None:
        """Kills the process, and waits until its memory is free."""
        handle.end()

    def close(self) -> None:
        """There is nothing else to let go of."""
