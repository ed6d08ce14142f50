"""One stage of a route: a writer writes, the reader reads."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from foureyes.errors import FoureyesError, InputError, ModelError, ModelRefused, ModelUnavailable, PrivacyError
from foureyes.guard.deadline import log_bug, log_failure
from foureyes.route.outcome import Candidate, RouteRequest, RouteStage, StageFailure
from foureyes.route.replies import CheckedReply, StageFault, checked_reply, merged_replies, usage_of
from foureyes.route.roles import RouteReader, Unpaid, WriterReply
from foureyes.route.rules import RouteMember, RouteRules
from foureyes.types import Exchange, Unscored

__all__ = [
    "LEFT",
    "UNREAD",
    "StageResult",
    "checked_stage",
    "failed_stage",
    "left_stage",
    "read_reply",
    "unfit_stage",
    "write_reply",
]

UNREAD: Final = Unscored("unavailable", "nobody has read it")

LEFT: Final = "the caller hung up"

Pair = tuple[float | Unscored, float | Unscored]


@dataclass(frozen=True, slots=True)
class StageResult:
    """What one writer came to, before anything is decided.

    Attributes:
        stage: as it is told; its action is set once the policy has spoken.
        body: the reply it was taken from; ``None`` where there is none that could be returned.
        order: places of the candidates, the surest first; those that were not read last.
        reader_gone: whether the reader as a whole failed, so that asking it again is of no use.
    """

    stage: RouteStage
    body: Mapping[str, Any] | None = None
    order: tuple[int, ...] = ()
    reader_gone: bool = False

    @property
    def confidence(self) -> float | Unscored:
        """What the policy is told."""
        stage = self.stage
        if stage.chosen is None:
            return Unscored("bad_reply" if stage.failure == "bad_reply" else "unavailable", stage.detail)
        return stage.candidates[stage.chosen].confidence

    def returned(self, n: int) -> tuple[Candidate, ...]:
        """The candidates that would be returned, in the writer's order where all of them are, else the surest first."""
        places = self.order[:n]
        return tuple(self.stage.candidates[i] for i in (sorted(places) if len(places) == len(self.order) else places))


async def write_reply(member: RouteMember, request: RouteRequest, n: int) -> StageResult:
    """Asks a writer for n answers; nobody has read them yet."""
    began = time.monotonic()
    asked = request if n == request.n else replace(request, n=n, body={**request.body, "n": n})
    try:
        reply = await _written(member, asked)
    except Exception as error:  # noqa: BLE001 - a writer may be anyone's
        return failed_stage(member, error, began)
    return checked_stage(member, asked, reply.body, began, own=reply.own)


async def read_reply(result: StageResult, reader: RouteReader, request: RouteRequest, rules: RouteRules) -> StageResult:
    """Reads what was written; what a writer failed to write, or declined, stays as it is."""
    stage = result.stage
    if stage.failure is not None or not stage.candidates:
        return result
    began = time.monotonic()
    exchanges = [Exchange.of(request.messages, one.turn, tools=request.tools) for one in stage.candidates]
    pairs, gone = await _read(exchanges, [one.own for one in stage.candidates], reader, stage.writer, rules.reading_s)
    candidates = tuple(
        replace(one, signal=signal, confidence=confidence)
        for one, (signal, confidence) in zip(stage.candidates, pairs, strict=True)
    )
    order = tuple(sorted(range(len(candidates)), key=lambda i: _rank(candidates[i].confidence)))
    chosen = order[request.n - 1]
    confidence = candidates[chosen].confidence
    unsure = isinstance(confidence, Unscored)
    saw_it = not isinstance(candidates[chosen].signal, Unscored)
    read = replace(
        stage,
        candidates=candidates,
        chosen=chosen,
        failure=("uncalibrated" if saw_it else "unread") if unsure else None,
        detail=str(confidence) if unsure else "",
        reading_cost=0.0 if gone else rules.reading_price * len(candidates),
        read_s=time.monotonic() - began,
    )
    return StageResult(read, result.body, order, gone)


async def _written(member: RouteMember, request: RouteRequest) -> WriterReply:
    if request.n == 1 or not member.one_by_one:
        return await member.writer.write(request)
    seed = request.body.get("seed")
    bodies = [
        {**request.body, "n": 1} | ({"seed": seed + i} if isinstance(seed, int) else {}) for i in range(request.n)
    ]
    tasks = [asyncio.ensure_future(member.writer.write(replace(request, n=1, body=body))) for body in bodies]
    try:
        replies = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    return WriterReply(
        merged_replies([reply.body for reply in replies]), tuple(one for reply in replies for one in reply.own)
    )


def left_stage(member: RouteMember) -> RouteStage:
    """What stands for a writer while it writes, and for good where the caller hangs up then: what it costs nobody knows."""
    return _failed(member, "cancelled", LEFT, time.monotonic()).stage


def failed_stage(member: RouteMember, error: Exception, began: float) -> StageResult:
    """What an exception of a writer comes to; it is logged."""
    what = f"the writer {member.writer.name}"
    log_failure(error, what) if isinstance(error, FoureyesError) else log_bug(error, what)
    return _failed(member, _kind_of(error), _words_of(error), began, cost=_cost_of(error))


def checked_stage(
    member: RouteMember,
    asked: RouteRequest,
    body: Mapping[str, Any],
    began: float,
    *,
    own: Sequence[float | None] = (),
) -> StageResult:
    """A reply as unread candidates, or what is wrong with it; its tokens were paid for either way."""
    try:
        found = checked_reply(body, asked)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's reply makes of our reading of it
        log_bug(error, f"reading the reply of {member.writer.name}")
        return _failed(member, "bad_reply", "wanted a chat completion; got something else", began)
    usage = usage_of(body)
    cost = None if usage is None or member.prices is None else member.prices.cost(usage)
    stage = RouteStage(
        member.writer.name,
        member.writer.model,
        _candidates(found, own),
        None,
        "abstain",
        failure=None if found.fault is None else found.fault.failure,
        detail="" if found.fault is None else found.fault.detail,
        usage=usage,
        cost=cost,
        write_s=time.monotonic() - began,
    )
    return StageResult(stage, body if found.choices else None, tuple(range(len(found.choices))))


def unfit_stage(result: StageResult, fault: StageFault) -> StageResult:
    """A reply that does not follow the schema that was asked for: it is none, and was paid for."""
    return StageResult(replace(result.stage, candidates=(), failure=fault.failure, detail=fault.detail))


def _candidates(found: CheckedReply, own: Sequence[float | None]) -> tuple[Candidate, ...]:
    doubts = own if len(own) == len(found.choices) else [None] * len(found.choices)
    return tuple(
        Candidate(choice, turn, UNREAD, UNREAD, doubt)
        for choice, turn, doubt in zip(found.choices, found.turns, doubts, strict=True)
    )


async def _read(
    exchanges: Sequence[Exchange], own: Sequence[float | None], reader: RouteReader, writer: str, within_s: float
) -> tuple[list[Pair], bool]:
    """A signal and a confidence each, or why not; and whether the reader as a whole is gone."""
    whole = [exchange for exchange in exchanges if not exchange.unread]
    doubts = [doubt for exchange, doubt in zip(exchanges, own, strict=True) if not exchange.unread]
    told = {} if all(doubt is None for doubt in doubts) else {"own": doubts}
    try:
        async with asyncio.timeout(within_s):
            rows = iter(_as_many(await reader.read(whole, writer=writer, **told) if whole else [], len(whole)))
        return [_unread_part(one) if one.unread else _sound(next(rows)) for one in exchanges], False
    except TimeoutError:
        why, gone = Unscored("unavailable", f"the reader was not done within {within_s:g} s"), False
    except ModelUnavailable as error:
        log_failure(error, "the reader")
        why, gone = Unscored("unavailable", error.summary), True
    except FoureyesError as error:
        log_failure(error, "the reader")
        why, gone = Unscored("bad_reply", getattr(error, "summary", "the reader failed")), False
    except Exception as error:  # noqa: BLE001 - a reader may be anyone's
        log_bug(error, "the reader")
        why, gone = Unscored("bad_reply", f"the reader failed unexpectedly: {type(error).__name__}"), False
    return [(why, why)] * len(exchanges), gone


def _as_many(rows: Sequence[Pair], n: int) -> Sequence[Pair]:
    if len(rows) != n:
        raise InputError(f"wanted a reading of each of {n} answers; got {len(rows)}")
    return rows


def _unread_part(exchange: Exchange) -> Pair:
    why = Unscored("unread_part", f"nobody here can read {', '.join(exchange.unread)}"[:200])
    return why, why


def _sound(row: Pair) -> Pair:
    """A reading whose numbers are numbers: what is no probability was not read."""
    signal, confidence = row
    if isinstance(signal, Unscored):
        return signal, signal
    if isinstance(confidence, Unscored):
        return (signal if math.isfinite(signal) else Unscored("not_finite", "the signal is no number")), confidence
    if not (math.isfinite(signal) and 0 <= confidence <= 1):
        why = Unscored("not_finite", "the reader's numbers are no signal and no probability")
        return why, why
    return float(signal), float(confidence)


def _rank(confidence: float | Unscored) -> float:
    return 1.0 if isinstance(confidence, Unscored) else -confidence


def _failed(
    member: RouteMember, failure: StageFailure, detail: str, began: float, *, cost: float | None = None
) -> StageResult:
    name, model = member.writer.name, member.writer.model
    took = time.monotonic() - began
    return StageResult(
        RouteStage(name, model, (), None, "abstain", failure=failure, detail=detail, cost=cost, write_s=took)
    )


def _kind_of(error: Exception) -> StageFailure:
    match error:
        case PrivacyError():
            return "private"
        case ModelUnavailable() | TimeoutError():
            return "unavailable"
        case ModelRefused():
            return "refused"
        case _:
            return "bad_reply"


def _words_of(error: Exception) -> str:
    match error:
        case ModelError():
            return error.summary
        case PrivacyError():
            return "personal data could not be concealed, so nothing was sent"
        case TimeoutError():
            return "the writer did not answer in time"
        case InputError():
            return "wanted a chat completion; got something else"
        case _:
            return f"the writer failed unexpectedly: {type(error).__name__}"


def _cost_of(error: Exception) -> float | None:
    """Nothing where nothing was sent or the server turned the request away; otherwise nobody knows."""
    refused = isinstance(error, ModelRefused) and error.status is not None
    return 0.0 if refused or isinstance(error, Unpaid | PrivacyError) else None
