"""Alive, and ready."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from foureyes.service.wire.base import ResponseModel

__all__ = ["HealthResponse", "ReadyResponse"]


class HealthResponse(ResponseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class ReadyResponse(ResponseModel):
    """Whether the service can verify."""

    ready: bool
    not_ready: dict[str, str] = Field(description="part: why", examples=[{"ledger": "cannot be written"}])
