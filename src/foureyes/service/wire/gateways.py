"""The shapes of other gateways, so that a guard already in place can be swapped for this one.

Their bodies grow without us: what is not named here is ignored and goes nowhere. Neither can name a URL, a key, a header
or a template that anything of ours would use.

Source: LiteLLM "Generic Guardrail API" (beta); NeMo Guardrails ``/v1/guardrail/checks``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from foureyes.service.wire.base import EXAMPLE_ID, ResponseModel, example
from foureyes.service.wire.guard import EXAMPLE_REASON

__all__ = ["ChatMessage", "GuardrailsChoice", "LiteLLMRequest", "LiteLLMResponse", "NeMoRequest", "NeMoResponse"]


class _Foreign(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ChatMessage(_Foreign):
    """A message in OpenAI's shape; content in parts is read for its text parts."""

    role: str
    content: str | list[dict[str, Any]] | None = None


class LiteLLMRequest(_Foreign):
    """What LiteLLM's proxy sends before a model is asked (``request``) and after it answered (``response``)."""

    model_config = example(
        input_type="response",
        litellm_call_id="c-1",
        texts=["Sydney"],
        structured_messages=[{"role": "user", "content": "Capital of Australia?"}],
    )

    input_type: Literal["request", "response"]
    texts: Annotated[list[str], Field(max_length=256)] | None = None
    structured_messages: Annotated[list[ChatMessage], Field(max_length=256)] | None = None
    images: list[str] | None = None
    litellm_call_id: Annotated[str, Field(max_length=256)] | None = None


class LiteLLMResponse(ResponseModel):
    """``NONE``: go on; ``GUARDRAIL_INTERVENED``: go on with these texts; ``BLOCKED``: stop."""

    model_config = example(action="BLOCKED", blocked_reason=f"{EXAMPLE_REASON} (verification {EXAMPLE_ID})")

    action: Literal["BLOCKED", "NONE", "GUARDRAIL_INTERVENED"]
    blocked_reason: str | None = None
    texts: list[str] | None = None


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

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=256)]
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
