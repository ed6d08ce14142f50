"""Alarm sinks: where alarms are sent. A sink never blocks and never raises into the request that raised the alarm.

A newcomer starts at :class:`AlarmSink`. The webhook has a module of its own, :mod:`foureyes.monitoring.webhook`, as it needs
an extra.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from foureyes.monitoring.alarms import Alarm

__all__ = ["AlarmSink", "LogSink", "send_all"]


class AlarmSink(Protocol):
    """Takes alarms and delivers them somewhere."""

    def send(self, alarm: Alarm) -> None:
        """Takes one, at once; whatever is slow happens elsewhere."""
        ...


class LogSink:
    """Writes each alarm as one event of a structured log.

    Args:
        log: a structlog logger, or anything with ``warning(event, **fields)``.
    """

    def __init__(self, log: Any) -> None:
        self._log = log

    def send(self, alarm: Alarm) -> None:
        """Writes it."""
        self._log.warning("alarm", **alarm.to_dict())


def send_all(alarms: Iterable[Alarm], sinks: Iterable[AlarmSink]) -> None:
    """Hands every alarm to every sink."""
    takers = list(sinks)
    for alarm in alarms:
        for sink in takers:
            sink.send(alarm)
