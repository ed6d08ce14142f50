"""From how a request's way ended to the answer that is returned, recorded and logged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from foureyes.errors import FoureyesError, LedgerError
from foureyes.guard.deadline import log_bug, log_failure, wrap_uncancellable
from foureyes.route.background import Background
from foureyes.route.kept_promise import KeptPromise
from foureyes.route.outcome import RoutedAnswer, RouteRequest, RouteStage
from foureyes.route.parts import RouteParts
from foureyes.route.recording import EVENT, RESUMED, resumed_payload, route_payload
from foureyes.route.replies import reply_of
from foureyes.route.roles import RouteLog
from foureyes.route.rules import RouteRules
from foureyes.route.stages import LEFT, StageResult, left_stage
from foureyes.route.walking import Walk, WalkEnd
from foureyes.types import Unscored

__all__ = ["Finisher"]

_NOTHING = Unscored("unavailable", "nothing is returned")


class Finisher:
    """Makes answers of ends: hands doubt to a person, takes receipts, tells the log.

    Args:
        route: its name.
        rules: how long a receipt may take, and whether the route only watches.
        parts: the log, the ledger and the queue.
        promise: of the route.
        background: where the log is told.
    """

    def __init__(
        self, route: str, rules: RouteRules, parts: RouteParts, promise: KeptPromise, background: Background
    ) -> None:
        self._route, self._rules, self._parts, self._background = route, rules, parts, background
        self._promise = promise

    async def finished(
        self, request: RouteRequest, end: WalkEnd, request_id: str, at: float, *, log: bool = True
    ) -> RoutedAnswer:
        """What is returned of a request; the log is told without anybody waiting for it, unless somebody else tells it."""
        answer = self.answered(request, end, request_id, at)
        answer = await self.recorded(request, await self._handed_over(request, answer))
        if log:
            self.log(request, answer)
        return answer

    def answered(self, request: RouteRequest, end: WalkEnd, request_id: str, at: float) -> RoutedAnswer:
        """The end as an answer; nobody is told yet."""
        result, action = end.result, end.action or "abstain"
        return RoutedAnswer(
            request_id,
            self._route,
            action,
            end.stages,
            None if result is None else _reply(result, request.n),
            _NOTHING if result is None else result.confidence,
            enforced=not (self._rules.shadow or self._rules.annotate),
            would=end.action,
            at=at,
            suspended=self._promise.suspended,
            reason=end.reason,
        )

    def left(self, walk: Walk, request_id: str, at: float, tell: Callable[[RoutedAnswer], None] | None = None) -> None:
        """Tells of a request whose caller hung up: what was written until then is paid for all the same."""
        answer = self.answered(walk.request, WalkEnd("cancelled", walk.left, reason=LEFT), request_id, at)
        if self._rules.shadow:  # nothing but the strongest writer is asked while anybody waits
            answer = replace(answer, would=None, baseline=left_stage(walk.members[-1]))
        self.log(walk.request, answer)
        if tell is not None:
            tell(answer)

    def observe(self, stages: Sequence[RouteStage], at: float) -> None:
        """Shows whoever watches the promise what the writers were found to be worth."""
        if seen := list(_seen(stages)):
            self._promise.observe(seen, at)

    def log(self, request: RouteRequest, answer: RoutedAnswer) -> None:
        """Tells the log, where there is one."""
        if self._parts.log is not None:
            self._background.start(self._logged(self._parts.log, request, answer), "the log of a route")

    async def _logged(self, log: RouteLog, request: RouteRequest, answer: RoutedAnswer) -> None:
        """Without its record no outcome of an answer can be told, and the promise is watched by those."""
        try:
            await log.keep(request, answer)
        except Exception:
            self._promise.suspend(
                "the log of the route failed, so what becomes of its answers cannot be told", answer.at
            )
            raise

    async def _handed_over(self, request: RouteRequest, answer: RoutedAnswer) -> RoutedAnswer:
        if answer.action != "person" or self._parts.queue is None:
            return answer
        try:
            await self._parts.queue.put(request, answer)
        except Exception as error:  # noqa: BLE001 - whatever a queue raises, nobody waits there
            _log(error, "the queue of a person")
            return _withheld(answer, "it could not be handed to a person")
        return answer

    async def recorded(self, request: RouteRequest, answer: RoutedAnswer) -> RoutedAnswer:
        """The answer with its receipt, or withheld where there is none."""
        recorder = self._parts.recorder
        if recorder is None:
            return answer
        try:
            payload = route_payload(request, answer, recorder, self._parts.tenant)
            async with asyncio.timeout(self._rules.record_s):
                receipt = await wrap_uncancellable(recorder.append(EVENT, payload))
            kept = {name: getattr(receipt, name) for name in ("index", "entry_hash", "timestamp", "log_id")}
        except Exception as error:  # noqa: BLE001 - whatever a recorder raises, there is no receipt
            _log(error, "the ledger of a route")
            return _withheld(answer, "it could not be recorded")
        return replace(answer, receipt=kept)

    async def record_resumed(self, why: str, *, by: str, note: str) -> None:
        """Takes a receipt of somebody's word that the promise holds again.

        Raises:
            LedgerError: there is none.
        """
        recorder = self._parts.recorder
        if recorder is None:
            return
        payload = resumed_payload(self._route, self._parts.tenant, why, by=by, note=note)
        try:
            async with asyncio.timeout(self._rules.record_s):
                await wrap_uncancellable(recorder.append(RESUMED, payload))
        except TimeoutError as error:
            raise LedgerError("that the promise is resumed could not be recorded in time") from error


def _seen(stages: Sequence[RouteStage]) -> Iterator[tuple[str, float]]:
    for stage in stages:
        confidence = None if stage.chosen is None else stage.candidates[stage.chosen].confidence
        if isinstance(confidence, float):
            yield stage.writer, confidence


def _reply(result: StageResult, n: int) -> Mapping[str, Any] | None:
    if result.body is None or len(result.order) == n:
        return result.body
    return reply_of(result.body, [candidate.choice for candidate in result.returned(n)])


def _withheld(answer: RoutedAnswer, why: str) -> RoutedAnswer:
    """Nothing is returned for which something failed that the route owes; where it only watches, it is returned all the same."""
    if not answer.enforced:
        return replace(answer, reason=why)
    return replace(answer, action="failed", would="failed", reply=None, confidence=_NOTHING, reason=why)


def _log(error: Exception, what: str) -> None:
    log_failure(error, what) if isinstance(error, FoureyesError) else log_bug(error, what)
