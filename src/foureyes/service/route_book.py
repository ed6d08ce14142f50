"""What this process knows of a tenant's routes: their flow, what they cost, what came of their answers, and the latest ones.

Everything remembered is bounded.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from foureyes.route.outcome import RouteAction, RoutedAnswer, RouteStage
from foureyes.types import ToolDefinition, Unscored

__all__ = ["KeptAnswer", "RouteBook", "RouteTally", "WriterTally", "paid_stages"]

_REMEMBERED: Final = 10_000
"""Answers whose outcome can be reported."""

_MOST_OUTCOMES: Final = 64
"""Of one answer, whoever is named as its writer."""

_SHOWN: Final = 200
"""Answers of all routes that can be opened."""

_RETURNED: Final[frozenset[RouteAction]] = frozenset({"answer", "annotated", "strongest"})


@dataclass(slots=True)
class WriterTally:
    """What one writer of a route did.

    Attributes:
        model: what its provider calls it.
        by_action: how often what followed was ``answer``, ``escalate`` or ``abstain``, or why there was no answer.
        cost: of its tokens, as far as that is known.
        unpriced: answers of unknown cost.
    """

    model: str
    by_action: Counter[str] = field(default_factory=Counter)
    cost: float = 0.0
    unpriced: int = 0


@dataclass(slots=True)
class RouteTally:
    """What one route did since the process started.

    Attributes:
        by_action: requests by what became of them.
        would: requests by what would have become of them, where a route only watches; ``later`` where that was not known yet.
        writers: by name, in the order in which they were first asked.
        reading_cost: of the reader.
        strongest_cost: of the strongest writer, had it alone been asked; ``None`` once that is unknown of some answer.
        hung_up: requests whose caller did not wait.
        hung_up_cost: what was paid for those, as far as that is known; it is among the other costs too.
        confidence_sum, confident: of returned answers with P(correct): its sum, and how many there are.
        right, wrong: outcomes of returned answers.
        suspended: whether the promise was suspended when the latest answer came.
    """

    by_action: Counter[str] = field(default_factory=Counter)
    would: Counter[str] = field(default_factory=Counter)
    writers: dict[str, WriterTally] = field(default_factory=dict)
    reading_cost: float = 0.0
    strongest_cost: float | None = 0.0
    hung_up: int = 0
    hung_up_cost: float = 0.0
    confidence_sum: float = 0.0
    confident: int = 0
    right: int = 0
    wrong: int = 0
    suspended: bool = False

    def add(self, answer: RoutedAnswer, strongest_cost: float | None) -> None:
        """Counts an answer."""
        if strongest_cost is None or self.strongest_cost is None:
            self.strongest_cost = None
        else:
            self.strongest_cost += strongest_cost
        self.by_action[answer.action] += 1
        if not answer.enforced:
            self.would[answer.would or "later"] += 1
        self.suspended = answer.suspended
        if answer.action in _RETURNED and not isinstance(answer.confidence, Unscored):
            self.confidence_sum += answer.confidence
            self.confident += 1
        self._pay(answer.stages)

    def left(self, answer: RoutedAnswer) -> None:
        """Counts what was paid for a request whose caller hung up."""
        stages = paid_stages(answer)
        self.hung_up_cost += sum((stage.cost or 0.0) + stage.reading_cost for stage in stages)
        self._pay(stages)

    def _pay(self, stages: Sequence[RouteStage]) -> None:
        for stage in stages:
            tally = self.writers.setdefault(stage.writer, WriterTally(stage.model))
            tally.by_action[stage.failure or stage.action] += 1
            tally.cost += stage.cost or 0.0
            tally.unpriced += stage.cost is None
            self.reading_cost += stage.reading_cost


def paid_stages(answer: RoutedAnswer) -> tuple[RouteStage, ...]:
    """Of a request whose caller hung up, with the strongest writer's that a route in shadow mode asks."""
    return answer.stages if answer.baseline is None else (*answer.stages, answer.baseline)


@dataclass(slots=True)
class _Reportable:
    """An answer whose outcome may be reported, once for each writer and once for what was returned (``None``)."""

    route: str
    returned: bool
    reported: set[str | None] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer that can be opened.

    Attributes:
        answer: with its stages.
        messages: what was asked, where the tenant shows texts.
        tools: what the writers were allowed to call.
    """

    answer: RoutedAnswer
    messages: Sequence[Mapping[str, Any]] | None
    tools: tuple[ToolDefinition, ...] = ()


class RouteBook:
    """What is known of a tenant's routes. One event loop uses it."""

    def __init__(self) -> None:
        self.tallies: Final[dict[str, RouteTally]] = {}
        self._reportable: OrderedDict[str, _Reportable] = OrderedDict()
        self._latest: deque[KeptAnswer] = deque(maxlen=_SHOWN)

    def add(self, kept: KeptAnswer, *, strongest_cost: float | None) -> None:
        """Counts and remembers an answer.

        Args:
            kept: what was routed.
            strongest_cost: see :class:`RouteTally`.
        """
        answer = kept.answer
        self._tally(answer.route).add(answer, strongest_cost)
        self._latest.append(kept)
        self._reportable[answer.request_id] = _Reportable(answer.route, answer.action in _RETURNED)
        if len(self._reportable) > _REMEMBERED:
            self._reportable.popitem(last=False)

    def hung_up(self, route: str) -> None:
        """Counts a caller who did not wait."""
        self._tally(route).hung_up += 1

    def left(self, answer: RoutedAnswer) -> None:
        """Counts what had been paid when a caller hung up."""
        self._tally(answer.route).left(answer)

    def route_of(self, request_id: str) -> str | None:
        """The route of an answer; ``None`` where it is not remembered."""
        found = self._reportable.get(request_id)
        return None if found is None else found.route

    def is_reported(self, request_id: str, writer: str | None = None) -> bool:
        """Whether the outcome of an answer that is remembered was reported, or more of them than a route has writers.

        Args:
            request_id: of the answer.
            writer: whose; ``None`` for what was returned.
        """
        told = self._reportable[request_id].reported
        return writer in told or len(told) >= _MOST_OUTCOMES

    def report(self, request_id: str, *, correct: bool, writer: str | None = None) -> None:
        """Counts the outcome of an answer that is remembered, and has none yet; towards the route where it was returned."""
        found = self._reportable[request_id]
        found.reported.add(writer)
        if found.returned and writer is None:
            tally = self._tally(found.route)
            tally.right += correct
            tally.wrong += not correct

    def kept(self, request_id: str) -> KeptAnswer | None:
        """An answer that can be opened, by its request; ``None`` where it is not (any more)."""
        return next((one for one in self._latest if one.answer.request_id == request_id), None)

    def latest(self) -> list[KeptAnswer]:
        """The latest answers, the newest first."""
        return list(self._latest)[::-1]

    def _tally(self, route: str) -> RouteTally:
        return self.tallies.setdefault(route, RouteTally())
