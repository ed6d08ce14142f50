"""The detectors of a monitor: one for each signal of the stream, each raising and ending alarms of its own.

Confidence, flags, disagreement, every reader's log_cmp and the shift of fresh readings go into an exchangeability test each;
every verifier's errors (and, where a limit is set, flags and disagreement) into a rate detector; every reader's log_cmp,
where a limit is set, into a rolling limit.

All exchangeability tests share one α: the i-th to be opened gets α/(i(i + 1)), which sums to α however many follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from foureyes.maths.change import RateDetector
from foureyes.maths.exchangeability import ExchangeabilityTest
from foureyes.monitoring.alarms import Alarm
from foureyes.monitoring.observation import Observation
from foureyes.monitoring.rolling_limit import RollingLimit
from foureyes.monitoring.settings import MonitorSettings
from foureyes.signals.catalog import signal

__all__ = ["MOST_STREAMS", "StreamDetectors"]

Latest: TypeAlias = Callable[[], Sequence[Observation]]
MOST_STREAMS: Final = 64
"""Detectors of each kind; beyond, the one not fed for longest is forgotten."""

_LATEST: Final = 30
_WORDS: Final = {
    "confidence": "Calibrated confidence",
    "flags": "The share of answers not found safe",
    "disagreement": "The share of decisions on which verifiers differ",
    "fresh_shift": "The shift of answers against fresh ones of a clean model",
    "log_cmp": f"The {signal('log_cmp').title} (log_cmp) of {{}}",
    "errors": "The share of failed votes of {}",
}


class StreamDetectors:
    """One detector a signal, and the alarms they raise.

    Args:
        settings: limits and rates.
        reference: values from when all was well, by signal.
        seed: of the lots that break ties.
        active: the alarms that stand, by key; they are entered and removed here.
    """

    def __init__(
        self,
        settings: MonitorSettings,
        reference: Mapping[str, Sequence[float]],
        *,
        seed: int,
        active: dict[str, Alarm],
    ) -> None:
        self._settings = settings
        self._reference = reference
        self._seed = seed
        self._active = active
        self._opened = 0
        self._drift: dict[str, ExchangeabilityTest] = {}
        self._rates: dict[str, RateDetector] = {}
        self._limits: dict[str, RollingLimit] = {}

    def observe(self, o: Observation, latest: Latest) -> list[Alarm]:
        """Takes a decision; ``latest`` gives the latest ones, it among them, oldest first."""
        alarms = [alarm for name, value in _streams(o) if (alarm := self._watch_drift(name, value, o.at, latest))]
        alarms += [alarm for name, event in self._events(o) if (alarm := self._watch_rate(name, event, o.at, latest))]
        for vote in o.opinions if self._settings.max_log_cmp is not None else ():
            if vote.log_cmp is not None and (alarm := self._watch_limit(vote.verifier, vote.log_cmp, o.at)):
                alarms.append(alarm)
        return alarms

    def observe_value(self, name: str, value: float, at: float) -> list[Alarm]:
        """Takes a value of a signal that is no decision's, such as the shift of a fresh reading."""
        alarm = self._watch_drift(name, value, at, list)
        return [] if alarm is None else [alarm]

    def acknowledge(self, kind: str, name: str) -> None:
        """What comes from now on is the new normal of a signal whose alarm is ended."""
        if kind == "drift" and name in self._drift:
            self._drift[name].restart(())
        if kind == "threshold" and name in self._limits:
            self._limits[name].acknowledge()

    def figures(self) -> list[dict[str, Any]]:
        """How far each test is on its way to an alarm; capital and limit grow by factors, so compare their logarithms."""
        return [
            {
                "signal": name,
                "capital": test.capital,
                "limit": test.limit,
                "alpha": test.alpha,
                "alarmed": test.alarmed,
                "reference": test.n_reference,
            }
            for name, test in self._drift.items()
        ]

    def rolling_means(self) -> list[dict[str, Any]]:
        """The rolling mean of every reader's log_cmp beside its limit; empty where none is set."""
        return [
            {"signal": name, "mean": rule.mean, "limit": rule.limit, "window": rule.window, "run": rule.persistence}
            for name, rule in self._limits.items()
        ]

    def state(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {
            "opened": self._opened,
            "drift": {name: test.state() for name, test in self._drift.items()},
            "rates": {name: detector.state() for name, detector in self._rates.items()},
            "limits": {name: rule.state() for name, rule in self._limits.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what :meth:`state` gave."""
        self._opened = state["opened"]
        self._drift = {name: ExchangeabilityTest.from_state(test) for name, test in state["drift"].items()}
        self._rates = {name: RateDetector.from_state(detector) for name, detector in state["rates"].items()}
        for name, rule in state.get("limits", {}).items():
            if self._settings.max_log_cmp is not None:
                self._limits[name] = self._rule()
                self._limits[name].restore(rule)

    def _watch_drift(self, name: str, value: float, at: float, latest: Latest) -> Alarm | None:
        test = self._drift.pop(name, None) or self._open(name)
        self._drift[name] = test  # the least recently fed comes first
        if not test.observe(value):
            return None
        return self._raise(_drift_alarm(name, test, latest(), at))

    def _open(self, name: str) -> ExchangeabilityTest:
        self._make_room(self._drift, "drift")
        self._opened += 1
        alpha = self._settings.alpha / (self._opened * (self._opened + 1))
        return ExchangeabilityTest(self._reference.get(name, ()), alpha=alpha, seed=self._seed + self._opened)

    def _make_room(self, detectors: dict[str, Any], kind: str) -> None:
        if len(detectors) >= MOST_STREAMS:
            oldest = next(iter(detectors))
            del detectors[oldest]
            self._active.pop(f"{kind}:{oldest}", None)

    def _events(self, o: Observation) -> Iterator[tuple[str, float]]:
        for opinion in o.opinions:
            yield f"errors:{opinion.verifier}", float(opinion.verdict == "error")
        if self._settings.max_flag_rate is not None:
            yield "flags", float(not o.safe)
        if self._settings.max_disagreement is not None and o.disagreement is not None:
            yield "disagreement", float(o.disagreement)

    def _watch_rate(self, name: str, event: float, at: float, latest: Latest) -> Alarm | None:
        detector = self._rates.pop(name, None) or self._detector(name)
        self._rates[name] = detector
        risen = detector.observe(event)
        if not (risen or self._active):
            return None
        key = f"rate:{name}"
        if key in self._active and not event and self._calm(name, detector.limit, latest()):
            del self._active[key]
        if not risen or key in self._active:
            return None
        return self._raise(_rate_alarm(name, detector, at))

    def _detector(self, name: str) -> RateDetector:
        self._make_room(self._rates, "rate")
        limits = {"flags": self._settings.max_flag_rate, "disagreement": self._settings.max_disagreement}
        limit = limits.get(name, self._settings.max_error_rate)
        return RateDetector(limit or self._settings.max_error_rate, run_length=self._settings.run_length)

    def _calm(self, name: str, limit: float, seen: Sequence[Observation]) -> bool:
        """Whether the latest values, as many as a rate at its limit needs to show itself, are within the limit again."""
        latest = [e for o in reversed(seen) for n, e in self._events(o) if n == name]
        latest = latest[: max(20, round(2 / limit))]
        return sum(latest) <= limit * len(latest)

    def _watch_limit(self, verifier: str, value: float, at: float) -> Alarm | None:
        name = f"log_cmp:{verifier}"
        rule = self._limits.pop(name, None)
        if rule is None:
            self._make_room(self._limits, "threshold")
            rule = self._rule()
        self._limits[name] = rule
        turn = rule.observe(value)
        if turn == "ended":
            self._active.pop(f"threshold:{name}", None)
        return self._raise(_threshold_alarm(name, rule, at)) if turn == "raised" else None

    def _rule(self) -> RollingLimit:
        limit = self._settings.max_log_cmp
        assert limit is not None
        return RollingLimit(limit, window=self._settings.log_cmp_window, persistence=self._settings.log_cmp_persistence)

    def _raise(self, alarm: Alarm) -> Alarm:
        self._active[alarm.key] = alarm
        return alarm


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
    values = [value for o in seen for stream, value in _streams(o) if stream == name]
    earlier, latest = values[:-_LATEST], values[-_LATEST:]
    before = _mean(earlier) if test.reference_mean is None else test.reference_mean
    known = before is not None and bool(latest)
    moved = f": {before:.3g} on average before, {_mean(latest):.3g} in the last {len(latest)}" if known else ""
    return Alarm(
        key=f"drift:{name}",
        kind="drift",
        at=at,
        statement=f"{_title(name)} changed{moved}.",
        false_alarms=f"a chance of at most {100 * test.alpha:.2g} %, ever, on this signal",
        resume="Ends when acknowledged; what comes from then on is the new normal.",
    )


def _rate_alarm(name: str, detector: RateDetector, at: float) -> Alarm:
    return Alarm(
        key=f"rate:{name}",
        kind="rate",
        at=at,
        statement=f"{_title(name)} rose above {detector.limit:.3g}.",
        false_alarms=f"one in {detector.run_length:,.0f} values on average, at most, while the rate is within its limit",
        resume="Ends by itself when the rate has come down, or when acknowledged.",
    )


def _threshold_alarm(name: str, rule: RollingLimit, at: float) -> Alarm:
    return Alarm(
        key=f"threshold:{name}",
        kind="threshold",
        at=at,
        statement=f"{_title(name)}: the mean of the last {rule.window} readings, {rule.mean:.3g}, lies above {rule.limit:.3g}, "
        f"{rule.persistence} times in a row.",
        false_alarms="no rate is stated, as this is a plain threshold: calm traffic meets the rule as often as it does",
        resume=f"Ends by itself when that mean is {rule.persistence} times in a row at the limit or below, or when acknowledged.",
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _title(name: str) -> str:
    kind, _, verifier = name.partition(":")
    return _WORDS[kind].format(verifier)
