"""The two modes that look closer: segment by segment, and several models' own answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foureyes.service.wire.base import Answer, Request, Session, Text, example
from foureyes.service.wire.guard import MAX_TURNS, Turn, VerifyAnswer, VerifyRequest

__all__ = [
    "CheckedAnswer",
    "ClaimAnswer",
    "CouncilAnswer",
    "CouncilRequest",
    "DisagreementAnswer",
    "OpinionAnswer",
    "SegmentAnswer",
    "SegmentsRequest",
    "SupportAnswer",
]


class SegmentsRequest(VerifyRequest):
    """A response to verify as a whole and segment by segment."""

    model_config = example(
        prompt="Tell me about Canberra.", response="Canberra is a city. It is the capital of Austria.", correct=True
    )

    correct: bool = Field(default=False, description="rewrite the flagged segments, and only those")


class SegmentAnswer(Answer):
    """One segment, and what independent answers say of it."""

    text: str
    label: Literal["accurate", "contradictory", "neutral"]
    checked: bool = Field(description="whether it was compared with any answer; if not, its label says nothing")
    evidence: list[str] = Field(description="passages of independent answers")


class CheckedAnswer(Answer):
    """The verdict on the whole, and a label for every segment."""

    model_config = example(
        verdict=VerifyAnswer.model_config["json_schema_extra"]["examples"][0],  # type: ignore[index]
        segments=[
            {"text": "It is the capital of Austria.", "label": "contradictory", "checked": True, "evidence": ["…"]}
        ],
        corrected="Canberra is a city. It is the capital of Australia.",
        missing=[],
    )

    verdict: VerifyAnswer
    segments: list[SegmentAnswer]
    corrected: str | None = Field(description="the response with its flagged segments rewritten, if that was asked for")
    missing: list[str] = Field(description="answers and comparisons that did not come")


class CouncilRequest(Request):
    """What to ask several models."""

    model_config = example(prompt="What is the capital of Australia?")

    prompt: Text | Annotated[list[Turn], Field(min_length=1, max_length=MAX_TURNS)]
    session_id: Session | None = None


class OpinionAnswer(Answer):
    """What one model answered."""

    provider: str
    model: str
    text: str


class SupportAnswer(Answer):
    """Where a claim stands."""

    answer: int = Field(ge=0, description="number of the opinion")
    quote: str


class ClaimAnswer(Answer):
    """Something that is claimed, and by whom."""

    claim: str
    support: list[SupportAnswer]


class DisagreementAnswer(Answer):
    """A topic on which answers contradict each other."""

    topic: str
    positions: list[ClaimAnswer]


class CouncilAnswer(Answer):
    """Independent answers, and what they say together."""

    model_config = example(
        request_id="0f8fad5bd9cb469fa16570867728950e",
        opinions=[{"provider": "openai", "model": "gpt-5", "text": "Canberra."}],
        synthesised=False,
        consensus=[],
        disagreement=[],
        unique=[],
        missing=["a synthesis needs two answers; there are 1"],
    )

    request_id: str
    opinions: list[OpinionAnswer]
    synthesised: bool = Field(description="whether the answers could be sorted; if not, the lists below say nothing")
    consensus: list[ClaimAnswer]
    disagreement: list[DisagreementAnswer]
    unique: list[ClaimAnswer]
    missing: list[str] = Field(description="why models are silent, or there is no synthesis")
