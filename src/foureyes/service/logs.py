"""Structured logs: one JSON object a line, of names and numbers.

The rule: a text, a key, a header or an exception's message never reaches a log line. Messages of exceptions quote what
they are about, so what is logged of one is its class and where it was raised. A test plants canaries everywhere and looks
for them.

:func:`open_log` makes a logger of its own instead of configuring the process, so that applications do not share one.
"""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any, Final, TextIO

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
        structlog.WriteLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(separators=(",", ":"), ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )


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
