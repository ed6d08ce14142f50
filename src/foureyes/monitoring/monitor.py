"""The monitor: takes every decision, keeps the rolling figures, and raises alarms when something changed.

1. every observation goes into the window and the timeline;
2. its signals go into one detector each (:mod:`foureyes.monitoring.stream_detectors`);
3. it is counted for the agent, the session and the memories it came from (:mod:`foureyes.monitoring.origins`);
4. every promise that a verifier's threshold makes is watched by its :class:`~foureyes.monitoring.promise.PromiseWatch`;
5. a detector that alarms raises an :class:`~foureyes.monitoring.alarms.Alarm`, which stands until it is acknowledged
   (drift, origins, promises) or the figure has come down (rates, thresholds). An active alarm is not raised again.

The chance that the monitor *ever* raises a false drift alarm is at most ``MonitorSettings.alpha``; the same holds for
alarms on agents, sessions and memories, which have an alpha of that size of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final, cast

from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.monitoring.alarms import Alarm
from foureyes.monitoring.figures import (
    decision_figures,
    fresh_figures,
    outcome_figures,
    pair_figures,
    verifier_figures,
)
from foureyes.monitoring.observation import AnswerOutcome, FreshReading, Observation, OriginKind
from foureyes.monitoring.origins import OriginWatch
from foureyes.monitoring.promise import PromiseStatus, PromiseWatch
from foureyes.monitoring.rolling_window import RollingWindow
from foureyes.monitoring.settings import MonitorSettings
from foureyes.monitoring.stream_detectors import StreamDetectors
from foureyes.monitoring.timeline import Timeline

__all__ = ["Monitor"]

_FORMAT: Final = "foureyes.monitor"
_VERSION: Final = 1
_SHOWN: Final = 20  # agents, sessions and memories in a snapshot, of each


class Monitor:
    """Rolling figures and drift alarms of one stream of decisions, usually one tenant's.

    Not thread-safe: one thread, or one event loop, feeds it.

    Args:
        settings: how much it remembers, and how often it may be wrong.
        reference: values from when all was well, by signal: ``"confidence"``, ``"log_cmp:NAME"``. Signals without
            any learn what is normal from their first values.
        promises: watches to feed, each named after the verifier whose confidences its promise is about.
        seed: of the lots that break ties in the tests.

    Example:
        >>> monitor = Monitor(MonitorSettings(alpha=0.01))
        >>> seen = [Observation(float(t), safe=True, consensus=True, confidence=0.9) for t in range(100)]
        >>> [alarm for o in seen for alarm in monitor.observe(o)]
        []
        >>> monitor.snapshot(100.0)["figures"]["estimated_accuracy"]["n"]
        100
    """

    def __init__(
        self,
        settings: MonitorSettings | None = None,
        *,
        reference: Mapping[str, Iterable[float]] | None = None,
        promises: Sequence[PromiseWatch] = (),
        seed: int = 0,
    ) -> None:
        self.settings = settings or MonitorSettings()
        self._reference = {name: [float(value) for value in values] for name, values in (reference or {}).items()}
        self._seed = seed
        self._active: dict[str, Alarm] = {}
        self._detectors = StreamDetectors(self.settings, self._reference, seed=seed, active=self._active)
        self._origins = OriginWatch(alpha=self.settings.alpha, most=self.settings.max_origins)
        self._observations: RollingWindow[Observation] = self._recent()
        self._outcomes: RollingWindow[AnswerOutcome] = self._recent(forever=True)
        self._fresh: RollingWindow[FreshReading] = self._recent(forever=True)
        self._timeline = Timeline(bucket_s=self.settings.bucket_s, buckets=self.settings.buckets)
        self._promises: dict[str, PromiseWatch] = {}
        self._total = 0
        self.watch(promises)

    @property
    def active_alarms(self) -> tuple[Alarm, ...]:
        """The alarms that have not ended, oldest first."""
        return tuple(self._active.values())

    @property
    def promises(self) -> tuple[PromiseStatus, ...]:
        """Every promise watched, and whether it holds."""
        return tuple(watch.status for watch in self._promises.values())

    @property
    def watches(self) -> tuple[PromiseWatch, ...]:
        """What watches them."""
        return tuple(self._promises.values())

    def watch(self, promises: Sequence[PromiseWatch]) -> None:
        """Feeds these watches from now on, and no others.

        A watch goes on where the one of its name stood (:meth:`PromiseWatch.take_over`), so a promise that was suspended
        stays so unless it is another promise now. Suspended ones stand among the alarms.
        """
        before, self._promises = self._promises, {watch.status.name: watch for watch in promises}
        for name, watch in self._promises.items():
            if name in before and before[name] is not watch:
                watch.take_over(before[name])
        standing = {alarm.key: alarm for watch in promises if (alarm := watch.alarm) is not None}
        for key in [key for key, alarm in self._active.items() if alarm.kind == "promise" and key not in standing]:
            del self._active[key]
        self._active |= standing  # those that stood before keep their place

    def observe(self, o: Observation) -> list[Alarm]:
        """Takes the next decision.

        Returns:
            The alarms it raises, usually none.
        """
        self._total += 1
        self._observations.add(o)
        self._timeline.add(o)
        alarms = [*self._detectors.observe(o, self._observations.entries), *self._origins.observe(o)]
        alarms += [alarm for watch, sure in self._promised(o) if (alarm := watch.observe(sure, o.at))]
        return [self._raise(alarm, o) for alarm in alarms]

    def report(self, outcome: AnswerOutcome) -> list[Alarm]:
        """Takes what became of an answer; the figures then compare estimates with it.

        Returns:
            The alarms it raises: promises found broken.
        """
        self._outcomes.add(outcome)
        seen = outcome.observation
        told = [(watch, watch.outcome(sure, outcome.at, right=outcome.right)) for watch, sure in self._promised(seen)]
        return [self._raise(alarm, seen) for _, alarm in told if alarm is not None]

    def report_fresh(self, reading: FreshReading) -> list[Alarm]:
        """Takes what a clean model made of a question, beside the answer that was given.

        Returns:
            The alarms it raises: shifts that are not what they were.
        """
        self._fresh.add(reading)
        self._origins.observe_fresh(reading)
        shifted = (
            [] if reading.shift is None else self._detectors.observe_value("fresh_shift", reading.shift, reading.at)
        )
        return [self._raise(alarm, reading) for alarm in shifted]

    def acknowledge(self, key: str) -> Alarm:
        """Ends an active alarm: what comes from now on is the new normal.

        Raises:
            InputError: no such alarm stands.
        """
        if key not in self._active:
            raise InputError(f"no alarm {key!r} stands; active: {', '.join(self._active) or 'none'}")
        kind, name = key.split(":", 1)
        self._detectors.acknowledge(kind, name)
        if kind == "origin":
            of, _, named = name.partition(":")
            self._origins.acknowledge(cast("OriginKind", of), named)
        if kind == "promise":
            self._promises[name].acknowledge()
        return self._active.pop(key)

    def suspend(self, reason: str, at: float) -> list[Alarm]:
        """Suspends every promise, for a reason of the caller's: something that their watches rest on has failed.

        Args:
            reason: in words.
            at: seconds since 1970.

        Returns:
            The alarms that this raises; none of promises that were suspended already.
        """
        told = [alarm for watch in self._promises.values() if (alarm := watch.suspend(reason, at)) is not None]
        self._active |= {alarm.key: alarm for alarm in told}
        return told

    def snapshot(self, now: float) -> dict[str, Any]:
        """Everything a dashboard or a scraper shows, as plain JSON values.

        Args:
            now: seconds since 1970; what is older than the window by then is left out.
        """
        level = self.settings.level
        seen, told = self._observations.entries(now), self._outcomes.entries()
        return {
            "at": now,
            "total": self._total,
            "window": {"size": self.settings.window_size, "seconds": self.settings.window_s, "level": level},
            "figures": decision_figures(seen, level),
            "verifiers": verifier_figures(seen, told, level),
            "pairs": pair_figures(seen, told, level),
            "outcomes": outcome_figures(told, level),
            "alarms": [alarm.to_dict() for alarm in self.active_alarms],
            "promises": [status.to_dict() for status in self.promises],
            "detectors": self._detectors.figures(),
            "rolling_means": self._detectors.rolling_means(),
            "origins": self._origins.figures(level, most=_SHOWN),
            "fresh": fresh_figures(self._fresh.entries(), level),
            "timeline": self._timeline.columns(now),
        }

    def to_json(self) -> str:
        """All of it, to go on after a restart."""
        document = {
            "format": _FORMAT,
            "version": _VERSION,
            "settings": asdict(self.settings),
            "reference": self._reference,
            "seed": self._seed,
            "total": self._total,
            "observations": [o.to_dict() for o in self._observations.entries()],
            "outcomes": [outcome.to_dict() for outcome in self._outcomes.entries()],
            "timeline": self._timeline.state(),
            "fresh": [reading.to_dict() for reading in self._fresh.entries()],
            "origins": self._origins.state(),
            **self._detectors.state(),
            "promises": [watch.to_json() for watch in self._promises.values()],
            "active_alarms": [alarm.to_dict() for alarm in self.active_alarms],
        }
        return json.dumps(document, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Monitor:
        """Goes on from what :meth:`to_json` wrote.

        Raises:
            InputError: not such JSON, or of another version.
        """
        document = _document(text)
        try:
            watches = [PromiseWatch.from_json(watch) for watch in document["promises"]]
            monitor = cls(
                MonitorSettings(**document["settings"]),
                reference=document["reference"],
                promises=watches,
                seed=document["seed"],
            )
            monitor._restore(document)
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"not a monitor's state: {error!r}") from error
        return monitor

    def _restore(self, document: dict[str, Any]) -> None:
        self._total = document["total"]
        for o in document["observations"]:
            self._observations.add(Observation.from_dict(o))
        for outcome in document["outcomes"]:
            self._outcomes.add(AnswerOutcome.from_dict(outcome))
        self._timeline.restore(document["timeline"])
        for reading in document.get("fresh", ()):
            self._fresh.add(FreshReading.from_dict(reading))
        if "origins" in document:
            self._origins.restore(document["origins"])
        self._detectors.restore(document)
        self._active.clear()
        self._active |= {(alarm := Alarm.from_dict(entry)).key: alarm for entry in document["active_alarms"]}

    def _recent(self, *, forever: bool = False) -> RollingWindow[Any]:
        return RollingWindow(
            max_entries=self.settings.window_size, max_age_s=float("inf") if forever else self.settings.window_s
        )

    def _promised(self, o: Observation) -> Iterator[tuple[PromiseWatch, float]]:
        for opinion in o.opinions:
            if opinion.verifier in self._promises and opinion.confidence is not None:
                yield self._promises[opinion.verifier], opinion.confidence

    def _raise(self, alarm: Alarm, seen: Observation | FreshReading) -> Alarm:
        """Enters an alarm, with the agent and the session it was raised at."""
        told = replace(alarm, agent=seen.agent, session=seen.session)
        self._active[alarm.key] = told
        return told


def _document(text: str) -> dict[str, Any]:
    try:
        document = parsed_json(text)
    except json.JSONDecodeError as error:
        raise InputError(f"not a monitor's state: not JSON at character {error.pos}") from error
    found = (document.get("format"), document.get("version")) if isinstance(document, dict) else (None, None)
    if found != (_FORMAT, _VERSION):
        raise InputError(f"wanted {_FORMAT} version {_VERSION}; got {found[0]!r} version {found[1]!r}")
    return dict(document)
