r"""Passages: what is looked at as one text, and which stretches of which strings stand in it.

A sentence is a passage by itself. A tool call is one too, so that its name and the keys of its arguments are context for the
values, as they are for whoever reads them; its strings stand there decoded, since ``"ana\u0040example.org"`` is an address.
What is found in a passage is put back into the strings it was made of, and everything else of them stays as it was written.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from foureyes.json_text import parsed_json
from foureyes.privacy.findings import Finding, merge_overlapping

__all__ = ["JSON_LITERAL", "Passage", "holds_json"]

JSON_LITERAL: Final = re.compile(
    r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?', re.ASCII | re.DOTALL
)
"""A string or a number where one begins in a JSON document."""

_CHARACTER: Final = re.compile(
    r"\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\.|[^\\]", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class _Field:
    """A stretch of a passage that may be replaced.

    Attributes:
        start, end: in the passage.
        source: which string it comes from.
        origins: where in that string each of its characters begins, and where the last one ends.
        number: whether it is a number of a JSON document, which is replaced as a whole, by a string.
    """

    start: int
    end: int
    source: int
    origins: Sequence[int]
    number: bool = False


@dataclass(slots=True)
class Passage:
    """A text that is looked at as one, made of strings by :meth:`add_text` and :meth:`add_json`.

    Attributes:
        sources: the strings.
    """

    sources: list[str] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    _fields: list[_Field] = field(default_factory=list)
    _length: int = 0

    @classmethod
    def of(cls, text: str) -> Passage:
        """A passage of one text."""
        passage = cls()
        passage.add_text(text)
        return passage

    @property
    def text(self) -> str:
        """What is looked at."""
        return "".join(self._pieces)

    def add_words(self, text: str) -> None:
        """Adds what is there for the context only and is never replaced."""
        self._pieces.append(text)
        self._length += len(text)

    def add_text(self, text: str) -> None:
        """Adds a string that is text."""
        self.sources.append(text)
        self._add_field(text, range(len(text) + 1))

    def add_json(self, text: str) -> None:
        """Adds a string that is a JSON document, with its own strings decoded; what is none is added as text."""
        decoded = list(_literals(text)) if holds_json(text) else None
        if decoded is None or not all(_encodable(literal) for literal, _, _ in decoded):
            self.add_text(text)
            return
        self.sources.append(text)
        done = 0
        for literal, origins, number in decoded:
            self.add_words(text[done : origins[0]])
            self._add_field(literal, origins, number=number)
            done = origins[-1]
        self.add_words(text[done:])

    def _add_field(self, text: str, origins: Sequence[int], *, number: bool = False) -> None:
        if text:
            place = _Field(self._length, self._length + len(text), len(self.sources) - 1, origins, number)
            self._fields.append(place)
        self.add_words(text)

    def fitted(self, findings: Sequence[Finding]) -> list[Finding]:
        """Findings cut to what may be replaced, disjoint and in order."""
        return merge_overlapping(piece for finding in merge_overlapping(findings) for piece in self._pieces_of(finding))

    def _pieces_of(self, finding: Finding) -> Iterator[Finding]:
        index = bisect_right(self._fields, finding.start, key=lambda place: place.end)
        while index < len(self._fields) and (place := self._fields[index]).start < finding.end:
            start, end = max(place.start, finding.start), min(place.end, finding.end)
            yield replace(finding, start=place.start if place.number else start, end=place.end if place.number else end)
            index += 1

    def edited(self, spans: Sequence[Finding], tokens: Mapping[str, str]) -> list[str]:
        """The strings with tokens in place of spans, which must be fitted.

        A number of a JSON document becomes a string that holds its token in small letters, by which it is known again.
        """
        text = self.text
        edits: list[list[tuple[int, int, str]]] = [[] for _ in self.sources]
        for span in spans:
            place = self._fields[bisect_right(self._fields, span.start, key=lambda place: place.end)]
            token = tokens[text[span.start : span.end]]
            shown = f'"{token.lower()}"' if place.number else token
            start, end = place.origins[span.start - place.start], place.origins[span.end - place.start]
            edits[place.source].append((start, end, shown))
        return [_replaced(source, own) for source, own in zip(self.sources, edits, strict=True)]


def holds_json(text: str) -> bool:
    """Whether a string is a JSON object or list."""
    if text.lstrip(" \t\r\n")[:1] not in {"{", "["}:
        return False
    try:
        parsed_json(text)
    except ValueError:
        return False
    return True


def _literals(text: str) -> Iterator[tuple[str, Sequence[int], bool]]:
    """Strings and numbers of a JSON document: decoded, where each character stood, whether it is a number."""
    for found in JSON_LITERAL.finditer(text):
        inside = found[1]
        if inside is None:
            yield found[0], range(found.start(), found.end() + 1), True
        elif "\\" not in inside:
            yield inside, range(found.start(1), found.end(1) + 1), False
        else:
            characters = list(_CHARACTER.finditer(text, *found.span(1)))
            origins = [character.start() for character in characters]
            yield parsed_json(found[0]), [*origins, found.end(1)], False


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which a token cannot stand for
        return False
    return True


def _replaced(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    parts, done = [], 0
    for start, end, shown in edits:
        parts += [text[done:start], shown]
        done = end
    return "".join([*parts, text[done:]])
