"""Other ways to choose a threshold that keeps a promise, beside ours."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration.sequence import STARTS, CostTest, Level, RateTest, RiskTest, levels_of, loosest
from foureyes.errors import NotEnoughData
from foureyes.maths.bounds import binomial_cdf, binomial_p

__all__ = ["COST_METHODS", "RATE_METHODS", "Method"]

Floats: TypeAlias = NDArray[np.float64]
Method: TypeAlias = Callable[[Floats, Floats, float, float], float | None]
"""(N,) confidences, (N,) losses in [0, 1], limit, δ → the cut, or ``None`` where none is promised."""


@dataclass(frozen=True, slots=True)
class HoeffdingBentkus:
    """Of losses in [0, 1], from their mean alone (Bates et al. 2021, Proposition 6): the rival of bets."""

    limit: float

    def p(self, level: Level, at: float, times: float = 1.0) -> float:
        """See :meth:`foureyes.calibration.sequence.RiskTest.p`."""
        del at
        n, mean = round(level.n * times), level.loss / level.n
        if not n or mean >= self.limit:
            return 1.0
        hoeffding = math.exp(-n * _kl(mean, self.limit))
        return min(1.0, hoeffding, math.e * binomial_cdf(math.ceil(n * mean - 1e-9), n, self.limit))


def _kl(a: float, b: float) -> float:
    left = a * math.log(a / b) if a else 0.0
    return left + ((1 - a) * math.log((1 - a) / (1 - b)) if a < 1 else 0.0)


def _sorted(c: Floats, loss: Floats) -> Floats:
    return loss[np.argsort(-c, kind="stable")]


def _with(make: Callable[[Floats, Floats, float], RiskTest], *, apart: bool = False) -> Method:
    def method(c: Floats, loss: Floats, limit: float, delta: float) -> float | None:
        everything = math.ceil(-math.log2(limit)) - 1
        starts = {everything - octave: 1 / 6 for octave in range(5)} if apart else STARTS
        try:
            return loosest(c, loss, make(c, loss, limit), delta, starts=starts).cut
        except NotEnoughData:
            return None

    return method


def _bonferroni(cuts: int) -> Method:
    """Learn then Test with δ shared out evenly over cuts at fixed confidences."""

    def method(c: Floats, loss: Floats, limit: float, delta: float) -> float | None:
        for cut in np.arange(cuts) / cuts:  # the loosest first
            passed = c >= cut
            n, k = int(passed.sum()), round(float(loss[passed].sum()))
            if k < n * limit and binomial_p(k, n, limit) <= delta / cuts:
                return float(cut)
        return None

    return method


def _seen(c: Floats, loss: Floats, limit: float, delta: float) -> float | None:
    """The loosest cut of ours at which the labelled rows themselves stay within the limit: promises nothing."""
    del delta
    within = [level.cut for level in levels_of(c, loss, limit) if level.n > 0 and level.loss <= level.n * limit]
    return within[-1] if within else None


def _in_order(c: Floats, loss: Floats, limit: float, delta: float) -> float | None:
    """The cut of our sequence where all of δ starts at the strictest that lets ten answers through."""
    found = None
    for level in levels_of(c, loss, limit):
        if level.n < _FIRST:
            continue
        if not (level.loss < level.n * limit and binomial_p(round(level.loss), level.n, limit) <= delta):
            break
        found = level.cut
    return found


def _sequential(c: Floats, loss: Floats, limit: float, delta: float) -> float | None:
    """Ours with the bets of one row after the other (Waudby-Smith & Ramdas 2024, §4.2), best moment kept."""
    found, carried = None, 0.0
    ordered = np.random.default_rng(0).permutation(len(c))
    for level in levels_of(c, loss, limit):
        at = carried + level.share * delta
        through = loss[ordered][c[ordered] >= level.cut]
        rejected = at > 0 and level.loss < level.n * limit and _plug_in_p(through, limit, at) <= at
        found, carried = (level.cut, at) if rejected else (found, 0.0)
    return found


def _plug_in_p(x: Floats, limit: float, at: float) -> float:
    n = len(x)
    seen = np.arange(1, n + 1)
    mean = (limit + np.cumsum(x)) / (1 + seen)
    variance = np.concatenate([[0.25], ((0.25 + np.cumsum((x - mean) ** 2)) / (1 + seen))[:-1]])
    stakes = np.minimum(np.sqrt(2 * math.log(1 / at) / (n * variance)), 0.75 / (1 - limit))
    return math.exp(-max(0.0, float(np.log1p(stakes * (limit - x)).cumsum().max())))


def _mapie(c: Floats, loss: Floats, limit: float, delta: float) -> float | None:
    """MAPIE's controller of precision as it comes: Learn then Test over 100 cuts, Bonferroni-Holm."""
    from mapie.risk_control import BinaryClassificationController  # noqa: PLC0415 - a rival, not everywhere

    controller = BinaryClassificationController(
        lambda x: np.column_stack([1 - x[:, 0], x[:, 0]]), "precision", 1 - limit, confidence_level=1 - delta
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where it finds none, which is what is counted here
        controller.calibrate(c[:, None], (loss == 0).astype(np.int64))
    found = controller.best_predict_param
    return None if found is None else float(found)


_FIRST: Final = 10


def _bets(c: Floats, loss: Floats, limit: float) -> RiskTest:
    return CostTest(limit, _sorted(c, loss))


def _mean_alone(c: Floats, loss: Floats, limit: float) -> RiskTest:
    del c, loss
    return HoeffdingBentkus(limit)


RATE_METHODS: Final[Mapping[str, Method]] = {
    "**ours: fallback, exact binomial**": _with(lambda _, __, limit: RateTest(limit)),
    "the same, starts an octave apart": _with(lambda _, __, limit: RateTest(limit), apart=True),
    "fallback, bets": _with(_bets),
    "fallback, Hoeffding-Bentkus": _with(_mean_alone),
    "fixed sequence from ten answers on": _in_order,
    "Bonferroni over 20 cuts": _bonferroni(20),
    "Bonferroni over 100 cuts": _bonferroni(100),
    **({"MAPIE 1.6 as it comes": _mapie} if find_spec("mapie") else {}),
    "no test, promises nothing": _seen,
}

COST_METHODS: Final[Mapping[str, Method]] = {
    "**ours: fallback, bets**": _with(_bets),
    "the same, starts an octave apart": _with(_bets, apart=True),
    "bets row after row, best moment": _sequential,
    "Hoeffding-Bentkus, starts an octave apart": _with(_mean_alone, apart=True),
    "Hoeffding-Bentkus (before)": _with(_mean_alone),
    "no test, promises nothing": _seen,
}
