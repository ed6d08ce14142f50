"""Health, readiness and metrics of the process. None of these needs a key, and none tells a stranger anything."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from foureyes.service.app_state import AppState
from foureyes.service.metrics import Metrics
from foureyes.service.wire.health import HealthResponse, ReadyResponse

__all__ = ["add"]


def add(router: APIRouter) -> None:
    """Adds the routes."""
    router.get("/healthz", tags=["health"], summary="Whether the process answers")(healthz)
    router.get(
        "/readyz",
        tags=["health"],
        summary="Whether it can verify",
        response_model=ReadyResponse,
        responses={503: _NOT_READY},
    )(readyz)
    router.get(
        "/metrics",
        tags=["health"],
        summary="Figures for Prometheus",
        response_class=Response,
        responses={200: _METRICS},
    )(metrics)


_NOT_READY: dict[str, Any] = {"model": ReadyResponse, "description": "Some part is not ready"}
_METRICS: dict[str, Any] = {
    "description": "Prometheus' text format",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


async def healthz() -> HealthResponse:
    """Answers as long as the process does."""
    return HealthResponse()


async def readyz(request: Request) -> Response:
    """Names the parts that are not ready, and why, in words fit for a stranger."""
    state: AppState = request.scope["foureyes.state"]
    missing = state.not_ready
    ready = ReadyResponse(ready=not missing, not_ready=missing, needs_restart=list(state.needs_restart))
    return JSONResponse(ready.model_dump(), status_code=200 if ready.ready else 503)


async def metrics(request: Request) -> Response:
    """Counters, histograms and the monitors' gauges; names carry their units. Tenants are numbered, not named."""
    state: AppState = request.scope["foureyes.state"]
    monitors = [state.tenant(tenant).monitor for tenant in state.parts.tenants]
    gauges = await state.metrics.gauges.render(monitors, state.instruments.wall_clock())
    return Response(state.metrics.render() + gauges, media_type=Metrics.content_type)
