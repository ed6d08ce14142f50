"""What is told of a tenant's routes: their flow, their costs, what came of their answers, and single answers."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from foureyes.service.wire.base import EXAMPLE_ID, Name, RequestModel, ResponseModel, example

__all__ = [
    "RouteAnswerItem",
    "RouteAnswersResponse",
    "RouteItem",
    "RouteOutcomeRequest",
    "RouteOutcomeResponse",
    "RouteResumeRequest",
    "RouteResumeResponse",
    "RouteTokensResponse",
    "RoutesResponse",
    "WriterItem",
]


class RouteOutcomeRequest(RequestModel):
    """Whether a routed answer turned out right."""

    model_config = example(request_id=EXAMPLE_ID, correct=True)

    request_id: Name = Field(description="of the routed answer, as `x-foureyes-request-id` told it")
    correct: bool
    writer: Name | None = Field(default=None, description="whose answer, where it is not the one that was returned")


class RouteOutcomeResponse(ResponseModel):
    """That it was counted."""

    model_config = example(request_id=EXAMPLE_ID, route="answers", kept=True)

    request_id: str
    route: str
    kept: bool = Field(description="whether the route's log keeps it; without a log it is counted in this process only")


class RouteResumeRequest(RequestModel):
    """Whose promise is to hold again, and why."""

    model_config = example(route="answers", note="Looked at 40 answers by hand; the new product line is fine.")

    route: Name
    note: str = Field(
        default="", max_length=1000, description="in your words; the ledger keeps them as they are, so no personal data"
    )


class RouteResumeResponse(ResponseModel):
    """That it holds again."""

    model_config = example(route="answers", suspended_for="confidences are no longer distributed", suspended=False)

    route: str
    suspended_for: str = Field(description="why it had been suspended")
    suspended: bool = Field(description="whether it is now")


_WRITER: Final = {
    "name": "small",
    "model": "qwen2.5-0.5b",
    "by_action": {"answer": 70, "escalate": 30},
    "cost": 0.01,
    "unpriced": 0,
}
_ROUTE: Final = {
    "name": "answers",
    "by_action": {"answer": 97, "abstain": 3},
    "would": {},
    "hung_up": 0,
    "hung_up_cost": 0.0,
    "writers": [_WRITER],
    "reading_cost": 0.001,
    "cost": 0.011,
    "strongest_cost": 0.1,
    "expected_right": 0.95,
    "right": 19,
    "wrong": 1,
    "right_low": 0.75,
    "right_high": 0.999,
    "promise": "At most 3 % of the returned answers are wrong, with a confidence of 90 %.",
    "suspended": False,
}


class WriterItem(ResponseModel):
    """What one writer of a route did."""

    name: str
    model: str
    by_action: dict[str, int] = Field(
        description="what followed: answer, escalate, abstain, or why there was no answer"
    )
    cost: float = Field(description="of its tokens, as far as it is known")
    unpriced: int = Field(description="answers of unknown cost")


class RouteItem(ResponseModel):
    """What one route did since the process started."""

    name: str
    by_action: dict[str, int] = Field(description="requests by what became of them")
    would: dict[str, int] = Field(description="the same, as it would have been, while the route only watches")
    hung_up: int = Field(description="requests whose caller did not wait")
    hung_up_cost: float = Field(description="what was paid for those, as far as it is known; it is part of `cost`")
    writers: list[WriterItem]
    reading_cost: float
    cost: float = Field(description="of writers and reader, as far as it is known")
    strongest_cost: float | None = Field(
        description="what the strongest writer alone would have cost; null where that is unknown of some"
    )
    expected_right: float | None = Field(description="mean P(correct) of what was returned")
    right: int = Field(description="outcomes of returned answers that were right")
    wrong: int = Field(description="outcomes of returned answers that were wrong")
    right_low: float | None = Field(description="lower end of the 95 % interval of the share that was right")
    right_high: float | None = Field(description="upper end of it")
    promise: str = Field(description="what it promises, in words; empty where it promises nothing")
    suspended: bool = Field(description="whether the promise is suspended")


class RoutesResponse(ResponseModel):
    """Every route of the tenant."""

    model_config = example(routes=[_ROUTE])

    routes: list[RouteItem]


class RouteAnswerItem(ResponseModel):
    """One routed answer."""

    at: str
    foureyes: dict[str, Any] = Field(description="as the caller was told")
    messages: list[dict[str, Any]] | None = Field(description="what was asked, where the tenant shows texts")
    answers: list[list[str]] | None = Field(description="what each stage wrote, where the tenant shows texts")


class RouteTokensResponse(ResponseModel):
    """How the route's reader reads one answer, read once more for whoever opens it."""

    model_config = example(
        model="gemma3-270m",
        tokens=[{"lead": "", "pieces": [["text", "Canberra"]], "n": 8, "nats": 0.2, "strength": 0.03}],
        more=0,
        concealed=False,
        missing=None,
    )

    model: str = Field(description="the reader's")
    tokens: list[dict[str, Any]] = Field(
        description="the answer in order: `pieces` of text, `n` characters, `nats` of surprise, `strength` of colour from 0 to 1"
    )
    more: int = Field(description="tokens beyond those that are told")
    concealed: bool = Field(description="whether personal data was concealed before it was read here")
    missing: str | None = Field(description="why there are no tokens; null where there are")


class RouteAnswersResponse(ResponseModel):
    """The latest routed answers, the newest first."""

    model_config = example(
        answers=[
            {
                "at": "2026-11-30T00:00:00.000+00:00",
                "foureyes": {"route": "answers", "request_id": EXAMPLE_ID, "action": "answer", "confidence": 0.97},
                "messages": None,
                "answers": None,
            }
        ]
    )

    answers: list[RouteAnswerItem]
