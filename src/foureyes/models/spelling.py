"""Which bytes of the answer each token covers, worked out from the tokens' own spellings.

A server gives token ids and, with luck, the strings its vocabulary writes them as: ``"ĠSydney"`` in byte-level
vocabularies, ``"▁Sydney"`` and ``"<0xC3>"`` in SentencePiece ones. Spelled out and joined, those must give the text;
which of the few known writings does so decides how to read them. Nothing is guessed: when none fits, the answer is
``None``.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import Final

__all__ = ["clip", "spans_by_bytes", "spans_by_spelling", "spans_by_text"]

Span = tuple[int, int]

_HEX = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_SPACE: Final = "▁"


def _byte_alphabet() -> dict[str, bytes]:
    """GPT-2's writing of bytes as printable characters: those that print stand for themselves, the rest follow U+0100."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    rest = (byte for byte in range(256) if byte not in printable)
    return {chr(b): bytes([b]) for b in printable} | {chr(0x100 + i): bytes([b]) for i, b in enumerate(rest)}


_ALPHABET: Final = _byte_alphabet()


def _byte_level(piece: str) -> bytes:
    return b"".join(_ALPHABET.get(c) or c.encode() for c in piece)


def _sentencepiece(piece: str) -> bytes:
    code = _HEX.fullmatch(piece)
    return bytes.fromhex(code[1]) if code else piece.encode()


def _marked(text: str) -> bytes:
    return text.replace(" ", _SPACE).encode()


_WRITINGS: Final[tuple[tuple[Callable[[str], bytes], Callable[[str], bytes], bytes], ...]] = (
    # how a vocabulary writes a token, how the text reads in the same terms, what it may put before the text
    (_byte_level, str.encode, b" "),
    (_sentencepiece, _marked, _SPACE.encode()),
    (str.encode, str.encode, b" "),
)


def spans_by_spelling(pieces: Sequence[str], text: str) -> list[Span] | None:
    """Byte ranges from the strings that the vocabulary writes the tokens as.

    Args:
        pieces: one string per token.
        text: what was tokenised.

    Returns:
        Half-open ranges of ``text``'s UTF-8, in order and without a gap; a token that carries part of a character
        covers all of it. ``None`` when no known writing of the pieces gives the text.

    Example:
        >>> spans_by_spelling(["S", "yd", "ney", "Ġ!"], "Sydney !")
        [(0, 1), (1, 3), (3, 6), (6, 8)]
    """
    for decode, spell, prefix in _WRITINGS:
        raw = [decode(piece) for piece in pieces]
        joined = b"".join(raw)
        for parts, read in _readings(text):
            targets = [spell(read(part)) for part in parts]
            target = b"".join(targets)
            if joined in (target, prefix + target):
                skip = len(joined) - len(target)
                return list(_project([len(r) for r in raw], [len(t) for t in targets], parts, skip))
    return None


def _readings(text: str) -> Iterator[tuple[list[str], Callable[[str], str]]]:
    """The text cut into parts, and what a tokenizer's normaliser may make of each: nothing, NFC or NFKC."""
    yield list(text), str
    for normalise in (partial(unicodedata.normalize, "NFC"), partial(unicodedata.normalize, "NFKC")):
        yield _clusters(text), normalise
        yield re.findall(r"\s|\S+", text), normalise


def _clusters(text: str) -> list[str]:
    """Characters with the combining marks that follow them."""
    parts: list[str] = []
    for character in text:
        if parts and unicodedata.combining(character):
            parts[-1] += character
        else:
            parts.append(character)
    return parts


def _project(raw: list[int], targets: list[int], parts: list[str], skip: int) -> Iterator[Span]:
    """From byte lengths of tokens to byte ranges of the text, through the parts each token touches."""
    starts = [0, *accumulate(targets)]
    source = [0, *accumulate(len(part.encode()) for part in parts)]
    edges = [max(edge - skip, 0) for edge in (0, *accumulate(raw))]
    for start, end in pairwise(edges):
        first = min(bisect_right(starts, start) - 1, len(parts))
        if start == end:
            yield source[first], source[first]
        else:
            yield source[first], source[bisect_right(starts, end - 1)]


def spans_by_bytes(raw: Sequence[bytes], text: str) -> list[Span] | None:
    r"""Byte ranges from the tokens' own bytes.

    Returns:
        As :func:`spans_by_spelling`.

    Example:
        >>> spans_by_bytes([b"caf", b"\xc3", b"\xa9"], "café")
        [(0, 3), (3, 5), (3, 5)]
    """
    if b"".join(raw) != text.encode():
        return None
    parts = list(text)
    return list(_project([len(r) for r in raw], [len(part.encode()) for part in parts], parts, 0))


def spans_by_text(texts: Sequence[str], text: str) -> list[Span] | None:
    r"""Byte ranges from tokens decoded one by one, where parts of characters print as U+FFFD.

    Tokens that print whole characters are found where they stand; a run of tokens that do not shares the bytes up to
    the next that does. White space a tokenizer swallows goes to the token after it.

    Returns:
        As :func:`spans_by_spelling`.

    Example:
        >>> spans_by_text(["Hi", " \ufffd", "\ufffd", "!"], "Hi 👋!")
        [(0, 2), (2, 7), (2, 7), (7, 8)]
    """
    spans: list[tuple[int, int]] = []
    place = 0
    broken: list[str] = []
    for piece in texts:
        if not piece or "\ufffd" in piece:
            broken.append(piece)
            continue
        found = text.find(piece, place + (1 if broken else 0))
        if found < 0 or not _may_print(text[place:found], broken):
            return None
        spans += [(place, found)] * len(broken)
        spans.append((found if broken else place, found + len(piece)))
        place, broken = found + len(piece), []
    spans += [(place, len(text))] * len(broken)
    if not _may_print(text[place:], broken):
        return None
    byte = [0, *accumulate(len(character.encode()) for character in text)]
    return [(byte[start], byte[end]) for start, end in spans]


def _may_print(passage: str, broken: Sequence[str]) -> bool:
    """Whether a passage may be what tokens printed that are not whole characters.

    Of one byte is no part to be had, so ASCII prints as it is; and of the rest each character that does not print goes
    over an edge between two of the tokens.
    """
    printed = "".join(broken)
    if _ascii(passage) != _ascii(printed):
        return False
    missing = _beyond_ascii(passage) - _beyond_ascii(printed)
    return missing <= max(len(broken) - 1, 0)


def _ascii(text: str) -> str:
    """What is seen of it; white space is swallowed by some tokenizers."""
    return "".join(c for c in text if c.isascii() and not c.isspace())


def _beyond_ascii(text: str) -> int:
    return sum(not c.isascii() and not c.isspace() and c != "\ufffd" for c in text)


def clip(spans: Sequence[Span], prefix: int) -> list[Span]:
    """The same ranges after ``prefix`` bytes are taken off the front of the text."""
    return [(max(start - prefix, 0), max(end - prefix, 0)) for start, end in spans]
