"""Finds phone numbers in texts. Whether some digits are one, the numbering plan of a region says.

A run of digit groups is cut at its gaps, and what stands between two cuts is a phone number if a plan says so, the longest
first. Numbers that begin with + are known from any country; those without, only from the regions asked for.

Ten digits may as well be an order number. No phone number is what follows a word that says so ("order 4155552671"), what is
joined to letters ("SN-4155552671"), an amount, a decimal fraction or a date, unless a word such as "call" stands right
before it; and in North America gaps must be where they are in phone numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from foureyes.privacy.findings import Finding
from foureyes.privacy.looking import TimeLimit
from foureyes.privacy.numbering import NORTH_AMERICA, plan_of, valid_abroad
from foureyes.privacy.windows import TextWindow

__all__ = ["Phones"]

_SCORE: Final = 0.4  # Presidio's for a phone number
_FEWEST: Final = 7  # digits
_MOST: Final = 18  # fifteen by ITU-T E.164, and up to three before them to dial abroad
_MOST_GROUPS: Final = 8
_MOST_SINGLES: Final = 3  # groups of one digit: a country code, a bracketed zero, the first digit of a French number

_RUN: Final = re.compile(r"[0-9]+(?:[-. /()]{1,4}[0-9]+)*")
_GROUP: Final = re.compile(r"[0-9]+")
_REACH: Final = 48  # characters before a number in which it may be said what it is
_EXTENSION: Final = re.compile(r" ?(?:x|ext\.?|extension) ?[0-9]{1,6}\b", re.IGNORECASE)
_DATE: Final = re.compile(
    r"\b(?:(?:19|20)[0-9]{2}([-./])[01]?[0-9]\1[0-3]?[0-9]|[0-3]?[0-9]([-./])[0-3]?[0-9]\2(?:19|20)[0-9]{2})\b"
)
_SUMS: Final = frozenset("$£€¥₹₩%")
_NORTH_AMERICAN_GAPS: Final = frozenset({4, 7, 10})  # digits behind them

_BETWEEN: Final = (
    r"(?:[\s_]*(?:numbers?|nummer|numéro|número|no|nr|num|id|code|is|was|are|of|the|my|our|your|this|at|on|me|us))*"
    r"[\s.:#=\"'_°º\-]*$"
)
_CALLED: Final = re.compile(
    r"(?<![^\W\d_])(?:(?:tele)?phone|telefon\w*|téléphone|teléfono|tel|tél|mobile?|cell|call|dial|ring|text|sms|whatsapp|fax"
    r"|contact|reach|handy|portable|landline|hotline)" + _BETWEEN
)
_NAMED: Final = re.compile(
    r"(?<![^\W\d_])(?:orders?|serial|invoice|ticket|tracking|shipment|parcel|package|consignment|sku|part|model|batch|lot|item"
    r"|article|product|receipt|confirmation|transaction|reference|ref|version|build|revision|isbn|issn|ean|upc|gtin|barcode"
    r"|asin|case|issue|po|s/?n|p/?n|quantity|qty|count|total|timestamp|epoch|bestell\w*|auftrags?\w*|rechnungs?\w*|serien\w*"
    r"|artikel\w*|commande|facture|série|pedido|factura|serie)" + _BETWEEN
)


@dataclass(frozen=True, slots=True)
class Phones:
    """Phone numbers of any country after a +, and of some regions without.

    Attributes:
        regions: ISO 3166 codes in small letters.
        kind: what a finding is called.
        clue: what every number holds.
    """

    regions: tuple[str, ...]
    kind: str = "PHONE_NUMBER"
    clue: re.Pattern[str] = _GROUP

    def find(self, text: str, window: TextWindow, limit: TimeLimit) -> Iterator[Finding]:
        """Every phone number in a window, with the extension that follows it."""
        limit.left()
        for run in _RUN.finditer(text, window.start, window.end):
            if run.end() - run.start() >= _FEWEST:
                limit.left()
                groups = [group.span() for group in _GROUP.finditer(text, *run.span())]
                yield from self._in_run(_Run(text, groups))

    def _in_run(self, run: _Run) -> Iterator[Finding]:
        first = 0
        while first < len(run.groups):
            last = self._last(run, first)
            if last is not None:
                yield Finding(*run.span(first, last), self.kind, _SCORE)
            first = first + 1 if last is None else last + 1

    def _last(self, run: _Run, first: int) -> int | None:
        """The last group of the longest number that begins with this one."""
        if not run.may_begin(first):
            return None
        digits, found, singles = "", None, 0
        for last, (start, end) in enumerate(run.groups[first : first + _MOST_GROUPS], first):
            digits += run.text[start:end]
            singles += end - start == 1
            if len(digits) > _MOST or singles > _MOST_SINGLES:
                break
            if len(digits) >= _FEWEST and self._is_number(run, (first, last), digits):
                found = last
        return found

    def _is_number(self, run: _Run, place: tuple[int, int], digits: str) -> bool:
        first, last = place
        if not run.may_end(last):
            return False
        if "+" in run.lead(first) and valid_abroad(digits):
            return True
        return self._is_national(run, place, digits) and not run.is_something_else(first, last)

    def _is_national(self, run: _Run, place: tuple[int, int], digits: str) -> bool:
        plans = (plan_of(region) for region in self.regions)
        return any(
            plan.abroad(digits)
            or (plan.national(digits) and (plan.country_code != NORTH_AMERICA or run.north_american(*place)))
            for plan in plans
        )


@dataclass(frozen=True, slots=True)
class _Run:
    """Digit groups with little between them.

    Attributes:
        text: in which they stand.
        groups: where.
    """

    text: str
    groups: list[tuple[int, int]]

    def may_begin(self, first: int) -> bool:
        """Whether a number may begin with this group: not in the middle of what hangs together."""
        if first:
            return not self._hang_together(first - 1)
        start = self.groups[0][0] - len(self.lead(0))
        before = self.text[start - 1 : start]
        return not (_is_latin(before) or before in _SUMS) if before else True

    def may_end(self, last: int) -> bool:
        """Whether a number may end with this group."""
        if last + 1 < len(self.groups):
            return not self._hang_together(last)
        end = self.groups[last][1]
        after, second = self.text[end : end + 1], self.text[end + 1 : end + 2]
        if _EXTENSION.match(self.text, end):
            return True
        return not after or not (_is_latin(after) or after == "%" or (after == "-" and _is_latin(second)))

    def _hang_together(self, group: int) -> bool:
        """Whether only hyphens and dots stand between a group and the next."""
        return not set(self.text[self.groups[group][1] : self.groups[group + 1][0]]) - {"-", "."}

    def lead(self, first: int) -> str:
        """A plus sign and brackets before a group."""
        end = start = self.groups[first][0]
        while start and end - start < 4 and self.text[start - 1] in "+( ":
            start -= 1
        return self.text[start:end].lstrip(" ")

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Where a number stands, with what leads it and its extension."""
        start, end = self.groups[first][0], self.groups[last][1]
        lead = self.lead(first)
        if ")" not in self.text[start:end]:
            lead = lead[lead.rfind("(") + 1 :].lstrip(" ")
        extension = _EXTENSION.match(self.text, end)
        return start - len(lead), extension.end() if extension else end

    def north_american(self, first: int, last: int) -> bool:
        """Whether the gaps are where they are in ``1 (415) 555-2671``, if there are any."""
        sizes = [end - start for start, end in self.groups[first : last + 1]]
        after = accumulate(sizes[-1:0:-1])  # digits behind each gap
        return set(after) <= _NORTH_AMERICAN_GAPS

    def is_something_else(self, first: int, last: int) -> bool:
        """Whether it is written or named as what is no phone number."""
        start, end = self.groups[first][0], self.groups[last][1]
        if _DATE.search(self.text, start, end) or (last == first + 1 and self.text[self.groups[first][1]] == "."):
            return True
        place = start - len(self.lead(first))
        before = self.text[max(0, place - _REACH) : place].lower()
        if _CALLED.search(before):
            return False
        joined = before[-1:] == "#" or (before[-1:] == "-" and _is_latin(before[-2:-1]))
        return joined or _NAMED.search(before) is not None


def _is_latin(char: str) -> bool:
    """Whether a character is a digit, an underscore or a letter of the kind that may be part of an identifier."""
    return char < "\u0250" and (char.isalnum() or char == "_")
