"""What the service works with, as somebody wired it: frozen values, replaced as a whole when the configuration changes.

Start at :class:`Parts`; :mod:`foureyes.service.wiring` makes them from a configuration.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from foureyes.errors import ConfigError
from foureyes.monitoring import MonitorSettings, PromiseWatch
from foureyes.monitoring.sinks import AlarmSink
from foureyes.service.persistence import StateStore
from foureyes.service.rate_limit import RateLimit

if TYPE_CHECKING:
    from foureyes.config import Keyring
    from foureyes.guard import Concealer, Guard
    from foureyes.ledger import Ledger
    from foureyes.models.roles import Answerer
    from foureyes.privacy import Detector, Vault

__all__ = ["Parts", "ServerLimits", "TenantParts"]


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What bounds the service as a whole.

    Args:
        max_body_bytes: largest body.
        body_timeout_s: most seconds for a body to arrive.
        max_in_flight: requests served at once; more are refused, not queued.
        batch_parallel: items of one batch verified at once.
    """

    max_body_bytes: int = 1 << 20
    body_timeout_s: float = 10.0
    max_in_flight: int = 512
    batch_parallel: int = 8

    def __post_init__(self) -> None:
        if min(self.max_body_bytes, self.body_timeout_s, self.max_in_flight, self.batch_parallel) <= 0:
            raise ConfigError(f"limits of the server must be above 0; got {self}")


@dataclass(frozen=True, slots=True)
class TenantParts:
    """What one tenant's requests may touch.

    Attributes:
        guard: verifies.
        ledger: keeps the record; ``None`` where none is configured.
        vault, detector: personal data; ``None`` where none is configured.
        concealer: what the guard takes personal data out with; ``None`` where it does not.
        answerers: models that answer in words, for the modes that look closer.
        watches: of its verifiers' promises: its monitor tells them what it sees.
        rate: how much it may ask for.
        show_texts: whether the feed keeps prompts and responses. For demonstrations only.
    """

    guard: Guard
    ledger: Ledger | None = None
    vault: Vault | None = None
    detector: Detector | None = None
    concealer: Concealer | None = None
    answerers: Sequence[Answerer] = ()
    watches: Sequence[PromiseWatch] = ()
    rate: RateLimit = field(default_factory=RateLimit)
    show_texts: bool = False


async def _nothing() -> None:
    """Parts that hold nothing."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the configuration wires for the service.

    Attributes:
        keyring: knows the API keys.
        tenants: by name.
        limits: of the server as a whole.
        monitor: what a tenant's monitor is built with, once.
        sinks: where alarms go, besides the feed.
        state_store: saves agents' records and monitors between two runs; ``None`` forgets them.
        not_ready: names of parts that are not ready, and why in words fit for a stranger; asked by ``/readyz``.
        close: releases what the parts hold.
    """

    keyring: Keyring
    tenants: Mapping[str, TenantParts]
    limits: ServerLimits = field(default_factory=ServerLimits)
    monitor: MonitorSettings = field(default_factory=MonitorSettings)
    sinks: Sequence[AlarmSink] = ()
    state_store: StateStore | None = None
    not_ready: Callable[[], Mapping[str, str]] = field(default=dict)
    close: Callable[[], Awaitable[None]] = field(default=_nothing)
