"""Numbers of arguments as a chat template takes them: Python's, without losing a digit of what is read."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Final

from foureyes.json_text import JsonNumber
from foureyes.types import Exchange, text_of

__all__ = ["StandIns", "plain_value"]

_LONGEST_INTEGER: Final = 4000
"""Digits; Python reads no more than 4300."""


class StandIns:
    """Numbers that stand, while a template writes, for those whose digits Python would not keep.

    Args:
        exchange: whose texts must not hold a number that stands for another.

    Example:
        >>> from foureyes.json_text import parsed_strictly
        >>> numbers = StandIns(Exchange("Pay Ana.", "Done."))
        >>> value = numbers.plain(parsed_strictly('{"amount": 1.50, "n": 2}'))
        >>> value["n"], numbers.written_in(f"amount {value['amount']}")
        (2, 'amount 1.50')
    """

    def __init__(self, exchange: Exchange) -> None:
        self._taken = "\n".join(
            [exchange.answer, text_of(exchange.prompt), *(tool.parameters for tool in exchange.tools)]
        )
        self._digits: dict[str, str] = {}

    def plain(self, value: object) -> Any:
        """A value with numbers as Python has them."""
        return plain_value(value, self._number)

    def written_in(self, text: str) -> str:
        """The text with every number in its own digits."""
        for stand_in, digits in self._digits.items():
            text = text.replace(stand_in, digits)
        return text

    def _number(self, digits: JsonNumber) -> int | float:
        number = _number(digits)
        if repr(number) == digits:
            return number
        free = (
            n for n in count(10**17 + 7_654_321, 1_000_003) if str(n) not in self._taken and str(n) not in self._digits
        )
        stand_in = next(free)
        self._digits[str(stand_in)] = digits
        return stand_in


def _number(digits: JsonNumber) -> int | float:
    return int(digits) if digits.lstrip("-").isdigit() and len(digits) <= _LONGEST_INTEGER else float(digits)


def plain_value(value: object, number: Callable[[JsonNumber], int | float] = _number) -> Any:
    """A value of strictly parsed JSON with numbers as Python has them."""
    if isinstance(value, JsonNumber):
        return number(value)
    if isinstance(value, dict):
        return {key: plain_value(inner, number) for key, inner in value.items()}
    return [plain_value(inner, number) for inner in value] if isinstance(value, list) else value
