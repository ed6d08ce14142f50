"""The routes that other gateways call: LiteLLM's generic guardrail and NeMo's check.

Both say "stop" whenever this service cannot say "safe": of a part that cannot be read, of a question that is not known, of
nothing at all. What their bodies say about a request (keys, headers, parameters) is never used; an inline configuration is
refused, so that nobody believes it was applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from fastapi import APIRouter

from foureyes.errors import InputError
from foureyes.service.access import Verifying
from foureyes.service.routes.litellm_guardrail import litellm, require_question
from foureyes.service.verification import VerificationQuery, verify
from foureyes.service.wire.gateways import NeMoRequest, NeMoResponse
from foureyes.turns import openai_chat
from foureyes.types import Exchange, ToolDefinition

__all__ = ["add"]

Status: TypeAlias = Literal["success", "blocked"]

_RAIL = "cross model verification"


def add(router: APIRouter) -> None:
    """Adds the routes."""
    router.post(
        "/beta/litellm_basic_guardrail_api",
        tags=["gateways"],
        summary="LiteLLM's generic guardrail",
        response_model_exclude_none=True,
    )(litellm)
    router.post("/v1/guardrail/checks", tags=["gateways"], summary="NeMo Guardrails' check")(nemo)


async def nemo(call: Verifying, body: NeMoRequest) -> NeMoResponse:
    """Verifies the last message, which must be an assistant's, against those before it.

    Text, tool calls, results, reasoning and refusals are read wherever they stand; a message with anything else in it is
    blocked, and the reason names what that is.
    """
    try:
        exchange = _exchange(body)
    except InputError as error:
        return _rail("blocked", reason=str(error))
    decision = await verify(call, VerificationQuery(exchange))
    status: Status = "success" if decision.safe else "blocked"
    return _rail(status, reason=decision.verdict.reason, request_id=decision.request_id)


def _exchange(body: NeMoRequest) -> Exchange:
    *before, last = openai_chat.messages({"messages": body.messages})
    if last.role != "assistant" or not last.content.strip():
        raise InputError("nothing to verify: wanted an assistant's message, not an empty one, as the last one")
    require_question(before)
    return Exchange.of(tuple(before), last, tools=_tools(body.tools or []))


def _tools(given: Sequence[str | dict[str, Any]]) -> tuple[ToolDefinition, ...]:
    """Tools, by name alone where the client knows no more, as NVIDIA's does."""
    named = [ToolDefinition(tool) for tool in given if isinstance(tool, str)]
    return (*named, *openai_chat.tools({"tools": [tool for tool in given if not isinstance(tool, str)]}))


def _rail(status: Status, **data: str) -> NeMoResponse:
    return NeMoResponse(status=status, rails_status={_RAIL: {"status": status}}, guardrails_data=data)
