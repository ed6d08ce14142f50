"""Alive, and ready."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from foureyes.service.wire.base import Answer

__all__ = ["Alive", "Ready"]


class Alive(Answer):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(Answer):
    """Whether the service can verify."""

    ready: bool
    not_ready: dict[str, str] = Field(description="part: why", examples=[{"ledger": "cannot be written"}])
