"""What a service works with: frozen values that :mod:`foureyes.config.wiring` makes, replaced as a whole when settings change.

Start at :class:`Parts`. Limits and the monitor's settings are the configured values themselves.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foureyes.choices import SegmentPolicy
from foureyes.config.part_cache import close
from foureyes.config.service_settings import ServerSettings
from foureyes.config.settings import RateLimit
from foureyes.guard.gate_rules import GatePolicy
from foureyes.monitoring.settings import MonitorSettings

if TYPE_CHECKING:
    from foureyes.config.keys import Keyring
    from foureyes.guard import Concealer, Guard
    from foureyes.ledger import Ledger
    from foureyes.models.roles import Answerer
    from foureyes.monitoring.promise import PromiseWatch
    from foureyes.monitoring.sinks import AlarmSink
    from foureyes.privacy import Detector, Vault
    from foureyes.shared_state.store import SharedStore
    from foureyes.signals.fresh import CleanModel

__all__ = ["Parts", "TenantParts"]


@dataclass(frozen=True, slots=True)
class TenantParts:
    """What one tenant's requests may touch.

    Attributes:
        guard: verifies.
        ledger: keeps the record; ``None`` where none is configured.
        vault, detector: personal data; ``None`` where the policy is ``off``.
        concealer: what the guard takes personal data out with; ``None`` where it does not.
        answerers: models that answer in words, for the routes that check segments and ask a council of answers.
        segments: how the segments of a response are checked.
        watches: of what is promised of verifiers that have a threshold, named ``PROVIDER/MODEL``: the tenant's monitor
            tells them what it sees. While one is suspended, its verifier's safe is an abstention.
        routes: that its requests may ask, by name: each is an ``AnsweringRoute`` of :mod:`foureyes.route`, a package above.
        rate: how much it may ask for.
        gate: what its agents' records must show.
        show_texts: whether the feed keeps prompts and responses. For demonstrations only.
    """

    guard: Guard
    ledger: Ledger | None = None
    vault: Vault | None = None
    detector: Detector | None = None
    concealer: Concealer | None = None
    answerers: Sequence[Answerer] = ()
    segments: SegmentPolicy = "compared"
    watches: Sequence[PromiseWatch] = ()
    routes: Mapping[str, Any] = field(default_factory=dict)
    rate: RateLimit = field(default_factory=RateLimit)
    gate: GatePolicy = field(default_factory=GatePolicy)
    show_texts: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that settings say.

    Attributes:
        keyring: knows the API keys.
        tenants: by name.
        server: what bounds the service as a whole.
        monitor: what each tenant's monitor is built with, once.
        sinks: where alarms go, besides log and feed.
        state: folder that keeps monitors and agents' records between two runs; ``None`` forgets them.
        shared: where replicas keep them together, with allowances and feeds; ``None`` where each process has its own.
        clean_model: to which some questions are put afresh; ``None`` for none.
        fresh_share: of how many verifications, in (0, 1].
        cached: every part that can be closed, by what it is made of.
    """

    keyring: Keyring
    tenants: Mapping[str, TenantParts]
    server: ServerSettings = field(default_factory=ServerSettings)
    monitor: MonitorSettings = field(default_factory=MonitorSettings)
    sinks: Sequence[AlarmSink] = ()
    state: Path | None = None
    shared: SharedStore | None = None
    clean_model: CleanModel | None = None
    fresh_share: float = 0.05
    cached: Mapping[Hashable, Any] = field(default_factory=dict, repr=False)

    async def close(self, *, but: Parts | None = None) -> None:
        """Closes every part.

        Args:
            but: parts built from these, which go on using some of them.
        """
        kept = but.cached if but is not None else {}
        async with AsyncExitStack() as ending:  # the last made is closed first, and one that fails stops no other
            for what, part in self.cached.items():
                if what not in kept:
                    ending.push_async_callback(close, part)
