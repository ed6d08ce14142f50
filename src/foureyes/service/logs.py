"""Structured logs: one JSON object a line, of names and numbers.

The rule: a text, a key, a header or an exception's message never reaches a log line. Messages of exceptions quote what
they are about, so what is logged of one is its class and where it was raised. A test plants canaries everywhere and looks
for them.

:func:`open_log` makes a logger of its own instead of configuring the process, so that applications do not share one. One
thread, the event loop's, writes to it.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

import orjson
import structlog

__all__ = ["Log", "open_log", "raised_at"]

Log = Any
"""A structlog logger: ``log.info("event", name=value)``."""

_MOST_FRAMES: Final = 6


def open_log(stream: TextIO) -> Log:
    """A logger that writes to a stream.

    Args:
        stream: where to, usually stderr.
    """
    return structlog.wrap_logger(
        _Lines(stream),
        processors=[_line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )


def _line(_: object, level: str, event: MutableMapping[str, Any]) -> str:
    """All that becomes of an event in one step: every request logs one."""
    event["level"], event["timestamp"] = level, datetime.now(UTC)
    return orjson.dumps(event, default=repr, option=orjson.OPT_UTC_Z).decode()


class _Lines:
    """Writes lines to a stream, all those of one turn of the event loop at once: a write a request is what logs cost."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: list[str] = []

    def msg(self, line: str) -> None:
        self._waiting.append(line)
        if len(self._waiting) > 1:
            return  # whoever was first has seen to it
        try:
            asyncio.get_running_loop().call_soon(self._write)
        except RuntimeError:
            self._write()

    debug = info = warning = error = critical = msg

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._stream.write("\n".join([*waiting, ""]))
        self._stream.flush()


def raised_at(error: BaseException) -> list[str]:
    """Where an exception was raised, innermost last, without what it says.

    Example:
        >>> try:
        ...     int("a secret")
        ... except ValueError as error:
        ...     "secret" in str(raised_at(error))
        False
    """
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
