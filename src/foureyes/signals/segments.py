"""Splits an answer into sentence-like segments, each with its exact place.

The rule that holds throughout: every character that is not white space belongs to exactly one segment, in order, and a
segment is the text between its ends, unchanged. What is between segments can therefore be put back byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Segment", "split_segments"]

Span = tuple[int, int]

_FENCE: Final = re.compile(r"^[ \t]*+(`{3,}+|~{3,}+)[^\n]*+\n.*?(?:^[ \t]*+\1[ \t]*+$|\Z)", re.MULTILINE | re.DOTALL)
_NEW_LINE: Final = re.compile(r"[ \t]*(?:[-*+•–]\s|\d{1,3}[.)]\s|#{1,6}\s|\||>)")
_WHOLE_LINE: Final = re.compile(r"[ \t]*(?:#{1,6}\s|\|)")
_END: Final = re.compile(r"""(?<![.!?…])[.!?…]++[)\]"'”’»*_]*+(?=\s)|[。!?。]++[」』”’)】]*+""")
_NEXT: Final = re.compile(r"\s*+(\S?)")
_LONGEST_WORD: Final = 40
_WORD_BEFORE: Final = re.compile(r"(?:^|[\s(\[\"'“‘«])([^\s(\[\"'“‘«]+)\.$")
_NUMBER: Final = re.compile(r"\d{1,3}")
_NEVER_LAST: Final = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "sr",
        "jr",
        "st",
        "mt",
        "gen",
        "col",
        "capt",
        "lt",
        "sgt",
        "rev",
        "hon",
        "vs",
        "e.g",
        "i.e",
        "cf",
        "viz",
        "fig",
        "figs",
        "eq",
        "eqs",
        "sec",
        "ch",
        "vol",
        "no",
        "nos",
        "pp",
        "p",
        "ed",
        "eds",
        "dept",
        "approx",
        "ca",
        "bzw",
        "z.b",
        "d.h",
        "u.a",
        "nr",
        "vgl",
        "ph.d",
    ]
)
_SOMETIMES_LAST: Final = frozenset(
    [
        "etc",
        "al",
        "inc",
        "ltd",
        "co",
        "corp",
        "a.m",
        "p.m",
        "u.s",
        "u.k",
        "u.n",
        "e.u",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "usw",
    ]
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence-like piece of an answer.

    Attributes:
        start, end: half-open range of characters of the answer.
        text: what stands there; not empty, no white space at its ends.
    """

    start: int
    end: int
    text: str


def split_segments(text: str) -> list[Segment]:
    """Splits a text into sentence-like segments.

    A fenced block of code is one segment. So are a heading, a row of a table and each sentence of a list item; elsewhere
    sentences end at ``.``, ``!``, ``?`` before white space, at their full-width twins, and at an empty line. Decimals,
    initials and common abbreviations do not end a sentence.

    Example:
        >>> [s.text for s in split_segments("Dr. Lee paid 3.50 dollars. It rained.")]
        ['Dr. Lee paid 3.50 dollars.', 'It rained.']
    """
    return [Segment(start, end, text[start:end]) for start, end in _strip_spans(text, _pieces(text))]


def _pieces(text: str) -> Iterator[Span]:
    done = 0
    for fence in _FENCE.finditer(text):
        yield from _prose(text, (done, fence.start()))
        yield fence.span()
        done = fence.end()
    yield from _prose(text, (done, len(text)))


def _prose(text: str, span: Span) -> Iterator[Span]:
    for block in _blocks(text, span):
        if _WHOLE_LINE.match(text, *block):
            yield block
        else:
            yield from _sentences(text, block)


def _blocks(text: str, span: Span) -> Iterator[Span]:
    """Paragraphs; lines that begin like an item, a heading or a row begin a block, and the last two end it as well."""
    start, at = span[0], span[0]
    for line in text[slice(*span)].splitlines(keepends=True):
        if _NEW_LINE.match(line) or not line.strip():
            yield start, at
            start = at
        at += len(line)
        if _WHOLE_LINE.match(line):
            yield start, at
            start = at
    yield start, span[1]


def _sentences(text: str, span: Span) -> Iterator[Span]:
    start, end = span
    for mark in _END.finditer(text, *span):
        if _ends_sentence(text, start, mark):
            yield start, mark.end()
            start = mark.end()
    yield start, end


def _ends_sentence(text: str, start: int, mark: re.Match[str]) -> bool:
    """Whether a full stop is one. Other marks are, unless a small letter follows."""
    ahead = _NEXT.match(text, mark.end())
    following = ahead.group(1) if ahead else ""
    if following.islower() and mark.group()[0] in ".…":
        return False
    if mark.group() != ".":
        return True
    before = text[max(start, mark.end() - _LONGEST_WORD) : mark.end()]
    if _NUMBER.fullmatch(before.strip()[:-1]):  # the number of a list item
        return False
    word = _WORD_BEFORE.search(before)
    if word is None:
        return True
    name = word.group(1).lower()
    initial = len(name) == 1 and name.isalpha() and word.group(1).isupper() and following.isupper()
    return not (initial or name in _NEVER_LAST or (name in _SOMETIMES_LAST and not following.isupper()))


def _strip_spans(text: str, spans: Iterator[Span]) -> Iterator[Span]:
    for start, end in spans:
        piece = text[start:end]
        bare = piece.strip()
        if bare:
            first = start + piece.index(bare)
            yield first, first + len(bare)
