"""Logistic regression by Newton's method, for a handful of columns and any number of rows.

Columns are standardised, so that every weight is of the order of one and a ridge means the same for each. The rows are
passed over in chunks that fit the processor's cache; a pass needs no memory that grows with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration.floors import best_floor
from foureyes.errors import InputError
from foureyes.signals.catalog import LargerIs

__all__ = ["RISING", "Line", "fit_floored", "fit_line", "fit_one_way", "log_loss", "sigmoid"]

Floats = NDArray[np.float64]

RISING: Final = 0.3
"""What an order that is known beforehand is worth: chosen on published data by ``python -m studies.defaults --only calibration``.

A prior that is as (weight · standard deviation)^0.3: a weight of 0 or below has no likelihood, so that few rows never turn
a known order round nor flatten it; from some hundred rows on nothing is seen of it.
"""

_CHUNK = 1 << 13
_WARM_ROWS = 20_000
_SMALL_STEP = 1e-5  # Newton squares the error: after a step of 10⁻⁵ about 10⁻¹⁰ is left
_MAX_STEPS = 200
_SINGULAR = 1e-11
_LEAST = 1e-12
_START = 0.5  # of weights that must stay above 0


@dataclass(frozen=True, slots=True)
class Line:
    """log-odds = intercept + Σ weight · column."""

    intercept: float
    weights: tuple[float, ...]


def sigmoid(log_odds: Floats) -> Floats:
    """1 / (1 + e^−z), kept 10⁻¹² away from 0 and 1: a fitted line may point there, but no data can say so."""
    small = np.exp(-np.abs(log_odds))
    confidence: Floats = np.where(log_odds >= 0, 1.0, small) / (1 + small)
    return np.clip(confidence, _LEAST, 1 - _LEAST)


def fit_line(columns: Sequence[Floats], targets: Floats, *, ridge: float = 0.0, rising: float = 0.0) -> Line:
    """Minimises Σ cross-entropy(target, σ(line)) + ridge/2 · Σ w² − rising · Σ ln w, w = weight · its column's standard deviation.

    Args:
        columns: (N,) each, finite. A constant column gets weight 0.
        targets: (N,) strictly between 0 and 1, so that a finite optimum exists.
        ridge: strength of the penalty, ≥ 0; the intercept bears none.
        rising: strength of the knowledge that every weight is above 0, ≥ 0; 0 leaves their signs to the rows.

    Returns:
        The line, for the columns as given.

    Raises:
        InputError: a column spans more than double precision can square.
    """
    centres, scales = np.array([_centre_and_scale(c) for c in columns]).reshape(-1, 2).T
    varying = [i for i, scale in enumerate(scales) if scale > 0]
    problem = _Problem([columns[i] for i in varying], targets, centres[varying], scales[varying], ridge, rising)
    solved = problem.minimise()
    weights = np.zeros(len(columns))
    weights[varying] = solved[1:] / scales[varying]
    return Line(float(solved[0] - weights @ centres), tuple(weights.tolist()))


def fit_one_way(column: Floats, targets: Floats, larger_is: LargerIs | None) -> Line:
    """The line of one column, which a known direction holds: its slope has that sign, however few the rows."""
    if larger_is is None:
        return fit_line([column], targets)
    sign = 1.0 if larger_is == "better" else -1.0
    line = fit_line([sign * column], targets, rising=RISING)
    return Line(line.intercept, (sign * line.weights[0],))


def log_loss(targets: Floats, p: Floats) -> float:
    """Mean cross-entropy of probabilities strictly between 0 and 1."""
    return float(-(targets * np.log(p) + (1 - targets) * np.log1p(-p)).mean())


def fit_floored(
    p: Floats, targets: Floats, parts: Callable[[Floats, float], list[Floats]], fit: Callable[..., Line] = fit_line
) -> tuple[float, Line]:
    """A line on logarithms of probabilities, with the floor under which the targets are likeliest.

    Args:
        p: (N,) probabilities.
        targets: (N,) strictly between 0 and 1.
        parts: probabilities and a floor → columns.
        fit: columns and targets → line.
    """
    every = slice(None, None, max(1, len(p) // _WARM_ROWS))
    few, their_targets = np.ascontiguousarray(p[every]), np.ascontiguousarray(targets[every])

    def of_floor(floor: float) -> tuple[None, float]:
        columns = parts(few, floor)
        line = fit(columns, their_targets)
        at = np.sum([w * column for w, column in zip(line.weights, columns, strict=True)], axis=0) + line.intercept
        return None, log_loss(their_targets, sigmoid(at))

    floor, _ = best_floor(float(np.minimum(few, 1 - few).min()), of_floor)
    return floor, fit(parts(p, floor), targets)


def _centre_and_scale(column: Floats) -> tuple[float, float]:
    low, high = float(column.min()), float(column.max())
    if max(-low, high) > 1e150:
        raise InputError(f"scores must stay within ±1e150 for a line to be fitted; got {low:g} to {high:g}")
    return float(column.mean()), float(column.std()) if low < high else 0.0


@dataclass(frozen=True, slots=True)
class _Problem:
    columns: list[Floats]
    targets: Floats
    centres: Floats
    scales: Floats
    ridge: float
    rising: float

    def minimise(self) -> Floats:
        """(D+1,) intercept and weights of the standardised columns."""
        start = np.append(0.0, np.full(len(self.columns), _START if self.rising else 0.0))
        at = self._thinned().minimise() if len(self.targets) > 2 * _WARM_ROWS else start
        loss, slope, curvature = self._pass(at)
        for _ in range(_MAX_STEPS):
            # Columns that say the same leave the curvature singular; least squares then shares the weight evenly.
            step = np.linalg.lstsq(curvature, slope, rcond=_SINGULAR)[0]
            if np.abs(step).max() <= _SMALL_STEP:
                return at - step
            loss_after, slope_after, curvature_after = self._pass(at - step)
            while not loss_after <= loss:
                step /= 2
                if np.abs(step).max() <= _SMALL_STEP**2:
                    return at
                loss_after, slope_after, curvature_after = self._pass(at - step)
            at, loss, slope, curvature = at - step, loss_after, slope_after, curvature_after
        return at

    def _thinned(self) -> _Problem:
        """Every k-th row, for a start that is already close."""
        every = slice(None, None, len(self.targets) // _WARM_ROWS)
        columns = [np.ascontiguousarray(c[every]) for c in self.columns]
        return _Problem(
            columns, np.ascontiguousarray(self.targets[every]), self.centres, self.scales, self.ridge, self.rising
        )

    def _pass(self, at: Floats) -> tuple[float, Floats, Floats]:
        """Mean loss, its slope and its curvature."""
        n, d = len(self.targets), len(at)
        penalty = np.append(0.0, np.full(d - 1, self.ridge))
        loss, slope, curvature = float(penalty @ at**2) / 2, penalty * at, np.diag(penalty)
        if self.rising:
            if at[1:].min(initial=1.0) <= 0:
                return np.inf, slope, curvature
            loss -= self.rising * float(np.log(at[1:]).sum())
            slope[1:] -= self.rising / at[1:]
            curvature[1:, 1:] += np.diag(self.rising / at[1:] ** 2)
        design = np.ones((d, min(n, _CHUNK)))
        for start in range(0, n, _CHUNK):
            t = self.targets[start : start + _CHUNK]
            x = design[:, : len(t)]
            for i, column in enumerate(self.columns):
                np.subtract(column[start : start + _CHUNK], self.centres[i], out=x[i + 1])
            x[1:] /= self.scales[:, None]
            z = at @ x
            small = np.exp(-np.abs(z))
            p = np.where(z >= 0, 1.0, small) / (1 + small)
            loss += float((np.maximum(z, 0) + np.log1p(small)).sum() - t @ z)
            slope += x @ (p - t)
            curvature += (x * (p * (1 - p))) @ x.T
        return loss / n, slope / n, curvature / n
