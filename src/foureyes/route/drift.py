"""Watches whether a route's promise still holds: the same tests as monitoring's, one stream of confidences a writer.

A promise holds for requests drawn like the labelled ones. So each writer's confidences are compared with those it was asked for
there, and outcomes that are posted back are held against the promised share itself. The chance that a promise is *ever* suspended
for nothing is at most ``alpha``: half of it belongs to outcomes, the other half to the writers in equal parts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from foureyes.errors import ConfigError, InputError
from foureyes.guard.deadline import log_failure
from foureyes.json_text import parsed_json
from foureyes.maths.columns import fraction
from foureyes.monitoring import Alarm, Promise, PromiseStatus, PromiseWatch
from foureyes.route.promised import RoutePromise
from foureyes.tables import write_text

__all__ = ["RouteWatch"]

_FORMAT: Final = "foureyes.route_watch"
_VERSION: Final = 1


class RouteWatch:
    """Suspends a route's promise when what it rests on has changed. One event loop or thread feeds it.

    Args:
        promise: of the route.
        alpha: chance that it is ever suspended for nothing, in (0, 1).
        seed: of the lots that break ties.
        state: file that its state is kept in; ``None`` keeps none.

    Raises:
        InputError: alpha is outside its range.

    Example:
        >>> reference = {"small": tuple(i / 100 for i in range(50, 100))}
        >>> watch = RouteWatch(RoutePromise(0.9, 0.05, 0.05, 50, 10, 0, 0.1, 0.3, "log_cmp", "reader", reference))
        >>> for t in range(200):
        ...     alarm = watch.observe([("small", 0.51)], float(t))
        >>> watch.suspended
        True
    """

    def __init__(self, promise: RoutePromise, *, alpha: float = 0.01, seed: int = 0, state: Path | None = None) -> None:
        fraction("alpha", alpha)
        self._promise = promise
        one = Promise(promise.cut, "error_rate", promise.limit, promise.statement)
        each = alpha / len(promise.reference)
        self._writers = {
            name: PromiseWatch(one, seen, name=name, alpha=each, seed=seed) for name, seen in promise.reference.items()
        }
        self._outcomes = PromiseWatch(one, (), name="the route", alpha=alpha, seed=seed)
        self._state = state
        self._is_kept = True  # whether the file has what must survive a restart

    @classmethod
    def opened(cls, path: Path) -> RouteWatch:
        """Watches the promise in a file, and goes on where a watch before it stood.

        Its state stands beside it, ``<name>.watch``. It is kept when the promise is suspended and when the watch is closed: a
        crash loses what it had seen since, never a suspension. A new promise has another file, and so begins anew.

        Args:
            path: of the promise.

        Raises:
            InputError: promise or state cannot be read.
        """
        promise = RoutePromise.from_json(_text(path))
        state = path.with_name(path.name + ".watch")
        watch = cls.from_json(_text(state), state=state) if state.is_file() else cls(promise, state=state)
        if watch.promise != promise:
            raise InputError(f"{state.name} is of another promise than {path.name}: delete it to begin anew")
        return watch

    @property
    def promise(self) -> RoutePromise:
        """What was promised."""
        return self._promise

    @property
    def statement(self) -> str:
        """What is promised, in words."""
        return self._promise.statement

    @property
    def suspended(self) -> bool:
        """Whether the promise does not hold at the moment."""
        return any(not status.holds for status in self.statuses)

    @property
    def statuses(self) -> tuple[PromiseStatus, ...]:
        """Of the confidences of each writer, and of the outcomes last."""
        return tuple(watch.status for watch in self._watches)

    @property
    def reason(self) -> str:
        """Why it is suspended, in words; empty while it holds."""
        return "; ".join(status.reason or "" for status in self.statuses if not status.holds)

    def require_source(self, signal: str, reader: str) -> None:
        """Refuses confidences that are made of another signal, or by another reader.

        Raises:
            ConfigError: they are.
        """
        if (signal, reader) != (self._promise.signal, self._promise.reader):
            made = f"{self._promise.signal} of {self._promise.reader}"
            raise ConfigError(f"the promise was made on {made}; got {signal} of {reader}: learn the route anew")

    def observe(self, seen: Iterable[tuple[str, float]], at: float) -> Alarm | None:
        """Takes the confidences of one request, of the writers that it was put to; those that were not read are left out.

        Args:
            seen: writer and confidence, in [0, 1].
            at: seconds since 1970.

        Returns:
            The alarm, when this suspends the promise.

        Raises:
            InputError: a writer that the promise does not know, or no confidence.
        """
        if not self._is_kept:
            self._keep()
        alarms = [self._watch(writer).observe(confidence, at) for writer, confidence in seen]
        return self._told(next((alarm for alarm in alarms if alarm is not None), None))

    def outcome(self, confidence: float, at: float, *, right: bool) -> Alarm | None:
        """Takes what became of an answer that was returned as good enough.

        Returns:
            The alarm, when this suspends the promise.
        """
        return self._told(self._outcomes.outcome(confidence, at, right=right))

    def suspend(self, reason: str, at: float) -> Alarm | None:
        """Suspends the promise for a reason of the caller's: something that the watch rests on has failed.

        Returns:
            The alarm; ``None`` where it was suspended in this way already.
        """
        return self._told(self._outcomes.suspend(reason, at))

    def close(self) -> None:
        """Keeps its state."""
        self._keep()

    def acknowledge(self) -> None:
        """Lets the promise hold again, on somebody's word: confidences from now on are the new normal.

        Raises:
            InputError: it is not suspended.
        """
        if not self.suspended:
            raise InputError("the promise holds; there is nothing to acknowledge")
        for watch in self._watches:
            if not watch.status.holds:
                watch.acknowledge()
        self._keep()

    def to_json(self) -> str:
        """Its state, to go on after a restart."""
        states = [json.loads(watch.to_json()) for watch in self._watches]
        document = {"format": _FORMAT, "version": _VERSION, "promise": json.loads(self._promise.to_json())}
        return json.dumps({**document, "watches": states}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str, *, state: Path | None = None) -> RouteWatch:
        """Goes on from what :meth:`to_json` wrote.

        Args:
            text: as it wrote it.
            state: file that its state is kept in from now on.

        Raises:
            InputError: not such JSON, or of another version.
        """
        try:
            document = parsed_json(text)
            if (document["format"], document["version"]) != (_FORMAT, _VERSION):
                raise InputError(f"wanted {_FORMAT} version {_VERSION}")
            watch = cls(RoutePromise.from_json(json.dumps(document["promise"])), state=state)
            states = [PromiseWatch.from_json(json.dumps(state)) for state in document["watches"]]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(f"not the state of a route's watch: {error!r}") from error
        if len(states) != len(watch._writers) + 1:
            raise InputError(
                f"wanted {len(watch._writers) + 1} watches, one a writer and one of outcomes; got {len(states)}"
            )
        watch._writers = dict(zip(watch._writers, states[:-1], strict=True))
        watch._outcomes = states[-1]
        return watch

    def _told(self, alarm: Alarm | None) -> Alarm | None:
        if alarm is not None:
            self._keep()
        return alarm

    def _keep(self) -> None:
        """Keeps its state, where it has a place for it. What the disk refuses is logged, holds here, and is tried again."""
        if self._state is None:
            return
        try:
            write_text(self._state, self.to_json())
            self._is_kept = True
        except InputError as error:
            self._is_kept = False
            log_failure(error, "the watch of a promise")

    @property
    def _watches(self) -> tuple[PromiseWatch, ...]:
        return (*self._writers.values(), self._outcomes)

    def _watch(self, writer: str) -> PromiseWatch:
        if writer not in self._writers:
            known = ", ".join(self._writers)
            raise InputError(f"the promise knows no writer {writer!r:.60}, only {known}: learn the route anew")
        return self._writers[writer]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
