"""Where workers run, as far as a pool needs to know. Start at :class:`Workplace`."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from foureyes.types import Exchange, Unscored

__all__ = ["NO_FOUREYES", "Hired", "Slot", "Workplace"]

NO_FOUREYES: Final = "No module named 'foureyes"
"""How Python says, where a worker is to run, that foureyes is not installed there, or is one without that module."""

S = TypeVar("S", bound="Slot")


class Slot(Protocol):
    """Room for one worker."""

    @property
    def key(self) -> Hashable:
        """What tells it from the others; the same whenever it is looked at."""
        ...

    @property
    def place(self) -> str:
        """What a person calls it."""
        ...


@dataclass(frozen=True, slots=True)
class Hired:
    """A worker that was started.

    Attributes:
        handle: by which its workplace knows it.
        ready: call that returns as soon as it runs.
        opening: call that returns what :meth:`~foureyes.batch.workers.worker.ReadingWorker.open` does.
    """

    handle: Any
    ready: Any
    opening: Any


class Workplace(Protocol[S]):
    """Starts workers, asks, hears and ends them. Calls of a worker are answered in the order in which they were made.

    Attributes:
        wants: what a worker may be waiting for where none starts, as the end of a sentence; empty where there is nothing to say.
    """

    wants: str

    def slots(self) -> Sequence[S]:
        """Where a worker could run now."""
        ...

    def start(self, slot: S) -> Hired:
        """Starts a worker; it may not run for a while."""
        ...

    def read(self, handle: Any, rows: Sequence[Exchange | Unscored], signals: Sequence[str], *, tokens: bool) -> Any:
        """Gives a worker rows to read; returns the call."""
        ...

    def answered(self, calls: Sequence[Any], seconds: float) -> Any | None:
        """One of the calls that has been answered, or whose worker is gone; ``None`` where there is none within this time."""
        ...

    def told(self, call: Any) -> Any:
        """What a call returned; :class:`~foureyes.batch.workers.narrowing.Lost` where its worker is gone."""
        ...

    def end(self, handle: Any) -> None:
        """Ends a worker at once, whatever it is doing."""
        ...

    def close(self) -> None:
        """Lets go of what is left when all workers are ended."""
        ...
