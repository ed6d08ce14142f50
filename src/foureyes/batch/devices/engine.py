"""The engine that reads on several devices of this machine. Start at :class:`DevicesEngine`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from foureyes.batch.devices.workplace import DevicesWorkplace, OpenOn
from foureyes.batch.workers.engine import WorkersEngine
from foureyes.batch.workers.patience import Patience
from foureyes.errors import InputError

__all__ = ["DevicesEngine"]


class DevicesEngine(WorkersEngine):
    """Reads with a process for each device.

    The processes import the program that started them again, as those of :mod:`multiprocessing` do where it spawns: what a script does
    by itself belongs behind ``if __name__ == "__main__"``.

    Args:
        open_on: opens the verifiers on a device, in its process: picklable.
        devices: by their names, at least one; one that is named twice gets two processes.
        on_left_out: told of a device that is given up, in a sentence.
        patience: how long a process may take over rows; one that takes longer is replaced.

    Raises:
        InputError: no device is named.
        ConfigError: a device cannot be used, or one has other weights than the others.
        ModelError: the verifiers cannot be opened.
    """

    def __init__(
        self,
        open_on: OpenOn,
        devices: Sequence[str],
        *,
        on_left_out: Callable[[str], None] = lambda _words: None,
        patience: Patience | None = None,
    ) -> None:
        if not devices:
            raise InputError("wanted at least one device; got none")
        super().__init__(DevicesWorkplace(open_on, devices), on_left_out, patience)
