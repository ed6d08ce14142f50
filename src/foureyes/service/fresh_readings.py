"""A bounded queue of questions that are put to a clean model afresh, one at a time, after they were answered.

Nobody waits for it: one question is under way in the whole service, a few wait, and further ones are refused. The model sees
personal data concealed, as verifiers do, and where that fails it sees nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from foureyes.guard.threads import BoundedThreads

if TYPE_CHECKING:
    from foureyes.guard import Concealer
    from foureyes.signals.fresh import CleanModel, FreshShift
    from foureyes.types import Exchange, Unscored

__all__ = ["FreshQuestion", "FreshReadings"]

Found: TypeAlias = "FreshShift | Unscored | Exception"

_WAITING: Final = 16


@dataclass(frozen=True, slots=True)
class FreshQuestion:
    """What is put afresh.

    Attributes:
        exchange: the question, and the answer that was given.
        concealer: takes personal data out; ``None`` where the tenant shows verifiers the texts as they are.
        tenant, session: whose tokens stand for it.
    """

    exchange: Exchange
    concealer: Concealer | None
    tenant: str
    session: str | None

    async def concealed(self) -> Exchange:
        """What the model may see."""
        if self.concealer is None:
            return self.exchange
        hidden = await self.concealer.conceal(self.exchange, tenant=self.tenant, session=self.session)
        return hidden.exchange


class FreshReadings:
    """The questions that wait, and the one under way.

    Args:
        waiting: how many there may be, ≥ 1.
    """

    def __init__(self, *, waiting: int = _WAITING) -> None:
        self._most = waiting
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = BoundedThreads(1, name="fresh")

    def offer(self, question: FreshQuestion, model: CleanModel, tell: Callable[[Found], Awaitable[None]]) -> bool:
        """Takes a question, unless too many wait.

        Args:
            question: what is asked.
            model: whom.
            tell: is given what came of it, or the exception.

        Returns:
            Whether it was taken.
        """
        if len(self._tasks) >= self._most:
            return False
        task = asyncio.create_task(self._put(question, model, tell))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def settle(self) -> None:
        """Waits for those that were taken."""
        await asyncio.gather(*self._tasks)

    async def _put(self, question: FreshQuestion, model: CleanModel, tell: Callable[[Found], Awaitable[None]]) -> None:
        try:
            exchange = await question.concealed()
            found: Found = await self._thread.do(lambda: model.shift(exchange))
        except Exception as error:  # noqa: BLE001 - a model's failure, of whatever kind, concerns no request
            found = error
        await tell(found)
