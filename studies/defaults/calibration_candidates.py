"""What is measured against calibrate's defaults: our other calibrators, and those of scikit-learn and netcal."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib.util import find_spec
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration import (
    HistogramBinning,
    LogOddsPlatt,
    Temperature,
    VectorScaling,
    fit_best,
    fit_best_classes,
)
from foureyes.calibration.choose import fit_kind
from foureyes.calibration.classes import LabelledClasses, Scale, class_logits
from foureyes.calibration.softmax import softmax
from foureyes.calibration.temperature import fit_temperature
from foureyes.calibration.vector import RIDGE
from foureyes.choices import CalibratorKind

__all__ = ["DEFAULT", "absent_rivals", "class_candidates", "score_candidates"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Predict: TypeAlias = Callable[[Floats], Floats]

DEFAULT: Final = "default"

_BEFORE: Final = ("platt", "histogram", "isotonic")
_LEAST: Final = 1e-7


def absent_rivals() -> tuple[str, ...]:
    """Rivals that cannot be imported here."""
    return tuple(name for name in ("sklearn", "netcal") if find_spec(name) is None)


def score_candidates(p: Floats, right: Flags) -> dict[str, Predict]:
    """Every candidate, fitted on these confidences. Raises what the default raises where it refuses."""
    choice = fit_best(p, right, larger_is="better")
    every: dict[str, Predict] = {DEFAULT: choice.calibrator.predict_proba, "as given": lambda q: q}
    losses = {trial.kind: trial.nll for trial in choice.trials}

    def of_kind(kind: str) -> Predict:
        return fit_kind(cast("CalibratorKind", kind), p, right, larger_is="better").predict_proba

    every["lowest held-out loss"] = of_kind(min(losses, key=lambda kind: losses[kind]))
    for errors, words in ((1, "one standard error"), (2, "two standard errors")):
        near = [t for t in choice.trials if t.excess <= errors * t.excess_error]
        every[f"simplest within {words}"] = of_kind(near[0].kind)
    earlier = [t for t in choice.trials if t.kind in _BEFORE]
    best = min(earlier, key=lambda t: t.nll)
    every["before: Platt on p, histogram or isotonic"] = of_kind(
        next(t.kind for t in earlier if t.nll <= best.nll + t.excess_error)
    )
    every |= {
        "always Platt on log-odds": of_kind("log-odds-platt"),
        "always Platt on p": of_kind("platt"),
        "always beta": of_kind("beta"),
        "always isotonic": of_kind("isotonic"),
        "always histogram": of_kind("histogram"),
        "Platt on log-odds, direction left to the rows": LogOddsPlatt.fit(p, right).predict_proba,
        "histogram, direction left to the rows": HistogramBinning.fit(p, right).predict_proba,
    }
    for bins in (5, 15, 30):
        every[f"histogram, {bins} bins"] = HistogramBinning.fit(p, right, bins=bins, larger_is="better").predict_proba
    for folds in (3, 10):
        if min(right.sum(), (~right).sum()) > folds:
            every[f"{folds} folds"] = fit_best(p, right, larger_is="better", folds=folds).calibrator.predict_proba
    return every | _sklearn_scores(p, right) | _netcal_scores(p, right)


def class_candidates(x: Floats, labels: NDArray[np.intp], scale: Scale) -> dict[str, Predict]:
    """The same of class scores: each gives (N, K) probabilities."""
    choice = fit_best_classes(x, labels, scale=scale)
    every: dict[str, Predict] = {
        DEFAULT: choice.calibrator.predict_proba,
        "as given": lambda z: softmax(class_logits(z, scale, _LEAST)),
        "always temperature": Temperature.fit(x, labels, scale=scale).predict_proba,
    }
    vector = VectorScaling.fit(x, labels, scale=scale).predict_proba
    for errors, words in ((1, "one standard error"), (2, "two standard errors")):
        near = [t for t in choice.trials if t.excess <= errors * t.excess_error]
        takes_one = near[0].kind == "temperature"
        every[f"simplest within {words}"] = every["always temperature"] if takes_one else vector
    for ridge in (1.0, RIDGE, 100.0):
        name = "always vector" if ridge == RIDGE else f"vector, ridge {ridge:g}"
        every[name] = VectorScaling.fit(x, labels, scale=scale, ridge=ridge).predict_proba
    if scale == "probabilities":
        for floor in (1e-38, 1e-12, 1e-7, 1e-5, 1e-3):
            name = "before: a zero is 1e-38" if floor == 1e-38 else f"a zero is {floor:g}"
            rows = LabelledClasses.of(class_logits(x, scale, floor), labels, None)
            every[name] = fit_temperature(rows, scale, floor).predict_proba
    return every | _rival_classes(x, labels, scale)


def _sklearn_scores(p: Floats, right: Flags) -> dict[str, Predict]:
    if find_spec("sklearn") is None:
        return {}
    from sklearn.calibration import _SigmoidCalibration  # noqa: PLC0415
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415

    return {
        "scikit-learn sigmoid": _SigmoidCalibration().fit(p, right).predict,
        "scikit-learn isotonic": IsotonicRegression(out_of_bounds="clip").fit(p, right).predict,
    }


def _netcal_scores(p: Floats, right: Flags) -> dict[str, Predict]:
    if find_spec("netcal") is None:
        return {}
    from netcal.binning import HistogramBinning as Binning  # noqa: PLC0415
    from netcal.scaling import BetaCalibration, LogisticCalibration  # noqa: PLC0415

    def fitted(rival: Any) -> Predict:
        _quietly(rival, p, right.astype(int))
        return lambda q: np.asarray(rival.transform(q), np.float64).reshape(len(q))

    return {
        "netcal logistic": fitted(LogisticCalibration()),
        "netcal beta": fitted(BetaCalibration()),
        "netcal histogram": fitted(Binning(bins=15)),
    }


def _quietly(rival: Any, x: Floats, labels: NDArray[Any]) -> None:
    """Fits one of netcal's, which print their progress."""
    with redirect_stdout(io.StringIO()):
        rival.fit(x, labels)


def _rival_classes(x: Floats, labels: NDArray[np.intp], scale: Scale) -> dict[str, Predict]:
    found: dict[str, Predict] = {}
    if find_spec("sklearn") is not None:
        from sklearn.calibration import _TemperatureScaling  # noqa: PLC0415

        if len(np.unique(labels)) == x.shape[1]:
            scaling = _TemperatureScaling().fit(class_logits(x, scale, _LEAST), labels)
            found["scikit-learn temperature"] = lambda z: scaling.predict(class_logits(z, scale, _LEAST))
    if find_spec("netcal") is not None:
        from netcal.scaling import TemperatureScaling  # noqa: PLC0415

        rival = TemperatureScaling()
        _quietly(rival, softmax(class_logits(x, scale, _LEAST)), labels)
        found["netcal temperature"] = lambda z: np.asarray(rival.transform(softmax(class_logits(z, scale, _LEAST))))
    return found
