"""Finds personal data that follows a pattern: addresses, numbers with check digits, identifiers of many countries.

A text is brought to plain typography first (:mod:`~foureyes.privacy.folding`), and read without its escapes too
(:mod:`~foureyes.privacy.escapes`); then every shape is looked for in windows of
it, to its last character. E-mail addresses, card numbers, account numbers and phone numbers are found by modules of our own;
identifiers of countries by Presidio's patterns under our walk (:mod:`~foureyes.privacy.presidio`), since Presidio's engine
wants a language model, goes on without a pattern that took too long, and asks the network about e-mail addresses.

A weak shape (nine digits may be a passport) counts only where one of its context words stands within the five words
before it. Start at :class:`PatternDetector`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from typing import Final

from foureyes.errors import ConfigError
from foureyes.privacy.addresses import CredentialUrls, Emails
from foureyes.privacy.cards import Cards
from foureyes.privacy.escapes import UnescapedText
from foureyes.privacy.findings import Finding
from foureyes.privacy.folding import FoldedText
from foureyes.privacy.ibans import Ibans
from foureyes.privacy.looking import Shape, TimeLimit
from foureyes.privacy.numbering import phone_regions
from foureyes.privacy.phones import Phones
from foureyes.privacy.presidio import presidio_patterns
from foureyes.privacy.windows import TextWindow, windows

__all__ = ["COUNTRIES", "PatternDetector"]

COUNTRIES: Final = (
    "au", "ca", "de", "es", "fi", "in", "it", "kr", "ng", "ph", "pl", "se", "sg", "th", "tr", "uk", "us", "za",
)  # fmt: skip
"""Countries whose identifiers Presidio knows."""

_SIZE: Final = 4_096  # characters looked at in one go
_LOOKING: Final = threading.Lock()
"""Held for a window: Python runs one thread at a time, and several that look would only keep it from all others for longer."""

_OVERLAP: Final = 1_024  # no identifier is longer
_REGIONS: Final = {"uk": "gb"}  # where Presidio's countries have another name than regions of phone numbers


class PatternDetector:
    """Finds personal data by patterns and check digits. No model is loaded, nothing is fetched.

    Args:
        countries: whose identifiers to look for, of :data:`COUNTRIES`, besides those of no country (e-mail addresses,
            card numbers, international phone numbers, IBANs, IP and MAC addresses, crypto wallets, addresses with
            credentials). Each adds time and false alarms: one in ten numbers of the right length passes a check digit.
        phone_regions: regions whose phone numbers are known without a country code in front, by their ISO 3166 codes in
            small letters (``"fr"``); ``None`` for those of ``countries``.
        min_score: findings below this are left out, in (0, 1]. At 0.4, Presidio's score for a phone number, weak
            shapes count only after a context word.
        timeout_s: most seconds a text may take, and as many again for every million characters, > 0.
        clock: seconds since some moment, never set back.

    Raises:
        ConfigError: an unknown country or region, or Presidio is not installed.

    Example:
        >>> [(f.kind, f.start, f.end) for f in PatternDetector().find("Write to ana@example.org.")]
        [('EMAIL_ADDRESS', 9, 24)]
    """

    def __init__(
        self,
        *,
        countries: Collection[str] = ("uk", "us"),
        phone_regions: Collection[str] | None = None,
        min_score: float = 0.4,
        timeout_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if unknown := sorted(set(countries) - set(COUNTRIES)):
            raise ConfigError(f"no identifiers are known of {unknown[0]!r}; wanted some of {', '.join(COUNTRIES)}")
        regions = [_REGIONS.get(c, c) for c in countries] if phone_regions is None else phone_regions
        self._shapes = _shapes(frozenset(countries), frozenset(regions), min_score)
        self._clues = frozenset(shape.clue for shape in self._shapes)
        self._min_score = min_score
        self._timeout_s = timeout_s
        self._clock = clock

    @property
    def kinds(self) -> frozenset[str]:
        """What it can find."""
        return frozenset(shape.kind for shape in self._shapes)

    def most_seconds(self, text: str) -> float:
        """How long this text may take."""
        return self._timeout_s * (1 + len(text) / 1e6)

    def find(self, text: str) -> list[Finding]:
        """Every piece of personal data in the text.

        Raises:
            PrivacyError: it took too long.
        """
        limit = TimeLimit(self.most_seconds(text), self._clock)
        found = self._read(text, limit)
        if (unescaped := UnescapedText.of(text)) is not None:
            found += [unescaped.written(finding) for finding in self._read(unescaped.text, limit)]
        return found

    def _read(self, text: str, limit: TimeLimit) -> list[Finding]:
        folded = FoldedText.of(text)
        found = (
            finding
            for window in windows(len(folded.text), size=_SIZE, overlap=_OVERLAP)
            for finding in self._found(folded.text, window, limit)
        )
        return [folded.unfold(finding) for finding in found if finding.score >= self._min_score]

    def _found(self, text: str, window: TextWindow, limit: TimeLimit) -> list[Finding]:
        with _LOOKING:
            return [
                finding
                for shape in self._possible(text, window)
                for finding in window.whole(shape.find(text, window, limit))
            ]

    def _possible(self, text: str, window: TextWindow) -> Iterator[Shape]:
        """Shapes without which a window could be: most text has no digit, and is done with in a glance."""
        seen = {clue for clue in self._clues if clue.search(text, window.start, window.end)}
        return (shape for shape in self._shapes if shape.clue in seen)


def _shapes(countries: frozenset[str], regions: frozenset[str], min_score: float) -> tuple[Shape, ...]:
    if unknown := sorted(regions - phone_regions()):
        raise ConfigError(f"no phone numbers are known of {unknown[0]!r}; wanted ISO 3166 codes such as 'fr'")
    own: tuple[Shape, ...] = (Emails(), CredentialUrls(), Cards(), Ibans(), Phones(tuple(sorted(regions))))
    return (*own, *presidio_patterns(countries, min_score))
