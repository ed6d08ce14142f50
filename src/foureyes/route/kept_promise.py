"""A route's promise beside whoever watches it. A watch that fails has seen nothing, so the promise is suspended then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from foureyes.errors import FoureyesError, InputError
from foureyes.guard.deadline import log_bug, log_failure
from foureyes.route.roles import PromiseKeeper

__all__ = ["KeptPromise"]

T = TypeVar("T")

_WATCH_FAILED: Final = "its watch failed"


class KeptPromise:
    """What a route promises, and whether that holds.

    Whatever the keeper raises, when it is told something or when it is asked, suspends the promise: nothing says any more that
    it holds. It stays so until somebody acknowledges it.

    Args:
        keeper: watches it; ``None`` where nothing is promised, and then nothing is ever suspended.

    Example:
        >>> class Broken:
        ...     statement, suspended, reason = "At most 3 % wrong.", False, ""
        ...     def observe(self, seen, at):
        ...         raise ZeroDivisionError
        >>> promise = KeptPromise(Broken())
        >>> promise.observe([("small", 0.9)], 0.0)
        >>> promise.suspended, promise.reason
        (True, 'its watch failed')
    """

    def __init__(self, keeper: PromiseKeeper | None) -> None:
        self._keeper = keeper
        self._failed = ""

    @property
    def statement(self) -> str:
        """What is promised, in words; empty where nothing is."""
        return "" if self._keeper is None else self._keeper.statement

    @property
    def suspended(self) -> bool:
        """Whether the promise does not hold at the moment."""
        if self._keeper is None:
            return False
        keeper = self._keeper
        return bool(self._failed) or self._asked(lambda: keeper.suspended, otherwise=True)

    @property
    def reason(self) -> str:
        """Why it is suspended, in words; empty while it holds."""
        if self._keeper is None:
            return ""
        keeper = self._keeper
        told = self._asked(lambda: keeper.reason if keeper.suspended else "", otherwise="")
        return told if self._failed in told else "; ".join(why for why in (told, self._failed) if why)

    def observe(self, seen: Iterable[tuple[str, float]], at: float) -> None:
        """Shows the keeper the writers that a request was put to, and P(correct) of what each wrote."""
        if self._keeper is not None:
            keeper = self._keeper
            self._asked(lambda: keeper.observe(seen, at), otherwise=None)

    def outcome(self, confidence: float, at: float, *, right: bool) -> None:
        """Tells the keeper what became of an answer that was returned as good enough."""
        if self._keeper is not None:
            keeper = self._keeper
            self._asked(lambda: keeper.outcome(confidence, at, right=right), otherwise=None)

    def suspend(self, reason: str, at: float) -> None:
        """Suspends it for a reason of the caller's: something that its watch rests on has failed."""
        if self._keeper is None or self._failed:
            return
        self._failed = reason
        try:
            self._keeper.suspend(reason, at)  # which keeps it over a restart
        except Exception as error:  # noqa: BLE001 - a keeper may be anyone's; it is suspended here all the same
            _log(error)

    def require_suspended(self) -> None:
        """Refuses to resume what is not suspended.

        Raises:
            InputError: it holds, or nothing is promised.
        """
        if self._keeper is None:
            raise InputError("the route promises nothing, so there is nothing to resume")
        if not self.suspended:
            raise InputError("the promise holds; there is nothing to resume")

    def acknowledge(self) -> str:
        """Lets the promise hold again, on somebody's word.

        Returns:
            Why it had been suspended.

        Raises:
            InputError: it is not suspended, or nothing is promised.
        """
        self.require_suspended()
        why = self.reason
        if self._keeper is not None and self._keeper.suspended:
            self._keeper.acknowledge()
        self._failed = ""
        return why

    def _asked(self, ask: Callable[[], T], *, otherwise: T) -> T:
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - a keeper may be anyone's, and no failure of it may let a promise hold
            _log(error)
            self.suspend(_WATCH_FAILED, time.time())
            return otherwise


def _log(error: Exception) -> None:
    what = "the watch of a route's promise"
    log_failure(error, what) if isinstance(error, FoureyesError) else log_bug(error, what)
