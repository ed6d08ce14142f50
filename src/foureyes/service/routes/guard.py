"""Verification: one response, many at once, and one whose votes are sent as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from starlette.responses import Response

from foureyes.service.access import Call, Verifying, spend
from foureyes.service.problems import problem_of
from foureyes.service.queries import query_of
from foureyes.service.sse import EventStream, described, event
from foureyes.service.verification import VerificationQuery, require_members, verify
from foureyes.service.wire.guard import BatchItem, BatchRequest, BatchResponse, VerifyRequest, VerifyResponse, VoteItem
from foureyes.types import Vote

if TYPE_CHECKING:
    from foureyes.guard import Decision

__all__ = ["add"]

_STREAM: Final = described(
    ("vote", "verdict", "problem"), "events `vote`, one a verifier, as they come; then one `verdict`, or one `problem`"
)


def add(router: APIRouter) -> None:
    """Adds the routes."""
    for path in ("/v1/guard/verify", "/v1/suite/guard/verify"):
        router.post(path, tags=["guard"], summary="Verify one response")(verify_one)
    router.post("/v1/guard/verify/batch", tags=["guard"], summary="Verify several responses")(verify_batch)
    router.post(
        "/v1/guard/verify/stream",
        tags=["guard"],
        summary="Verify one response, sending votes as they come",
        response_class=Response,
        responses={200: _STREAM},
    )(verify_stream)


async def verify_one(call: Verifying, body: VerifyRequest) -> VerifyResponse:
    """Asks every configured verifier whether the response is right and safe to act on.

    `safe` is true only if a majority of the configured verifiers said so within the deadline and the ledger has it. A
    response with `safe: false` says "not verified"; `reason` and `stage` say why.
    """
    return VerifyResponse.of(await verify(call, query_of(body)))


async def verify_batch(call: Verifying, body: BatchRequest) -> BatchResponse:
    """Verifies up to 64 responses, several at a time. What goes wrong with one is said in its place."""
    await spend(call.tenant, len(body.items) - 1, now=call.state.instruments.wall_clock())
    gate = asyncio.Semaphore(call.state.parts.server.batch_parallel)
    results = await asyncio.gather(*(_item(call, i, item, gate) for i, item in enumerate(body.items)))
    return BatchResponse(request_id=call.request_id, results=results)


async def verify_stream(call: Verifying, body: VerifyRequest) -> Response:
    """The same as one verification, with an event for every vote as it comes. Hanging up cancels it.

    Only the event `verdict` carries a verdict: a stream that ends without one verified nothing.
    """
    query = query_of(body)
    require_members(call, query)  # while that can still be a status
    return EventStream(_events(call, query))


async def _item(call: Call, index: int, body: VerifyRequest, gate: asyncio.Semaphore) -> BatchItem:
    async with gate:
        try:
            return BatchItem(index=index, verification=VerifyResponse.of(await verify(call, query_of(body))))
        except Exception as error:  # noqa: BLE001 - one item's failure, of whatever kind, must not spoil the others
            call.state.log_failure(error, call.request_id)
            return BatchItem(index=index, problem=problem_of(error, call.request_id))


async def _events(call: Call, query: VerificationQuery) -> AsyncGenerator[bytes]:
    votes: asyncio.Queue[Vote | None] = asyncio.Queue()
    verifying = asyncio.create_task(verify(call, query, on_vote=votes.put_nowait))
    verifying.add_done_callback(lambda _: votes.put_nowait(None))
    try:
        while (vote := await votes.get()) is not None:
            yield event("vote", VoteItem.of(vote))
        yield _last(call, verifying)
    finally:
        verifying.cancel()


def _last(call: Call, verifying: asyncio.Task[Decision]) -> bytes:
    if verifying.cancelled() or (error := verifying.exception()) is None:
        return event("verdict", VerifyResponse.of(verifying.result()))
    call.state.log_failure(error, call.request_id)
    return event("problem", problem_of(error, call.request_id))
