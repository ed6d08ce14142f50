"""A second guardrail for LiteLLM's proxy: blocks answers with a part that LiteLLM shows to no generic guardrail.

Version 1.110 shows texts and tool calls. An answer that has neither (a refusal, a call in the old field ``function_call``,
sound, nothing at all) is handed on and nobody is asked; fields beside a text are handed on with it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any

from fastapi import HTTPException
from litellm.integrations.custom_guardrail import CustomGuardrail

SHOWN = {"role", "content", "tool_calls"}
"""What LiteLLM shows. Add ``reasoning_content`` to let a model's reasoning pass unread."""


class Rest(CustomGuardrail):
    """Lets nothing pass that no guardrail was shown."""

    async def async_post_call_success_hook(self, data: dict[str, Any], user_api_key_dict: Any, response: Any) -> Any:
        """A whole answer."""
        for choice in getattr(response, "choices", []):
            said = choice.message.model_dump()
            _require_shown(said)
            if not said.get("content") and not said.get("tool_calls"):
                raise _blocked("the answer has neither texts nor tool calls")
        return response

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: AsyncIterable[Any], request_data: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """A stream."""
        async for chunk in response:
            for choice in getattr(chunk, "choices", []):
                _require_shown(choice.delta.model_dump())
            yield chunk


def _require_shown(said: dict[str, Any]) -> None:
    if unseen := [name for name, value in said.items() if value and name not in SHOWN]:
        raise _blocked(f"no guardrail is shown {', '.join(sorted(unseen))}")


def _blocked(reason: str) -> HTTPException:
    return HTTPException(400, {"error": reason})
