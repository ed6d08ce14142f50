"""What the dashboard asks for: figures, the latest decisions, and events as they happen."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from foureyes.service.access import Auditing, Call
from foureyes.service.feed import Lagging
from foureyes.service.problems import Refused, problem_of
from foureyes.service.sending import BoundedStream, json_in_parts
from foureyes.service.sse import KEEP_ALIVE, EventStream, described, event
from foureyes.service.tenant_events import Acknowledged
from foureyes.service.wire.decisions import DecisionSearch, DecisionsResponse
from foureyes.service.wire.monitoring import AcknowledgeRequest, AcknowledgeResponse, SnapshotResponse

__all__ = ["add"]

_EVERY_S: Final = 15.0
_STREAM: Final = described(
    ("decision", "alarm", "problem"), "events `decision` and `alarm`, numbered; a comment every 15 s"
)


def add(router: APIRouter) -> None:
    """Adds the routes."""
    router.get("/v1/monitoring", tags=["monitoring"], summary="Rolling figures and active alarms")(snapshot)
    router.post("/v1/monitoring/acknowledge", tags=["monitoring"], summary="End an active alarm")(acknowledge)
    router.get(
        "/v1/decisions",
        tags=["monitoring"],
        summary="The latest verifications, or those looked for",
        response_model=DecisionsResponse,
    )(latest)
    router.get(
        "/v1/events",
        tags=["monitoring"],
        summary="Verifications and alarms as they happen",
        response_class=Response,
        responses={200: _STREAM},
    )(events)


async def snapshot(call: Auditing) -> SnapshotResponse:
    """Windows of signals, per-verifier figures, estimated accuracy with its interval, detectors and alarms."""
    now = call.state.instruments.wall_clock()
    return SnapshotResponse(
        tenant=call.tenant.name, mode=call.parts.guard.mode, monitor=call.tenant.monitor.snapshot(now)
    )


async def acknowledge(call: Auditing, body: AcknowledgeRequest) -> AcknowledgeResponse:
    """Ends an alarm: what comes from now on is the new normal."""
    acknowledged = Acknowledged(body.key, call.state.instruments.wall_clock())
    if (await call.state.watch(call.tenant, acknowledged, call.request_id)).refused:
        raise Refused(404, "no such alarm is active")
    return AcknowledgeResponse(key=body.key, active=[alarm.key for alarm in call.tenant.monitor.active_alarms])


async def latest(
    call: Auditing,
    sought: Annotated[DecisionSearch, Query()],
) -> Response:
    """The newest first; as many as this process remembers, 2 000 at most. Older ones are in the ledger."""
    feed = call.tenant.feed
    found = [entry.value for entry in await feed.latest(sought.limit, kind="decision", wanted=sought.finds)]
    n, oldest = await feed.remembered("decision")
    frame = DecisionsResponse(decisions=[], remembered=n, since=None if oldest is None else oldest.value.at)
    call.release_parts()
    return BoundedStream(json_in_parts(frame.model_dump_json(), found), media_type="application/json")


async def events(
    call: Auditing,
    after: Annotated[int, Query(ge=0, description="the last event already seen")] = 0,
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> Response:
    """Begins with the events remembered since `after` (or `Last-Event-ID`), and goes on until somebody hangs up."""
    if call.tenant.feed.full:
        raise Refused(503, "too many are watching", headers={"Retry-After": "10"})
    return EventStream(_events(call, after if last_event_id is None else last_event_id))


async def _events(call: Call, after: int) -> AsyncGenerator[bytes]:
    call.release_parts()
    yield KEEP_ALIVE
    try:
        async for happened in call.tenant.feed.watch(after, every_s=_EVERY_S):
            yield KEEP_ALIVE if happened is None else event(happened.kind, happened.value, number=happened.id)
    except Lagging:
        yield event("problem", problem_of(Refused(503, "you fell too far behind; come back"), call.request_id))
