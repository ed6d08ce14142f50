"""From scores to P(correct), and from P(correct) to thresholds that keep a promise.

Everything fitted here is a frozen value: ``Platt.fit(scores, correct)`` returns one, ``predict_proba`` uses it,
``to_json`` and ``from_json`` keep it. It takes arrays and knows nothing of models or signals but their names. The rules
for ties, infinities, tiny samples and leaks are the same for all and stand in :mod:`foureyes.calibration.calibrator`.

A newcomer starts at :mod:`foureyes.calibration.platt`, then :mod:`foureyes.calibration.promises`.
"""

from foureyes.calibration.achievable import PromiseLine, PromiseTable, promise_cost_table, promise_table
from foureyes.calibration.beta import Beta
from foureyes.calibration.calibrator import Calibrator, ScoreCalibrator
from foureyes.calibration.choose import Choice, fit_best
from foureyes.calibration.choose_classes import ClassChoice, fit_best_classes
from foureyes.calibration.classes import ClassCalibrator
from foureyes.calibration.combiner import Combiner
from foureyes.calibration.cross_validation import Trial
from foureyes.calibration.gain import Gain, held_out_gain
from foureyes.calibration.histogram import HistogramBinning
from foureyes.calibration.isotonic import Isotonic
from foureyes.calibration.log_odds import LogOddsPlatt
from foureyes.calibration.made_on import DataShift, MadeOn
from foureyes.calibration.platt import Platt
from foureyes.calibration.promises import flag_rate, promise, promise_cost, promise_false_blocks
from foureyes.calibration.provenance import FittedOn, Source
from foureyes.calibration.report import CalibrationReport, calibration_report
from foureyes.calibration.rows import Rows
from foureyes.calibration.temperature import Temperature
from foureyes.calibration.thresholds import FlagRate, Threshold
from foureyes.calibration.vector import VectorScaling

__all__ = [
    "Beta",
    "CalibrationReport",
    "Calibrator",
    "Choice",
    "ClassCalibrator",
    "ClassChoice",
    "Combiner",
    "DataShift",
    "FittedOn",
    "FlagRate",
    "Gain",
    "HistogramBinning",
    "Isotonic",
    "LogOddsPlatt",
    "MadeOn",
    "Platt",
    "PromiseLine",
    "PromiseTable",
    "Rows",
    "ScoreCalibrator",
    "Source",
    "Temperature",
    "Threshold",
    "Trial",
    "VectorScaling",
    "calibration_report",
    "fit_best",
    "fit_best_classes",
    "flag_rate",
    "held_out_gain",
    "promise",
    "promise_cost",
    "promise_cost_table",
    "promise_false_blocks",
    "promise_table",
]
