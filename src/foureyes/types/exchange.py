"""What is read: a prompt, and the answer some generator gave to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from foureyes.errors import InputError
from foureyes.types.parts import Part, Reasoning, ToolCall, ToolDefinition, parts_text, require_text, unread_parts
from foureyes.types.reasoning import find_reasoning

__all__ = ["Exchange", "Message", "Prompt", "Role", "text_of"]

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Message:
    r"""One turn of a conversation: who speaks, and what is said, called or returned.

    Args:
        role: who speaks.
        content: all of it as one text, whatever parts it has, so that code which knows only text drops nothing.
        parts: what it is made of, where that is more than text; ``content`` is then their
            :func:`~foureyes.types.parts.render_parts`. :meth:`of` makes a message of parts.

    Raises:
        InputError: an unknown role, what is not text, or content that is not that of the parts.

    Example:
        >>> from foureyes.types import ToolCall
        >>> Message("user", "Hi").content
        'Hi'
        >>> Message.of("assistant", ["On it.", ToolCall("pay", '{"amount":5}')]).content
        'On it.\n{"name": "pay", "arguments": {"amount": 5}}'
    """

    role: Role
    content: str
    parts: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise InputError(f"message role must be one of {', '.join(get_args(Role))}; got {self.role!r}")
        require_text("message content", self.content)
        if self.parts and self.content != parts_text(self.parts):
            raise InputError("the content of a message with parts must be their text; Message.of makes it")

    @classmethod
    def of(cls, role: Role, parts: Sequence[Part]) -> Message:
        """A message of parts; of text alone, the same as one made of that text.

        Raises:
            InputError: an unknown role, or something that is not a part.
        """
        content = parts_text(parts)
        plain = all(isinstance(part, str) for part in parts)
        return cls(role, content, () if plain else tuple(parts))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tool calls in it, in order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def unread(self) -> tuple[str, ...]:
        """What of it cannot be read, by kind; empty where everything can."""
        return tuple(unread_parts(self.parts))


Prompt: TypeAlias = str | tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A prompt and the answer some generator gave to it.

    Args:
        prompt: the user's words, or the conversation up to the answer as a sequence of :class:`Message`. The
            verifier's own chat template is applied to it by the reader.
        answer: the generator's answer, all of it as one text. An empty answer is legal here (generators do return
            them) and reads as ``Unscored("empty_answer")``.
        answer_span: half-open range of *characters* of ``answer`` that counts as the final answer; ``None`` for all
            of it, or for what follows reasoning in ``<think>`` marks (:func:`~foureyes.types.reasoning.find_reasoning`).
            The whole answer is read either way; signals are taken over the tokens that touch the span.
        turn: the answer as a message of the assistant, where it is more than text: tool calls, reasoning, refusals.
            ``answer`` is then its content. :meth:`of` makes an exchange of a turn.
        tools: what the generator was allowed to call; verifiers whose chat template knows tools are shown them.

    Raises:
        InputError: a value is not text, cannot be encoded as UTF-8, the span lies outside the answer, or the turn is
            not the assistant's or says something else than the answer.

    Example:
        >>> Exchange("Capital of Australia?", "Sydney").answer
        'Sydney'
    """

    prompt: Prompt
    answer: str
    answer_span: tuple[int, int] | None = None
    turn: Message | None = field(default=None, kw_only=True)
    tools: tuple[ToolDefinition, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        prompt: object = self.prompt
        if isinstance(prompt, str):
            require_text("prompt", prompt)
        elif isinstance(prompt, Sequence) and all(isinstance(m, Message) for m in prompt):
            object.__setattr__(self, "prompt", tuple(prompt))
        else:
            raise InputError(f"prompt must be text or a sequence of Message; got {type(prompt).__name__}")
        require_text("answer", self.answer)
        if self.answer_span is None and self.turn is None:
            object.__setattr__(self, "answer_span", _after_marks(self.answer))
        if self.answer_span is not None:
            start, end = self.answer_span
            if not 0 <= start < end <= len(self.answer):
                raise InputError(
                    f"answer_span must be a non-empty range within 0..{len(self.answer)}; got {start}..{end}"
                )
        if self.turn is not None and (self.turn.role != "assistant" or self.turn.content != self.answer):
            raise InputError("the turn must be the assistant's and its content the answer; Exchange.of makes both")

    @classmethod
    def of(cls, prompt: Prompt, turn: Message, *, tools: Sequence[ToolDefinition] = ()) -> Exchange:
        """An exchange whose answer is a whole turn of the assistant.

        Reasoning that stands before everything else is read, and signals are taken over what follows it.

        Raises:
            InputError: the turn is not the assistant's, or a value is not valid.

        Example:
            >>> from foureyes.types import ToolCall
            >>> call = ToolCall("pay", '{"amount": 5}')
            >>> Exchange.of("Pay Ana 5.", Message.of("assistant", [call])).answer
            '{"name": "pay", "arguments": {"amount": 5}}'
        """
        return cls(
            prompt,
            turn.content,
            _after_reasoning(turn),
            turn=turn if turn.parts or turn.role != "assistant" else None,
            tools=tuple(tools),
        )

    @property
    def unread(self) -> tuple[str, ...]:
        """What of prompt and answer cannot be read, with its place; empty where everything can.

        Nothing may be said to be safe, or be scored, of an exchange of which a part was not read.

        Example:
            >>> from foureyes.types import OtherPart
            >>> Exchange((Message.of("user", ["What is it?", OtherPart("image_url")]),), "A cat.").unread
            ('image_url in message 1',)
        """
        turns = () if isinstance(self.prompt, str) else self.prompt
        found = [f"{kind} in message {i}" for i, turn in enumerate(turns, 1) if turn.parts for kind in turn.unread]
        if self.turn is not None:
            found += [f"{kind} in the answer" for kind in self.turn.unread]
        return tuple(found)


def _after_reasoning(turn: Message) -> tuple[int, int] | None:
    """The characters that follow the reasoning a turn begins with."""
    if not turn.parts or not isinstance(turn.parts[0], Reasoning):
        return None
    first = next((i for i, part in enumerate(turn.parts) if not isinstance(part, Reasoning)), None)
    if first is None:
        return None
    start = len(parts_text(turn.parts[:first])) + 1
    return (start, len(turn.content)) if turn.content[start:].strip() else None


def _after_marks(answer: str) -> tuple[int, int] | None:
    """The characters that follow reasoning in a text; ``None`` where there is none, or nothing follows."""
    place = find_reasoning(answer)
    return (place.answer, len(answer)) if place is not None and place.answer < len(answer) else None


def text_of(prompt: Prompt) -> str:
    r"""A prompt as one text: itself, or its turns with who speaks, a line each.

    Example:
        >>> text_of((Message("user", "Hi"), Message("assistant", "Hello.")))
        'user: Hi\nassistant: Hello.'
    """
    return prompt if isinstance(prompt, str) else "\n".join(f"{m.role}: {m.content}" for m in prompt)
