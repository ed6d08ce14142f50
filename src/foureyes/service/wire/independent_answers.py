"""Requests and responses of the routes that ask models for answers of their own: segment check and council."""

from __future__ import annotations

from pydantic import Field

from foureyes.guard.comparison import SegmentLabel
from foureyes.service.wire.base import EXAMPLE_ID, ResponseModel, Session, example
from foureyes.service.wire.guard import VerifyRequest, VerifyResponse
from foureyes.service.wire.messages import EITHER_PROMPT, PromptRequest

__all__ = [
    "ClaimItem",
    "CouncilRequest",
    "CouncilResponse",
    "DisagreementItem",
    "OpinionItem",
    "SegmentCheckRequest",
    "SegmentCheckResponse",
    "SegmentItem",
    "SupportItem",
]


class SegmentCheckRequest(VerifyRequest):
    """A response to verify as a whole and segment by segment."""

    model_config = example(
        prompt="Tell me about Canberra.",
        response="Canberra is a city. It is the capital of Austria.",
        correct=True,
        schema=EITHER_PROMPT,
    )

    correct: bool = Field(default=False, description="rewrite the flagged segments, and only those")


class SegmentItem(ResponseModel):
    """One segment, and what independent answers say of it."""

    text: str
    label: SegmentLabel
    checked: bool = Field(description="whether it was compared with any answer; if not, its label says nothing")
    unsupported: float | None = Field(
        default=None,
        description="share of its words that an independent answer lacks, on average over them, 0 to 1: a rank, no verdict",
    )
    evidence: list[str] = Field(description="passages of independent answers")


class SegmentCheckResponse(ResponseModel):
    """The verdict on the whole, and a label for every segment."""

    model_config = example(
        verdict=VerifyResponse.model_config["json_schema_extra"]["examples"][0],  # type: ignore[index]
        segments=[
            {"text": "Canberra is a city.", "label": "neutral", "checked": True, "unsupported": 0.5, "evidence": []},
            {
                "text": "It is the capital of Austria.",
                "label": "contradictory",
                "checked": True,
                "unsupported": 0.4167,
                "evidence": 2 * ["Canberra is the capital of Australia."] + 2 * ["The capital is Canberra."],
            },
        ],
        corrected="Canberra is a city. It is the capital of Australia.",
        missing=[],
    )

    verdict: VerifyResponse
    segments: list[SegmentItem]
    corrected: str | None = Field(description="the response with its flagged segments rewritten, if that was asked for")
    missing: list[str] = Field(description="answers and comparisons that did not come")


class CouncilRequest(PromptRequest):
    """What to ask several models."""

    model_config = example(prompt="What is the capital of Australia?", schema=EITHER_PROMPT)

    session_id: Session | None = None


class OpinionItem(ResponseModel):
    """What one model answered."""

    provider: str
    model: str
    text: str


class SupportItem(ResponseModel):
    """Where a claim stands."""

    opinion: int = Field(ge=0, description="number of the opinion")
    quote: str


class ClaimItem(ResponseModel):
    """Something that is claimed, and by whom."""

    claim: str
    support: list[SupportItem]


class DisagreementItem(ResponseModel):
    """A topic on which answers contradict each other."""

    topic: str
    positions: list[ClaimItem]


class CouncilResponse(ResponseModel):
    """Independent answers, and what they say together."""

    model_config = example(
        request_id=EXAMPLE_ID,
        opinions=[
            {"provider": "openai", "model": "gpt-5", "text": "Canberra is the capital of Australia."},
            {"provider": "openai", "model": "gpt-5-mini", "text": "The capital is Canberra."},
        ],
        synthesised=True,
        consensus=[
            {
                "claim": "Canberra is the capital of Australia.",
                "support": [{"opinion": 0, "quote": "Canberra"}, {"opinion": 1, "quote": "Canberra"}],
            }
        ],
        disagreement=[],
        unique=[],
        missing=[],
    )

    request_id: str
    opinions: list[OpinionItem]
    synthesised: bool = Field(description="whether the answers could be sorted; if not, the lists below say nothing")
    consensus: list[ClaimItem]
    disagreement: list[DisagreementItem]
    unique: list[ClaimItem]
    missing: list[str] = Field(description="why models are silent, or there is no synthesis")
