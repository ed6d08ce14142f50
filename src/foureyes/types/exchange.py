"""What is read: a prompt, and the answer some generator gave to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from foureyes.errors import InputError

__all__ = ["Exchange", "Message", "Prompt", "Role", "require_text", "text_of"]

Role: TypeAlias = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation: who speaks, and what is said."""

    role: Role
    content: str

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise InputError(f"message role must be one of {', '.join(get_args(Role))}; got {self.role!r}")
        require_text("message content", self.content)


Prompt: TypeAlias = str | tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A prompt and the answer some generator gave to it.

    Args:
        prompt: the user's words, or the conversation up to the answer as a sequence of :class:`Message`. The
            verifier's own chat template is applied to it by the reader.
        answer: the generator's answer, as plain text. An empty answer is legal here (generators do return them) and
            reads as ``Unscored("empty_answer")``.
        answer_span: half-open range of *characters* of ``answer`` that counts as the final answer; ``None`` for all
            of it. The whole answer is read either way; signals are taken over the tokens that touch the span.

    Raises:
        InputError: a value is not text, cannot be encoded as UTF-8, or the span lies outside the answer.

    Example:
        >>> Exchange("Capital of Australia?", "Sydney").answer
        'Sydney'
    """

    prompt: Prompt
    answer: str
    answer_span: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        prompt: object = self.prompt
        if isinstance(prompt, str):
            require_text("prompt", prompt)
        elif isinstance(prompt, Sequence) and all(isinstance(m, Message) for m in prompt):
            object.__setattr__(self, "prompt", tuple(prompt))
        else:
            raise InputError(f"prompt must be text or a sequence of Message; got {type(prompt).__name__}")
        require_text("answer", self.answer)
        if self.answer_span is not None:
            start, end = self.answer_span
            if not 0 <= start < end <= len(self.answer):
                raise InputError(
                    f"answer_span must be a non-empty range within 0..{len(self.answer)}; got {start}..{end}"
                )


def text_of(prompt: Prompt) -> str:
    r"""A prompt as one text: itself, or its turns with who speaks, a line each.

    Example:
        >>> text_of((Message("user", "Hi"), Message("assistant", "Hello.")))
        'user: Hi\nassistant: Hello.'
    """
    return prompt if isinstance(prompt, str) else "\n".join(f"{m.role}: {m.content}" for m in prompt)


def require_text(what: str, value: object) -> None:
    """Refuses what is not text, or cannot be encoded as UTF-8."""
    if not isinstance(value, str):
        raise InputError(f"{what} must be text; got {type(value).__name__}")
    if value.isascii():
        return
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{what} must be encodable as UTF-8; character {error.start} is a lone surrogate") from error
