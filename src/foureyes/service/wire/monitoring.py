"""Requests and responses of the monitor's routes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from foureyes.choices import GuardMode
from foureyes.service.wire.base import RequestModel, ResponseModel, example

__all__ = ["AcknowledgeRequest", "AcknowledgeResponse", "SnapshotResponse"]


class SnapshotResponse(ResponseModel):
    """A tenant's monitor, as it keeps itself."""

    tenant: str
    mode: GuardMode = Field(description="observe where verdicts only inform, and nothing is held back")
    monitor: dict[str, Any] = Field(description="see foureyes.monitoring.Monitor.snapshot")


class AcknowledgeRequest(RequestModel):
    """The alarm to end."""

    model_config = example(key="rate:errors:openai/gpt-5")

    key: Annotated[str, Field(min_length=1, max_length=300)]


class AcknowledgeResponse(ResponseModel):
    """The alarm that was ended, and those that are still active."""

    model_config = example(key="rate:errors:openai/gpt-5", active=[])

    key: str
    active: list[str]
