"""A verifier that abstains instead of saying safe while its promise is suspended."""

from __future__ import annotations

from dataclasses import replace

from foureyes.models.roles import Judge
from foureyes.models.wrapped_judge import WrappedJudge
from foureyes.monitoring.promise import PromiseWatch
from foureyes.types import Exchange, Vote

__all__ = ["SuspendableJudge"]


class SuspendableJudge(WrappedJudge):
    """Lets a judge vote, and turns its "safe" into an abstention while its promise is suspended.

    It asks and does not feed: give the same watch to the tenant's :class:`~foureyes.monitoring.monitor.Monitor`, under the
    name ``"provider/model"``. A vote of unsafe stands, since no promise is about it. The confidence is kept, so that the
    watch goes on seeing.

    Args:
        judge: the verifier.
        watch: of the threshold it votes by.

    Example:
        >>> import asyncio
        >>> from foureyes.models.scripted import ScriptedJudge
        >>> from foureyes.monitoring import Promise
        >>> watch = PromiseWatch(Promise(0.8, "error_rate", 0.05, "at most 5 % wrong"), [0.9] * 100)
        >>> judge = SuspendableJudge(ScriptedJudge("safe", confidence=0.9), watch)
        >>> asyncio.run(judge.vote(Exchange("2 + 2?", "4"))).verdict
        'safe'
        >>> alarm = next(alarm for t in range(100) if (alarm := watch.observe(0.2, float(t))))
        >>> asyncio.run(judge.vote(Exchange("2 + 2?", "4"))).verdict
        'abstain'
    """

    def __init__(self, judge: Judge, watch: PromiseWatch) -> None:
        super().__init__(judge)
        self._watch = watch

    async def vote(self, exchange: Exchange) -> Vote:
        """Votes once; see :class:`~foureyes.models.roles.Judge`."""
        vote = await super().vote(exchange)
        status = self._watch.status
        if status.holds or vote.verdict != "safe":
            return vote
        return replace(vote, verdict="abstain", reason=f"its promise is suspended: {status.reason}")
