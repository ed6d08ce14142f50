"""Finds personal data that follows a pattern: addresses, numbers with check digits, identifiers of many countries.

The shapes, their checks and the words that make a weak one likely are those of Presidio; the walk over the text is ours,
for three reasons. Presidio's engine wants a language model even where none is used. Where a pattern takes too long it
logs a warning and goes on without it, which lets personal data out; here that is a
:class:`~foureyes.errors.PrivacyError`. And its check of e-mail addresses fetches a list from the network and turns away
addresses in domains that are not on it, such as ``ana@corp.internal``.

A weak shape (nine digits may be a passport) counts only where one of its context words stands within the five words
before it. The whole text is looked at, in windows. Start at :class:`PatternDetector`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Protocol

from foureyes.errors import ConfigError, PrivacyError
from foureyes.privacy.findings import Finding
from foureyes.privacy.windows import TextWindow, windows

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer, PatternRecognizer
    from presidio_analyzer.predefined_recognizers import PhoneRecognizer

__all__ = ["COUNTRIES", "PatternDetector"]

COUNTRIES: Final = (
    "au", "ca", "de", "es", "fi", "in", "it", "kr", "ng", "ph", "pl", "se", "sg", "th", "tr", "uk", "us", "za",
)  # fmt: skip
"""Countries whose identifiers Presidio knows."""

_SIZE: Final = 16_384  # characters looked at in one go: a quadratic pattern stays under a second
_OVERLAP: Final = 1_024  # no identifier is longer
_NO_SHAPE: Final = frozenset({"PAN (Low)"})  # any ten letters, if four digits follow anywhere in the text
_NO_PERSON: Final = frozenset({"ABA_ROUTING_NUMBER", "DATE_TIME", "URL", "UUID"})  # these name nobody by themselves

_BOOST: Final = 0.35  # of a weak shape after one of its context words, as in Presidio
_WORDS_BEFORE: Final = 5
_REACH: Final = 96  # characters in which those words are looked for
_WORD: Final = re.compile(r"\w[^\s.,;:!?()\"]*")
_SHORT: Final = 3  # letters; "us" is not in "focus"
_DIGIT: Final = re.compile(r"\d")
_CLUES: Final = {  # what every piece of a kind holds, where that is no digit
    "EMAIL_ADDRESS": re.compile("@"),
    "IP_ADDRESS": re.compile(r":|\d"),
    "IT_FISCAL_CODE": re.compile("(?i)[a-z]{6}"),
    "MAC_ADDRESS": re.compile(r"(?i)[\da-f]{2}[:-]|[\da-f]{4}\."),
    "URL_WITH_CREDENTIALS": re.compile("://"),
}
_REGIONS: Final = {"uk": "GB"}  # where Presidio's countries have another name than phone numbers' regions
_FLAGS: Final = re.DOTALL | re.MULTILINE | re.IGNORECASE

_ADDRESS: Final = r"\b[a-z][a-z0-9+.\-]{1,30}://"
_PARAMETER: Final = r"(?:access_?token|api_?key|auth|key|passw(?:or)?d|pwd|secret|sig(?:nature)?|token)"
_REST: Final = r"[^\s\"'<>]{0,512}[\w/=&%~+$-]"  # up to the punctuation of the sentence it stands in
_CREDENTIALS: Final = (
    _ADDRESS + r"[^\s/?#@\"'<>]{1,512}@" + _REST,
    _ADDRESS + r"[^\s\"'<>]{1,384}?[?&;]" + _PARAMETER + "=" + _REST,
)


class PatternDetector:
    """Finds personal data by patterns and check digits. No model is loaded, nothing is fetched.

    Args:
        countries: whose identifiers to look for, of :data:`COUNTRIES`, besides those of no country (e-mail addresses,
            card numbers, international phone numbers, IBANs, IP and MAC addresses, crypto wallets, addresses with
            credentials); and whose local phone numbers. Each adds time and false alarms: one in ten numbers of the
            right length passes a check digit.
        min_score: findings below this are left out, in (0, 1]. At 0.4, Presidio's score for a phone number, weak
            shapes count only after a context word.
        timeout_s: most seconds a text may take, and as many again for every million characters, > 0.
        clock: seconds since some moment, never set back.

    Raises:
        ConfigError: an unknown country, or Presidio is not installed.

    Example:
        >>> [(f.kind, f.start, f.end) for f in PatternDetector().find("Write to ana@example.org.")]
        [('EMAIL_ADDRESS', 9, 24)]
    """

    def __init__(
        self,
        *,
        countries: Collection[str] = ("uk", "us"),
        min_score: float = 0.4,
        timeout_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if unknown := sorted(set(countries) - set(COUNTRIES)):
            raise ConfigError(f"no identifiers are known of {unknown[0]!r}; wanted some of {', '.join(COUNTRIES)}")
        self._shapes = tuple(_shapes(frozenset(countries)))
        self._min_score = min_score
        self._timeout_s = timeout_s
        self._clock = clock

    @property
    def kinds(self) -> frozenset[str]:
        """What it can find."""
        return frozenset(shape.kind for shape in self._shapes)

    def find(self, text: str) -> list[Finding]:
        """Every piece of personal data in the text.

        Raises:
            PrivacyError: it took too long.
        """
        limit = _TimeLimit(self._timeout_s * (1 + len(text) / 1e6), self._clock)
        found = (
            finding
            for window in windows(len(text), size=_SIZE, overlap=_OVERLAP)
            for shape in self._possible(text, window)
            for finding in window.whole(shape.find(text, window, limit))
        )
        return [finding for finding in found if finding.score >= self._min_score]

    def _possible(self, text: str, window: TextWindow) -> Iterator[_Shape]:
        """Shapes without which a window could be: most text has no digit, and is done with in a glance."""
        seen = {clue: clue.search(text, window.start, window.end) is not None for clue in {_DIGIT, *_CLUES.values()}}
        return (shape for shape in self._shapes if seen[_CLUES.get(shape.kind, _DIGIT)])


class _TimeLimit:
    """The time a text may take: what is not looked at to its end in it does not go out."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._ends = clock() + seconds

    def left(self) -> float:
        """Seconds, > 0."""
        left = self._ends - self._clock()
        if left <= 0:
            raise self.over()
        return left

    def over(self) -> PrivacyError:
        return PrivacyError(
            f"looking for personal data took over {self._seconds:.3g} s: the text was not read to its end"
        )


class _Shape(Protocol):
    """One kind of personal data."""

    @property
    def kind(self) -> str: ...

    def find(self, text: str, window: TextWindow, limit: _TimeLimit) -> Iterator[Finding]: ...


@dataclass(frozen=True, slots=True)
class _Patterns:
    """The patterns of one of Presidio's recognisers, with its checks and context words."""

    kind: str
    recognizer: PatternRecognizer
    compiled: tuple[tuple[Any, float], ...]

    def find(self, text: str, window: TextWindow, limit: _TimeLimit) -> Iterator[Finding]:
        for pattern, score in self.compiled:
            try:
                for match in pattern.finditer(text, window.start, window.end, timeout=limit.left()):
                    yield from self._checked(text, match, score)
            except TimeoutError as error:
                raise limit.over() from error

    def _checked(self, text: str, match: Any, score: float) -> Iterator[Finding]:
        """The longest piece of a match that passes the checks, if any does."""
        start, whole = match.span()
        for end in self._ends(match) if self.kind == "IBAN_CODE" else (whole,):
            sure = self._sure(text[start:end], score) if end > start else 0.0
            if sure > 0:
                yield Finding(start, end, self.kind, self._in_context(text, start, sure))
                return

    def _ends(self, match: Any) -> Iterator[int]:
        """An IBAN's pattern may take in a number that follows; its groups say where it could have ended."""
        return (match.end(group) for group in range(len(match.groups()), 0, -1) if match.end(group) > 0)

    def _sure(self, piece: str, score: float) -> float:
        if self.kind != "EMAIL_ADDRESS":  # whose check would ask the network
            valid = self.recognizer.validate_result(piece)
            score = score if valid is None else float(valid)
        return 0.0 if self.recognizer.invalidate_result(piece) else score

    def _in_context(self, text: str, start: int, score: float) -> float:
        before = _WORD.findall(text[max(0, start - _REACH) : start].lower())[-_WORDS_BEFORE:]
        likely = score < 1 and any(_is_there(word, before) for word in self.recognizer.context or ())
        return min(1.0, max(score + _BOOST, 0.4)) if likely else score


def _is_there(wanted: str, words: list[str]) -> bool:
    """Whether words hold a context word: short ones stand alone, others may be a part ("passport" in "passports")."""
    return wanted in words if len(wanted) <= _SHORT else wanted in " ".join(words)


@dataclass(frozen=True, slots=True)
class _Phones:
    """Phone numbers, which Presidio leaves to Google's library and which have no single pattern."""

    kind: str
    recognizer: PhoneRecognizer

    def find(self, text: str, window: TextWindow, limit: _TimeLimit) -> Iterator[Finding]:
        for start, end in _stretches(text, window):
            limit.left()
            for hit in self.recognizer.analyze(text[start:end], [self.kind]):
                yield Finding(start + hit.start, start + hit.end, self.kind, hit.score)


_SIX_DIGITS: Final = re.compile(r"\d(?:[^\dA-Za-z]{0,4}\d){5,}")
_MARGIN: Final = 32


def _stretches(text: str, window: TextWindow) -> Iterator[tuple[int, int]]:
    """The parts of a window that could hold a phone number: the library is slow, and most text holds none."""
    near = [
        (max(window.start, match.start() - _MARGIN), min(window.end, match.end() + _MARGIN))
        for match in _SIX_DIGITS.finditer(text, window.start, window.end)
    ]
    if not near:
        return
    cuts = [i for i, (before, after) in enumerate(pairwise(near), 1) if after[0] > before[1]]
    for first, last in pairwise([0, *cuts, len(near)]):
        yield near[first][0], near[last - 1][1]


def _shapes(countries: frozenset[str]) -> Iterator[_Shape]:
    try:
        import regex  # noqa: PLC0415 - comes with Presidio
        from presidio_analyzer import Pattern, PatternRecognizer  # noqa: PLC0415 - loads spaCy
        from presidio_analyzer.predefined_recognizers import PhoneRecognizer  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigError(f"finding personal data needs {error.name}: pip install 'foureyes[privacy]'") from error
    credentials = [Pattern("credentials", pattern, 0.9) for pattern in _CREDENTIALS]
    urls = PatternRecognizer("URL_WITH_CREDENTIALS", patterns=credentials)
    for recognizer in [*_recognizers(countries), urls]:
        kind = recognizer.supported_entities[0]
        if isinstance(recognizer, PhoneRecognizer):
            yield _Phones(kind, recognizer)
        elif isinstance(recognizer, PatternRecognizer) and kind not in _NO_PERSON:
            known: Any = recognizer  # its patterns have no type that a checker could tell
            patterns: list[Pattern] = [p for p in known.patterns if p.name not in _NO_SHAPE]
            compiled = ((regex.compile(p.regex, _FLAGS), float(p.score)) for p in patterns)
            yield _Patterns(kind, recognizer, tuple(compiled))


def _recognizers(countries: frozenset[str]) -> Iterator[EntityRecognizer]:
    """Presidio's recognisers of shapes, those of other countries left out."""
    from presidio_analyzer import PatternRecognizer, predefined_recognizers  # noqa: PLC0415
    from presidio_analyzer.predefined_recognizers import PhoneRecognizer  # noqa: PLC0415

    for name in predefined_recognizers.__all__:
        kind: Any = getattr(predefined_recognizers, name)
        of_shapes = isinstance(kind, type) and issubclass(kind, PatternRecognizer | PhoneRecognizer)
        if kind is PhoneRecognizer:
            # Numbers that begin with + are found in any region, and in ZZ, which is none, only they.
            yield PhoneRecognizer(supported_regions=[_REGIONS.get(c, c.upper()) for c in sorted(countries)] or ["ZZ"])
        elif of_shapes and (kind.COUNTRY_CODE is None or kind.COUNTRY_CODE in countries):
            yield kind()
