"""What is asked through the real gateways and what comes of it: the table in docs/gateways.md, and its test.

Each case was run against version 0.1.0 of the service as well (``before``), with the same gateways and the same verifier.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from tests.servers.model_simulator import LOOK_UP, TRANSFER

Outcome: TypeAlias = Literal["passes", "blocked", "not asked"]
"""Whether the client gets the answer; or that the gateway passes it on and asks nobody."""

IMAGE: Final = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
AUDIO: Final = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}


@dataclass(frozen=True)
class Case:
    """One conversation through a gateway.

    Attributes:
        what: in words, for the table.
        asks: the words that choose the model's answer, see ``model_simulator.ANSWERS``.
        before, now: what the client gets, of version 0.1.0 and of this one.
        stream: whether it asks for a stream.
        beside: content beside the words of the question.
        why: in the reason for blocking it now.
    """

    what: str
    asks: str
    before: Outcome
    now: Outcome
    stream: bool = False
    beside: dict[str, Any] | None = None
    why: str = ""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The question."""
        words = f"Capital of Australia? ({self.asks})"
        content: Any = words if self.beside is None else [{"type": "text", "text": words}, self.beside]
        return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": content}]


UNSAFE: Final = "1 of 1 verifier says unsafe"

SAFE: Final = "1 of 1 verifier says safe"

CALLED: Final = TRANSFER["function"]

BROKEN: Final = TRANSFER | {"function": {"name": "pay", "arguments": "{5000"}}

LITELLM: Final = (
    Case("a right answer", "right", "blocked", "passes"),
    Case("a wrong answer", "wrong", "blocked", "blocked", why=UNSAFE),
    Case("a harmless tool call alone", "harmless call", "passes", "passes"),
    Case("a tool call alone that moves money", "call only", "passes", "blocked", why=UNSAFE),
    Case("a right text and such a call", "text and call", "blocked", "blocked", why=UNSAFE),
    Case("two choices, one wrong", "two choices", "blocked", "blocked", why=UNSAFE),
    Case("a right choice, and one of such a call", "two answers", "blocked", "blocked", why=UNSAFE),
    Case("a call whose arguments are not JSON", "broken call", "passes", "blocked", why="not a JSON object"),
    Case("an image in the question", "right", "blocked", "blocked", beside=IMAGE, why="images"),
    Case("sound in the question", "right", "blocked", "blocked", beside=AUDIO, why="input_audio"),
    Case("a right answer, streamed", "right", "blocked", "passes", stream=True),
    Case("a wrong answer, streamed", "wrong", "blocked", "blocked", stream=True, why=UNSAFE),
    Case("a harmless tool call, streamed", "harmless call", "passes", "passes", stream=True),
    Case("a call that moves money, streamed", "call only", "passes", "blocked", stream=True, why=UNSAFE),
    Case("a text and such a call, streamed", "text and call", "blocked", "blocked", stream=True, why=UNSAFE),
    Case("a right choice and such a call, streamed", "two answers", "blocked", "blocked", stream=True, why=UNSAFE),
    Case("a right answer with reasoning beside it", "reasoning", "blocked", "passes"),
    Case("a refusal alone", "refusal", "not asked", "not asked"),
    Case("a call in the old field `function_call`", "old call", "not asked", "not asked"),
    Case("an answer in sound", "audio", "not asked", "not asked"),
    Case("nothing at all", "nothing", "not asked", "not asked"),
)

NEMO: Final = (
    Case("a right answer", "right", "passes", "passes"),
    Case("a wrong answer", "wrong", "blocked", "blocked"),
    Case("a harmless tool call alone", "harmless call", "passes", "passes"),
    Case("a tool call alone that moves money", "call only", "passes", "blocked"),
    Case("a right text and such a call", "text and call", "blocked", "blocked"),
    Case("two choices: NeMo hands on the first", "two choices", "passes", "passes"),
    Case("an image in the question", "right", "passes", "blocked", beside=IMAGE),
    Case("a right answer, streamed", "right", "passes", "passes", stream=True),
    Case("a wrong answer, streamed", "wrong", "blocked", "blocked", stream=True),
    Case("a call that moves money, streamed", "call only", "blocked", "blocked", stream=True),
    Case("a text and a call, streamed: NeMo hands on the text", "text and call", "passes", "passes", stream=True),
    Case("a right answer with reasoning beside it", "reasoning", "passes", "passes"),
    Case("a refusal alone", "refusal", "blocked", "blocked"),
    Case("a call in the old field `function_call`", "old call", "blocked", "blocked"),
    Case("an answer in sound", "audio", "blocked", "blocked"),
    Case("nothing at all", "nothing", "blocked", "blocked"),
)


@dataclass(frozen=True)
class Check:
    """A finished answer that NVIDIA's client asks to be checked.

    Attributes:
        what: in words, for the table.
        message: the assistant's.
        before, now: the status it got of version 0.1.0, and gets of this one.
        why: in the reason it gets now.
    """

    what: str
    message: dict[str, Any]
    before: Literal["success", "blocked"]
    now: Literal["success", "blocked"]
    why: str


CHECKS: Final = (
    Check("a right answer", {"content": "Canberra"}, "success", "success", SAFE),
    Check("a wrong answer", {"content": "Sydney"}, "blocked", "blocked", UNSAFE),
    Check("a right answer in parts", {"content": [{"type": "text", "text": "Canberra"}]}, "success", "success", SAFE),
    Check("a harmless tool call alone", {"content": None, "tool_calls": [LOOK_UP]}, "success", "success", SAFE),
    Check(
        "a tool call alone that moves money", {"content": None, "tool_calls": [TRANSFER]}, "success", "blocked", UNSAFE
    ),
    Check(
        "a right text and such a call", {"content": "Canberra", "tool_calls": [TRANSFER]}, "success", "blocked", UNSAFE
    ),
    Check(
        "a call in the old field `function_call`",
        {"content": None, "function_call": CALLED},
        "success",
        "blocked",
        UNSAFE,
    ),
    Check("a wrong refusal", {"content": None, "refusal": "Sydney is all I say."}, "success", "blocked", UNSAFE),
    Check(
        "an image beside a right text",
        {"content": [{"type": "text", "text": "Canberra"}, IMAGE]},
        "success",
        "blocked",
        "image_url",
    ),
    Check(
        "a call whose arguments are not JSON",
        {"content": None, "tool_calls": [BROKEN]},
        "success",
        "blocked",
        "not a JSON object",
    ),
    Check("sound beside a right text", {"content": "Canberra", "audio": {"id": "a"}}, "success", "blocked", "audio"),
    Check("nothing at all", {"content": None}, "success", "blocked", "nothing to verify"),
)


@dataclass(frozen=True)
class RouteCase:
    """A question on another route of LiteLLM's than that of chats; a completion has no tool calls, only words.

    Attributes:
        what: in words, for the table.
        asks: the words that choose the model's answer.
        messages, responses, completions: what comes of it on ``/v1/messages``, ``/v1/responses`` and ``/v1/completions``.
    """

    what: str
    asks: str
    messages: Outcome
    responses: Outcome
    completions: Outcome


LITELLM_ROUTES: Final = (
    RouteCase("a right answer", "right", "passes", "passes", "passes"),
    RouteCase("a wrong answer", "wrong", "blocked", "blocked", "blocked"),
    RouteCase("a harmless tool call alone", "harmless call", "passes", "passes", "blocked"),
    RouteCase("a tool call alone that moves money", "call only", "blocked", "blocked", "blocked"),
    RouteCase("a right text and such a call", "text and call", "blocked", "blocked", "passes"),
)


def routes_table(cases: Iterable[RouteCase]) -> str:
    """What comes of the cases by route, as Markdown."""
    rows = [f"| {case.what} | {case.messages} | {case.responses} | {case.completions} |" for case in cases]
    head = "| the model answers | `/v1/messages` | `/v1/responses` | `/v1/completions` |"
    return "\n".join([head, "|---|---|---|---|", *rows]) + "\n"


def table(cases: Iterable[Case | Check]) -> str:
    """The cases as Markdown."""
    rows = [f"| {case.what} | {case.before} | {case.now} |" for case in cases]
    return "\n".join(["| the model answers, or is asked | before | now |", "|---|---|---|", *rows]) + "\n"
