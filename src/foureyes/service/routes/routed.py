"""What routes did, for the dashboard, and outcomes of their answers, posted back once each."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from foureyes.errors import InputError
from foureyes.maths.bounds import clopper_pearson
from foureyes.report.heat import heat_of
from foureyes.route.answering import AnsweringRoute
from foureyes.route.roles import OutcomeKnown, OutcomeUnkept
from foureyes.service.access import Auditing, Call, Reporting, Resuming
from foureyes.service.problems import Refused
from foureyes.service.route_book import KeptAnswer, RouteTally
from foureyes.service.sending import BoundedStream, json_in_parts
from foureyes.service.wire.decisions import rfc3339
from foureyes.service.wire.openai_told import told_of
from foureyes.service.wire.routes import (
    RouteAnswerItem,
    RouteAnswersResponse,
    RouteItem,
    RouteOutcomeRequest,
    RouteOutcomeResponse,
    RouteResumeRequest,
    RouteResumeResponse,
    RoutesResponse,
    RouteTokensResponse,
    WriterItem,
)
from foureyes.turns import openai_chat
from foureyes.types import Exchange, Unscored

__all__ = ["add"]

_MOST_TOKENS: Final = 4000
"""Of one answer, as many as other pages draw at first."""


def add(router: APIRouter) -> None:
    """Adds the routes."""
    router.post("/v1/route/outcomes", tags=["routes"], summary="Report whether a routed answer was right")(outcome)
    router.get("/v1/routes", tags=["routes"], summary="What the tenant's routes did")(routes)
    router.post("/v1/routes/resume", tags=["routes"], summary="Let a suspended promise hold again")(resume)
    router.get(
        "/v1/routes/answers",
        tags=["routes"],
        summary="The latest routed answers",
        response_model=RouteAnswersResponse,
    )(answers)
    router.get("/v1/routes/answers/{request_id}/tokens", tags=["routes"], summary="One answer, token by token")(tokens)


async def outcome(call: Reporting, body: RouteOutcomeRequest) -> RouteOutcomeResponse:
    """Counts once for each answer: towards what is shown of its route, and into the log that the route learns from.

    An answer that this process does not remember is looked for in the logs of the routes that only this tenant may ask: a log
    does not tell whose an answer was.
    """
    book = call.tenant.routed
    known = book.route_of(body.request_id)
    if known is not None and book.is_reported(body.request_id, body.writer):
        raise Refused(409, "an outcome of this answer was reported before; it counts once")
    names = _own_routes(call) if known is None else [name for name in call.parts.routes if name == known]
    kept_by = next((name for name in names if _keep(call, name, body)), None)
    if kept_by is None and known is None:
        raise Refused(404, "no such answer is remembered, and no route's log holds it")
    if known is not None:
        book.report(body.request_id, correct=body.correct, writer=body.writer)
    route = kept_by or known or ""
    call.state.metrics.routes.outcome(route, correct=body.correct)
    return RouteOutcomeResponse(request_id=body.request_id, route=route, kept=kept_by is not None)


def _own_routes(call: Call) -> list[str]:
    """Routes of the tenant that no other tenant may ask."""
    others = [parts for name, parts in call.state.parts.tenants.items() if name != call.tenant.name]
    return [
        name
        for name, route in call.parts.routes.items()
        if not any(route is theirs for parts in others for theirs in parts.routes.values())
    ]


def _keep(call: Call, name: str, body: RouteOutcomeRequest) -> bool:
    """Whether a route's log keeps the outcome.

    Raises:
        Refused: 409, it knows one already; 503, it cannot be written.
    """
    try:
        kept: bool = call.parts.routes[name].outcome(body.request_id, correct=body.correct, writer=body.writer)
    except OutcomeKnown:
        raise Refused(409, "an outcome of this answer was reported before; it counts once") from None
    except OutcomeUnkept as error:
        call.state.log_failure(error.__cause__ or error, call.request_id)
        raise Refused(
            503, "the outcome could not be kept; tell it again later", headers={"Retry-After": "10"}
        ) from None
    except InputError:
        return False
    return kept


async def routes(call: Auditing) -> RoutesResponse:
    """Flow, costs and outcomes since the process started; routes that were not asked yet are there too."""
    tallies = call.tenant.routed.tallies
    names = dict.fromkeys([*call.parts.routes, *tallies])
    return RoutesResponse(
        routes=[_item(name, tallies.get(name) or RouteTally(), call.parts.routes.get(name)) for name in names]
    )


async def resume(call: Resuming, body: RouteResumeRequest) -> RouteResumeResponse:
    """On a person's word: confidences from now on are the new normal.

    It goes into the service's log and, where the route has one, into its ledger first.
    """
    route: AnsweringRoute | None = call.parts.routes.get(body.route)
    if route is None:
        raise Refused(404, "the tenant has no such route")
    if not route.suspended:
        raise Refused(409, "its promise is not suspended")
    why = await route.resume(by=f"{call.tenant.name}/{call.key_id}", note=body.note)
    call.state.instruments.log.warning(
        "promise", tenant=call.tenant.name, route=body.route, resumed=True, by=call.key_id, suspended_for=why
    )
    return RouteResumeResponse(route=body.route, suspended_for=why, suspended=bool(route.suspended))


async def answers(
    call: Auditing, limit: Annotated[int, Query(ge=1, le=200)] = 50, route: str | None = None
) -> Response:
    """With their stages; texts only where the tenant shows them."""
    found = [one for one in call.tenant.routed.latest() if route in (None, one.answer.route)]
    shown = call.parts.show_texts
    call.release_parts()
    parts = json_in_parts(
        RouteAnswersResponse(answers=[]).model_dump_json(), (_answer(one, shown=shown) for one in found[:limit])
    )
    return BoundedStream(parts, media_type="application/json")


async def tokens(
    call: Auditing, request_id: Annotated[str, Path(max_length=200)], stage: Annotated[int, Query(ge=0, le=99)] = 0
) -> RouteTokensResponse:
    """Of the answer that a stage chose, where the tenant shows texts. The reader reads it again for that."""
    kept = call.tenant.routed.kept(request_id) if call.parts.show_texts else None  # texts may be shown no longer
    exchange = None if kept is None else _exchange(kept, stage)
    route = None if kept is None else call.parts.routes.get(kept.answer.route)
    if exchange is None or route is None:
        raise Refused(404, "no such answer is remembered with its texts, or its route is gone")
    if exchange.unread:
        return _no_tokens(f"nobody here can read {', '.join(exchange.unread)}"[:200], concealed=False)
    reading, concealed = await route.reread(exchange)
    if isinstance(reading, Unscored):
        return _no_tokens(str(reading), concealed=concealed)
    spots = heat_of(reading)
    told = [dict(spot) for spot in spots[:_MOST_TOKENS]]
    return RouteTokensResponse(
        model=reading.model, tokens=told, more=len(spots) - len(told), concealed=concealed, missing=None
    )


def _exchange(kept: KeptAnswer, stage: int) -> Exchange | None:
    stages = kept.answer.stages
    chosen = stages[stage].chosen if stage < len(stages) else None
    if kept.messages is None or chosen is None:
        return None
    asked = openai_chat.messages({"messages": list(kept.messages)})
    return Exchange.of(asked, stages[stage].candidates[chosen].turn, tools=kept.tools)


def _no_tokens(why: str, *, concealed: bool) -> RouteTokensResponse:
    return RouteTokensResponse(model="", tokens=[], more=0, concealed=concealed, missing=why)


def _item(name: str, tally: RouteTally, route: AnsweringRoute | None) -> RouteItem:
    n = tally.right + tally.wrong
    low, high = clopper_pearson(tally.right, n) if n else (None, None)
    return RouteItem(
        name=name,
        by_action=dict(tally.by_action),
        would=dict(tally.would),
        hung_up=tally.hung_up,
        hung_up_cost=tally.hung_up_cost,
        writers=[
            WriterItem(name=name, model=one.model, by_action=dict(one.by_action), cost=one.cost, unpriced=one.unpriced)
            for name, one in tally.writers.items()
        ],
        reading_cost=tally.reading_cost,
        cost=tally.reading_cost + sum(one.cost for one in tally.writers.values()),
        strongest_cost=tally.strongest_cost,
        expected_right=tally.confidence_sum / tally.confident if tally.confident else None,
        right=tally.right,
        wrong=tally.wrong,
        right_low=low,
        right_high=high,
        promise="" if route is None else route.promise,
        suspended=tally.suspended if route is None else bool(route.suspended),
    )


def _answer(kept: KeptAnswer, *, shown: bool) -> RouteAnswerItem:
    shown = shown and kept.messages is not None
    stages = kept.answer.stages
    return RouteAnswerItem(
        at=rfc3339(kept.answer.at),
        foureyes=told_of(kept.answer),
        messages=[dict(one) for one in kept.messages] if shown and kept.messages is not None else None,
        answers=[[one.turn.content for one in stage.candidates] for stage in stages] if shown else None,
    )
