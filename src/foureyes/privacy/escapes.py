r"""Reads what is written in escapes, so that no escape hides personal data: ``ana%40example.org`` is an e-mail address.

Known are those of addresses of the web (``%40``), of HTML (``&#64;``, ``&#x40;``, ``&commat;``) and of JSON and most programming
languages (``\u0040``, ``\x40``, ``\n``), with any number of backslashes, and escapes of escapes (``%2540``), to some depth.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html.entities import html5
from typing import Final, Self

from foureyes.privacy.findings import Finding

__all__ = ["UnescapedText"]

_MOST_ROUNDS: Final = 8
"""Escapes of escapes of escapes: of each round is less text left, and nobody reads what is written so by accident."""

_ESCAPE: Final = re.compile(
    r"%(?:[0-7][\da-f]|[cd][\da-f]%[89ab][\da-f]|e[\da-f](?:%[89ab][\da-f]){2}|f[0-7](?:%[89ab][\da-f]){3})"
    r"|&\#(?P<decimal>\d{1,12});?|&\#x(?P<hex>[\da-f]{1,12});?|&(?P<name>[a-z]{2,8});"
    r"|(?<!\\)\\++(?:u(?P<four>[\da-f]{4})|u\{(?P<braced>[\da-f]{1,6})\}|x(?P<two>[\da-f]{2})|(?P<white>[nrt]))",
    re.IGNORECASE | re.ASCII,
)
_WHITE: Final = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class UnescapedText:
    """A text with its escapes read, and where each of its characters stood.

    Attributes:
        text: without escapes.
        starts, ends: of each character, in the text as it was written.

    Example:
        >>> read = UnescapedText.of("to ana%40example.org")
        >>> read.text, read.written(Finding(3, 18, "EMAIL_ADDRESS"))
        ('to ana@example.org', Finding(start=3, end=20, kind='EMAIL_ADDRESS', score=1.0))
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, text: str) -> Self | None:
        """A text without its escapes; ``None`` where it has none."""
        read, rounds = cls(text, range(len(text)), range(1, len(text) + 1)), 0
        while (once := _read_once(read)) is not None and rounds < _MOST_ROUNDS:
            read, rounds = cls(*once), rounds + 1
        return read if rounds else None

    def written(self, finding: Finding) -> Finding:
        """A finding as one in the text as it was written."""
        return replace(finding, start=self.starts[finding.start], end=self.ends[finding.end - 1])


def _read_once(read: UnescapedText) -> tuple[str, Sequence[int], Sequence[int]] | None:
    parts: list[str] = []
    starts, ends, done = array("q"), array("q"), 0
    for escape in _ESCAPE.finditer(read.text):
        if (character := _character(escape)) is None:
            continue
        begin, end = escape.span()
        parts += [read.text[done:begin], character]
        starts.extend(read.starts[done : begin + 1])
        ends.extend(read.ends[done:begin])
        ends.append(read.ends[end - 1])
        done = end
    if not parts:
        return None
    starts.extend(read.starts[done:])
    ends.extend(read.ends[done:])
    return "".join([*parts, read.text[done:]]), starts, ends


def _character(escape: re.Match[str]) -> str | None:
    """What it stands for; ``None`` for nothing that is one character."""
    if escape["white"]:
        return _WHITE[escape["white"].lower()]
    if escape["name"]:
        named = html5.get(f"{escape['name']};", "")
        return named if len(named) == 1 else None
    if escape["decimal"]:
        return _of(int(escape["decimal"]))
    if digits := escape["hex"] or escape["four"] or escape["braced"] or escape["two"]:
        return _of(int(digits, 16))
    try:
        return bytes.fromhex(escape[0].replace("%", "")).decode()
    except UnicodeDecodeError:  # bytes that look like a character of UTF-8 and are none
        return None


def _of(number: int) -> str | None:
    """The character of a number; ``None`` where there is none, or half of one."""
    return None if number > 0x10FFFF or 0xD800 <= number < 0xE000 else chr(number)
