"""Responses of the ledger's routes: entries, proofs, audit, export. Every hash is hex; every proof can be checked without this service."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from foureyes.service.wire.base import RequestModel, ResponseModel, example

__all__ = [
    "AuditResponse",
    "ConsistencyResponse",
    "EntriesResponse",
    "EntryResponse",
    "ExportRequest",
    "ExportResponse",
    "InclusionResponse",
    "LogResponse",
]

_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class EntryResponse(ResponseModel):
    """One entry. ``raw`` is what was hashed: SHA-256 over a zero byte and it gives ``entry_hash`` (RFC 9162)."""

    index: int = Field(ge=0)
    event: str
    timestamp: str
    entry_hash: str
    previous_hash: str
    payload: dict[str, Any]
    raw: str


class EntriesResponse(ResponseModel):
    """Entries in the order they were written."""

    entries: list[EntryResponse]
    size: int = Field(ge=0, description="entries in the whole log")


class LogResponse(ResponseModel):
    """What an auditor needs to check this log elsewhere."""

    model_config = example(
        log_id="example.com/acme",
        size=42,
        keys=["example.com/acme+0f1e2d3c+ASuicZ9SGcbJhBnWGv7gFyMo6ZVwAwwp8Z2PJv1cfzYu"],
    )

    log_id: str
    size: int = Field(ge=0)
    keys: list[str] = Field(description="public keys that sign its checkpoints, in the form of C2SP signed notes")


class InclusionResponse(ResponseModel):
    """That an entry stands in a log of some size (RFC 9162 §2.1.3)."""

    model_config = example(index=41, size=42, entry_hash=_HASH, path=[_HASH], root=_HASH)

    index: int = Field(ge=0)
    size: int = Field(ge=1)
    entry_hash: str
    path: list[str] = Field(description="siblings on the way to the root, the lowest first")
    root: str


class ConsistencyResponse(ResponseModel):
    """That the log only grew between two sizes (RFC 9162 §2.1.4)."""

    model_config = example(old=41, new=42, old_root=_HASH, new_root=_HASH, hashes=[_HASH])

    old: int = Field(ge=0)
    new: int = Field(ge=0)
    old_root: str
    new_root: str
    hashes: list[str]


class AuditResponse(ResponseModel):
    """Whether the whole log is what was written to it."""

    model_config = example(valid=True, entries_checked=42, root=_HASH, checkpoints=3, clock_jumps=0)

    valid: bool
    entries_checked: int = Field(ge=0)
    root: str | None = None
    checkpoints: int | None = Field(default=None, description="signed checkpoints the entries agree with")
    clock_jumps: int | None = Field(default=None, description="how often the clock went back; no tampering")
    problem: str | None = Field(default=None, description="what is wrong, and where")


class ExportRequest(RequestModel):
    """The form of the export."""

    model_config = example(export_type="json")

    export_type: Literal["json", "jsonl"] = "jsonl"


class ExportResponse(ResponseModel):
    """Where the export can be fetched. It is made as it is sent, so it is ready at once."""

    model_config = example(job_id="42", status="completed", size=42, download="/v1/ledger/export")

    job_id: str
    status: Literal["completed"]
    size: int = Field(ge=0, description="entries in it")
    download: str
