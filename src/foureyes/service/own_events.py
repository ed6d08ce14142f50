"""Events that this replica added, until it is known what came of them: whoever waits is told, or whoever sends alarms.

An alarm is sent by the replica that added the event which raised it, once: that one is told here. Start at :class:`OwnEvents`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from foureyes.errors import StateError
from foureyes.guard.deadline import log_bug
from foureyes.service.journal_reading import LoadedTenant
from foureyes.service.tenant_records import Applied
from foureyes.service.wish import Wish
from foureyes.shared_state.journal import Journaled, Place

__all__ = ["OwnEvents"]


class OwnEvents:
    """What waits for the events that this replica added.

    Args:
        lost: what somebody is told of whose event is not known to stand.
        tell: is told what came of an event for which nobody waits any more.
    """

    def __init__(self, lost: str, tell: Callable[[Applied], None]) -> None:
        self._lost: Final = lost
        self._tell_late: Final = tell
        self._waiting: dict[int, tuple[Wish, float]] = {}  # by numbers, with the moment they were added

    def add(self, first: Place, wishes: Iterable[Wish]) -> None:
        """Those whose events stand in the journal from a place on."""
        self._waiting |= {first.number + i: (wish, first.at) for i, wish in enumerate(wishes)}

    def tell(self, one: Journaled, applied: Applied) -> None:
        """Says what came of an event; of others' events, only bugs are told of, in the log."""
        if (waiting := self._waiting.pop(one.number, None)) is not None:
            wish, _ = waiting
            if wish.raw == one.event:
                self.settle(wish, applied)
                return
            wish.fail(StateError(self._lost))  # another's stands there: the database forgot ours
        for error in applied.failures:
            log_bug(error, "an event of another replica")

    def tell_all(self, found: LoadedTenant) -> None:
        """Says what came of all of them, after a tenant was loaded anew; nothing waits any longer.

        Of those that the snapshot covers, only the alarms are known.
        """
        for one, applied in found.applied:
            self.tell(one, applied)
        others = {one.number: one.event for one in found.covered}
        left, self._waiting = self._waiting, {}
        ours = {
            number: at
            for number, (wish, at) in left.items()
            if number <= found.known.number and others.get(number, wish.raw) == wish.raw
        }
        if alarms := found.records.alarms_of(ours):
            self._tell_late(Applied(alarms=alarms))
        for wish, _ in left.values():
            wish.fail(StateError(self._lost))

    def settle(self, wish: Wish, applied: Applied) -> None:
        """Tells whoever waits, or whoever sends alarms where nobody does."""
        wish.settle(applied)
        if wish.is_left:
            self._tell_late(applied)

    def tell_for(self, wish: Wish) -> None:
        """Tells whoever sends alarms in place of somebody who went away at the moment it was told."""
        if wish.raw is not None and wish.has_come:
            self._tell_late(wish.done.result())
