"""The ASGI application: middleware around routes.

::

    middleware ─── routes ─── body, access             who may do what
         │            └────── verification ─── guard   the only place where a response says "safe"
         └──── problems                                everything else that can be said

:func:`create_app` takes the parts and keeps no global state; two applications in one process share nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from foureyes import __version__
from foureyes.config.parts import Parts
from foureyes.service.app_state import AppState, Instruments
from foureyes.service.body import BodyRoute
from foureyes.service.dashboard import router as dashboard
from foureyes.service.maintenance import maintain_forever
from foureyes.service.middleware import RequestMiddleware
from foureyes.service.openapi import DESCRIPTION, TAGS, describe
from foureyes.service.problems import problem_response
from foureyes.service.routes import (
    decisions,
    gateways,
    guard,
    health,
    independent_answers,
    ledger,
    monitoring,
    openai,
    privacy,
    routed,
)

__all__ = ["create_app"]


def create_app(
    parts: Parts, instruments: Instruments | None = None, *, close: Callable[[], Awaitable[None]] | None = None
) -> FastAPI:
    """The service as an ASGI application.

    Args:
        parts: what the configuration wired. ``app.state.foureyes.replace(parts)`` puts others in force.
        instruments: log, tracer and clocks.
        close: what the lifespan ends with; ``None`` closes the parts then in force.

    Returns:
        The application.
    """
    state = AppState(parts, instruments)
    app = FastAPI(
        title="foureyes",
        version=__version__,
        summary="Nothing counts until a second pair of eyes has read it.",
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(state, close),
        # FastAPI would tell by itself, wherever a process has set up OpenTelemetry: paths as sent, errors in their words
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.foureyes = state
    app.router.route_class = BodyRoute
    openai.add(app.router)  # first, as the most frequent: routes are tried in turn
    for subject in (guard, independent_answers, privacy, decisions, ledger, gateways, routed, monitoring, health):
        subject.add(app.router)
    app.include_router(dashboard())
    for error in (HTTPException, RequestValidationError):
        app.add_exception_handler(error, _problem)
    app.add_middleware(RequestMiddleware, state=state)
    setattr(app, "openapi", describe(app))  # noqa: B010 - FastAPI's own way to extend the document
    return app


def _lifespan(
    state: AppState, close: Callable[[], Awaitable[None]] | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        works = {"maintenance": asyncio.create_task(maintain_forever(state))}
        if state.sharing is not None:
            following = state.sharing.follow_forever(lambda: state.shared_tenants)
            works["shared state"] = asyncio.create_task(following)
        try:
            yield
        finally:
            await _end(works, state)
            try:
                state.save(state.tenants)
                if state.sharing is not None:
                    await state.sharing.close(state.shared_tenants)
            finally:
                await (close or state.parts.close)()

    return lifespan


async def _end(works: Mapping[str, asyncio.Task[None]], state: AppState) -> None:
    """Ends periodic work, and logs what had ended by itself."""
    for work in works.values():
        work.cancel()
    for name, ended in zip(works, await asyncio.gather(*works.values(), return_exceptions=True), strict=True):
        if isinstance(ended, Exception):
            state.log_failure(ended, name)


async def _problem(request: Request, error: Exception) -> Response:
    """The response to a refusal, ours or FastAPI's own; whatever else is raised, the middleware turns into one."""
    response = problem_response(error, request.scope["foureyes.request_id"])
    if response.status_code == 405:
        response.headers["Allow"] = _served_methods(request)
    return response


def _served_methods(request: Request) -> str:
    """The methods of every route at this path; each method has a route of its own."""
    found = [
        route for route in request.app.routes if isinstance(route, Route) and route.path_regex.match(request.url.path)
    ]
    return ", ".join(sorted({method for route in found for method in route.methods or ()}))
