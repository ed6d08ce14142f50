"""A verifier that several tenants share, asked by each of them only as often as its share allows."""

from __future__ import annotations

from foureyes.guard.shares import TenantShares
from foureyes.models.roles import Judge
from foureyes.types import Exchange, Vote

__all__ = ["SharedJudge"]


class SharedJudge:
    """Lets a judge vote as soon as it is a tenant's turn. Whoever waits does so within its own deadline.

    Args:
        judge: the verifier, the same for all.
        shares: of the questions that it is asked at once, the same for all.
        tenant: whose question it is.
    """

    def __init__(self, judge: Judge, shares: TenantShares, tenant: str) -> None:
        self._judge = judge
        self._shares = shares
        self._tenant = tenant

    @property
    def provider(self) -> str:
        """Who runs the judge."""
        return self._judge.provider

    @property
    def name(self) -> str:
        """The judge's name."""
        return self._judge.name

    @property
    def direction_note(self) -> str:
        """What a judge that reads says of its calibrator's direction; or empty."""
        return str(getattr(self._judge, "direction_note", ""))

    async def vote(self, exchange: Exchange) -> Vote:
        """Votes once; see :class:`~foureyes.models.roles.Judge`."""
        async with self._shares.turn(self._tenant):
            return await self._judge.vote(exchange)

    async def aclose(self) -> None:
        """Closes the judge, where it has something to close."""
        if (close := getattr(self._judge, "aclose", None)) is not None:
            await close()
