"""What ``--device`` names: one device, several, or all. Start at :func:`devices_of`."""

from __future__ import annotations

import re
from typing import Final

from foureyes.errors import ConfigError, InputError
from foureyes.models.catalog import graphics_devices

__all__ = ["devices_of"]

_DEVICE: Final = re.compile(r"[a-z]+(:\d{1,3})?")


def devices_of(told: str | None) -> list[str]:
    """Names of devices, in the order in which they were named.

    Args:
        told: names, with commas between them; ``all`` for every graphics processor there is.

    Returns:
        None where none was named: the best there is.

    Raises:
        InputError: one of them is no name of a device.
        ConfigError: all are wanted, and there are none.

    Example:
        >>> devices_of("cuda:0,cuda:1"), devices_of(None)
        (['cuda:0', 'cuda:1'], [])
    """
    if told is None:
        return []
    if told == "all":
        if found := graphics_devices():
            return found
        raise ConfigError("--device all wants graphics processors; torch finds none here")
    names = [name.strip() for name in told.split(",")]
    for name in names:
        if not _DEVICE.fullmatch(name):
            raise InputError(f"--device wants cpu, mps, cuda, or some such as cuda:0,cuda:1, or all; got {told!r}")
    return names
