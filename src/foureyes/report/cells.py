"""Splits an answer into the cells of a heat map, and replaces characters that cannot be seen.

Two rules hold throughout. The cells of a reading, put together, are the answer: nothing is lost, repeated or moved,
whatever the tokenizer did. And no character reaches a reader's terminal or browser as a command: what steers rather
than shows is replaced by its name.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal, TypeAlias

import numpy as np

from foureyes.types import Reading

__all__ = ["HeatCell", "Piece", "PieceKind", "cells_of", "pieces", "token_pieces", "visible_text"]

PieceKind: TypeAlias = Literal["text", "newline", "tab", "space", "name"]

_JOINERS: Final = frozenset("\u200c\u200d")
_STEERING: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A piece of an answer that is coloured as one.

    Attributes:
        text: the characters it covers.
        tokens: positions in the reading of the tokens that share these characters: one as a rule, several where an
            emoji or a rare letter was split into bytes, none where the tokenizer left characters out.
        surprise: of all of them together, nats; the joint −ln p of this text.
        selected: whether the signals are taken over any of them.
    """

    text: str
    tokens: tuple[int, ...]
    surprise: float
    selected: bool

    @property
    def lead(self) -> str:
        """Spaces before the first visible character, which look better without the colour; empty if nothing follows."""
        return self.text[: len(self.text) - len(self.text.lstrip(" "))] if self.text.strip(" ") else ""

    @property
    def body(self) -> str:
        """The rest of the text."""
        return self.text[len(self.lead) :]


@dataclass(frozen=True, slots=True)
class Piece:
    r"""A stretch of text that can be shown as it is, or the stand-in for a character that cannot.

    Attributes:
        text: what to show: characters, ``"\n"``, ``"\t"``, ``" "``, or the name of a character.
        kind: which of them it is; a space is one only where it must be seen.
    """

    text: str
    kind: PieceKind


def cells_of(reading: Reading) -> list[HeatCell]:
    """Cuts the answer of a reading into cells, in order.

    Example:
        >>> from foureyes.models.scripted import ScriptedReader
        >>> from foureyes.types import Exchange
        >>> reading = ScriptedReader().read([Exchange("Capital of Australia?", "It is Sydney.")])[0]
        >>> [cell.text for cell in cells_of(reading)]
        ['It', ' is', ' Sydney.']
    """
    found: list[HeatCell] = []
    cell = _cutter(reading)
    at = 0
    for start, end, tokens in _groups(_character_spans(reading)):
        if start > at:
            found.append(cell(at, start, ()))
        found.append(cell(start, end, tokens))
        at = end
    if at < len(reading.answer):
        found.append(cell(at, len(reading.answer), ()))
    return found


def pieces(text: str) -> list[Piece]:
    r"""Splits text into what can be shown and stand-ins for what cannot.

    Control characters become their Unicode pictures; other characters that act rather than show (direction overrides,
    zero-width and tag characters, line separators) become ``U+…``. Joiners are left alone between other characters,
    where emoji and several scripts need them.

    Example:
        >>> [(p.text, p.kind) for p in pieces("a\x1b[1m\n")]
        [('a', 'text'), ('␛', 'name'), ('[1m', 'text'), ('\n', 'newline')]
    """
    if text.isprintable():  # nearly every token: nothing in it steers
        return [Piece(text, "text")] if text else []
    lone = all(char in _JOINERS for char in text)
    return list(_joined(_piece(char, lone=lone) for char in text))


def token_pieces(text: str) -> list[Piece]:
    """The same for a token by itself, where a space before the word tells two tokens apart.

    Example:
        >>> [(p.text, p.kind) for p in token_pieces(" Canberra")]
        [(' ', 'space'), ('Canberra', 'text')]
    """
    rest = text.lstrip(" ")
    return [Piece(" ", "space")] * (len(text) - len(rest)) + pieces(rest)


def visible_text(text: str) -> str:
    r"""Text on one line, for sentences: every stand-in in place, line ends and tabs as arrows.

    Example:
        >>> visible_text("so:\n\u202eabc")
        'so:↵⟨U+202E⟩abc'
    """
    shown = {"newline": "↵", "tab": "⇥"}
    return "".join(
        f"⟨{p.text}⟩" if p.kind == "name" and len(p.text) > 1 else shown.get(p.kind, p.text) for p in pieces(text)
    )


def _cutter(reading: Reading) -> Callable[[int, int, tuple[int, ...]], HeatCell]:
    """Makes cells of a reading; an answer has tens of thousands, so that numbers are taken out of their arrays once."""
    answer, nll, selected = reading.answer, reading.nll.tolist(), reading.selected.tolist()

    def cell(start: int, end: int, tokens: tuple[int, ...]) -> HeatCell:
        return HeatCell(
            text=answer[start:end],
            tokens=tokens,
            surprise=math.fsum(nll[t] for t in tokens),
            selected=any(selected[t] for t in tokens),
        )

    return cell


def _character_spans(reading: Reading) -> list[tuple[int, int, int]]:
    """(start, end, token) in characters, widened to whole characters and put in order."""
    widths = [len(char.encode()) for char in reading.answer]
    first_byte = np.concatenate([[0], np.cumsum(widths, dtype=np.int64)])
    starts = np.searchsorted(first_byte, reading.spans[:, 0], side="right") - 1
    ends = np.searchsorted(first_byte, reading.spans[:, 1], side="left")
    return sorted(zip(starts.tolist(), ends.tolist(), range(len(starts)), strict=True))


def _groups(spans: list[tuple[int, int, int]]) -> list[tuple[int, int, tuple[int, ...]]]:
    """Merges tokens that share characters; a token without any joins the one after it, the last the one before."""
    groups: list[tuple[int, int, tuple[int, ...]]] = []
    for start, end, token in spans:
        if groups and (start < groups[-1][1] or groups[-1][0] == groups[-1][1]):
            first, last, tokens = groups.pop()
            groups.append((first, max(last, end), (*tokens, token)))
        else:
            groups.append((start, end, (token,)))
    if len(groups) > 1 and groups[-1][0] == groups[-1][1]:
        _, _, stray = groups.pop()
        first, last, tokens = groups.pop()
        groups.append((first, last, tokens + stray))
    return groups


def _piece(char: str, *, lone: bool) -> Piece:
    if char == "\n":
        return Piece(char, "newline")
    if char == "\t":
        return Piece(char, "tab")
    if unicodedata.category(char) not in _STEERING or (char in _JOINERS and not lone):
        return Piece(char, "text")
    return Piece(_name(char), "name")


def _name(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"U+{code:04X}"


def _joined(parts: Iterator[Piece]) -> Iterator[Piece]:
    """Neighbouring text as one piece; everything else stays alone."""
    for kind, run in groupby(parts, key=lambda piece: piece.kind):
        if kind == "text":
            yield Piece("".join(piece.text for piece in run), kind)
        else:
            yield from run
