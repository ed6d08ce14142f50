"""Segment check and council: the routes that ask models for answers of their own.

These models see personal data as tokens; the caller gets the data back. Everything a request asks for ends at its tenant's
deadline; what did not come by then is listed as missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from fastapi import APIRouter

from foureyes.errors import PrivacyError
from foureyes.guard.deadline import DeadlineRunner, TaskFailure
from foureyes.guard.opinions import OpinionClaim, Opinions, gather_opinions
from foureyes.guard.segment_check import (
    SegmentCheckLimits,
    SegmentFinding,
    check_segments,
    correct_segments,
)
from foureyes.service.access import Call, Verifying
from foureyes.service.problems import Refused
from foureyes.service.queries import prompt_of, query_of
from foureyes.service.verification import VerificationQuery, publish, require_members, run_guard
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

_WORDINGS: Final = 2
_STAGE_SHARE: Final = 0.3
"""Share of the deadline that answers, comparisons and corrections get each; personal data is looked for in the rest."""

_COUNCIL_SHARE: Final = 0.45
"""The same for opinions and for their synthesis."""


def add(router: APIRouter) -> None:
    """Adds the routes."""
    router.post("/v1/guard/check", tags=["guard"], summary="Verify a response and each of its segments")(segments)
    router.post("/v1/guard/council", tags=["guard"], summary="Ask several models, and sort what they say")(council)


async def segments(call: Verifying, body: SegmentCheckRequest) -> SegmentCheckResponse:
    """Verifies the response as a whole, and compares every sentence with answers of models that have not seen it.

    A segment that independent answers contradict is flagged. `safe` is the verdict's, on the response as it was sent.
    """
    _answerers(call, least=1)
    query = query_of(body)
    require_members(call, query)  # before any model is asked
    ends = _ends(call)
    work = _check(call, query, ends, correct=body.correct)
    decision, [checked] = await asyncio.gather(
        run_guard(call, query), DeadlineRunner().gather(ends, [work], "a segment check")
    )
    if isinstance(checked, TaskFailure):
        checked = _unchecked(checked.reason)
    await publish(call, query, decision, segments=[one.model_dump() for one in checked.segments])
    return SegmentCheckResponse(
        verdict=VerifyResponse.of(decision),
        segments=list(checked.segments),
        corrected=checked.corrected,
        missing=list(checked.missing),
    )


async def council(call: Verifying, body: CouncilRequest) -> CouncilResponse:
    """Asks every model of the tenant that can answer; none sees another's answer. Then sorts what they claim.

    Nothing here is verified: it is what models say.
    """
    answerers = _answerers(call, least=2)
    ends = _ends(call)
    async with asyncio.timeout_at(ends):
        shown, reveal = await _concealed(call, Exchange(prompt_of(body), ""), body.session_id)
        stage_s = _COUNCIL_SHARE * _left(ends)
        found = await gather_opinions(shown.prompt, answerers, answerers[0], stage_s=stage_s)
        return await _council(call, found, reveal)


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


def _ends(call: Call) -> float:
    """The loop's time at which a request that arrived now must have its answer."""
    return asyncio.get_running_loop().time() + call.parts.guard.timing.deadline_s


def _left(ends: float) -> float:
    """Seconds until then, a moment at the least."""
    return max(0.001, ends - asyncio.get_running_loop().time())


@dataclass(frozen=True, slots=True)
class CheckedSegments:
    """The segments of a response with their labels, personal data put back.

    Attributes:
        segments: one a segment; none where they could not be checked.
        corrected: the response with flagged segments rewritten; ``None`` where that was not asked for, or not done.
        missing: answers and comparisons that did not come.
    """

    segments: tuple[SegmentItem, ...]
    corrected: str | None
    missing: tuple[str, ...]


async def _check(call: Call, query: VerificationQuery, ends: float, *, correct: bool) -> CheckedSegments:
    try:
        return await _check_before(call, query, ends, correct=correct)
    except PrivacyError:
        return _unchecked("personal data could not be looked for, or not be put back")


async def _check_before(call: Call, query: VerificationQuery, ends: float, *, correct: bool) -> CheckedSegments:
    shown, reveal = await _concealed(call, query.exchange, query.session_id)
    stage_s, answerers = _STAGE_SHARE * _left(ends), call.parts.answerers
    plan = SegmentCheckLimits(_WORDINGS, answer_s=stage_s, compare_s=stage_s)
    comparer = answerers[0] if call.parts.segments == "compared" else None
    report = await check_segments(shown, answerers, comparer, plan=plan)
    corrected = None
    if correct and comparer is not None:
        corrected = await reveal((await correct_segments(shown, report, answerers[0], plan=plan)).text)
    found = [await _segment(finding, reveal) for finding in report.findings]
    return CheckedSegments(tuple(found), corrected, report.missing)


def _unchecked(why: str) -> CheckedSegments:
    return CheckedSegments((), None, (f"the segments were not checked: {why}",))


async def _segment(finding: SegmentFinding, reveal: Reveal) -> SegmentItem:
    return SegmentItem(
        text=await reveal(finding.segment.text),
        label=finding.label,
        checked=finding.checked,
        unsupported=None if finding.unsupported is None else round(finding.unsupported, 4),
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
