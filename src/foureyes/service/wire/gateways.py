"""The shapes of other gateways, so that a guard already in place can be swapped for this one.

Messages, tools and calls come in as they are, and are read by :mod:`foureyes.turns`. What is said *about* a request (keys,
headers, parameters) is ignored and goes nowhere; neither gateway can name a URL, a key, a header or a template that
anything of ours would use. LiteLLM's body holds the parts of a turn beside such words, so there a field that nobody knows
is not ignored: :attr:`LiteLLMRequest.unread` names it.

Source: LiteLLM "Generic Guardrail API" (beta), 1.110.2; NVIDIA NeMo microservices 1.5 ``/v1/guardrail/checks``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from foureyes.service.wire.base import EXAMPLE_ID, ResponseModel, example
from foureyes.service.wire.guard import EXAMPLE_REASON

__all__ = ["GuardrailsChoice", "LiteLLMRequest", "LiteLLMResponse", "NeMoRequest", "NeMoResponse"]

Objects: TypeAlias = Annotated[list[dict[str, Any]], Field(max_length=1024)]


class _Foreign(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class LiteLLMRequest(BaseModel):
    """What LiteLLM's proxy sends before a model is asked (``request``) and after it answered (``response``)."""

    model_config = example(input_type="response", litellm_call_id="c-1", texts=["Sydney"]) | ConfigDict(
        extra="allow", frozen=True
    )

    input_type: Literal["request", "response"]
    litellm_call_id: Annotated[str, Field(max_length=256)] | None = Field(
        default=None, description="the same before and after a call, so that the answer finds its request"
    )
    texts: Annotated[list[str], Field(max_length=1024)] | None = None
    structured_messages: Objects | None = Field(default=None, description="sent before a call, and not after it")
    tool_calls: Objects | None = Field(
        default=None, description="after a call those of the answer; before it those of earlier turns"
    )
    tools: Objects | None = None
    images: list[Any] | None = None

    litellm_trace_id: Any = Field(default=None, description="ignored, as all that follows")
    request_data: Any = None
    request_headers: Any = None
    litellm_version: Any = None
    additional_provider_specific_params: Any = None
    model: Any = None

    @property
    def unread(self) -> tuple[str, ...]:
        """Names of what is in the body and cannot be read."""
        unknown = tuple(name for name, value in (self.model_extra or {}).items() if value not in (None, [], {}))
        return (*(("images",) if self.images else ()), *unknown)


class LiteLLMResponse(ResponseModel):
    """``NONE``: go on; ``GUARDRAIL_INTERVENED``: go on with these texts; ``BLOCKED``: stop."""

    model_config = example(action="BLOCKED", blocked_reason=f"{EXAMPLE_REASON} (verification {EXAMPLE_ID})")

    action: Literal["BLOCKED", "NONE", "GUARDRAIL_INTERVENED"]
    blocked_reason: str | None = None
    texts: list[str] | None = None
    structured_messages: list[dict[str, Any]] | None = Field(
        default=None, description="the messages instead of those that came, where the texts do not say it all"
    )


class GuardrailsChoice(_Foreign):
    """Which configuration NeMo would use. A name is ignored; a configuration is refused, so that nobody believes in it."""

    config_id: str | None = None
    config: None = None


class NeMoRequest(_Foreign):
    """What a client of NeMo's check route sends. A configuration in the body is refused, never used."""

    model_config = example(
        model="any",
        messages=[
            {"role": "user", "content": "Capital of Australia?"},
            {"role": "assistant", "content": "Sydney is the capital."},
        ],
    )

    messages: Annotated[Objects, Field(min_length=1)]
    tools: Annotated[list[str | dict[str, Any]], Field(max_length=1024)] | None = None
    model: str | None = None
    guardrails: GuardrailsChoice | None = None


class NeMoResponse(ResponseModel):
    """Whether the last assistant message may go out."""

    model_config = example(
        status="blocked",
        rails_status={"cross model verification": {"status": "blocked"}},
        guardrails_data={"reason": EXAMPLE_REASON, "request_id": EXAMPLE_ID},
    )

    status: Literal["success", "blocked"]
    rails_status: dict[str, dict[str, str]]
    guardrails_data: dict[str, Any] | None = None
