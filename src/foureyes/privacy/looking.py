"""What every shape of personal data has: a way to be looked for in a window of a text, in bounded time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from foureyes.errors import PrivacyError
from foureyes.privacy.findings import Finding
from foureyes.privacy.windows import TextWindow

__all__ = ["Shape", "TimeLimit"]


class TimeLimit:
    """The time that may be spent on a text: what is not looked at to its end in it does not go out.

    Args:
        seconds: of it.
        clock: seconds since some moment, never set back.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._ends = clock() + seconds

    def left(self) -> float:
        """Seconds that are left, > 0.

        Raises:
            PrivacyError: none are left.
        """
        left = self._ends - self._clock()
        if left <= 0:
            raise self.over()
        return left

    def over(self) -> PrivacyError:
        """The error that says so."""
        return PrivacyError(
            f"looking for personal data took over {self._seconds:.3g} s: the text was not read to its end"
        )


class Shape(Protocol):
    """One kind of personal data."""

    @property
    def kind(self) -> str:
        """Its name."""
        ...

    @property
    def clue(self) -> re.Pattern[str]:
        """What every piece of it holds: a window without is not looked at."""
        ...

    def find(self, text: str, window: TextWindow, limit: TimeLimit) -> Iterator[Finding]:
        """Every piece in a window of a folded text. What stands before the window may be looked at."""
        ...
