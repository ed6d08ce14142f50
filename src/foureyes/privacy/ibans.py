"""Finds account numbers of every country in the IBAN registry, by their length and check digits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from foureyes.privacy.findings import Finding
from foureyes.privacy.looking import TimeLimit
from foureyes.privacy.windows import TextWindow

__all__ = ["IBAN_LENGTHS", "Ibans"]

IBAN_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27,
    "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28,
    "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23,
    "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21,
    "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28,
    "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22,
    "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25,
    "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Characters of an account number by country, from the IBAN registry."""

_START: Final = re.compile(r"(?<![a-z0-9])[a-z]{2}\d{2}", re.IGNORECASE | re.ASCII)
_FEWEST_DIGITS: Final = 8  # words in a row have fewer
_SEPARATORS: Final = str.maketrans("", "", "-. ")


class Ibans:
    """Account numbers, in groups of any size that stand apart by a space, a hyphen, a dot or nothing."""

    kind = "IBAN_CODE"
    clue = _START

    def find(self, text: str, window: TextWindow, limit: TimeLimit) -> Iterator[Finding]:
        """Every account number in a window. A number that follows one is no part of it."""
        limit.left()
        for start in _START.finditer(text, window.start, window.end):
            length = IBAN_LENGTHS.get(start.group()[:2].upper())
            if length and (end := _end(text, start.start(), min(window.end, start.start() + 2 * length))):
                yield Finding(start.start(), end, self.kind)


def _end(text: str, start: int, limit: int) -> int | None:
    """Where the account number that begins here ends, if one does."""
    length = IBAN_LENGTHS[text[start : start + 2].upper()]
    end = start
    for _ in range(length):
        end += text[end : end + 1] in {"-", ".", " "}
        if end >= limit or not (text[end].isascii() and text[end].isalnum()):
            return None
        end += 1
    joined = text[start:end].translate(_SEPARATORS).upper()
    inside_word = end < len(text) and text[end].isascii() and text[end].isalnum()
    return None if inside_word or not _valid(joined) else end


def _valid(joined: str) -> bool:
    """Whether the check digits are right: modulo 97, letters counted from 10 (ISO 13616)."""
    if sum(char.isdigit() for char in joined) < _FEWEST_DIGITS:
        return False
    return int("".join(str(int(char, 36)) for char in joined[4:] + joined[:4])) % 97 == 1
