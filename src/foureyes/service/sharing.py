"""What an application shares with other replicas of it: it follows every tenant's journal, also where nobody asks.

Requests learn what other replicas added when they are admitted. Whoever only watches, the page or a scraper, is told by
:func:`follow_forever`, twice a second. Start at :class:`Sharing`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from foureyes.errors import StateError
from foureyes.guard.deadline import log_bug
from foureyes.guard.threads import BoundedThreads
from foureyes.service.journal_loading import JournalLoading
from foureyes.service.logs import Log
from foureyes.service.shared_tenant import SharedTenant
from foureyes.service.tenant_records import Applied, TenantRecords
from foureyes.shared_state.store import SharedStore

__all__ = ["Sharing"]

_THREADS: Final = 4
"""Of all tenants' turns at once; each tenant takes one at a time."""

_LOADING: Final = 2
"""Tenants that are loaded at once; their turns wait for that, and no other's."""

_EVERY_S: Final = 0.5


class Sharing:
    """The turns of an application's tenants at one store.

    Args:
        store: what replicas share.
        log: where an operator is told of it.
        tell: is told what came of events whose requests did not wait for that.

    Attributes:
        is_usable: whether it answered when it was asked last.
    """

    def __init__(self, store: SharedStore, log: Log, tell: Callable[[Applied], None]) -> None:
        self._store: Final = store
        self._log: Final = log
        self._tell: Final = tell
        self._threads: Final = BoundedThreads(_THREADS, name="shared")
        self._loading: Final = BoundedThreads(_LOADING, name="shared-load")
        self.is_usable = True

    def turns_of(self, records: TenantRecords, load: Callable[[str | None], TenantRecords]) -> SharedTenant:
        """The turns of one tenant; see :class:`~foureyes.service.shared_tenant.SharedTenant`.

        Args:
            records: of the tenant.
            load: makes records of a snapshot, or of nothing.
        """
        loading = JournalLoading(self._store, records.name, load, threads=self._loading)
        return SharedTenant(self._store, records, loading, threads=self._threads, log=self._log, tell=self._tell)

    async def follow(self, tenants: Iterable[SharedTenant]) -> None:
        """Learns what other replicas added of these; what cannot be learnt now is in the next round."""
        try:
            heads = await self._threads.do(self._store.heads)
            behind = [one for one in tenants if heads.get(one.name, 0) != one.head or one.is_outdated]
            self.is_usable = True
            await asyncio.gather(*(tenant.catch_up() for tenant in behind), return_exceptions=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round may do better
            self.is_usable = False
            if not isinstance(error, StateError):  # of that one the tenants' own turns tell the operator
                log_bug(error, "following the shared state")

    async def follow_forever(self, tenants: Callable[[], Iterable[SharedTenant]], *, every_s: float = _EVERY_S) -> None:
        """Rounds of :meth:`follow`.

        Args:
            tenants: those that there are now.
            every_s: seconds between two.
        """
        while True:
            await self.follow(tenants())
            await asyncio.sleep(every_s)

    async def close(self, tenants: Iterable[SharedTenant]) -> None:
        """Adds what still waits, for a few seconds at most."""
        await asyncio.gather(*(tenant.close() for tenant in tenants))
        self._threads.close()
        self._loading.close()
