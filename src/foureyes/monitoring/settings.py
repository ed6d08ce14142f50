"""Settings of a monitor: how much it remembers, and how often its alarms may be false."""

from __future__ import annotations

import math
from dataclasses import dataclass

from foureyes.errors import InputError

__all__ = ["MonitorSettings"]


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """Windows, limits and rates of false alarms of one monitor.

    Args:
        window_size: decisions in the rolling window, 1 to 100 000.
        window_s: how old they may be, seconds, > 0.
        bucket_s: width of a point of the timeline, seconds, > 0.
        buckets: points of the timeline, 1 to 10 000.
        alpha: chance that *any* drift alarm, ever, on any signal, is false; in (0, 1).
        run_length: decisions between two false alarms of a rate, on average at least; > 1.
        max_error_rate: share of a verifier's votes that may be errors, in (0, 1).
        max_disagreement: share of decisions on which verifiers may differ; ``None`` watches for change only.
        max_flag_rate: share of answers that may be held back; ``None`` watches for change only.
        level: of the intervals, in (0, 1).
        max_log_cmp: nats a token above which the rolling mean of a reader's log_cmp alarms, > 0; ``None`` for no such alarm.
        log_cmp_window: readings in that mean, 1 to 10 000.
        log_cmp_persistence: means in a row that have to lie above it, and then below it, 1 to 10 000.
        max_origins: agents, sessions and memories remembered, of each, 1 to 100 000; beyond, the one not seen for longest
            is forgotten.

    Raises:
        InputError: a value is outside its range.
    """

    window_size: int = 1000
    window_s: float = 3600.0
    bucket_s: float = 60.0
    buckets: int = 120
    alpha: float = 0.01
    run_length: float = 10_000.0
    max_error_rate: float = 0.05
    max_disagreement: float | None = None
    max_flag_rate: float | None = None
    level: float = 0.95
    max_log_cmp: float | None = None
    log_cmp_window: int = 20
    log_cmp_persistence: int = 5
    max_origins: int = 1000

    def __post_init__(self) -> None:
        laws = {
            f"1 ≤ window_size ≤ 100 000, got {self.window_size}": 1 <= self.window_size <= 100_000,
            f"window_s > 0, got {self.window_s}": self.window_s > 0,
            f"bucket_s > 0, got {self.bucket_s}": self.bucket_s > 0,
            f"1 ≤ buckets ≤ 10 000, got {self.buckets}": 1 <= self.buckets <= 10_000,
            f"0 < alpha < 1, got {self.alpha}": 0 < self.alpha < 1,
            f"run_length > 1, got {self.run_length}": self.run_length > 1,
            f"0 < max_error_rate < 1, got {self.max_error_rate}": 0 < self.max_error_rate < 1,
            f"0 < max_disagreement < 1, got {self.max_disagreement}": _share_or_none(self.max_disagreement),
            f"0 < max_flag_rate < 1, got {self.max_flag_rate}": _share_or_none(self.max_flag_rate),
            f"0 < level < 1, got {self.level}": 0 < self.level < 1,
            f"0 < max_log_cmp, got {self.max_log_cmp}": self.max_log_cmp is None or 0 < self.max_log_cmp < math.inf,
            f"1 ≤ log_cmp_window ≤ 10 000, got {self.log_cmp_window}": 1 <= self.log_cmp_window <= 10_000,
            f"1 ≤ log_cmp_persistence ≤ 10 000, got {self.log_cmp_persistence}": 1
            <= self.log_cmp_persistence
            <= 10_000,
            f"1 ≤ max_origins ≤ 100 000, got {self.max_origins}": 1 <= self.max_origins <= 100_000,
        }
        if broken := [law for law, holds in laws.items() if not holds]:
            raise InputError(f"a monitor wants {'; '.join(broken)}")


def _share_or_none(value: float | None) -> bool:
    return value is None or 0 < value < 1
