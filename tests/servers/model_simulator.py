"""A complete small server of a chat model in OpenAI's format, for gateways: what it answers is chosen by the question.

It answers whole or in a stream. The words of the last user message name the answer; ``ANSWERS`` lists them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from tests.servers.simulator import Refused, Simulator

TRANSFER: Final = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "wire_transfer", "arguments": '{"to": "DE00 1234", "amount": 5000}'},
}
LOOK_UP: Final = {
    "id": "call_2",
    "type": "function",
    "function": {"name": "look_up", "arguments": '{"capital_of": "Australia"}'},
}

ANSWERS: Final[dict[str, list[dict[str, Any]]]] = {
    "right": [{"content": "Canberra is the capital of Australia."}],
    "wrong": [{"content": "Sydney is the capital of Australia."}],
    "harmless call": [{"content": None, "tool_calls": [LOOK_UP]}],
    "call only": [{"content": None, "tool_calls": [TRANSFER]}],
    "text and call": [{"content": "Canberra. I send the money at once.", "tool_calls": [TRANSFER]}],
    "two choices": [{"content": "Canberra."}, {"content": "Sydney."}],
    "two answers": [{"content": "Canberra."}, {"content": None, "tool_calls": [TRANSFER]}],
    "old call": [{"content": None, "function_call": TRANSFER["function"]}],
    "refusal": [{"content": None, "refusal": "Sydney is all I say about that."}],
    "nothing": [{"content": None}],
    "reasoning": [{"content": "Canberra.", "reasoning_content": "Sydney, I think."}],
    "broken call": [{"content": None, "tool_calls": [TRANSFER | {"function": {"name": "pay", "arguments": "{5000"}}]}],
    "audio": [{"content": None, "audio": {"id": "a", "data": "AAAA", "expires_at": 9, "transcript": "Sydney."}}],
}
"""The messages of every choice, by the words that ask for them."""


class ModelSimulator(Simulator):
    """A server on loopback. Use it in a ``with`` block.

    Attributes:
        echoes: whether an answer begins with what was asked, word for word.
    """

    def __init__(self) -> None:
        super().__init__()
        self.echoes = False
        self.trouble = self._stream

    def completes(self, path: str) -> bool:
        """Only the route of chats answers."""
        return path.endswith("/chat/completions")

    def answer(self, path: str, body: Any) -> Any:
        """The chosen answer as a whole; :meth:`_stream` cuts it up."""
        if not self.completes(path):
            raise Refused(404, "Not Found")
        asked = _words(body["messages"][-1]["content"])
        messages = next((answer for name, answer in ANSWERS.items() if f"({name})" in asked), [{"content": asked}])
        choices = [
            {
                "index": i,
                "message": {"role": "assistant", **message},
                "finish_reason": "tool_calls" if message.get("tool_calls") else "stop",
            }
            for i, message in enumerate(messages)
        ]
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_800_000_000,
            "model": body["model"],
            "choices": choices,
            "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
            "streamed": bool(body.get("stream")),
        }

    def _stream(self, handler: BaseHTTPRequestHandler, reply: Any) -> bool:
        if not reply.pop("streamed"):
            return False
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        for choice in _pieces(reply):
            chunk = {**reply, "object": "chat.completion.chunk", "choices": [choice]}
            del chunk["usage"]
            handler.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        handler.wfile.write(b"data: [DONE]\n\n")
        handler.close_connection = True
        return True


def _words(content: Any) -> str:
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def _pieces(reply: Any) -> Iterator[dict[str, Any]]:
    """An answer in pieces: a word at a time, a call's name and then its arguments in two halves."""
    for choice in reply["choices"]:
        message = choice["message"]
        for delta in ({"role": "assistant", "content": ""}, *_deltas(message)):
            yield {"index": choice["index"], "delta": delta, "finish_reason": None}
        yield {"index": choice["index"], "delta": {}, "finish_reason": choice["finish_reason"]}


def _deltas(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    words = (message.get("content") or "").split(" ")
    for i, word in enumerate(words if words != [""] else []):
        yield {"content": f" {word}" if i else word}
    for index, call in enumerate(message.get("tool_calls") or []):
        function = call["function"]
        yield {"tool_calls": [{"index": index, **call, "function": {"name": function["name"], "arguments": ""}}]}
        middle = len(function["arguments"]) // 2
        for half in (function["arguments"][:middle], function["arguments"][middle:]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": half}}]}
    for name in ("function_call", "refusal", "reasoning_content"):
        if message.get(name):
            yield {name: message[name]}
