"""Writes turns with tool calls as a model's chat template writes them, or as JSON where the template knows no tools.

What a template knows is found out by rendering a conversation of marked words, never by reading the template. Where it
knows tools, a turn is read in the model's own form: what the template adds for it. Where it does not, tools, calls and
results are shown in words and JSON, in the roles that every template has.

Conversations of system, user and assistant with text alone, and without tools, are handed over as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Any, Final, TypeAlias

from foureyes.models.argument_numbers import StandIns, plain_value
from foureyes.models.part_places import places_of
from foureyes.models.prompts import as_messages
from foureyes.models.template_messages import (
    CallForm,
    CallIds,
    TemplateConversation,
    call_message,
    calling,
    joined_roles,
    tool_object,
    with_tools_in_words,
)
from foureyes.types import (
    Exchange,
    Message,
    PartSpan,
    Prompt,
    Reasoning,
    ToolDefinition,
    ToolResult,
    Unscored,
    render_parts,
)
from foureyes.types.reasoning import find_reasoning

__all__ = ["Render", "TemplateKnowledge", "TurnTemplate", "TurnText", "opens_reasoning", "plain_turn"]

_TOOL: Final = {
    "type": "function",
    "function": {
        "name": "marked_tool",
        "description": "marked_purpose",
        "parameters": {
            "type": "object",
            "properties": {"marked_key": {"type": "string", "description": "marked_meaning"}},
            "required": ["marked_key"],
        },
    },
}
_ASKED: Final = {"role": "user", "content": "marked_question"}
_ANSWERED: Final = {"role": "assistant", "content": "marked_words"}
_RESULT: Final = {"role": "tool", "tool_call_id": "call00001", "name": "marked_tool", "content": "marked_result"}
_CALLED: Final = ("marked_tool", "marked_value")
_NO_THOUGHT: Final = re.compile(r"\s*<think>\s*</think>\s*")
_THOUGHT_START: Final = re.compile(r"\s*<think>\s*")
_OPENING: Final = "<think>\n"
_THOUGHT_END: Final = re.compile(r"\s*</think>\s*")


_FORMS: Final = tuple(CallForm(arguments, words) for arguments in ("object", "text") for words in (None, ""))


Render: TypeAlias = Callable[[TemplateConversation], str | Unscored]
"""The text that a template makes, with what was typed hidden in it, or why it makes none."""


@dataclass(frozen=True, slots=True)
class TemplateKnowledge:
    """What a template shows of what it is given.

    Attributes:
        tools: definitions of tools.
        calls: the form in which it takes a turn with calls; ``None`` where it shows none.
        words_beside_calls: the text of a turn that calls a tool too.
        results: results of tools, in a role of their own.
        end: what stands after the words of the assistant.
    """

    tools: bool
    calls: CallForm | None
    words_beside_calls: bool
    results: bool
    end: str


@dataclass(frozen=True, slots=True)
class TurnText:
    """An answer as it is read.

    Attributes:
        text: what is read.
        parts: where its parts stand in the text.
        span: the characters that signals are taken over; ``None`` for all.
        lead: what a template puts between the prompt and the turn, and nobody said.
        written: the text with what was typed in it hidden by :class:`~foureyes.models.control_markers.ControlMarkers`,
            where a template wrote it; ``None`` where all of it was typed.
    """

    text: str
    parts: tuple[PartSpan, ...] = ()
    span: tuple[int, int] | None = None
    lead: str = ""
    written: str | None = field(default=None, compare=False)

    @property
    def reasons(self) -> bool:
        """Whether it begins with reasoning."""
        return bool(self.parts) and self.parts[0].path == "reasoning"

    @property
    def thinks(self) -> bool:
        """Whether the prompt before it may have opened the reasoning, or a template closes it."""
        return self.reasons or bool(self.lead)

    def behind_opening(self) -> TurnText:
        """The same behind a prompt that opens the reasoning already."""
        opening = _THOUGHT_START.match(self.text)
        cut = opening.end() if opening else 0

        def moved(span: tuple[int, int]) -> tuple[int, int]:
            return max(span[0] - cut, 0), max(span[1] - cut, 0)

        return TurnText(
            self.text[cut:],
            tuple(PartSpan(place.part, place.path, moved(place.span)) for place in self.parts),
            self.span and moved(self.span),
            "" if self.lead == _OPENING else self.lead,
            self.written and self.written[cut:],
        )


class TurnTemplate:
    """Turns as one template writes them.

    Args:
        render: applies it; called only for conversations with tools, calls, results or a developer.
        shown: shows in a text of ``render`` what is hidden there, and moves no place.
    """

    def __init__(self, render: Render, shown: Callable[[str], str] = str) -> None:
        self._render = render
        self._shown = shown

    @cached_property
    def knows(self) -> TemplateKnowledge:
        """What it shows; found out at the first turn that asks."""
        form = next((form for form in _FORMS if self._shows([_ASKED, _marked_call(form)], *_CALLED)), None)
        form_tried = form or _FORMS[0]
        call, spoken = _marked_call(form_tried), _marked_call(form_tried, "marked_words")
        return TemplateKnowledge(
            tools=self._shows([_ASKED], "marked_tool", "marked_key", after=""),
            calls=form,
            words_beside_calls=form is not None and self._shows([_ASKED, spoken], "marked_words", *_CALLED),
            results=form is not None and self._shows([_ASKED, call, _RESULT], "marked_result", *_CALLED),
            end=self._end(),
        )

    def conversation(self, prompt: Prompt, tools: Sequence[ToolDefinition] = ()) -> TemplateConversation:
        """A prompt as the template takes it, up to where the answer begins."""
        return self._conversation(prompt, tools, CallIds())

    def turn(self, exchange: Exchange) -> TurnText | Unscored:
        """The answer as it is read, after the prompt of :meth:`conversation`.

        A turn with tool calls is what the template adds for it, its end left off. Where the template knows no calls, does
        not begin a turn as it begins the writing of one, or leaves something out, it is the text of the exchange, calls as
        JSON. So is one for which a span of that text was asked for.
        """
        turn = exchange.turn
        if turn is None:
            return plain_turn(exchange)
        whole = exchange.answer_span in (None, Exchange.of(exchange.prompt, turn).answer_span)
        if whole and turn.calls and self.knows.calls is not None:
            own = self._own_turn(exchange, turn, self.knows.calls)
            if own is not None:
                return own
        return plain_turn(exchange)

    def _own_turn(self, exchange: Exchange, turn: Message, form: CallForm) -> TurnText | Unscored | None:
        ids, numbers = CallIds(), StandIns(exchange)
        asked = self._conversation(exchange.prompt, exchange.tools, ids)
        said = call_message(turn, form, ids, numbers.plain)
        before = self._render(asked)
        whole = self._render(TemplateConversation([*asked.messages, said], asked.tools, generation=False))
        if isinstance(before, Unscored):
            return before
        if isinstance(whole, Unscored):
            return whole
        if not whole.startswith(before):
            return None
        added = numbers.written_in(whole[len(before) :])
        thought = _thought_of_nobody(turn, added, opened=opens_reasoning(before))
        lead = thought.group() if thought else ""
        text = self._shown(added)[len(lead) :].removesuffix(self.knows.end).rstrip()
        parts = places_of(turn.parts, text)
        if parts is None:
            return None
        written = added[len(lead) : len(lead) + len(text)]
        return TurnText(text, parts, _after_reasoning(turn, parts, text), lead, written)

    def _conversation(self, prompt: Prompt, tools: Sequence[ToolDefinition], ids: CallIds) -> TemplateConversation:
        if isinstance(prompt, str) or not any(turn.parts or turn.role in ("developer", "tool") for turn in prompt):
            messages: list[dict[str, Any]] = [*as_messages(prompt)]
        else:
            messages = joined_roles([(self._message(turn, ids), turn.role) for turn in prompt])
        if not tools:
            return TemplateConversation(messages)
        if self.knows.tools:
            return TemplateConversation(messages, [tool_object(tool) for tool in tools])
        return TemplateConversation(with_tools_in_words(messages, tools))

    def _message(self, turn: Message, ids: CallIds) -> dict[str, Any]:
        if turn.role == "tool":
            return self._result(turn, ids)
        if turn.role == "developer":
            return {"role": "system", "content": turn.content}
        shown = self.knows.words_beside_calls or len(turn.calls) == len(turn.parts)
        if turn.calls and self.knows.calls is not None and shown:
            return call_message(turn, self.knows.calls, ids, plain_value)
        return {"role": turn.role, "content": turn.content}

    def _result(self, turn: Message, ids: CallIds) -> dict[str, Any]:
        result = next((part for part in turn.parts if isinstance(part, ToolResult)), ToolResult(turn.content))
        if not self.knows.results:
            return {"role": "user", "content": f"Result of {result.name or 'the call'}:\n{turn.content}"}
        named = {"name": result.name} if result.name else {}
        return {"role": "tool", "tool_call_id": ids.of(result.call_id), "content": turn.content, **named}

    def _shows(self, messages: list[dict[str, Any]], *marks: str, after: str = "marked_question") -> bool:
        """Whether all marks stand in what is made of some messages, behind the last place of a text where one is given."""
        generation = messages[-1]["role"] != "assistant"
        text = self._render(TemplateConversation(messages, [_TOOL], generation=generation))
        shown = "" if isinstance(text, Unscored) else text.rpartition(after)[2] if after else text
        return (
            all(mark in shown for mark in marks) and "None" not in shown
        )  # which is no word of the marked conversation

    def _end(self) -> str:
        text = self._render(TemplateConversation([_ASKED, _ANSWERED], generation=False))
        return text.rpartition("marked_words")[2] if isinstance(text, str) and "marked_words" in text else ""


def plain_turn(exchange: Exchange) -> TurnText:
    """An answer in its own words, with the places of its parts and of reasoning before it."""
    if exchange.turn is not None:
        return TurnText(exchange.answer, render_parts(exchange.turn.parts).spans, exchange.answer_span)
    place = find_reasoning(exchange.answer)
    if place is None:
        return TurnText(exchange.answer, span=exchange.answer_span)
    answer = (place.answer, len(exchange.answer))
    parts = PartSpan(0, "reasoning", place.span), PartSpan(1, "text", answer)
    return TurnText(exchange.answer, parts, exchange.answer_span, "" if place.opened else _OPENING)


def opens_reasoning(prompt: str) -> bool:
    """Whether a prompt ends where the reasoning of a turn has begun."""
    return prompt.rstrip().endswith("<think>")


def _thought_of_nobody(turn: Message, added: str, *, opened: bool) -> re.Match[str] | None:
    """The empty reasoning that a template puts before a turn without any."""
    if opened and not any(isinstance(part, Reasoning) for part in turn.parts):
        return _THOUGHT_END.match(added)
    return _NO_THOUGHT.match(added)


def _marked_call(form: CallForm, words: str = "") -> dict[str, Any]:
    return calling(words, [("marked_tool", {"marked_key": "marked_value"}, "call00001")], form)


def _after_reasoning(turn: Message, parts: Sequence[PartSpan], text: str) -> tuple[int, int] | None:
    """The characters behind the reasoning that a turn begins with."""
    thoughts = list(takewhile(lambda place: isinstance(turn.parts[place.part], Reasoning), parts))
    if not thoughts:
        return None
    at = thoughts[-1].span[1]
    closed = _THOUGHT_END.match(text, at)
    start = closed.end() if closed else at
    return (start, len(text)) if text[start:].strip() else None
