"""The verifier of a tenant that has none: it never finds anything safe, and says why."""

from __future__ import annotations

from foureyes.types import Exchange, Vote

__all__ = ["Nobody"]


class Nobody:
    """Votes ``"error"`` on everything; see :class:`~foureyes.models.roles.Judge`.

    Example:
        >>> import asyncio
        >>> asyncio.run(Nobody().vote(Exchange("Capital of Australia?", "Canberra"))).verdict
        'error'
    """

    provider = "foureyes"
    name = "nobody"

    async def vote(self, exchange: Exchange) -> Vote:  # noqa: ARG002 - of no exchange
        """An error, which is never safe."""
        return Vote(self.provider, self.name, "error", None, "no verifier is configured for this tenant")
