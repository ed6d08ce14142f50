"""Loads a tenant's journal beside everybody's turns, and leaves one alone for a while that cannot be loaded.

To load takes seconds, and memory for a snapshot and thousands of events, so it is done in threads that do nothing else. What was there and could not be read, or not in time, is
refused from memory for a second, then for twice as long after each further attempt, up to half a minute. Start at :class:`JournalLoading`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Final

from foureyes.errors import InputError, StateError
from foureyes.guard.threads import BoundedThreads
from foureyes.service.formats import NewerFormat
from foureyes.service.journal_reading import LoadedTenant, load_tenant
from foureyes.service.tenant_records import TenantRecords
from foureyes.shared_state.store import Overdue, SharedStore

__all__ = ["JournalLoading"]

_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0


class JournalLoading:
    """How one tenant is loaded in this replica. One event loop uses it.

    Args:
        store: where the journal is.
        tenant: whose.
        load: makes records of a snapshot, or of nothing.
        threads: in which all tenants are loaded.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        store: SharedStore,
        tenant: str,
        load: Callable[[str | None], TenantRecords],
        *,
        threads: BoundedThreads,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store: Final = store
        self._tenant: Final = tenant
        self._load: Final = load
        self._threads: Final = threads
        self._clock: Final = clock
        self._refusal: str | None = None  # in words alone: an exception would keep all that was loaded
        self._is_newer = False
        self._pause_s, self._until = _FIRST_PAUSE_S, 0.0

    async def recorded(self) -> LoadedTenant:
        """What the journal led to.

        Raises:
            StateError: it cannot be read, or could not be a short while ago; the cause is a
                :class:`~foureyes.service.formats.NewerFormat` where a newer version wrote it.
            Exception: what making the records raises.
        """
        if self._refusal is not None and self._clock() < self._until:
            raise StateError(self._refusal) from (NewerFormat(self._refusal) if self._is_newer else None)
        try:
            found = await self._threads.do(partial(load_tenant, self._store, self._tenant, self._load))
        except Exception as error:
            self._failed(error)
            raise
        self._refusal, self._pause_s = None, _FIRST_PAUSE_S
        return found

    def _failed(self, error: Exception) -> None:
        was_read = isinstance(error, Overdue) or isinstance(error.__cause__, InputError | None)
        if isinstance(error, StateError) and not was_read:
            return  # the database is away: whoever asks finds out at once when it is back, and nothing was loaded
        told = str(error) if isinstance(error, StateError) else type(error).__name__
        self._refusal = f"{self._tenant} could not be loaded a moment ago: {told}"
        self._is_newer = isinstance(error.__cause__, NewerFormat)
        self._until = self._clock() + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
