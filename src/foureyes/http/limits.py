"""How long a server may take, how often it is asked, and how much it may say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from foureyes.errors import InputError

__all__ = ["BATCH_LIMITS", "REFUSAL_S", "RequestLimits"]

REFUSAL_S: Final = 2.0
"""Most seconds for the words of a refusal, of which the status is known by then."""


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What one server may cost.

    Args:
        timeout_s: seconds one call may take with all its attempts and the pauses between them, > 0.
        attempts: how often a request is sent at most when the connection breaks or the server is busy, ≥ 1.
        concurrency: requests at once, ≥ 1.
        max_bytes: size beyond which a reply is given up, ≥ 1.

    Raises:
        InputError: a value is outside its range.
    """

    timeout_s: float = 30.0
    attempts: int = 2
    concurrency: int = 64
    max_bytes: int = 1 << 20

    def __post_init__(self) -> None:
        laws = {
            f"timeout_s > 0, got {self.timeout_s}": self.timeout_s > 0,
            f"attempts ≥ 1, got {self.attempts}": self.attempts >= 1,
            f"concurrency ≥ 1, got {self.concurrency}": self.concurrency >= 1,
            f"max_bytes ≥ 1, got {self.max_bytes}": self.max_bytes >= 1,
        }
        broken = [law for law, holds in laws.items() if not holds]
        if broken:
            raise InputError(f"limits want {'; '.join(broken)}")


BATCH_LIMITS: Final = RequestLimits(timeout_s=120.0, attempts=3, concurrency=8)
"""For reading and writing in batches: nobody waits for one answer, and each request keeps a server busy for long."""
