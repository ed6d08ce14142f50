"""Turns a monitor's snapshot into Prometheus gauges: names, labels, values. The service renders them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from foureyes.signals.catalog import signal

__all__ = ["MetricSample", "metric_samples"]

_LOG_CMP: Final = signal("log_cmp").caption


@dataclass(frozen=True, slots=True)
class MetricSample:
    """The value of one gauge at one moment, with its labels.

    Attributes:
        name: in Prometheus' manner, unit last.
        value: a finite number.
        help: what it is.
        labels: by name.
    """

    name: str
    value: float
    help: str
    labels: Mapping[str, str] = field(default_factory=dict)


def metric_samples(snapshot: Mapping[str, Any]) -> list[MetricSample]:
    """The gauges of a :meth:`~foureyes.monitoring.monitor.Monitor.snapshot`; what is unknown has none.

    Example:
        >>> from foureyes.monitoring.monitor import Monitor
        >>> [(s.name, s.value) for s in metric_samples(Monitor().snapshot(0.0))]
        [('foureyes_window_decisions', 0.0), ('foureyes_alarms_active', 0.0)]
    """
    return [*_overall(snapshot), *(sample for entry in snapshot["verifiers"] for sample in _verifier(entry))]


def _overall(snapshot: Mapping[str, Any]) -> Iterator[MetricSample]:
    figures = snapshot["figures"]
    yield MetricSample("foureyes_window_decisions", float(figures["decisions"]), "decisions in the rolling window")
    yield MetricSample("foureyes_alarms_active", float(len(snapshot["alarms"])), "alarms that have not ended")
    yield from _share("foureyes_flag_ratio", figures["flag_rate"], "share of answers held back")
    yield from _share("foureyes_disagreement_ratio", figures["disagreement"], "share of decisions verifiers differ on")
    if (estimated := figures["estimated_accuracy"]) is not None:
        about = "share of right answers by calibrated confidence, if calibration holds"
        yield from _share("foureyes_estimated_accuracy_ratio", estimated, about)
        yield MetricSample("foureyes_estimated_accuracy_low_ratio", estimated["low"], f"{about}: lower end")
        yield MetricSample("foureyes_estimated_accuracy_high_ratio", estimated["high"], f"{about}: upper end")
    if (outcomes := snapshot["outcomes"]) is not None:
        yield from _share("foureyes_realised_accuracy_ratio", outcomes, "share of right answers by reported outcomes")


def _verifier(entry: Mapping[str, Any]) -> Iterator[MetricSample]:
    labels = {"verifier": entry["verifier"]}
    yield from _share("foureyes_verifier_error_ratio", entry["errors"], "share of votes that failed", labels)
    if (log_cmp := entry["log_cmp"]) is not None:
        yield MetricSample("foureyes_verifier_log_cmp_mean_nats", log_cmp["mean"], _LOG_CMP, labels)
        for name in ("q05", "median", "q95"):
            quantile = {**labels, "quantile": {"q05": "0.05", "median": "0.5", "q95": "0.95"}[name]}
            yield MetricSample("foureyes_verifier_log_cmp_nats", log_cmp[name], f"{_LOG_CMP}, by quantile", quantile)


def _share(
    name: str, share: Mapping[str, Any] | None, about: str, labels: Mapping[str, str] | None = None
) -> Iterator[MetricSample]:
    if share is not None:
        yield MetricSample(name, share["value"], about, labels or {})
