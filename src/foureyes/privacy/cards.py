"""Finds numbers of payment cards, by the issuers' leading digits and lengths and by their check digit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from foureyes.privacy.findings import Finding
from foureyes.privacy.looking import TimeLimit
from foureyes.privacy.windows import TextWindow

__all__ = ["Cards"]

_START: Final = re.compile(r"\b[1-6](?=[0-9]{3})", re.ASCII)
_GROUP: Final = re.compile(r"[-. ]?([0-9]+)")
_SMALLEST_GROUP: Final = 3  # American Express: 4, 6 and 5 digits
_LONGEST: Final = 19
_ISSUERS: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0|[689])\d{12,17}|35\d{14,17}|6\d{12,18}|5[06-8]\d{11,17}|(?:1\d{3}|2131)\d{11}",
    re.ASCII,
)


class Cards:
    """Card numbers in groups that stand apart by a space, a hyphen, a dot or nothing."""

    kind = "CREDIT_CARD"
    clue = re.compile(r"\d{3}")

    def find(self, text: str, window: TextWindow, limit: TimeLimit) -> Iterator[Finding]:
        """Every card number in a window, the longest where two begin at the same place."""
        limit.left()
        done = window.start
        for start in _START.finditer(text, window.start, window.end):
            if start.start() >= done and (end := _end(text, start.start(), window.end)):
                done = end
                yield Finding(start.start(), end, self.kind)


def _end(text: str, start: int, limit: int) -> int | None:
    """Where the card number that begins here ends, if one does."""
    digits, place, found = "", start, None
    while (group := _GROUP.match(text, place, limit)) and len(digits) + len(group[1]) <= _LONGEST:
        place, digits = group.end(), digits + group[1]
        if not text[place : place + 1].isalnum() and _ISSUERS.fullmatch(digits) and _has_check_digit(digits):
            found = place
        if len(group[1]) < _SMALLEST_GROUP:
            break
    return found


def _has_check_digit(digits: str) -> bool:
    """Whether the last digit is right (Luhn; ISO/IEC 7812-1)."""
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(d - 9 if d > 9 else d for d in doubled)) % 10 == 0
