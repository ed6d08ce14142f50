"""Control markers that somebody typed: ``<|im_end|>`` in an answer, a forged turn of the assistant in a question.

A tokenizer makes one control token of such a marker wherever it stands, so that a text could end its own turn and begin
another. Here only what a chat template writes itself is a control token: before a template is applied, each marker in
what it is given is hidden behind as many private characters; where these stand afterwards, the marker was typed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from foureyes.models.template_messages import TemplateConversation

__all__ = ["ControlMarkers"]

_FIRST_PRIVATE: Final = 0x103000
"""Private characters from here on are in no font that is known to us."""

_LAST_PRIVATE: Final = 0x10FFFD
_NEVER: Final = re.compile(r"(?!)")


class ControlMarkers:
    """The control tokens of one tokenizer, as texts.

    Args:
        everywhere: those that are text wherever they are typed.
        by_others: further ones that are text unless the assistant says them: marks of tool calls and of reasoning, which
            are its own words.

    Example:
        >>> markers = ControlMarkers(["<|im_end|>", "<|im_start|>"])
        >>> hidden = markers.hide("Done.<|im_end|>")
        >>> len(hidden), "<|im_end|>" in hidden, markers.shown(hidden)
        (15, False, 'Done.<|im_end|>')
    """

    def __init__(self, everywhere: Iterable[str], by_others: Iterable[str] = ()) -> None:
        own = sorted(set(everywhere))
        self.texts: tuple[str, ...] = (*own, *sorted(set(by_others) - set(own)))
        n = len(self.texts)
        # Drawn, so that nobody can type one.
        first = _FIRST_PRIVATE + secrets.randbelow(_LAST_PRIVATE - _FIRST_PRIVATE - 2 * n)
        self._first = first
        self._hidden = {text: chr(first + i) * len(text) for i, text in enumerate(self.texts)}
        self.names: Mapping[str, str] = {text: chr(first + n + i) * len(text) for i, text in enumerate(self.texts)}
        self._said = any_of(own)
        self._typed = self._said if len(own) == n else any_of(self.texts)
        self._private = re.compile(f"[{chr(first)}-{chr(first + n - 1)}]") if n else _NEVER
        self._runs = re.compile(rf"({self._private.pattern})\1*")

    def hide(self, text: str, *, assistant: bool = True) -> str:
        """A text with each marker as private characters, as many as it has; by default one that the assistant says."""
        pattern = self._said if assistant else self._typed
        return pattern.sub(lambda found: self._hidden[found.group()], text)

    def hide_all(self, asked: TemplateConversation) -> TemplateConversation:
        """The same for all that a template is given."""
        messages = [self._value(message, assistant=message["role"] == "assistant") for message in asked.messages]
        return replace(asked, messages=messages, tools=self._value(asked.tools, assistant=False))

    def hides(self, text: str) -> bool:
        """Whether a text holds a marker that was hidden."""
        return self._private.search(text) is not None

    def places(self, text: str) -> Iterator[tuple[int, str]]:
        """Where hidden markers stand, and which they are."""
        for run in self._runs.finditer(text):
            marker = self.texts[ord(run.group()[0]) - self._first]
            for start in range(run.start(), run.end(), len(marker)):
                yield start, marker

    def shown(self, text: str) -> str:
        """The text with every marker as it was typed; no place in it moves."""
        return self._runs.sub(lambda found: self._typed_in(found.group()), text) if self.hides(text) else text

    def named(self, text: str) -> str:
        """The text with its markers under :attr:`names` and the hidden ones shown; no place in it moves."""
        return self.shown(self._typed.sub(lambda found: self.names[found.group()], text))

    def count(self, text: str) -> int:
        """How many markers stand in a text, without those that were hidden."""
        return sum(1 for _ in self._typed.finditer(text))

    def _typed_in(self, run: str) -> str:
        """What one private character stands for that is repeated: a marker, once or more often in a row."""
        text = self.texts[ord(run[0]) - self._first]
        return text * (len(run) // len(text))

    def _value(self, value: Any, *, assistant: bool) -> Any:
        if isinstance(value, str):
            return self.hide(value, assistant=assistant)
        if isinstance(value, Mapping):
            return {
                self._value(name, assistant=assistant): self._value(inner, assistant=assistant)
                for name, inner in value.items()
            }
        return [self._value(inner, assistant=assistant) for inner in value] if isinstance(value, list) else value


def any_of(texts: Iterable[str]) -> re.Pattern[str]:
    """Finds the longest of some texts, thousands of them as fast as a few.

    Example:
        >>> any_of(["<s>", "<start>", "<st"]).findall("<s> <start> <stop> s")
        ['<s>', '<start>', '<st']
    """
    tree: dict[str, Any] = {}
    for text in filter(None, texts):
        node = tree
        for character in text:
            node = node.setdefault(character, {})
        node[""] = {}
    return re.compile(_branches(tree)) if tree else _NEVER


def _branches(node: dict[str, Any]) -> str:
    further = [re.escape(character) + _branches(inner) for character, inner in node.items() if character]
    if not further:
        return ""
    whole = further[0] if len(further) == 1 and "" not in node else f"(?:{'|'.join(further)})"
    return f"{whole}?" if "" in node else whole
