"""Brings a text to plain typography before patterns are tried on it, and keeps the way back.

A card number is the same whether its groups stand apart by a space, a no-break space, a tab or a non-breaking hyphen, and
whether its digits are full-width. Patterns know one space, one hyphen and ten digits, so a text is folded first: every
space becomes a space, every hyphen or dash a hyphen, every digit of any script a plain one, every full-width character its
plain form. What does not show (zero-width characters, soft hyphens, marks above and below letters) is left out, and a run
of white space becomes one space, or one line break where it holds one.

Each character of the folded text stands for one of the text, so a finding in the one is a finding in the other.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Final, Self

from foureyes.privacy.findings import Finding

__all__ = ["FoldedText"]

_UNFOLDED: Final = re.compile(r"[^ -~\n]|[ \n]{2}")
_HIDDEN: Final = "\0"  # holds the place of a character that does not show
_RUN: Final = re.compile(r"[ \n\0]{2,}|\0")
_BREAKS: Final = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
_HYPHENS: Final = frozenset("\u02d7\u2043\u2212\u30fc\uff70")  # beside those that Unicode calls dashes
_DOTS: Final = frozenset("\u00b7\u2024\u2027\u2219\u22c5\u3002\u30fb\uff61\uff65")
_MARKS: Final = (
    (0x300, 0x370),
    (0x1AB0, 0x1B00),
    (0x1DC0, 0x1E00),
    (0x20D0, 0x2100),
    (0xFE00, 0xFE30),
    (0xE0100, 0xE01F0),
)
_BLANKS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A text in plain typography, and where its characters stood.

    Attributes:
        text: folded.
        stretches: where in it each stretch begins that was taken over without a gap.
        origins: where each of them began.

    Example:
        >>> folded = FoldedText.of("4111\u00a01111\u2011\u200b1111")
        >>> folded.text
        '4111 1111-1111'
        >>> folded.unfold(Finding(10, 14, "CREDIT_CARD"))
        Finding(start=11, end=15, kind='CREDIT_CARD', score=1.0)
    """

    text: str
    stretches: tuple[int, ...] = (0,)
    origins: tuple[int, ...] = (0,)

    @classmethod
    def of(cls, text: str) -> Self:
        """Folds a text."""
        if _UNFOLDED.search(text) is None:
            return cls(text)
        plain = text.translate({ord(char): _folded(char) for char in set(text)})
        kept = [(start, end) for start, end in _kept(plain) if start < end] or [(0, 0)]
        begins = accumulate((end - start for start, end in kept[:-1]), initial=0)
        return cls("".join(plain[start:end] for start, end in kept), tuple(begins), tuple(start for start, _ in kept))

    def unfold(self, finding: Finding) -> Finding:
        """A finding in the folded text as one in the text itself."""
        return replace(finding, start=self._origin(finding.start), end=self._origin(finding.end - 1) + 1)

    def _origin(self, place: int) -> int:
        stretch = bisect_right(self.stretches, place) - 1
        return self.origins[stretch] + place - self.stretches[stretch]


def _kept(plain: str) -> Iterator[tuple[int, int]]:
    """Ranges without what is hidden, and with one character of each run of white space."""
    done = 0
    for run in _RUN.finditer(plain):
        yield done, run.start()
        white = plain.find("\n", *run.span())
        white = plain.find(" ", *run.span()) if white < 0 else white
        if white >= 0:
            yield white, white + 1
        done = run.end()
    yield done, len(plain)


@lru_cache(4096)
def _folded(char: str) -> str:
    """The one character that stands for another."""
    if " " <= char <= "~":
        return char
    if char.isspace():
        return "\n" if char in _BREAKS else " "
    category = unicodedata.category(char)
    if _is_hidden(char, category):
        return _HIDDEN
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Pd" or char in _HYPHENS or char in _DOTS:
        return "." if char in _DOTS else "-"
    plain = unicodedata.normalize("NFKC", char)
    # Raised digits stay: in 10² they are no digit of a number.
    return plain if len(plain) == 1 and " " <= plain <= "~" and category != "No" else char


def _is_hidden(char: str, category: str) -> bool:
    return category in {"Cc", "Cf", "Me"} or char in _BLANKS or any(low <= ord(char) < high for low, high in _MARKS)
