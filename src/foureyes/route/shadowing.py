"""Shadow mode: the strongest writer's answer is returned at once, and the log is told what the route would have done."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from foureyes.route.background import Background
from foureyes.route.finishing import Finisher
from foureyes.route.outcome import RoutedAnswer
from foureyes.route.stages import UNREAD, StageResult
from foureyes.route.walking import Walk, WalkEnd

__all__ = ["Shadow"]

_MOST_WATCHED: Final = 256
"""Requests watched at once; what comes beyond is answered, and logged as not watched."""


class Shadow:
    """Answers one request in shadow mode.

    Args:
        walk: of the request.
        finisher: tells the log.
        background: where the route is watched.
    """

    def __init__(self, walk: Walk, finisher: Finisher, background: Background) -> None:
        self._walk, self._finisher, self._background = walk, finisher, background

    async def answer(self, request_id: str, at: float) -> RoutedAnswer:
        """The strongest writer's answer, as soon as it is there."""
        writing = self._walk.begin_strongest()
        try:
            baseline = await writing
        finally:
            writing.cancel()
        answer = self._as_without(baseline, request_id, at)
        if len(self._background) < _MOST_WATCHED:
            self._background.start(self._watch(answer), "the shadow of a route")
        else:
            self._finisher.log(self._walk.request, replace(answer, reason="not watched: too many are under way"))
        return answer

    def _as_without(self, baseline: StageResult, request_id: str, at: float) -> RoutedAnswer:
        """What the application would have got without the route."""
        failed = baseline.body is None
        end = WalkEnd(
            "failed" if failed else "annotated",
            (),
            None if failed else baseline,
            baseline.stage.detail if failed else "",
        )
        answer = self._finisher.answered(self._walk.request, end, request_id, at)
        return replace(answer, would=None, baseline=baseline.stage, confidence=UNREAD)

    async def _watch(self, answer: RoutedAnswer) -> None:
        end = await self._walk.ended()
        read = await self._walk.strongest_read()
        seen = replace(answer, stages=end.stages, would=end.action, baseline=read.stage, confidence=read.confidence)
        self._finisher.observe(seen.stages, seen.at)
        recorded = await self._finisher.recorded(self._walk.request, seen)
        self._finisher.log(self._walk.request, recorded)
