"""Logs of requests and responses, as the interfaces of providers have them: OpenAI's three, Anthropic's, Gemini's.

A log may hold ``{"request": …, "response": …}``, or the response within the request. A response alone has an answer and not its
prompt, and so is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from foureyes.errors import InputError
from foureyes.layouts.answer import LoggedAnswer
from foureyes.layouts.author import AuthorTokens
from foureyes.layouts.fields import verdict
from foureyes.layouts.leftovers import nothing_else
from foureyes.layouts.making import logged
from foureyes.layouts.stated import chat_author, gemini_author, responses_author
from foureyes.turns import anthropic, gemini, openai_chat, openai_responses
from foureyes.types import Message, ToolDefinition, Unscored

__all__ = ["CHAT", "CLAUDE", "GEMINI", "RESPONSES", "Exchanged", "WireLog", "exchanged", "failure", "response_of"]

_ASKING: Final = ("messages", "contents", "prompt", "input")

Author: TypeAlias = AuthorTokens | Unscored | None


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What a record holds of a call: the response, the request where it is there, and whatever stands beside both."""

    request: Mapping[str, Any] | None
    response: Mapping[str, Any]
    beside: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WireLog:
    """How one interface of a provider is read.

    Attributes:
        asks: a field that every request has.
        replies: whether an object is one of its responses.
        messages: the conversation in a request.
        answer: the assistant's message of every choice in a response.
        tools: what could be called.
        author: what each choice of a response states of log-probs.
        read: fields of a request that ``messages`` reads.
    """

    asks: str
    replies: Callable[[Mapping[str, Any]], bool]
    messages: Callable[[Mapping[str, Any]], tuple[Message, ...]]
    answer: Callable[[Mapping[str, Any]], tuple[Message, ...]]
    tools: Callable[[Mapping[str, Any]], tuple[ToolDefinition, ...]]
    author: Callable[[Exchanged], Sequence[Author]]
    read: frozenset[str]

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Whether a record holds a response of this interface."""
        return self.replies(response_of(row))

    def answers(self, row: Mapping[str, Any]) -> Iterator[LoggedAnswer]:
        """Every choice."""
        found = exchanged(row)
        if found.request is None or found.request.get(self.asks) is None:
            raise InputError(
                'holds an answer and not its prompt; wanted {"request": …, "response": …}, '
                f"or {self.asks!r} beside the response"
            )
        prompt = self.messages(found.request)
        nothing_else(found.request, prompt, self.read)
        tools, turns = self.tools(found.request), self.answer(found.response)
        several = len(turns) > 1
        for i, (turn, author) in enumerate(zip(turns, self.author(found), strict=True), 1):
            correct = None if several else verdict(found.beside)
            which = f"choice {i}" if several else ""
            yield logged(prompt, turn, tools=tools, which=which, correct=correct, author=author)


def response_of(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The response in a record, or the record that is one itself."""
    response = _body(row.get("response"))
    return response if isinstance(response, dict) else row


def _body(sent: object) -> object:
    """What a message of HTTP holds, where a log keeps its status or address too."""
    return sent["body"] if isinstance(sent, dict) and isinstance(sent.get("body"), dict) else sent


def exchanged(row: Mapping[str, Any]) -> Exchanged:
    """The response in a record, and the request where it is there."""
    request, response = _body(row.get("request")), _body(row.get("response"))
    if not isinstance(response, dict):
        asks = any(row.get(name) is not None for name in _ASKING)
        own = {name: value for name, value in row.items() if name != "choices"} if asks else None
        return Exchanged(own, row, {})
    if isinstance(request, dict):
        return Exchanged(request, response, row)
    return Exchanged(row if any(row.get(name) is not None for name in _ASKING) else None, response, row)


def failure(row: Mapping[str, Any]) -> str:
    """What a record of a call says of its failure; empty where it says nothing of that kind."""
    response = _body(row.get("response"))
    told = response if isinstance(response, dict) else row if "request" in row else {}
    match told.get("error"):
        case {"message": str() as said}:
            return said
        case str() as said:
            return said
        case _:
            return ""


def _is_chat(response: Mapping[str, Any]) -> bool:
    match response.get("choices"):
        case [{"message": _}, *_]:
            return True
        case _:
            return response.get("object") == "chat.completion"


def _is_responses(response: Mapping[str, Any]) -> bool:
    return response.get("object") == "response" and "output" in response


def _is_claude(response: Mapping[str, Any]) -> bool:
    return response.get("type") == "message" and response.get("role") == "assistant" and "content" in response


def _without(response: Exchanged, answer: Callable[[Mapping[str, Any]], Sequence[object]]) -> list[Author]:
    return [None for _ in answer(response.response)]


CHAT: Final = WireLog(
    "messages",
    _is_chat,
    openai_chat.messages,
    openai_chat.answer,
    openai_chat.tools,
    lambda found: chat_author(found.request or {}, found.response),
    frozenset({"messages"}),
)
RESPONSES: Final = WireLog(
    "input",
    _is_responses,
    openai_responses.messages,
    openai_responses.answer,
    openai_responses.tools,
    lambda found: [responses_author(found.request or {}, found.response)],
    frozenset({"input", "instructions", "prompt"}),
)
CLAUDE: Final = WireLog(
    "messages",
    _is_claude,
    anthropic.messages,
    anthropic.answer,
    anthropic.tools,
    lambda found: _without(found, anthropic.answer),
    frozenset({"messages", "system"}),
)
GEMINI: Final = WireLog(
    "contents",
    lambda response: isinstance(response.get("candidates"), list),
    gemini.messages,
    gemini.answer,
    gemini.tools,
    lambda found: gemini_author(found.request or {}, found.response),
    frozenset({"contents", "systemInstruction", "system_instruction"}),
)
