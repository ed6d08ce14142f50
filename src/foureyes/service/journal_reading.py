"""Reads a tenant's journal: an event, or all that a new replica begins with. Start at :func:`load_tenant`.

What a snapshot and thousands of events lead to takes seconds to work out, so it is done in a thread, with records that nobody
else sees yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from foureyes.errors import InputError, StateError
from foureyes.service.event_json import decode
from foureyes.service.tenant_events import TenantEvent
from foureyes.service.tenant_records import Applied, TenantRecords
from foureyes.shared_state.journal import Journaled, LoadedJournal, Place
from foureyes.shared_state.store import SharedStore

__all__ = ["LoadedTenant", "load_tenant", "read"]


@dataclass(frozen=True, slots=True)
class LoadedTenant:
    """What a journal led to.

    Attributes:
        records: of the tenant after the last event.
        covered: events that the snapshot held already.
        applied: those that followed it, and what came of each.
        known: place of the last event.
    """

    records: TenantRecords
    covered: Sequence[Journaled]
    applied: Sequence[tuple[Journaled, Applied]]
    known: Place


def load_tenant(store: SharedStore, tenant: str, load: Callable[[str | None], TenantRecords]) -> LoadedTenant:
    """Works out what a tenant's journal led to. It blocks for as long as that takes.

    Args:
        store: where it is.
        tenant: whose.
        load: makes records of a snapshot, or of nothing.

    Raises:
        StateError: it cannot be read; the cause is an :class:`~foureyes.errors.InputError`, or the store's.
    """
    loaded = store.load(tenant)
    try:
        records = load(loaded.document)
    except InputError as error:
        raise StateError(f"{store.place}: the snapshot of {tenant} cannot be read: {error}") from error
    covered, later = _parted(loaded)
    records.recall((one.number, len(one.event), read(store, tenant, one)) for one in covered)
    applied = [(one, records.apply(read(store, tenant, one), number=one.number, size=len(one.event))) for one in later]
    known = Place(loaded.events[-1].number, loaded.events[-1].at) if loaded.events else Place(loaded.number)
    return LoadedTenant(records, covered, applied, known)


def read(store: SharedStore, tenant: str, one: Journaled) -> TenantEvent:
    """What happened, as it stands in a journal.

    Args:
        store: where it stands.
        tenant: whose journal that is.
        one: the event.

    Raises:
        StateError: it cannot be read; the cause is a :class:`~foureyes.service.formats.NewerFormat` where a newer version wrote it.
    """
    try:
        return decode(one.event, one.at)
    except InputError as error:
        raise StateError(f"{store.place}: event {one.number} of {tenant} cannot be read: {error}") from error


def _parted(loaded: LoadedJournal) -> tuple[Sequence[Journaled], Sequence[Journaled]]:
    """The events that the snapshot holds, and those that follow it."""
    n = max(0, loaded.number - (loaded.events[0].number - 1)) if loaded.events else 0
    return loaded.events[:n], loaded.events[n:]
