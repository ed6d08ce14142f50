"""Prompts of gateways that tell a request and its answer apart: kept from the one until the other comes.

Bounded in number, size and time; in memory only, and gone with the process. Whoever puts a prompt in takes personal data
out first. The rule that holds throughout: a prompt that is not certain is not given. One that was never seen, that had to
make room, that is too old, or whose name stands for two different prompts, is an error that says so.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, fields
from typing import Final

from foureyes.errors import InputError
from foureyes.types import Message, Part, ToolDefinition

__all__ = ["PromptMemory", "RememberedPrompt"]

_OBJECT: Final = 100
"""Characters that an object counts for, as it takes memory even if nothing stands in it."""


@dataclass(frozen=True, slots=True)
class RememberedPrompt:
    """A conversation up to an answer that is still to come.

    Attributes:
        messages: of the conversation.
        tools: that the model may call.
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...] = ()

    @property
    def size(self) -> int:
        """Characters of all strings in it, and some for each object that holds them."""
        tools = sum(_OBJECT + len(tool.name) + len(tool.description) + len(tool.parameters) for tool in self.tools)
        return tools + sum(_OBJECT + len(one.content) + sum(map(_size, one.parts)) for one in self.messages)


def _size(part: Part) -> int:
    strings = [part] if isinstance(part, str) else [getattr(part, field.name) for field in fields(part)]
    return _OBJECT + sum(map(len, strings))


@dataclass(slots=True)
class _Kept:
    """A prompt, how long it is kept, and whether another one came under its name."""

    prompt: RememberedPrompt
    until: float
    doubtful: bool = False


class PromptMemory:
    """The prompts of one tenant, by the name that a gateway gives to a call.

    Args:
        most: how many are kept at once; the oldest makes room.
        most_characters: of all together.
        seconds: how long each is kept.

    Example:
        >>> memory = PromptMemory()
        >>> memory.remember("call-1", RememberedPrompt((Message("user", "Capital of Australia?"),)), at=0.0)
        >>> memory.recall("call-1", at=1.0).messages[0].content
        'Capital of Australia?'
        >>> memory.recall("call-2", at=1.0)
        Traceback (most recent call last):
        foureyes.errors.InputError: the request of this call was not sent here first, or too long ago
    """

    def __init__(self, *, most: int = 4096, most_characters: int = 16_000_000, seconds: float = 900.0) -> None:
        self._most: Final = most
        self._most_characters: Final = most_characters
        self._seconds: Final = seconds
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._characters = 0

    def __len__(self) -> int:
        return len(self._kept)

    def remember(self, name: str, prompt: RememberedPrompt, *, at: float) -> None:
        """Keeps a prompt. The same one again is kept for longer; another one under a name in use makes both doubtful.

        Args:
            name: of the call.
            prompt: without personal data, where that is taken out.
            at: now, on a clock that is never set back.

        Raises:
            InputError: the prompt alone is larger than all may be together.
        """
        if prompt.size > self._most_characters:
            raise InputError(
                f"a request may have {self._most_characters} characters to be remembered; got {prompt.size}"
            )
        self._forget_before(at)
        old = self._kept.pop(name, None)
        if old is not None:
            self._characters -= old.prompt.size
        doubtful = old is not None and (old.doubtful or old.prompt != prompt)
        self._kept[name] = _Kept(prompt, at + self._seconds, doubtful)
        self._characters += prompt.size
        while len(self._kept) > self._most or self._characters > self._most_characters:
            self._forget_oldest()

    def recall(self, name: str, *, at: float) -> RememberedPrompt:
        """The prompt of a call. It stays, as an answer may come in pieces.

        Raises:
            InputError: there is none, or it is doubtful.
        """
        self._forget_before(at)
        kept = self._kept.get(name)
        if kept is None:
            raise InputError("the request of this call was not sent here first, or too long ago")
        if kept.doubtful:
            raise InputError("two different requests came under the name of this call")
        return kept.prompt

    def _forget_before(self, at: float) -> None:
        """Every prompt is kept equally long and moves to the end when it comes again, so the first is the oldest."""
        while self._kept and next(iter(self._kept.values())).until <= at:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        _, kept = self._kept.popitem(last=False)
        self._characters -= kept.prompt.size
