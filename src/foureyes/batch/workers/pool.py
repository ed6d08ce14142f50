"""Workers: started one a slot, opened, given rows to read, and replaced when they are lost, or take too long.

Start at :class:`WorkerPool`. A worker reads its rows in the order they were given, one call at a time: when it is lost, the
oldest call is what it was reading, and the others had not begun.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, Generic, TypeAlias, TypeVar

from foureyes import __version__
from foureyes.batch.window import Result
from foureyes.batch.workers.hangs import Hangs
from foureyes.batch.workers.narrowing import Lost
from foureyes.batch.workers.patience import Patience
from foureyes.batch.workers.worker import WorkerFailure, WorkerIdentity
from foureyes.batch.workers.workplace import NO_FOUREYES, Hired, Slot, Workplace
from foureyes.errors import ConfigError, ModelRefused, ModelUnavailable
from foureyes.types import Exchange, Unscored

__all__ = ["News", "WorkerPool"]

_CALLS: Final = 2
"""Calls a worker has at once: one that it reads, and one so that it need not wait for the next."""

_START_S: Final = 180.0
"""Seconds within which some worker has to run."""

_OPEN_S: Final = 1800.0
"""Seconds a worker may take to open its verifiers: weights may have to be fetched first, 15 GB at 10 MB a second."""

_OPENINGS: Final = 6
"""Workers that may be lost one after the other in a slot before any can read; then the slot stays empty."""

_FAILED: Final = 3
"""For how many of these one counts that said why it cannot read: the next would most likely say the same."""

_LOOK_S: Final = 2.0
"""Seconds between two looks at which slots there are."""

_LOSSES: Final = 6
"""Workers lost in a row for each there is and one more, with nothing read in between: then the fault is not one row's."""

T = TypeVar("T")

News: TypeAlias = list[Result] | Lost | None
"""What became of a call: results, a worker lost while reading it, or ``None``: it did not begin, and is to be given again."""


@dataclass(frozen=True, slots=True)
class _Call(Generic[T]):
    """Rows that a worker was given.

    Attributes:
        ref: by which the workplace knows the call.
        what: they are to be heard of by.
        most_s: seconds in which they are to be read.
        is_proof: whether there is anything to read, so that whoever answers can read.
    """

    ref: Any
    what: T
    most_s: float
    is_proof: bool


@dataclass(slots=True)
class _Worker(Generic[T]):
    """A worker, and since when it is busy with what it does: opening, or the oldest of its calls."""

    slot: Slot
    handle: Any
    ready: Any
    opening: Any
    since: float = field(default_factory=monotonic)
    admitted: bool = False
    calls: deque[_Call[T]] = field(default_factory=deque)

    @property
    def room(self) -> bool:
        return self.opening is None and len(self.calls) < _CALLS

    @property
    def awaited(self) -> list[Any]:
        refs = [ref for ref in (self.ready, self.opening) if ref is not None][:1]
        return refs or [call.ref for call in self.calls]

    @property
    def overdue(self) -> str:
        """In words, what it ought to have come to an end with; empty where there is nothing."""
        busy_s = monotonic() - self.since
        if self.ready is not None:
            return ""
        if self.opening is not None:
            return "it did not open in time" if busy_s > _OPEN_S else ""
        most_s = self.calls[0].most_s if self.calls else math.inf
        return f"it was still reading after {most_s:,.0f} s" if busy_s > most_s else ""


class WorkerPool(Generic[T]):
    """One worker a slot, as far as there are slots.

    Args:
        workplace: where they run.
        on_left_out: told, in a sentence, of a slot that is given up, and of a worker that is replaced since it hung.
        patience: how long a worker may take over rows; then it counts as lost.
    """

    def __init__(
        self,
        workplace: Workplace[Any],
        on_left_out: Callable[[str], None] = lambda _words: None,
        patience: Patience | None = None,
    ) -> None:
        self._workplace, self._on_left_out = workplace, on_left_out
        self._patience = patience or Patience()
        self._workers: dict[Hashable, _Worker[T]] = {}
        self._identity: WorkerIdentity | None = None
        self._losses = 0
        self._hangs: Hangs[T] = Hangs()
        self._unopened: Counter[Hashable] = Counter()
        self._looked = self._ran = monotonic()
        self._looked -= _LOOK_S

    def opened(self) -> WorkerIdentity:
        """Waits for the first worker that has opened the verifiers, and says what it says of them.

        Raises:
            ConfigError: no worker starts, or it cannot be what this run needs.
            ModelError: the verifiers cannot be opened.
        """
        while self._identity is None:
            self.news()
        return self._identity

    @property
    def size(self) -> int:
        """Workers, at least 1."""
        return max(1, len(self._workers))

    @property
    def free(self) -> bool:
        """Whether a worker could be given more to read."""
        return any(worker.room for worker in self._workers.values())

    def read(self, what: T, rows: Sequence[Exchange | Unscored], signals: Sequence[str], *, tokens: bool) -> None:
        """Gives rows, and by which name to hear of them, to the worker that has least to do, and rather to one where none hung."""
        able = [one for one in self._workers.values() if one.room]
        worker = min(able, key=lambda one: (self._hangs.at(one.slot.key), len(one.calls)))
        verifiers = len(self._identity.fingerprints) if self._identity else 1
        most_s = self._patience.seconds_for(rows, signals, verifiers=verifiers)
        if not worker.calls:
            worker.since = monotonic()
        ref = self._workplace.read(worker.handle, rows, signals, tokens=tokens)
        worker.calls.append(_Call(ref, what, most_s, any(isinstance(row, Exchange) for row in rows)))

    def news(self) -> list[tuple[T, News]]:
        """Waits a while for what became of calls, starting workers where there are none.

        Raises:
            ConfigError: as for :meth:`opened`.
            ModelError: workers are lost whatever they read, or a verifier refused.
        """
        self._look()
        awaited = {ref: worker for worker in self._workers.values() for ref in worker.awaited}
        call = self._workplace.answered(list(awaited), _LOOK_S)
        found = [] if call is None else self._heard(awaited[call])
        found += self._give_up_slow()
        self._require_running()
        return found

    def close(self) -> None:
        """Ends all workers."""
        try:
            for worker in self._workers.values():
                self._workplace.end(worker.handle)
            self._workers.clear()
        finally:
            self._workplace.close()

    def _look(self) -> None:
        """Starts a worker in every slot that has none."""
        if monotonic() - self._looked < _LOOK_S:
            return
        for slot in self._workplace.slots():
            if slot.key not in self._workers and self._unopened[slot.key] < _OPENINGS:
                hired: Hired = self._workplace.start(slot)
                self._workers[slot.key] = _Worker(slot, hired.handle, hired.ready, hired.opening)
        self._looked = monotonic()

    def _heard(self, worker: _Worker[T]) -> list[tuple[T, News]]:
        if worker.ready is not None:
            told, worker.ready, worker.since = self._workplace.told(worker.ready), None, monotonic()
        elif worker.opening is not None:
            told, worker.opening = self._workplace.told(worker.opening), None
        else:
            return self._results(worker)
        self._ran = monotonic()
        if isinstance(told, Lost):
            self._lose(worker, told)
        elif isinstance(told, WorkerFailure):
            self._fail(worker, told, at_start=self._identity is None)
        elif isinstance(told, WorkerIdentity):
            self._admit(worker, told)
        return []

    def _results(self, worker: _Worker[T]) -> list[tuple[T, News]]:
        found: list[tuple[T, News]] = []
        while worker.calls and self._workplace.answered([worker.calls[0].ref], 0.0) is not None:
            told = self._workplace.told(worker.calls[0].ref)
            if isinstance(told, Lost | WorkerFailure):
                blamed = told if isinstance(told, Lost) else self._fail(worker, told)
                if isinstance(told, Lost):
                    self._lose(worker, told)
                return [*found, *_left_by(worker, blamed)]
            call, worker.since = worker.calls.popleft(), monotonic()
            if call.is_proof:
                self._losses = 0
                self._hangs.forget(worker.slot.key)
            found.append((call.what, told))
        return found

    def _fail(self, worker: _Worker[T], failure: WorkerFailure, *, at_start: bool = False) -> Lost | None:
        """Raises what concerns the run; else gives the worker up, and says whether what it read is to blame."""
        if failure.kind == "config":
            raise ConfigError(f"a worker on {worker.slot.place}: {failure.message}")
        if failure.kind == "refused":
            raise ModelRefused(failure.message, model=failure.model)
        if at_start and failure.kind != "crash":
            raise ModelUnavailable(failure.message, model=failure.model or "workers", retryable=True)
        self._lose(worker, Lost(failure.message), count=_FAILED)
        return Lost(failure.message) if failure.kind == "crash" else None

    def _lose(self, worker: _Worker[T], lost: Lost, count: int = 1) -> None:
        if NO_FOUREYES in lost.cause:
            raise ConfigError(f"{worker.slot.place} has no foureyes {__version__}: every node needs it installed")
        key = worker.slot.key
        self._workers.pop(key, None)
        self._workplace.end(worker.handle)
        self._looked = -_LOOK_S
        self._losses += 1
        self._unopened[key] += 0 if worker.admitted else count
        left_out = self._unopened[key] >= _OPENINGS
        left_alone = left_out and not self._workers
        if left_alone or self._losses >= _LOSSES * (1 + self.size):
            raise ModelUnavailable(
                f"{self._losses} workers were lost one after the other, the last on {worker.slot.place}: {lost.cause}",
                model="workers",
                retryable=True,
            )
        if left_out:
            self._on_left_out(f"{worker.slot.place} is left out, as no worker can read there: {lost.cause}")

    def _admit(self, worker: _Worker[T], identity: WorkerIdentity) -> None:
        """Lets a worker read that would see what the others see."""
        place = worker.slot.place
        if identity.version != __version__:
            raise ConfigError(
                f"{place} has foureyes {identity.version}, and this is {__version__}; every node needs the same"
            )
        if self._identity is None:
            self._identity = identity
        worker.admitted = True
        self._unopened.pop(worker.slot.key, None)
        if identity != self._identity:
            before = self._identity.fingerprints
            other = next((name for name, one in identity.fingerprints.items() if before.get(name) != one), "verifier")
            raise ConfigError(
                f"{place} has another {other} than the workers before: "
                f"{identity.fingerprints.get(other)}, and not {before.get(other)}"
            )

    def _give_up_slow(self) -> list[tuple[T, News]]:
        """Loses workers that run and do not come to an end with what they do; one whose answer only was not heard yet has."""
        found: list[tuple[T, News]] = []
        for worker in list(self._workers.values()):
            why = worker.overdue
            if why and self._workplace.answered(worker.awaited[:1], 0.0) is None:
                self._lose_hanging(worker, why)
                found += _left_by(worker, Lost(why, hung=True))
        return found

    def _lose_hanging(self, worker: _Worker[T], why: str) -> None:
        """Loses a worker that hangs, and gives its slot up where it is the slot that does so; not the last that reads."""
        key = worker.slot.key
        if worker.calls:
            self._hangs.hung(key, worker.calls[0].what)
        others = [one for one in self._workers.values() if one.admitted and not self._hangs.at(one.slot.key)]
        if self._hangs.blamed(key) and others:
            self._hangs.forget(key)
            self._unopened[key] = _OPENINGS
        self._lose(worker, Lost(why))
        if self._unopened[key] < _OPENINGS:
            self._on_left_out(f"a worker on {worker.slot.place} is replaced: {why}")

    def _require_running(self) -> None:
        """Makes sure that workers start at all."""
        if any(worker.ready is None for worker in self._workers.values()):
            self._ran = monotonic()
        elif monotonic() - self._ran > _START_S:
            places = ", ".join(sorted({worker.slot.place for worker in self._workers.values()})) or "no place"
            raise ConfigError(f"no worker started within {_START_S:.0f} s on {places}{self._workplace.wants}")


def _left_by(worker: _Worker[T], blamed: Lost | None) -> list[tuple[T, News]]:
    """What becomes of the calls of a worker that is gone: the oldest it was reading, the others had not begun."""
    return [(call.what, None if i else blamed) for i, call in enumerate(worker.calls)]
