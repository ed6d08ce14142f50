"""Replacing personal data by tokens, and restoring it. A detector that fails is a 503; no text goes out half done."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Path

from foureyes.privacy import Concealed, Detector, Vault, conceal, reveal
from foureyes.privacy.tokens import tokens_in
from foureyes.service.access import Call, Verifying
from foureyes.service.problems import Refused
from foureyes.service.wire.base import Session
from foureyes.service.wire.privacy import (
    RehydrateRequest,
    RehydrateResponse,
    SessionResponse,
    TokenItem,
    TokenizeRequest,
    TokenizeResponse,
)

__all__ = ["add"]

_SessionInPath = Annotated[Session, Path(description="the conversation")]


def add(router: APIRouter) -> None:
    """Adds the routes, each under our name and under the one the public client calls."""
    for prefix in ("/v1/guard/pii", "/v1/suite/guard/pii"):
        router.post(f"{prefix}/tokenize", tags=["privacy"], summary="Replace personal data by tokens")(tokenize)
        router.post(f"{prefix}/rehydrate", tags=["privacy"], summary="Put personal data back")(rehydrate)
        path = f"{prefix}/sessions/{{session_id:path}}"  # a name may hold slashes
        router.get(path, tags=["privacy"], summary="Whether a conversation can be restored")(session)
        router.delete(path, tags=["privacy"], summary="Forget a conversation for good")(revoke)


async def tokenize(call: Verifying, body: TokenizeRequest) -> TokenizeResponse:
    """Replaces personal data by tokens that stay the same within a conversation."""
    vault, detector = _parts(call)
    session_id = body.session_id or secrets.token_hex(16)
    concealed = await call.in_privacy_thread(_conceal, body.text, detector, vault, session_id)
    return TokenizeResponse(
        tokenized_text=concealed.texts[0],
        session_id=session_id,
        tokens_created=concealed.created,
        token_manifest=[TokenItem(token=entry.token, kind=entry.kind) for entry in concealed.manifest],
    )


async def rehydrate(call: Verifying, body: RehydrateRequest) -> RehydrateResponse:
    """Puts the values of a conversation back. A token it did not issue stays as it is, and so does a text without any."""
    vault, _ = _parts(call)
    if tokens_in(body.text):
        await _require_session(call, vault, body.session_id)
    text = await call.in_privacy_thread(_reveal, body.text, vault, body.session_id)
    return RehydrateResponse(rehydrated_text=text, session_id=body.session_id)


async def session(call: Verifying, session_id: _SessionInPath) -> SessionResponse:
    """Says whether the conversation's data can still be restored."""
    vault, _ = _parts(call)
    await _require_session(call, vault, session_id)
    return SessionResponse(session_id=session_id, revoked=False)


async def revoke(call: Verifying, session_id: _SessionInPath) -> SessionResponse:
    """Deletes the conversation's data and its key; what was concealed in it can never be restored."""
    vault, _ = _parts(call)
    if not await call.in_thread(vault.delete, session_id):
        raise Refused(404, "no such conversation")
    return SessionResponse(session_id=session_id, revoked=True)


def _parts(call: Call) -> tuple[Vault, Detector]:
    vault, detector = call.parts.vault, call.parts.detector
    if vault is None or detector is None:
        raise Refused(501, "no vault for personal data is configured")
    return vault, detector


async def _require_session(call: Call, vault: Vault, session_id: str) -> None:
    if not await call.in_thread(vault.__contains__, session_id):
        raise Refused(404, "no such conversation: it was deleted, has expired or never held personal data")


def _conceal(text: str, detector: Detector, vault: Vault, session_id: str) -> Concealed:
    return conceal([text], detector, vault.conversation(session_id))


def _reveal(text: str, vault: Vault, session_id: str) -> str:
    return reveal(text, vault.conversation(session_id))
