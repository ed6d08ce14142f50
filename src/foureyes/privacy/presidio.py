"""Presidio's patterns, with their check digits and context words, tried on a window of a text.

Three things differ from Presidio's own way. A pattern that takes too long fails the whole text. The groups of a number may
stand apart by a hyphen, a space or a dot wherever a pattern allows one of them. And a pattern whose pieces count only after
a context word is not tried where no such word is near, which is most of the time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from foureyes.errors import ConfigError
from foureyes.privacy.findings import Finding
from foureyes.privacy.looking import TimeLimit
from foureyes.privacy.windows import TextWindow

if TYPE_CHECKING:
    from presidio_analyzer import PatternRecognizer

__all__ = ["PresidioPatterns", "presidio_patterns"]

_NO_SHAPE: Final = frozenset({"PAN (Low)"})  # any ten letters, if four digits follow anywhere in the text
_ELSEWHERE: Final = frozenset({"CREDIT_CARD", "EMAIL_ADDRESS", "IBAN_CODE"})  # found by modules of our own
_NO_PERSON: Final = frozenset({"ABA_ROUTING_NUMBER", "DATE_TIME", "URL", "UUID"})  # these name nobody by themselves

_BOOST: Final = 0.35  # of a weak shape after one of its context words, as in Presidio
_WORDS_BEFORE: Final = 5
_REACH: Final = 96  # characters in which those words are looked for
_WORD: Final = re.compile(r"\w[^\s.,;:!?()\"]*")
_SHORT: Final = 3  # letters; "us" is not in "focus"
_PART: Final = re.compile(r"[^\W_]+")
_DIGIT: Final = re.compile(r"\d")
_CLUES: Final = {  # what every piece of a kind holds, where that is no digit
    "IP_ADDRESS": re.compile(r":|\d"),
    "IT_FISCAL_CODE": re.compile("(?i)[a-z]{6}"),
    "MAC_ADDRESS": re.compile(r"(?i)[\da-f]{2}[:-]|[\da-f]{4}\."),
}
_FLAGS: Final = re.DOTALL | re.MULTILINE | re.IGNORECASE

_CLASS: Final = re.compile(r"\[(?=[^\]]*(?: |\\s))(?:[-.: _]|\\[s.\-]){2,}\]")
_GAPS: Final = str.maketrans(". ", "--")  # some checks know of no other
_HYPHEN: Final = re.compile(r"(?<=[)}\]])-(?=[(\[\\])")
_SPACE: Final = re.compile(r"(?<=[)}\d]) \?|\\s(?![*+?\]])")
"""Places in Presidio's patterns where the groups of a number stand apart."""
_UNBOUNDED: Final = ("[A-Z0-9-]*", "[A-Z0-9-]{0,20}")  # looks ahead in identifiers of up to twenty characters


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One pattern of a recogniser.

    Attributes:
        compiled: by the library that can stop in time.
        score: of a piece, before check digits and context.
        grouped: whether it was made to take any gap between the groups of a number.
    """

    compiled: Any
    score: float
    grouped: bool


@dataclass(frozen=True, slots=True)
class PresidioPatterns:
    """The patterns of one of Presidio's recognisers.

    Attributes:
        kind: what it finds.
        recognizer: Presidio's.
        patterns: of it.
        context: words that make a weak piece likely, in small letters.
        min_score: pieces below it do not count.
        clue: what every piece holds.
        signs: one of them is near where a context word is.
        checked: whether check digits can make up for a low score.
    """

    kind: str
    recognizer: PatternRecognizer
    patterns: tuple[_Pattern, ...]
    context: tuple[str, ...]
    min_score: float
    clue: re.Pattern[str]
    signs: tuple[str, ...]
    checked: bool

    def find(self, text: str, window: TextWindow, limit: TimeLimit) -> Iterator[Finding]:
        """Every piece in a window that passes the checks and is likely enough where it stands."""
        limit.left()
        nearby = text[max(0, window.start - _REACH) : window.end].lower()
        hopeful = self.checked or any([sign in nearby for sign in self.signs])  # noqa: C419 - faster than a generator
        for pattern in self.patterns:
            if hopeful or pattern.score >= self.min_score:
                yield from self._matches(pattern, text, window, limit)

    def _matches(self, pattern: _Pattern, text: str, window: TextWindow, limit: TimeLimit) -> Iterator[Finding]:
        done = window.start
        try:
            for match in pattern.compiled.finditer(
                text, window.start, window.end, overlapped=pattern.grouped, timeout=limit.left()
            ):
                start, end = match.span()
                score = self._score(text[start:end], pattern) if done <= start < end else 0.0
                if score and (score := self._in_context(text, start, score)) >= self.min_score:
                    done = end
                    yield Finding(start, end, self.kind, score)
        except TimeoutError as error:
            raise limit.over() from error

    def _score(self, piece: str, pattern: _Pattern) -> float:
        plain = piece.translate(_GAPS) if pattern.grouped else piece
        valid = self.recognizer.validate_result(plain)
        score = pattern.score if valid is None else float(valid)
        return 0.0 if self.recognizer.invalidate_result(plain) else score

    def _in_context(self, text: str, start: int, score: float) -> float:
        if score >= 1 or not self.context:
            return score
        before = _WORD.findall(text[max(0, start - _REACH) : start].lower())[-_WORDS_BEFORE:]
        likely = any(_is_there(word, before) for word in self.context)
        return min(1.0, max(score + _BOOST, 0.4)) if likely else score


def _is_there(wanted: str, words: list[str]) -> bool:
    """Whether words hold a context word: short ones stand alone, others may be a part ("passport" in "passports")."""
    if len(wanted) > _SHORT:
        return wanted in " ".join(words)
    return wanted in words or any(wanted in _PART.findall(word) for word in words)


def presidio_patterns(countries: Collection[str], min_score: float) -> Iterator[PresidioPatterns]:
    """Presidio's recognisers of patterns, those of other countries left out.

    Raises:
        ConfigError: Presidio is not installed.
    """
    try:
        import regex  # noqa: PLC0415 - comes with Presidio
        from presidio_analyzer import PatternRecognizer, predefined_recognizers  # noqa: PLC0415 - loads spaCy
    except ModuleNotFoundError as error:
        raise ConfigError(f"finding personal data needs {error.name}: pip install 'foureyes[privacy]'") from error
    for name in predefined_recognizers.__all__:
        made: Any = getattr(predefined_recognizers, name)
        if not (isinstance(made, type) and issubclass(made, PatternRecognizer)):
            continue
        if made.COUNTRY_CODE is not None and made.COUNTRY_CODE not in countries:
            continue
        recognizer = cast("Any", made)()
        kind = recognizer.supported_entities[0]
        if kind in _NO_PERSON or kind in _ELSEWHERE:
            continue
        shapes = [pattern for pattern in recognizer.patterns if pattern.name not in _NO_SHAPE]
        sources = ((p.regex, with_any_gap(p.regex), float(p.score)) for p in shapes)
        patterns = (_Pattern(regex.compile(new, _FLAGS), score, new != old) for old, new, score in sources)
        context = tuple(dict.fromkeys(word.lower().strip() for word in recognizer.context or ()))
        signs = tuple({word.split()[0] for word in context})
        checked = made.validate_result is not PatternRecognizer.validate_result
        clue = _CLUES.get(kind, _DIGIT)
        yield PresidioPatterns(kind, recognizer, tuple(patterns), context, min_score, clue, signs, checked)


def with_any_gap(source: str) -> str:
    """A pattern that takes a hyphen, a space or a dot wherever it took one of them between groups.

    Example:
        >>> with_any_gap(r"([0-9]{3})[- ]?([0-9]{4})")
        '([0-9]{3})[-. ]?([0-9]{4})'
    """
    bounded = source.replace(*_UNBOUNDED).replace("(-?)", "([-. ]?)")
    same = _CLASS.sub(lambda found: f"[-. {''.join(c for c in ':_' if c in found[0])}]", bounded)
    return _SPACE.sub(lambda found: "[-. ]?" if found[0].endswith("?") else "[-. ]", _HYPHEN.sub("[-. ]", same))
