"""What a running guard sees of itself: rolling figures, changes, alarms, and promises that are suspended in time.

Everything but the sinks is pure: moments are passed in, memory is bounded, the state is JSON and survives a restart. It
knows nothing of verdicts, services or ledgers; it is told what was decided as an
:class:`~foureyes.monitoring.observation.Observation`, and later perhaps whether that was right, as an
:class:`~foureyes.monitoring.observation.Outcome`. Nothing here sees a text.

A newcomer starts at :class:`~foureyes.monitoring.monitor.Monitor`; the detectors are in :mod:`foureyes.maths.change`.
"""

from foureyes.monitoring.accuracy import Estimated, Realised, estimated_accuracy, realised_accuracy
from foureyes.monitoring.alarms import Alarm
from foureyes.monitoring.metrics import Sample, samples
from foureyes.monitoring.monitor import Monitor
from foureyes.monitoring.observation import Observation, Opinion, Outcome
from foureyes.monitoring.promise import Promise, PromiseWatch, Standing
from foureyes.monitoring.promised import PromisedJudge
from foureyes.monitoring.settings import Settings

__all__ = [
    "Alarm",
    "Estimated",
    "Monitor",
    "Observation",
    "Opinion",
    "Outcome",
    "Promise",
    "PromiseWatch",
    "PromisedJudge",
    "Realised",
    "Sample",
    "Settings",
    "Standing",
    "estimated_accuracy",
    "realised_accuracy",
    "samples",
]
