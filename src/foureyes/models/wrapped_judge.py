"""What judges that stand in front of another judge share: its names, and how it is closed."""

from __future__ import annotations

from foureyes.models.roles import Judge
from foureyes.types import Exchange, Vote

__all__ = ["WrappedJudge"]


class WrappedJudge:
    """A judge that votes as another one does; a subclass changes when or how.

    Args:
        judge: whose votes they are.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

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
        return await self._judge.vote(exchange)

    async def aclose(self) -> None:
        """Closes the judge, where it has something to close."""
        if (close := getattr(self._judge, "aclose", None)) is not None:
            await close()
