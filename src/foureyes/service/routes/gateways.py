"""The routes that other gateways call: LiteLLM's generic guardrail and NeMo's check.

Both say "stop" whenever this service cannot say "safe". What their bodies bring along (keys, headers, parameters, a whole
configuration) is never used; an inline configuration is refused, so that nobody believes it was applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from fastapi import APIRouter

from foureyes.errors import PrivacyError
from foureyes.privacy import conceal, reveal
from foureyes.service.access import Call, Verifying
from foureyes.service.verification import VerificationQuery, verify
from foureyes.service.wire.gateways import ChatMessage, LiteLLMRequest, LiteLLMResponse, NeMoRequest, NeMoResponse
from foureyes.types import Exchange, Message, Role

if TYPE_CHECKING:
    from foureyes.guard import Decision

__all__ = ["add"]

Status: TypeAlias = Literal["success", "blocked"]

_RAIL = "cross model verification"
_TURNS = ("system", "user", "assistant")


def add(router: APIRouter) -> None:
    """Adds the routes."""
    router.post(
        "/beta/litellm_basic_guardrail_api",
        tags=["gateways"],
        summary="LiteLLM's generic guardrail",
        response_model_exclude_none=True,
    )(litellm)
    router.post("/v1/guardrail/checks", tags=["gateways"], summary="NeMo Guardrails' check")(nemo)


async def litellm(call: Verifying, body: LiteLLMRequest) -> LiteLLMResponse:
    """Before a model is asked: personal data is replaced by tokens. After it answered: the answer is verified.

    A response is verified against the conversation in `structured_messages`; without one it is blocked, since there is
    nothing to verify it against. Images cannot be verified, and are blocked.
    """
    if body.images:
        return LiteLLMResponse(action="BLOCKED", blocked_reason="images cannot be verified")
    if body.input_type == "request":
        return await _before(call, body.texts or [], body.litellm_call_id)
    return await _after(call, body)


async def nemo(call: Verifying, body: NeMoRequest) -> NeMoResponse:
    """Verifies the last message, which must be an assistant's, against those before it."""
    *before, last = body.messages
    prompt = _turns(before)
    if last.role != "assistant" or not prompt:
        return _rail(
            "blocked", reason="nothing to verify: wanted a question and then an assistant's message as the last one"
        )
    decision = await verify(call, VerificationQuery(Exchange(prompt, _text(last))))
    status: Status = "success" if decision.safe else "blocked"
    return _rail(status, reason=decision.verdict.reason, request_id=decision.request_id)


def _rail(status: Status, **data: str) -> NeMoResponse:
    return NeMoResponse(status=status, rails_status={_RAIL: {"status": status}}, guardrails_data=data)


async def _before(call: Call, texts: Sequence[str], session: str | None) -> LiteLLMResponse:
    vault, detector = call.parts.vault, call.parts.detector
    if vault is None or detector is None or not texts:
        return LiteLLMResponse(action="NONE")
    conversation = vault.conversation(session or None)
    try:
        concealed = await call.in_privacy_thread(conceal, texts, detector, conversation)
    except PrivacyError:
        return LiteLLMResponse(action="BLOCKED", blocked_reason="personal data could not be looked for")
    if not concealed.manifest:
        return LiteLLMResponse(action="NONE")
    return LiteLLMResponse(action="GUARDRAIL_INTERVENED", texts=list(concealed.texts))


async def _after(call: Call, body: LiteLLMRequest) -> LiteLLMResponse:
    prompt = _turns(body.structured_messages or [])
    if not body.texts:
        return LiteLLMResponse(action="NONE")
    if not prompt:
        return LiteLLMResponse(action="BLOCKED", blocked_reason="no structured_messages to verify the response against")
    decisions = [await verify(call, VerificationQuery(Exchange(prompt, text))) for text in body.texts]
    if unsafe := [decision for decision in decisions if not decision.safe]:
        return LiteLLMResponse(action="BLOCKED", blocked_reason=_why(unsafe[0]))
    return await _restored(call, body.texts, body.litellm_call_id)


async def _restored(call: Call, texts: Sequence[str], session: str | None) -> LiteLLMResponse:
    """The texts with the data that was taken out of the request, if any was."""
    vault = call.parts.vault
    if vault is None or session is None or not await call.in_thread(vault.__contains__, session):
        return LiteLLMResponse(action="NONE")
    conversation = vault.conversation(session)
    revealed = [await call.in_privacy_thread(reveal, text, conversation) for text in texts]
    if revealed == list(texts):
        return LiteLLMResponse(action="NONE")
    return LiteLLMResponse(action="GUARDRAIL_INTERVENED", texts=revealed)


def _why(decision: Decision) -> str:
    return f"{decision.verdict.reason} (verification {decision.request_id})"


def _turns(messages: Sequence[ChatMessage]) -> tuple[Message, ...]:
    """The turns a verifier may see: what was said, not what tools brought in."""
    said = [(message.role, _text(message)) for message in messages if message.role in _TURNS]
    return tuple(Message(cast("Role", role), text) for role, text in said if text)


def _text(message: ChatMessage) -> str:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    parts = [part.get("text") for part in message.content if part.get("type") == "text"]
    return "\n".join(part for part in parts if isinstance(part, str))
