"""Ports for servers that have to be told theirs."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

GIVEN = range(20_000, 32_000)
"""Below those that Linux gives to whoever asks for any: what is free here stays so until the server has it."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has."""
    for port in random.SystemRandom().sample(GIVEN, 100):
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a hundred ports are taken")
