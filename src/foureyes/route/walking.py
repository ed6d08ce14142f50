"""One request's way through the writers: whom to ask next is the policy's word, what ends it is told here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from foureyes.cascade.policy import CascadeAction, Policy
from foureyes.errors import PrivacyError
from foureyes.guard import Council
from foureyes.guard.deadline import log_failure
from foureyes.route.concealing import ConcealedWriter, HiddenRequest
from foureyes.route.outcome import RouteAction, RouteRequest, RouteStage
from foureyes.route.parts import RouteParts
from foureyes.route.replies import StageFault
from foureyes.route.resting import ReaderRest
from foureyes.route.risk import is_risky
from foureyes.route.roles import RouteReader
from foureyes.route.rules import RouteMember, RouteRules
from foureyes.route.stages import LEFT, StageResult, left_stage, read_reply, unfit_stage, write_reply
from foureyes.types import Exchange, Message, Unscored, Verdict

__all__ = ["Walk", "WalkEnd"]

Fit: TypeAlias = Callable[[Sequence[Message]], Awaitable[StageFault | None]]

_VETOED: Final = "the council did not find it safe"
_UNASKED: Final = Verdict(
    consensus_reached=False,
    safe=False,
    votes=(),
    agreement_ratio=0.0,
    latency_ms=0.0,
    reason="the council was not asked: the answer cannot be read, or personal data in it cannot be concealed",
)


@dataclass(frozen=True, slots=True)
class WalkEnd:
    """How a way through the writers ended.

    Attributes:
        action: what becomes of the request; ``None`` where nothing decides.
        stages: of the writers that were asked, in order.
        result: what is returned; ``None`` where nothing is.
        reason: why nothing is, or why it is marked; empty where all is well.
    """

    action: RouteAction | None
    stages: tuple[RouteStage, ...]
    result: StageResult | None = None
    reason: str = ""


class Walk:
    """Asks writers about one request.

    Args:
        request: what is asked.
        members: the writers, the cheapest first.
        reader: reads every answer.
        policy: decides; ``None`` asks everybody and decides nothing.
        rules: what becomes of doubt and of failures.
        parts: what works with the route.
        rest: of the reader, which all requests share.
        fit: says what is wrong with answers beside the schema that was asked for; ``None`` where none was.
    """

    def __init__(
        self,
        request: RouteRequest,
        members: Sequence[RouteMember],
        reader: RouteReader,
        policy: Policy | None,
        rules: RouteRules,
        parts: RouteParts,
        rest: ReaderRest,
        fit: Fit | None = None,
    ) -> None:
        self._fit = fit
        self._rest = rest
        self.request, self.reader, self.rules, self.parts = request, reader, rules, parts
        self._policy = policy
        hidden = None if parts.concealer is None else HiddenRequest(request, parts.concealer)
        self._hidden = hidden
        self.members = [
            one if hidden is None or not one.third_party else replace(one, writer=ConcealedWriter(one.writer, hidden))
            for one in members
        ]
        self._last = len(self.members) - 1
        self._results: dict[int, StageResult] = {}
        self._written: asyncio.Task[StageResult] | None = None

    @property
    def stages(self) -> tuple[RouteStage, ...]:
        """Of the writers that were asked so far, in order."""
        return tuple(result.stage for result in self._results.values())

    @property
    def left(self) -> tuple[RouteStage, ...]:
        """The same where the caller hung up: what nobody waited to have read is marked, and costs what it costs."""
        return tuple(
            replace(stage, failure="cancelled", detail=LEFT)
            if stage.chosen is None and stage.failure is None
            else stage
            for stage in self.stages
        )

    def begin(self, place: int) -> None:
        """Notes that a writer is asked, so that it is known of whoever hangs up."""
        self._results[place] = StageResult(left_stage(self.members[place]))

    def begin_strongest(self) -> asyncio.Task[StageResult]:
        """Lets the strongest writer begin now; its answer is taken when its turn comes, so that it is asked once."""
        self._written = asyncio.create_task(self._write(self._last))
        return self._written

    async def ended(self) -> WalkEnd:
        """Asks writers until the policy has decided."""
        if self._policy is None:
            return await self._everybody()
        if unread := _unread(self.request):
            return await self._after_failure(f"nobody here can read {', '.join(unread)}"[:200], read=False)
        if self._rest.rests:
            return await self._after_failure("the reader was gone a moment ago", read=False)
        deciding = self._policy.decide()
        place = next(deciding)
        while True:
            result = await self._ask(place)
            confidence, vetoed = await self._approved(place, result)
            try:
                following = deciding.send(confidence)
            except StopIteration as stop:
                return await self._decided(place, stop.value.action, vetoed=vetoed)
            self._mark(place, "escalate")
            if result.reader_gone:
                return await self._after_failure(f"the reader failed: {result.stage.detail}", read=False)
            place = following

    async def suspended(self, reason: str) -> WalkEnd:
        """What becomes of the request while the promise does not hold."""
        why = f"the promise is suspended: {reason}"
        if self.rules.on_suspension == "closed":
            return WalkEnd("failed", self.stages, reason=why)
        return await self._strongest(why, "failed", read=True)

    async def first(self) -> WalkEnd:
        """The first writer that writes, and what was read; nothing is decided."""
        for place in range(self._last):
            result = await self._ask(place)
            if result.body is not None:
                return self.watched(place, result)
        return self.watched(self._last, await self._ask(self._last))

    async def strongest_read(self) -> StageResult:
        """The strongest writer's answer as it was read, whether or not the policy asked for it."""
        known = self._results.get(self._last)
        return known if known is not None else await self._ask(self._last)

    async def others(self) -> tuple[RouteStage, ...]:
        """Asks the writers that were not asked, and has them read; nothing is decided by it."""
        left = [place for place in range(len(self.members)) if place not in self._results]
        for place in left:
            await self._ask(place)
        return tuple(self._results[place].stage for place in left)

    async def take_streamed(self, place: int, result: StageResult) -> StageResult:
        """Reads what a writer has streamed."""
        self._results[place] = result
        return await self._read(place, await self._fitting(result))

    def watched(self, place: int, result: StageResult) -> WalkEnd:
        """How the way of a request ends that is only watched."""
        if result.body is None:
            return WalkEnd("failed", self.stages, reason=result.stage.detail)
        self._mark(place, "answer")
        return WalkEnd("annotated", self.stages, self._results[place], result.stage.detail)

    async def _everybody(self) -> WalkEnd:
        for place in range(len(self.members)):
            await self._ask(place)
            self._mark(place, "escalate" if place < self._last else "abstain")
        return WalkEnd(None, self.stages)

    async def _decided(self, place: int, action: Literal["answer", "abstain"], *, vetoed: bool) -> WalkEnd:
        self._mark(place, action)
        result = self._results[place]
        if action == "answer":
            return WalkEnd("answer", self.stages, result)
        if result.stage.failure is not None and not vetoed:
            return await self._after_failure(f"{result.stage.writer}: {result.stage.detail}", read=True)
        return await self._after_doubt(_VETOED if vetoed else "no answer is good enough")

    async def _after_doubt(self, reason: str) -> WalkEnd:
        if self.rules.on_doubt != "strongest":
            return WalkEnd(self.rules.on_doubt, self.stages, reason=reason)
        return await self._strongest(reason, "abstain", read=True)

    async def _after_failure(self, reason: str, *, read: bool) -> WalkEnd:
        if self.rules.on_failure == "closed":
            return WalkEnd("failed", self.stages, reason=reason)
        return await self._strongest(reason, "failed", read=read)

    async def _strongest(self, reason: str, otherwise: RouteAction, *, read: bool) -> WalkEnd:
        """The strongest writer's answer, or what becomes of the request where that may not be returned."""
        result = self._results.get(self._last)
        if result is None:
            result = await (self._ask(self._last) if read else self._unread_strongest(reason))
        if result.body is None:
            return WalkEnd("failed", self.stages, reason=f"{reason}; {result.stage.writer}: {result.stage.detail}")
        if (verdict := await self._verdict(self._last, result)) is not None and not verdict.safe:
            return WalkEnd(otherwise, self.stages, reason=_VETOED)
        return WalkEnd("strongest", self.stages, self._results[self._last], reason)

    async def _approved(self, place: int, result: StageResult) -> tuple[float | Unscored, bool]:
        """What the policy is told: the confidence, or that a council does not find the answer safe."""
        confidence = result.confidence
        if self._policy is None or isinstance(confidence, Unscored):
            return confidence, False
        if self._policy.gates[place].action(confidence) != "answer":
            return confidence, False
        verdict = await self._verdict(place, result)
        if verdict is None or verdict.safe:
            return confidence, False
        return Unscored("unavailable", _VETOED), True

    async def _verdict(self, place: int, result: StageResult) -> Verdict | None:
        """What the council says of the answers that would be returned; ``None`` where it is not asked."""
        council = self.parts.council
        if council is None:
            return None
        if (known := self._results[place].stage.council) is not None:
            return known
        verdict = None
        for candidate in result.returned(self.request.n):
            exchange = Exchange.of(self.request.messages, candidate.turn, tools=self.request.tools)
            if is_risky(exchange, candidate, self.parts.risks):
                verdict = await self._asked(council, exchange)
                if not verdict.safe:
                    break
        self._put(place, replace(self._results[place].stage, council=verdict))
        return verdict

    async def _asked(self, council: Council, exchange: Exchange) -> Verdict:
        if exchange.unread:
            return _UNASKED
        try:
            return await council.ask(exchange if self._hidden is None else await self._hidden.exchange(exchange))
        except PrivacyError as error:
            log_failure(error, "concealing an answer from a council")
            return _UNASKED

    async def _ask(self, place: int) -> StageResult:
        return await self._read(place, await self._written_by(place))

    async def _unread_strongest(self, reason: str) -> StageResult:
        result = await self._written_by(self._last)
        if result.body is not None and result.stage.failure is None:
            result = replace(result, stage=replace(result.stage, failure="unread", detail=reason))
        self._results[self._last] = result
        return result

    async def _written_by(self, place: int) -> StageResult:
        self.begin(place)
        begun = self._written if place == self._last else None
        self._results[place] = written = await (begun or self._write(place))  # it is paid for, whoever hangs up now
        return await self._fitting(written)

    async def _read(self, place: int, written: StageResult) -> StageResult:
        self._results[place] = written
        self._results[place] = result = await read_reply(written, self.reader, self.request, self.rules)
        if result.order and result.stage.failure in (None, "unread", "uncalibrated"):
            self._rest.count(gone=result.reader_gone)
        return result

    async def _write(self, place: int) -> StageResult:
        n = max(self.request.n, self.rules.best_of)
        return await write_reply(self.members[place], self.request, n)

    async def _fitting(self, result: StageResult) -> StageResult:
        if self._fit is None or result.stage.failure is not None:
            return result
        fault = await self._fit([one.turn for one in result.stage.candidates])
        return result if fault is None else unfit_stage(result, fault)

    def _mark(self, place: int, action: CascadeAction) -> None:
        self._put(place, replace(self._results[place].stage, action=action))

    def _put(self, place: int, stage: RouteStage) -> None:
        self._results[place] = replace(self._results[place], stage=stage)


def _unread(request: RouteRequest) -> tuple[str, ...]:
    return tuple(f"{kind} in message {i}" for i, turn in enumerate(request.messages, 1) for kind in turn.unread)
