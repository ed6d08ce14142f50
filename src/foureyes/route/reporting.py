"""What a route's log shows: what it saved, whether its promise was held, what a switch would break, and whether traffic drifted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import NotEnoughData
from foureyes.maths.exchangeability import ExchangeabilityTest
from foureyes.maths.flips import Flips, decision_flips
from foureyes.maths.resampling import group_weights, percentiles
from foureyes.route.drift import RouteWatch
from foureyes.route.labels import Labels
from foureyes.route.learning_rows import one_source
from foureyes.route.log_records import LoggedRequest, LoggedStage
from foureyes.route.promised import RoutePromise
from foureyes.route.report_values import DriftFound, HeldPromise, LeftRequests, RouteReport, Savings, Share, WriterUse

__all__ = ["report_of"]

Floats = NDArray[np.float64]

_DRAWS: Final = 2000
_LEFT: Final = "cancelled"
"""What became of a request whose caller hung up, and of the writer that was at it."""

_UNDECIDED: Final = "only watched"
_LEAST_SEEN: Final = 40
"""Readings of a writer from which on its traffic is compared with itself."""


def report_of(
    requests: Sequence[LoggedRequest],
    labels: Labels,
    *,
    strongest: str,
    promise: RoutePromise | None = None,
    left_out: Mapping[str, int] | None = None,
) -> RouteReport:
    """Reports on one route.

    Args:
        requests: of that route, in order.
        labels: whether a writer's answer was right, by request and writer.
        strongest: the writer that stands for doing without a route.
        promise: what it promises; ``None`` where that is not known.
        left_out: of the log, for the report to say.

    Raises:
        InputError: signals of different readings.
        NotEnoughData: no request.
    """
    if not requests:
        raise NotEnoughData("a report needs requests; got none")
    one_source(requests)
    done = [_done(request) for request in requests]
    stayed = [request for request in requests if request.action != _LEFT]
    moments = [request.at for request in requests]
    return RouteReport(
        route=requests[0].route,
        n=len(requests),
        watched=sum(not request.enforced for request in requests),
        first=min(moments),
        last=max(moments),
        actions=dict(Counter(done).most_common()),
        returned=Share.of(done.count("answer"), len(done) - done.count(_UNDECIDED) - done.count(_LEFT)),
        suspended=sum(request.suspended for request in requests),
        writers=_uses(requests),
        savings=_savings(stayed, strongest),
        left=_left(requests),
        learning=_learning(requests),
        held=_held(requests, labels, promise),
        flips=_flips(requests, labels, strongest),
        drift=_drift(requests, promise),
        left_out=left_out or {},
    )


def _done(request: LoggedRequest) -> str:
    """What became of a request, or would have; or that no policy decides."""
    return request.action if request.enforced or request.action == _LEFT else request.would or _UNDECIDED


def _good(request: LoggedRequest) -> LoggedStage | None:
    """The stage whose answer the route found good enough; ``None`` where it found none."""
    return request.stages[-1] if _done(request) == "answer" and request.stages else None


def _uses(requests: Sequence[LoggedRequest]) -> tuple[WriterUse, ...]:
    stages: dict[str, list[LoggedStage]] = {}
    for request in requests:
        for stage in request.stages:
            stages.setdefault(stage.writer, []).append(stage)
    return tuple(_use(writer, own) for writer, own in stages.items())


def _use(writer: str, stages: Sequence[LoggedStage]) -> WriterUse:
    waited = [stage for stage in stages if stage.failure != _LEFT]
    said = Counter(stage.action for stage in waited)
    paid = [cost for stage in stages if (cost := stage.paid) is not None]
    failures = Counter(stage.failure for stage in stages if stage.failure not in (None, "unread", "uncalibrated"))
    return WriterUse(
        name=writer,
        asked=len(stages),
        kept=said["answer"],
        escalated=said["escalate"],
        abstained=said["abstain"],
        unread=sum(stage.signal is None for stage in waited),
        failures={str(kind): n for kind, n in failures.most_common()},
        cost=float(np.mean(paid)) if paid else None,
    )


def _savings(requests: Sequence[LoggedRequest], strongest: str) -> Savings | None:
    rows = [(request, cost) for request in requests if (cost := _paid(request)) is not None]
    alone = [request.asked.get(strongest) for request, _ in rows]
    known = [stage.cost for stage in alone if stage is not None and stage.cost is not None]
    if not rows or not known:
        return None
    mean = float(np.mean(known))
    route = np.array([cost for _, cost in rows])
    dear = np.array([mean if stage is None or stage.cost is None else stage.cost for stage in alone])
    if not dear.sum():
        return None
    groups = np.unique([request.question for request, _ in rows], return_inverse=True)[1]
    sums = np.array([np.bincount(groups, column) for column in (route, dear)])
    draws = np.array([1 - (w @ sums[0]) / (w @ sums[1]) for w in group_weights(len(sums[0]), _DRAWS, _rng())])
    low, high = percentiles(draws, 0.95)
    saved = float(1 - route.sum() / dear.sum())
    return Savings(len(rows), float(route.mean()), float(dear.mean()), saved, low, high, len(rows) - len(known))


def _left(requests: Sequence[LoggedRequest]) -> LeftRequests | None:
    own = [request for request in requests if request.action == _LEFT]
    costs = [stage.paid for request in own for stage in request.asked.values()]
    known = [cost for cost in costs if cost is not None]
    return LeftRequests(len(own), sum(known), len(costs) - len(known)) if own else None


def _learning(requests: Sequence[LoggedRequest]) -> LeftRequests | None:
    own = [request for request in requests if request.everyone]
    costs = [stage.paid for request in own for stage in request.extra]
    known = [cost for cost in costs if cost is not None]
    return LeftRequests(len(own), sum(known), len(costs) - len(known)) if own else None


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _paid(request: LoggedRequest) -> float | None:
    """What the route cost, or would have; ``None`` where a stage's cost is not known, or no policy decided."""
    costs = [stage.paid for stage in request.stages]
    undecided = not request.enforced and request.would is None
    return None if undecided or not costs or None in costs else sum(cost for cost in costs if cost is not None)


def _held(requests: Sequence[LoggedRequest], labels: Labels, promise: RoutePromise | None) -> HeldPromise | None:
    told = [
        labels[request.id, stage.writer]
        for request in requests
        if (stage := _good(request)) is not None and (request.id, stage.writer) in labels
    ]
    wrong = Share.of(told.count(False), len(told))
    if wrong is None:
        return None
    if promise is None:
        return HeldPromise(None, wrong, "nothing was promised")
    above, below = wrong.low > promise.limit, wrong.high <= promise.limit
    return HeldPromise(promise.limit, wrong, "broken" if above else "held" if below else "cannot be told yet")


def _flips(requests: Sequence[LoggedRequest], labels: Labels, strongest: str) -> Flips | None:
    """Right before is an answer of the strongest that is right; after is what the route returns. Nothing returned is not right."""
    before, after = [], []
    for request in (
        one for one in requests if not one.enforced or one.everyone
    ):  # where it decides, it picks whom the strongest answers
        stage = _good(request)
        known = (request.id, strongest) in labels and (stage is None or (request.id, stage.writer) in labels)
        if known and _done(request) != _UNDECIDED:
            before.append(labels[request.id, strongest])
            after.append(stage is not None and labels[request.id, stage.writer])
    return decision_flips(before, after) if before else None


def _drift(requests: Sequence[LoggedRequest], promise: RoutePromise | None) -> tuple[DriftFound, ...]:
    seen: dict[str, list[tuple[float, LoggedStage]]] = {}
    for request in requests:
        for stage in request.stages:
            if stage.signal is not None:
                seen.setdefault(stage.writer, []).append((request.at, stage))
    found = [_signal_drift(writer, own, len(seen)) for writer, own in seen.items() if len(own) >= _LEAST_SEEN]
    return (*found, *(() if promise is None else _confidence_drift(requests, promise)))


def _signal_drift(writer: str, own: Sequence[tuple[float, LoggedStage]], n_writers: int) -> DriftFound:
    test = ExchangeabilityTest(alpha=0.01 / n_writers)
    at = next((at for at, stage in own if test.observe(float(stage.signal or 0.0))), None)
    return DriftFound(writer, "signal", len(own), at)


def _confidence_drift(requests: Sequence[LoggedRequest], promise: RoutePromise) -> tuple[DriftFound, ...]:
    watch = RouteWatch(promise)
    counts: Counter[str] = Counter()
    for request in requests:
        stages = [(s.writer, s.confidence) for s in request.stages if s.writer in promise.reference]
        seen = [(writer, confidence) for writer, confidence in stages if confidence is not None]
        counts.update(writer for writer, _ in seen)
        watch.observe(seen, request.at)
    since = {status.name: status.since for status in watch.statuses}
    return tuple(DriftFound(writer, "confidence", n, since[writer]) for writer, n in counts.items())
