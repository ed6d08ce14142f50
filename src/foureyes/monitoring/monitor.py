"""The monitor: takes every decision, keeps the rolling figures, and raises alarms when something changed.

1. every observation goes into the window and the timeline;
2. its signals go into one detector each: confidence, flags, disagreement and every verifier's log_cmp into an
   exchangeability test, every verifier's errors (and, where a limit is set, flags and disagreement) into a rate
   detector;
3. every promise that a verifier's threshold makes is watched by its :class:`~foureyes.monitoring.promise.PromiseWatch`;
4. a detector that alarms raises an :class:`~foureyes.monitoring.alarms.Alarm`, which stands until it is acknowledged
   (drift, promises) or the rate has come down (rates). A active alarm is not raised again.

All exchangeability tests share one α: the i-th to be opened gets α/(i(i + 1)), which sums to α however many follow. So
the chance that the monitor *ever* raises a false drift alarm is at most ``MonitorSettings.alpha``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.maths.change import ExchangeabilityTest, RateDetector
from foureyes.monitoring.alarms import Alarm
from foureyes.monitoring.figures import decision_figures, outcome_figures, pair_figures, verifier_figures
from foureyes.monitoring.observation import AnswerOutcome, Observation
from foureyes.monitoring.promise import PromiseStatus, PromiseWatch
from foureyes.monitoring.rolling_window import RollingWindow
from foureyes.monitoring.settings import MonitorSettings
from foureyes.monitoring.timeline import Timeline
from foureyes.signals.catalog import signal

__all__ = ["Monitor"]

_FORMAT: Final = "foureyes.monitor"
_VERSION: Final = 1
_MOST_STREAMS: Final = 64  # of each kind; beyond, the one not fed for longest is forgotten
_LATEST: Final = 30
_WORDS: Final = {
    "confidence": "Calibrated confidence",
    "flags": "The share of answers held back",
    "disagreement": "The share of decisions on which verifiers differ",
    "log_cmp": f"The {signal('log_cmp').title} (log_cmp) of {{}}",
    "errors": "The share of failed votes of {}",
}


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
        self._observations: RollingWindow[Observation] = self._recent()
        self._outcomes: RollingWindow[AnswerOutcome] = self._recent(forever=True)
        self._timeline = Timeline(bucket_s=self.settings.bucket_s, buckets=self.settings.buckets)
        self._drift: dict[str, ExchangeabilityTest] = {}
        self._rates: dict[str, RateDetector] = {}
        self._active: dict[str, Alarm] = {}
        self._promises: dict[str, PromiseWatch] = {}
        self._total = 0
        self._opened = 0
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
        self._active = {key: alarm for key, alarm in self._active.items() if alarm.kind != "promise"}
        self._active |= {alarm.key: alarm for watch in promises if (alarm := watch.alarm) is not None}

    def observe(self, o: Observation) -> list[Alarm]:
        """Takes the next decision.

        Returns:
            The alarms it raises, usually none.
        """
        self._total += 1
        self._observations.add(o)
        self._timeline.add(o)
        alarms = [alarm for name, value in _streams(o) if (alarm := self._watch_drift(name, value, o.at))]
        alarms += [alarm for name, event in self._events(o) if (alarm := self._watch_rate(name, event, o.at))]
        for watch, confidence in self._promised(o):
            if alarm := watch.observe(confidence, o.at):
                alarms.append(self._raise(alarm))
        return alarms

    def report(self, outcome: AnswerOutcome) -> list[Alarm]:
        """Takes what became of an answer; the figures then compare estimates with it.

        Returns:
            The alarms it raises: promises found broken.
        """
        self._outcomes.add(outcome)
        alarms = []
        for watch, confidence in self._promised(outcome.observation):
            if alarm := watch.outcome(confidence, outcome.at, right=outcome.right):
                alarms.append(self._raise(alarm))
        return alarms

    def acknowledge(self, key: str) -> Alarm:
        """Ends a active alarm: what comes from now on is the new normal.

        Raises:
            InputError: no such alarm stands.
        """
        if key not in self._active:
            raise InputError(f"no alarm {key!r} stands; active: {', '.join(self._active) or 'none'}")
        kind, name = key.split(":", 1)
        if kind == "drift" and name in self._drift:
            self._drift[name].restart(())
        if kind == "promise":
            self._promises[name].acknowledge()
        return self._active.pop(key)

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
            "detectors": [self._about(name, test) for name, test in self._drift.items()],
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
            "opened": self._opened,
            "observations": [o.to_dict() for o in self._observations.entries()],
            "outcomes": [outcome.to_dict() for outcome in self._outcomes.entries()],
            "timeline": self._timeline.state(),
            "drift": {name: test.state() for name, test in self._drift.items()},
            "rates": {name: detector.state() for name, detector in self._rates.items()},
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
        self._total, self._opened = document["total"], document["opened"]
        for o in document["observations"]:
            self._observations.add(Observation.from_dict(o))
        for outcome in document["outcomes"]:
            self._outcomes.add(AnswerOutcome.from_dict(outcome))
        self._timeline.restore(document["timeline"])
        self._drift = {name: ExchangeabilityTest.from_state(state) for name, state in document["drift"].items()}
        self._rates = {name: RateDetector.from_state(state) for name, state in document["rates"].items()}
        self._active = {(alarm := Alarm.from_dict(entry)).key: alarm for entry in document["active_alarms"]}

    def _recent(self, *, forever: bool = False) -> RollingWindow[Any]:
        return RollingWindow(
            max_entries=self.settings.window_size, max_age_s=float("inf") if forever else self.settings.window_s
        )

    def _watch_drift(self, name: str, value: float, at: float) -> Alarm | None:
        test = self._drift.pop(name, None) or self._open(name)
        self._drift[name] = test  # the least recently fed comes first
        if not test.observe(value):
            return None
        return self._raise(_drift_alarm(name, test, self._observations.entries(), at))

    def _open(self, name: str) -> ExchangeabilityTest:
        if len(self._drift) >= _MOST_STREAMS:
            self._forget(self._drift, "drift")
        self._opened += 1
        alpha = self.settings.alpha / (self._opened * (self._opened + 1))
        return ExchangeabilityTest(self._reference.get(name, ()), alpha=alpha, seed=self._seed + self._opened)

    def _forget(self, detectors: dict[str, Any], kind: str) -> None:
        oldest = next(iter(detectors))
        del detectors[oldest]
        self._active.pop(f"{kind}:{oldest}", None)

    def _events(self, o: Observation) -> Iterator[tuple[str, float]]:
        for opinion in o.opinions:
            yield f"errors:{opinion.verifier}", float(opinion.verdict == "error")
        if self.settings.max_flag_rate is not None:
            yield "flags", float(not o.safe)
        if self.settings.max_disagreement is not None and o.disagreement is not None:
            yield "disagreement", float(o.disagreement)

    def _watch_rate(self, name: str, event: float, at: float) -> Alarm | None:
        detector = self._rates.pop(name, None) or self._detector(name)
        self._rates[name] = detector
        risen = detector.observe(event)
        if not (risen or self._active):
            return None
        key = f"rate:{name}"
        if key in self._active and not event and self._calm(name, detector.limit):
            del self._active[key]
        if not risen or key in self._active:
            return None
        return self._raise(_rate_alarm(name, detector, at))

    def _detector(self, name: str) -> RateDetector:
        if len(self._rates) >= _MOST_STREAMS:
            self._forget(self._rates, "rate")
        limits = {"flags": self.settings.max_flag_rate, "disagreement": self.settings.max_disagreement}
        limit = limits.get(name, self.settings.max_error_rate)
        return RateDetector(limit or self.settings.max_error_rate, run_length=self.settings.run_length)

    def _calm(self, name: str, limit: float) -> bool:
        """Whether the latest values, as many as a rate at its limit needs to show itself, are within the limit again."""
        latest = [e for o in reversed(self._observations.entries()) for n, e in self._events(o) if n == name]
        latest = latest[: max(20, round(2 / limit))]
        return sum(latest) <= limit * len(latest)

    def _promised(self, o: Observation) -> Iterator[tuple[PromiseWatch, float]]:
        for opinion in o.opinions:
            if opinion.verifier in self._promises and opinion.confidence is not None:
                yield self._promises[opinion.verifier], opinion.confidence

    def _raise(self, alarm: Alarm) -> Alarm:
        self._active[alarm.key] = alarm
        return alarm

    def _about(self, name: str, test: ExchangeabilityTest) -> dict[str, Any]:
        """How far a test is on its way to an alarm; both capital and limit grow by factors, so compare their logarithms."""
        return {
            "signal": name,
            "capital": test.capital,
            "limit": test.limit,
            "alpha": test.alpha,
            "alarmed": test.alarmed,
            "reference": test.n_reference,
        }


def _streams(o: Observation) -> Iterator[tuple[str, float]]:
    """The signals that are tested for change."""
    if o.confidence is not None:
        yield "confidence", o.confidence
    yield "flags", float(not o.safe)
    if (differing := o.disagreement) is not None:
        yield "disagreement", float(differing)
    for opinion in o.opinions:
        if opinion.log_cmp is not None:
            yield f"log_cmp:{opinion.verifier}", opinion.log_cmp


def _drift_alarm(name: str, test: ExchangeabilityTest, seen: Iterable[Observation], at: float) -> Alarm:
    values = [value for o in seen for signal, value in _streams(o) if signal == name]
    earlier, latest = values[:-_LATEST], values[-_LATEST:]
    before = _mean(earlier) if test.reference_mean is None else test.reference_mean
    moved = (
        f": {before:.3g} on average before, {_mean(latest):.3g} in the last {len(latest)}" if before is not None else ""
    )
    return Alarm(
        key=f"drift:{name}",
        kind="drift",
        at=at,
        statement=f"{_signal_title(name)} changed{moved}.",
        false_alarms=f"a chance of at most {100 * test.alpha:.2g} %, ever, on this signal",
        resume="Ends when acknowledged; what comes from then on is the new normal.",
    )


def _rate_alarm(name: str, detector: RateDetector, at: float) -> Alarm:
    return Alarm(
        key=f"rate:{name}",
        kind="rate",
        at=at,
        statement=f"{_signal_title(name)} rose above {detector.limit:.3g}.",
        false_alarms=f"one in {detector.run_length:,.0f} values on average, at most, while the rate is within its limit",
        resume="Ends by itself when the rate has come down, or when acknowledged.",
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _signal_title(signal: str) -> str:
    kind, _, verifier = signal.partition(":")
    return _WORDS[kind].format(verifier)


def _document(text: str) -> dict[str, Any]:
    try:
        document = parsed_json(text)
    except json.JSONDecodeError as error:
        raise InputError(f"not a monitor's state: not JSON at character {error.pos}") from error
    found = (document.get("format"), document.get("version")) if isinstance(document, dict) else (None, None)
    if found != (_FORMAT, _VERSION):
        raise InputError(f"wanted {_FORMAT} version {_VERSION}; got {found[0]!r} version {found[1]!r}")
    return dict(document)
