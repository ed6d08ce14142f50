"""Responses of ``/healthz`` and ``/readyz``."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from foureyes.service.wire.base import ResponseModel

__all__ = ["NOT_READY", "HealthResponse", "ReadyResponse"]

NOT_READY: Final = {
    "configuration": "the file on the disk is broken; the one before it is in force",
    "service": "it is ending: ask another one",
    "ledger": "one does not continue what its witness saw; nothing is recorded in it, or safe without it",
    "shared_state": "the database that replicas share does not answer; nobody is admitted without it",
    "version": "a newer version wrote what this one cannot read of a tenant; ask a replica of that version",
}
"""Parts that may not be ready, and what is said of them."""


class HealthResponse(ResponseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class ReadyResponse(ResponseModel):
    """Whether the service can verify."""

    ready: bool
    not_ready: dict[str, str] = Field(description="part: why", examples=[{"configuration": NOT_READY["configuration"]}])
    needs_restart: list[str] = Field(
        description="settings that were changed since the start and that only a new process applies",
        examples=[["[server] port"]],
    )
