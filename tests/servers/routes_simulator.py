"""A small server of a chat model that answers on more routes of OpenAI's: chats, responses and completions."""

from __future__ import annotations

from typing import Any

from tests.servers.model_simulator import ModelSimulator

__all__ = ["RoutesSimulator"]


class RoutesSimulator(ModelSimulator):
    """The same answers on every route; only chats stream. Use it in a ``with`` block."""

    def completes(self, path: str) -> bool:
        """Chats, responses and completions answer."""
        return path.endswith(("/completions", "/responses"))

    def answer(self, path: str, body: Any) -> Any:
        """The chosen answer in the shape of the route."""
        if path.endswith("/chat/completions"):
            return super().answer(path, body)
        asked = body["prompt"] if path.endswith("/completions") else _last_words(body["input"])
        asked = asked[0] if isinstance(asked, list) else asked
        chat = super().answer("/chat/completions", {**body, "messages": [{"content": asked}]})
        if path.endswith("/completions"):
            return _completion(chat)
        return _response(chat)


def _last_words(given: Any) -> str:
    if isinstance(given, str):
        return given
    content = given[-1]["content"]
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def _completion(chat: dict[str, Any]) -> dict[str, Any]:
    choices = [
        {
            "index": choice["index"],
            "text": choice["message"].get("content") or "",
            "finish_reason": "stop",
            "logprobs": None,
        }
        for choice in chat["choices"]
    ]
    return {**chat, "object": "text_completion", "choices": choices}


def _response(chat: dict[str, Any]) -> dict[str, Any]:
    items: list[dict[str, Any]] = []
    for choice in chat["choices"]:
        message = choice["message"]
        if text := message.get("content"):
            content = [{"type": "output_text", "text": text, "annotations": []}]
            items.append(
                {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": content}
            )
        items += [
            {"type": "function_call", "id": "fc_1", "call_id": call["id"], "status": "completed", **call["function"]}
            for call in message.get("tool_calls") or []
        ]
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": chat["created"],
        "status": "completed",
        "model": chat["model"],
        "output": items,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
        "usage": {
            "input_tokens": 9,
            "output_tokens": 9,
            "total_tokens": 18,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
        "streamed": chat["streamed"],
    }
