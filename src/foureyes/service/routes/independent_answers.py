"""Segment check and council: the routes that ask models for answers of their own.

These models see personal data as tokens; the caller gets the data back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from fastapi import APIRouter

from foureyes.guard.opinions import OpinionClaim, Opinions, gather_opinions
from foureyes.guard.segment_check import (
    SegmentCheckLimits,
    SegmentFinding,
    SegmentReport,
    check_segments,
    correct_segments,
)
from foureyes.service.access import Call, Verifying
from foureyes.service.problems import Refused
from foureyes.service.queries import prompt_of, query_of
from foureyes.service.verification import VerificationQuery, publish, run_guard
from foureyes.service.wire.guard import VerifyResponse
from foureyes.service.wire.independent_answers import (
    ClaimItem,
    CouncilRequest,
    CouncilResponse,
    DisagreementItem,
    OpinionItem,
    SegmentCheckRequest,
    SegmentCheckResponse,
    SegmentItem,
    SupportItem,
)
from foureyes.types import Exchange

if TYPE_CHECKING:
    from foureyes.models.roles import Answerer

__all__ = ["add"]

Reveal: TypeAlias = Callable[[str], Awaitable[str]]

_PLAN: Final = SegmentCheckLimits(wordings=2, answer_s=15.0, compare_s=15.0)


def add(router: APIRouter) -> None:
    """Adds the routes."""
    router.post("/v1/guard/check", tags=["guard"], summary="Verify a response and each of its segments")(segments)
    router.post("/v1/guard/council", tags=["guard"], summary="Ask several models, and sort what they say")(council)


async def segments(call: Verifying, body: SegmentCheckRequest) -> SegmentCheckResponse:
    """Verifies the response as a whole, and compares every sentence with answers of models that have not seen it.

    A segment that independent answers contradict is flagged. `safe` is the verdict's, on the response as it was sent.
    """
    answerers = _answerers(call, least=1)
    query = query_of(body)
    decision, (report, corrected, reveal) = await asyncio.gather(
        run_guard(call, query), _check(call, query, answerers, correct=body.correct)
    )
    found = [await _segment(finding, reveal) for finding in report.findings]
    publish(call, query, decision, segments=[one.model_dump() for one in found])
    return SegmentCheckResponse(
        verdict=VerifyResponse.of(decision), segments=found, corrected=corrected, missing=list(report.missing)
    )


async def council(call: Verifying, body: CouncilRequest) -> CouncilResponse:
    """Asks every model of the tenant that can answer; none sees another's answer. Then sorts what they claim.

    Nothing here is verified: it is what models say.
    """
    answerers = _answerers(call, least=2)
    shown, reveal = await _concealed(call, Exchange(prompt_of(body), ""), body.session_id)
    return await _council(call, await gather_opinions(shown.prompt, answerers, answerers[0], stage_s=15.0), reveal)


def _answerers(call: Call, *, least: int) -> Sequence[Answerer]:
    found = call.parts.answerers
    if len(found) < least:
        raise Refused(501, f"it needs {least} configured models that answer in words; there are {len(found)}")
    return found


async def _concealed(call: Call, exchange: Exchange, session: str | None) -> tuple[Exchange, Reveal]:
    if call.parts.concealer is None:
        return exchange, _as_it_is
    concealed = await call.parts.concealer.conceal(exchange, tenant=call.tenant.name, session=session)
    return concealed.exchange, concealed.reveal


async def _as_it_is(text: str) -> str:
    return text


async def _check(
    call: Call, query: VerificationQuery, answerers: Sequence[Answerer], *, correct: bool
) -> tuple[SegmentReport, str | None, Reveal]:
    shown, reveal = await _concealed(call, query.exchange, query.session_id)
    report = await check_segments(shown, answerers, answerers[0], plan=_PLAN)
    if not correct:
        return report, None, reveal
    corrected = await correct_segments(shown, report, answerers[0], plan=_PLAN)
    return report, await reveal(corrected.text), reveal


async def _segment(finding: SegmentFinding, reveal: Reveal) -> SegmentItem:
    return SegmentItem(
        text=await reveal(finding.segment.text),
        label=finding.label,
        checked=finding.checked,
        evidence=[await reveal(one.quote) for one in finding.evidence if one.quote],
    )


async def _council(call: Call, found: Opinions, reveal: Reveal) -> CouncilResponse:
    synthesis = found.synthesis
    return CouncilResponse(
        request_id=call.request_id,
        opinions=[
            OpinionItem(provider=one.provider, model=one.model, text=await reveal(one.text)) for one in found.opinions
        ],
        synthesised=synthesis is not None,
        consensus=[await _claim(claim, reveal) for claim in (synthesis.consensus if synthesis else ())],
        disagreement=[
            DisagreementItem(
                topic=await reveal(one.topic), positions=[await _claim(claim, reveal) for claim in one.positions]
            )
            for one in (synthesis.disagreement if synthesis else ())
        ],
        unique=[await _claim(claim, reveal) for claim in (synthesis.unique if synthesis else ())],
        missing=list(found.missing),
    )


async def _claim(claim: OpinionClaim, reveal: Reveal) -> ClaimItem:
    return ClaimItem(
        claim=await reveal(claim.text),
        support=[SupportItem(opinion=place.answer, quote=await reveal(place.quote)) for place in claim.support],
    )
