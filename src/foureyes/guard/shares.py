"""A fair share for each tenant of something there is only so much of: requests at once, questions to a verifier at once.

Half of it is divided among the tenants: each may always use its part. The other half is for whoever comes first. So a tenant
alone can use nearly all, one that floods leaves the others theirs, and nothing lies idle only because it is somebody's.

Start at :class:`TenantShares`. One event loop uses it.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

__all__ = ["TenantShares"]


class TenantShares:
    """Counts how much of a shared thing each tenant uses, and says who may take one more.

    Args:
        limit: how much there is, ≥ 1; asked again at every use, as a configuration may change it.
        tenants: how many share it, ≥ 1.

    Example:
        >>> shares = TenantShares(lambda: 8, lambda: 2)
        >>> [shares.enter("flood") for _ in range(8)].count(True), shares.enter("calm")
        (6, True)
    """

    def __init__(self, limit: Callable[[], int], tenants: Callable[[], int]) -> None:
        self._limit: Final = limit
        self._tenants: Final = tenants
        self._used: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def used(self) -> int:
        """How much is in use."""
        return self._used.total()

    def enter(self, tenant: str) -> bool:
        """Takes one for a tenant, if its share or what nobody has a claim on allows it."""
        if not self._has_room(tenant):
            return False
        self._used[tenant] += 1
        return True

    def leave(self, tenant: str) -> None:
        """Gives one back; tenants that wait get it in turns."""
        self._used[tenant] -= 1
        if not self._used[tenant]:
            del self._used[tenant]
        self._serve_waiting()

    @asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        """Waits for one, in turns with the other tenants, and gives it back at the end."""
        if tenant in self._waiting or not self.enter(tenant):
            await self._wait(tenant)
        try:
            yield
        finally:
            self.leave(tenant)

    def _has_room(self, tenant: str) -> bool:
        limit, n = self._limit(), max(1, self._tenants())
        own = max(1, limit // (2 * n))
        if self._used[tenant] < own:
            return self.used < limit
        claimed = sum(min(used, own) for other, used in self._used.items() if other != tenant)
        return self.used + max(0, (n - 1) * own - claimed) < limit

    async def _wait(self, tenant: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._forget(tenant, turn)
            else:  # it was given one that it will not use
                self.leave(tenant)
            raise

    def _serve_waiting(self) -> None:
        """Every tenant in its turn; one that was served goes to the end.

        Of one tenant's, whoever came last goes first: it has most of its deadline left. In the order of arrival a tenant whose
        verifier hangs would have every question sent just before its deadline passes, and taken back at once.
        """
        for tenant in list(self._waiting):
            turn = next((one for one in reversed(self._waiting[tenant]) if not one.done()), None)
            if turn is not None and self.enter(tenant):
                turn.set_result(None)
                self._waiting.move_to_end(tenant)
                self._forget(tenant, turn)

    def _forget(self, tenant: str, turn: asyncio.Future[None]) -> None:
        self._waiting[tenant].remove(turn)
        if not self._waiting[tenant]:
            del self._waiting[tenant]
