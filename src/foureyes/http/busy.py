"""How long a server that has too much to do is left alone, and when that is too long.

The rule that holds throughout: nothing here reads a clock or waits. Whoever does hands in the time, always by one clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from foureyes.http.retries import pause_s

__all__ = ["TURNED_AWAY", "BusyRest"]

TURNED_AWAY: Final = 5
"""How often a request is turned away at least, and for as long as one may take, before it is given up while others are answered."""


@dataclass(slots=True)
class BusyRest:
    """Until when a server is sent nothing, as it was too busy for a request: as long as it wants, and longer each time until it answers.

    Attributes:
        until: when it has rested.
        n: rests since it last answered anything.
        turned_away: when it turned a request away that was sent after it had rested before.
        answered: when it last answered, or was found to be there.

    Example:
        >>> rest = BusyRest()
        >>> rest.begins(sent=0.0, now=1.0, wanted_s=30.0)
        True
        >>> rest.until
        31.0
    """

    until: float = -math.inf
    n: int = 0
    turned_away: float = -math.inf
    answered: float = -math.inf

    def begins(self, sent: float, now: float, wanted_s: float) -> bool:
        """Notes that it turned a request away, and says whether this is another time.

        What it turns away of the requests that were sent together is one time: its rest grows once.

        Args:
            sent: when it was sent the request.
            now: when it turned it away.
            wanted_s: for how long it wants to be left alone, at least.
        """
        is_another = sent >= self.turned_away
        if is_another:
            self.turned_away = now
            wanted_s = max(wanted_s, pause_s(self.n))
            self.n += 1
        self.until = max(self.until, now + wanted_s)
        return is_another

    def answers(self, now: float) -> None:
        """Notes that it answered a request, so that its next rest is a first one again."""
        self.n, self.answered = 0, now

    def is_too_long(self, since: float, wanted_s: float, most_s: float) -> bool:
        """Whether it wants to be left alone for longer than it is waited for, or answered nothing for that long.

        Args:
            since: when it turned a request away for the first time.
            wanted_s: for how long it wants to be left alone, now that it turned that away again.
            most_s: for how long it is waited for.
        """
        return wanted_s > most_s or (self.until > since + most_s and self.answered < since)
