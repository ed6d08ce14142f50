"""A plain threshold on the rolling mean of a stream, with a rule that says exactly when it alarms and when it ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from foureyes.errors import InputError

__all__ = ["RollingLimit"]

LimitChange: TypeAlias = Literal["raised", "ended"]


class RollingLimit:
    """Whether the mean of the latest ``window`` values lies above a limit, for ``persistence`` values in a row.

    1. While fewer than ``window`` values were seen, nothing is said.
    2. After each further value the mean of the latest ``window`` is compared with the limit.
    3. ``persistence`` means in a row above the limit raise it; as many in a row at the limit or below end it.

    No rate of false alarms belongs to it: how often calm traffic meets the rule depends on that traffic.

    Args:
        limit: what the mean has to exceed.
        window: values in the mean, ≥ 1.
        persistence: means in a row, ≥ 1.

    Example:
        >>> rule = RollingLimit(2.0, window=3, persistence=2)
        >>> [rule.observe(value) for value in (1.0, 3.0, 3.0, 3.0, 0.0, 0.0, 0.0)]
        [None, None, None, 'raised', None, 'ended', None]
    """

    def __init__(self, limit: float, *, window: int, persistence: int) -> None:
        self.limit = limit
        self.window = window
        self.persistence = persistence
        self._latest: deque[float] = deque(maxlen=window)
        self._run = 0
        self._raised = False

    @property
    def mean(self) -> float | None:
        """Of the latest values; ``None`` while there are too few."""
        return sum(self._latest) / self.window if len(self._latest) == self.window else None

    def observe(self, value: float) -> LimitChange | None:
        """Takes the next value; says so when that raises or ends the alarm."""
        self._latest.append(value)
        mean = self.mean
        if mean is None or (mean > self.limit) == self._raised:
            self._run = 0
            return None
        self._run += 1
        if self._run < self.persistence:
            return None
        self._raised, self._run = not self._raised, 0
        return "raised" if self._raised else "ended"

    def acknowledge(self) -> None:
        """Ends it on somebody's word: the rule has to be met anew."""
        self._raised, self._run = False, 0

    def state(self) -> dict[str, Any]:
        """All but the settings, as plain JSON values."""
        return {"latest": list(self._latest), "run": self._run, "raised": self._raised}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what :meth:`state` gave.

        Raises:
            InputError: not such a state.
        """
        try:
            latest: Iterable[float] = state["latest"]
            self._latest.extend(float(value) for value in latest)
            self._run, self._raised = int(state["run"]), bool(state["raised"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"not the state of a rolling limit: {error!r}") from error
