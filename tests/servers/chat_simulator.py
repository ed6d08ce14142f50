"""A complete small server that speaks the chat formats of OpenAI, Anthropic and Google; what it says is scripted.

Its model does not read: it says what a function of the instructions and the user's message returns. By default that is an
obedient judge, which finds the request's code and calls everything safe.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.servers.simulator import Refused, Simulator

CODE = re.compile(r"Its code is ([0-9a-f]+)\.$")


def code_of(user: str) -> str:
    """The code of a request, as any judge that follows its instructions finds it."""
    found = CODE.search(user)
    assert found is not None, user
    return found.group(1)


def verdict(user: str, said: str = "safe", confidence: float | None = None, reason: str = "as scripted") -> str:
    """A verdict in the form asked for."""
    stated = {"safe": 0.9, "unsafe": 0.1}.get(said, 0.5) if confidence is None else confidence
    return json.dumps({"code": code_of(user), "verdict": said, "confidence": stated, "reason": reason})


class ChatSimulator(Simulator):
    """A server on loopback. Use it in a ``with`` block.

    Attributes:
        say: what the model says to (instructions, user's message).
        asked: the (instructions, user's message) of every request.
    """

    def __init__(self, say: Callable[[str, str], str] = lambda _, user: verdict(user)) -> None:
        super().__init__()
        self.say = say
        self.asked: list[tuple[str, str]] = []

    def completes(self, path: str) -> bool:
        """Every route but the list of models is one of a model's words."""
        return not path.endswith("/models")

    def answer(self, path: str, body: Any) -> Any:
        """The model's words, in the format of the route."""
        if path.endswith("/v1/models"):
            return {"data": [{"id": name} for name in self.names]}
        if path.endswith("/v1/chat/completions"):
            turns = body["messages"]
            system = "".join(turn["content"] for turn in turns if turn["role"] == "system")
            said = self._said(system, turns[-1]["content"])
            message = {"role": "assistant", "content": said, "refusal": None}
            return {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        if path.endswith("/v1/messages"):
            said = self._said(body.get("system", ""), body["messages"][-1]["content"])
            return {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "text", "text": said}],
                "stop_reason": "end_turn",
            }
        if path.endswith(":generateContent"):
            said = self._said(_text(body.get("systemInstruction")), _text(body["contents"][-1]))
            return {"candidates": [{"content": {"role": "model", "parts": [{"text": said}]}, "finishReason": "STOP"}]}
        raise Refused(404, "Not Found")

    def _said(self, system: str, user: str) -> str:
        self.asked.append((system, user))
        return self.say(system, user)


def _text(content: Any) -> str:
    return "" if content is None else "".join(part["text"] for part in content["parts"])
