"""A verifier that several tenants share, asked by each of them only as often as its share allows."""

from __future__ import annotations

from foureyes.guard.shares import TenantShares
from foureyes.models.roles import Judge
from foureyes.models.wrapped_judge import WrappedJudge
from foureyes.types import Exchange, Vote

__all__ = ["SharedJudge"]


class SharedJudge(WrappedJudge):
    """Lets a judge vote as soon as it is a tenant's turn. Whoever waits does so within its own deadline.

    Args:
        judge: the verifier, the same for all.
        shares: of the questions that it is asked at once, the same for all.
        tenant: whose question it is.
    """

    def __init__(self, judge: Judge, shares: TenantShares, tenant: str) -> None:
        super().__init__(judge)
        self._shares = shares
        self._tenant = tenant

    async def vote(self, exchange: Exchange) -> Vote:
        """Votes once; see :class:`~foureyes.models.roles.Judge`."""
        async with self._shares.turn(self._tenant):
            return await super().vote(exchange)
