"""The action behind the rails: asks foureyes about an answer, and blocks whatever it does not call a success."""

from __future__ import annotations

import json
import os
from typing import Any

import httpx
from nemoguardrails.actions import action
from nemoguardrails.actions.rail_outcome import RailOutcome
from nemoguardrails.context import raw_llm_request

SECONDS = 60


@action(name="foureyes_verify", is_system_action=True)
async def foureyes_verify(
    bot_message: Any = None,
    tool_calls: list[dict[str, Any]] | None = None,
    context: dict[str, Any] | None = None,
    **_: Any,
) -> RailOutcome:
    """Verifies an answer against the conversation as the client sent it. Any failure blocks."""
    asked = _asked((context or {}).get("user_message"))
    answer = {"role": "assistant", "content": bot_message, "tool_calls": [_as_sent(call) for call in tool_calls or []]}
    try:
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            reply = await client.post(
                os.environ["FOUREYES_URL"].rstrip("/") + "/v1/guardrail/checks",
                headers={"X-API-Key": os.environ["FOUREYES_KEY"]},
                json={"messages": [*asked, {name: value for name, value in answer.items() if value}]},
            )
            said = reply.raise_for_status().json()
    except (httpx.HTTPError, ValueError, KeyError) as error:
        return RailOutcome.block(reason=f"foureyes could not be asked: {type(error).__name__}")
    if said.get("status") == "success":
        return RailOutcome.allow()
    return RailOutcome.block(reason=str((said.get("guardrails_data") or {}).get("reason")))


def _asked(question: Any) -> list[dict[str, Any]]:
    """The conversation up to the answer. To the rails of a stream NeMo gives only the last question of it."""
    sent = raw_llm_request.get() or question
    messages = list(sent) if isinstance(sent, list) and sent and "role" in sent[0] else [_user(sent)]
    if messages[-1]["role"] == "assistant":  # what is only checked comes with its answer
        messages.pop()
    return messages


def _user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def _as_sent(call: dict[str, Any]) -> dict[str, Any]:
    """A tool call as the model sent it: NeMo has parsed the arguments."""
    function = call["function"]
    arguments = function["arguments"]
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {**call, "function": {**function, "arguments": text}}
