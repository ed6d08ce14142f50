"""What came of a file that was monitored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foureyes.monitoring import Alarm

__all__ = ["Monitored"]


@dataclass(frozen=True, slots=True)
class Monitored:
    """What a monitor made of a file.

    Attributes:
        rows: in the file.
        cuts: log_cmp above which each reader disputes an answer.
        rolling: of every reader, the rolling mean of its log_cmp over the file.
        alarms: as they were raised, with the row, from 0.
        snapshot: of the monitor after the last row.
    """

    rows: int
    cuts: Mapping[str, float]
    rolling: Mapping[str, Mapping[str, float | int]]
    alarms: Sequence[tuple[int, Alarm]]
    snapshot: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        kept = ("figures", "verifiers", "pairs", "detectors", "rolling_means", "origins", "fresh")
        return {
            "rows": self.rows,
            "unsafe_above": dict(self.cuts),
            "rolling_log_cmp": {name: dict(figures) for name, figures in self.rolling.items()},
            "alarms": [{"row": row, **alarm.to_dict()} for row, alarm in self.alarms],
            **{name: self.snapshot[name] for name in kept},
        }
