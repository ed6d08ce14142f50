"""The ledger: entries, checkpoints, proofs, an audit and an export.

A log may be shared by tenants. Hashes are for everyone who may audit; what an entry says is for the tenant it is about, so
other tenants' entries are left out of lists, and the export of a log that tenants share needs the scope ``admin``.
Reading waits for a disk, so it happens in a thread.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from tempfile import TemporaryFile
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Path, Query
from starlette.responses import PlainTextResponse, Response

from foureyes.errors import InputError, LedgerOtherKey, LedgerTampered
from foureyes.ledger import Entry, Ledger
from foureyes.ledger.export import write_export
from foureyes.service.access import Auditing, Call
from foureyes.service.problems import Refused
from foureyes.service.sending import BoundedStream, json_in_parts
from foureyes.service.wire.base import Agent
from foureyes.service.wire.ledger import (
    AuditResponse,
    ConsistencyResponse,
    EntriesResponse,
    EntryResponse,
    ExportRequest,
    ExportResponse,
    InclusionResponse,
    LogResponse,
)

__all__ = ["add"]

T = TypeVar("T")

_BLOCK: Final = 512
_FURTHEST_BACK: Final = 10_240
"""How many entries a search for a tenant's latest ones looks through."""

_BLOCK_BYTES: Final = 1 << 18
_DOWNLOAD: Final = {"Content-Disposition": 'attachment; filename="foureyes-ledger.jsonl"'}
_EXPORT: Final[dict[str, Any]] = {
    "description": "see foureyes.ledger.export",
    "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
}

_Limit = Annotated[int, Query(ge=1, le=1000, description="how many, at most")]
_Number = Annotated[int, Query(ge=0, le=2**53)]


def add(router: APIRouter) -> None:
    """Adds the routes, ours and those the public client calls."""
    router.get("/v1/ledger", tags=["ledger"], summary="Name, size and public keys of the log")(about)
    router.get(
        "/v1/ledger/entries",
        tags=["ledger"],
        summary="The latest entries, or a range",
        response_model=EntriesResponse,
    )(entries)
    router.get("/v1/ledger/entries/{index}", tags=["ledger"], summary="One entry")(entry)
    router.get(
        "/v1/ledger/checkpoint",
        tags=["ledger"],
        summary="The newest checkpoint, a signed note",
        response_class=PlainTextResponse,
    )(checkpoint)
    router.get("/v1/ledger/proof/inclusion", tags=["ledger"], summary="Prove that an entry is in the log")(inclusion)
    router.get("/v1/ledger/proof/consistency", tags=["ledger"], summary="Prove that the log only grew")(consistency)
    for path in ("/v1/ledger/verify", "/v1/suite/vault/verify"):
        router.get(path, tags=["ledger"], summary="Audit the whole log", response_model_exclude_none=True)(audit)
    router.get(
        "/v1/suite/vault/ledger",
        tags=["ledger"],
        summary="The latest entries, newest first",
        response_model=list[EntryResponse],
    )(vault_ledger)
    router.post("/v1/suite/vault/export", tags=["ledger"], summary="Prepare an export")(export_job)
    router.get("/v1/suite/vault/export/{job_id}", tags=["ledger"], summary="Whether an export is ready")(export_status)
    router.get(
        "/v1/ledger/export",
        tags=["ledger"],
        summary="The whole log, to be verified offline",
        response_class=Response,
        responses={200: _EXPORT},
    )(export)


async def about(call: Auditing) -> LogResponse:
    """What an auditor needs to check the log elsewhere."""
    ledger = _ledger(call)
    size = await call.in_thread(lambda: ledger.size)
    return LogResponse(log_id=ledger.log_id, size=size, keys=[str(key) for key in ledger.keys])


async def entries(
    call: Auditing,
    start: Annotated[int | None, Query(ge=0, le=2**53, description="the first; the latest ones when absent")] = None,
    limit: _Limit = 50,
) -> Response:
    """Those about this tenant, in the order they were written."""
    ledger, tenant = _ledger(call), call.tenant.name

    def read() -> tuple[list[Entry], int]:
        size = ledger.size
        if start is None:
            return _latest(ledger, tenant, limit, size=size)[::-1], size
        return _own(ledger.entries(start, min(start + limit, size)), tenant), size

    found, size = await call.in_thread(read)
    return _listed(call, found, EntriesResponse(entries=[], size=size).model_dump_json())


async def entry(call: Auditing, index: Annotated[int, Path(ge=0, le=2**53)]) -> EntryResponse:
    """An entry about this tenant."""
    ledger = _ledger(call)
    found = await call.in_thread(lambda: _own(ledger.entries(index, index + 1), call.tenant.name))
    if not found:
        raise Refused(404, "no such entry")
    return _entry(found[0])


async def checkpoint(call: Auditing) -> Response:
    """Name, size and root of the log, signed (C2SP tlog-checkpoint). Keep it: a later proof of consistency starts here."""
    return PlainTextResponse(await call.in_thread(_ledger(call).checkpoint))


async def inclusion(
    call: Auditing,
    index: _Number,
    size: Annotated[int | None, Query(ge=1, le=2**53, description="of the log; the newest when absent")] = None,
) -> InclusionResponse:
    """Siblings from the entry to the root of the log of that size."""
    proof = await _provable(call, lambda: _ledger(call).prove_inclusion(index, size))
    return InclusionResponse.model_validate(proof.to_dict())


async def consistency(
    call: Auditing, old: _Number, new: Annotated[int | None, Query(ge=0, le=2**53)] = None
) -> ConsistencyResponse:
    """That the log of size `new` begins with the log of size `old`."""
    proof = await _provable(call, lambda: _ledger(call).prove_consistency(old, new))
    return ConsistencyResponse.model_validate(proof.to_dict())


async def audit(
    call: Auditing,
    limit: Annotated[int, Query(ge=1, description="accepted, and ignored: all of it is checked")] = 100,  # noqa: ARG001 - the public client sends it
) -> AuditResponse:
    """Reads the whole log and compares it with every signed checkpoint. One audit at a time."""
    ledger = _ledger(call)
    if call.tenant.auditing.locked():
        raise Refused(503, "an audit is under way", headers={"Retry-After": "5"})
    async with call.tenant.auditing:
        try:
            found = await call.in_thread(ledger.verify)
        except (LedgerTampered, LedgerOtherKey) as error:
            return AuditResponse(valid=False, entries_checked=error.index or 0, problem=str(error)[:500])
    return AuditResponse(
        valid=True,
        entries_checked=found.size,
        root=found.root,
        checkpoints=found.checkpoints,
        clock_jumps=found.clock_jumps,
    )


async def vault_ledger(call: Auditing, limit: _Limit = 50, agent_id: Agent | None = None) -> Response:
    """Those about this tenant, and about one agent if asked."""
    ledger, tenant = _ledger(call), call.tenant.name
    found = await call.in_thread(lambda: _latest(ledger, tenant, limit, size=ledger.size, agent=agent_id))
    return _listed(call, found, "[]")


async def export_job(call: Auditing, body: ExportRequest) -> ExportResponse:  # noqa: ARG001 - both forms are the same lines
    """Says where the export is to be had; it is made while it is sent."""
    ledger = _ledger(call)
    return _export(await call.in_thread(lambda: ledger.size))


async def export_status(call: Auditing, job_id: Annotated[str, Path(pattern=r"^[0-9]{1,15}$")]) -> ExportResponse:
    """An export is ready as soon as it is asked for."""
    ledger = _ledger(call)
    if int(job_id) > await call.in_thread(lambda: ledger.size):
        raise Refused(404, "no such export")
    return _export(int(job_id))


async def export(call: Auditing) -> Response:
    """Lines of JSON: the log's keys, its checkpoints, every entry as it was hashed. `foureyes ledger` has the verifier."""
    ledger = _ledger(call)
    sharing = [tenant for tenant in call.state.parts.tenants.values() if tenant.ledger is ledger]
    if len(sharing) > 1 and "admin" not in call.scopes:
        raise Refused(403, "the log is shared by tenants: it needs the scope 'admin'")
    return BoundedStream(_exported(call, ledger), media_type="application/x-ndjson", headers=_DOWNLOAD)


async def _exported(call: Call, ledger: Ledger) -> AsyncGenerator[bytes]:
    with TemporaryFile() as file:
        await call.in_thread(write_export, ledger, file)
        call.release_parts()
        file.seek(0)
        while block := await call.in_thread(file.read, _BLOCK_BYTES):
            yield block


def _ledger(call: Call) -> Ledger:
    if call.parts.ledger is None:
        raise Refused(501, "no ledger is configured")
    return call.parts.ledger


async def _provable(call: Call, prove: Callable[[], T]) -> T:
    try:
        return await call.in_thread(prove)
    except InputError as error:
        raise Refused(404, str(error)) from error


def _latest(ledger: Ledger, tenant: str, limit: int, *, size: int, agent: str | None = None) -> list[Entry]:
    """The newest first, of a log of a size."""
    found: list[Entry] = []
    stop, block = size, limit  # most logs hold one tenant's entries only
    oldest = max(0, size - _FURTHEST_BACK)
    while stop > oldest and len(found) < limit:
        start = max(oldest, stop - block)
        found += _own(ledger.entries(start, stop), tenant, agent)[::-1]
        stop, block = start, _BLOCK
    return found[:limit]


def _own(found: Iterator[Entry], tenant: str, agent: str | None = None) -> list[Entry]:
    return [one for one in found if one.payload.get("tenant") == tenant and agent in (None, one.payload.get("agent"))]


def _listed(call: Call, found: Sequence[Entry], frame: str) -> Response:
    """A response with these entries in place of the empty list of a frame."""
    call.release_parts()
    return BoundedStream(json_in_parts(frame, map(_entry, found)), media_type="application/json")


def _entry(found: Entry) -> EntryResponse:
    return EntryResponse(
        index=found.index,
        event=found.event,
        timestamp=found.time,
        entry_hash=found.hash,
        previous_hash=found.previous,
        payload=dict(found.payload),
        raw=found.raw.decode(),
    )


def _export(size: int) -> ExportResponse:
    return ExportResponse(job_id=str(size), status="completed", size=size, download="/v1/ledger/export")
