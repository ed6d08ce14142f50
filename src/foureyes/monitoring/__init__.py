"""Monitors a running guard: rolling figures, change detection, alarms, and promises that are suspended in time.

Everything but the sinks is pure: moments are passed in, memory is bounded, the state is JSON and survives a restart. It
knows nothing of verdicts, services or ledgers; it is told what was decided as an
:class:`~foureyes.monitoring.observation.Observation`, and later perhaps whether that was right, as an
:class:`~foureyes.monitoring.observation.AnswerOutcome`. Nothing here sees a text.

A newcomer starts at :class:`~foureyes.monitoring.monitor.Monitor`; the detectors are in :mod:`foureyes.maths.change` and :mod:`foureyes.maths.exchangeability`.
"""

from foureyes.monitoring.accuracy import EstimatedAccuracy, RealisedAccuracy, estimated_accuracy, realised_accuracy
from foureyes.monitoring.alarms import Alarm
from foureyes.monitoring.metrics import MetricSample, metric_samples
from foureyes.monitoring.monitor import Monitor
from foureyes.monitoring.observation import AnswerOutcome, FreshReading, Observation, ObservedVote
from foureyes.monitoring.promise import Promise, PromiseStatus, PromiseWatch, ThresholdLike
from foureyes.monitoring.settings import MonitorSettings
from foureyes.monitoring.suspendable_judge import SuspendableJudge

__all__ = [
    "Alarm",
    "AnswerOutcome",
    "EstimatedAccuracy",
    "FreshReading",
    "MetricSample",
    "Monitor",
    "MonitorSettings",
    "Observation",
    "ObservedVote",
    "Promise",
    "PromiseStatus",
    "PromiseWatch",
    "RealisedAccuracy",
    "SuspendableJudge",
    "ThresholdLike",
    "estimated_accuracy",
    "metric_samples",
    "realised_accuracy",
]
