"""Predicts a verifier's AUROC from evidence that needs no labels.

Before anyone has labelled a row, some things about a verifier are known: its cost, how often it disagrees with the
generator, how surprised and how unsure it is on average, what the agreements of several models imply. Past studies say
how such evidence went together with the AUROC that was measured afterwards. :class:`PriorModel` is a linear fit to
them; its honesty is in the error of held-out groups, which is what it states as the standard deviation. Evidence that
does not predict held-out groups better than their mean does, by one standard error, is not used, and the value says so.

A newcomer starts at :meth:`PriorModel.fit`, then :func:`foureyes.maths.selection.choose_verifier`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.json_text import parsed_json
from foureyes.maths.columns import group_ids, probabilities, real, same_length

__all__ = ["UNINFORMED_PRIOR", "AurocPrior", "PriorModel"]

Floats = NDArray[np.float64]

_FORMAT = "foureyes.experience"
_VERSION = 1
_LEAST_GROUPS = 3
_LEAST_SD = 1e-3


@dataclass(frozen=True, slots=True)
class AurocPrior:
    """A normal guess at an AUROC before labels are seen.

    Attributes:
        auroc: its mean.
        sd: its standard deviation, > 0.

    Raises:
        InputError: a mean outside [0, 1], a standard deviation that is not above 0.
    """

    auroc: float
    sd: float

    def __post_init__(self) -> None:
        if not (0 <= self.auroc <= 1 and 0 < self.sd < math.inf):
            raise InputError(f"an expectation needs an AUROC in [0, 1] and a spread above 0; got {self}")


UNINFORMED_PRIOR = AurocPrior(0.65, 0.15)
"""Nothing is known but that verifiers have been everything from misleading to excellent: 95 % between .36 and .94."""


@dataclass(frozen=True, slots=True, repr=False)
class PriorModel(Result):
    """A linear map from evidence to an expected AUROC.

    Attributes:
        names: (F,) of the evidence, in the order of the weights.
        weights: (F,) change of the AUROC with one unit of each; all 0 where evidence was no use.
        intercept: the AUROC where all evidence is 0.
        sd: standard deviation of what was measured around what was expected, in groups held out of the fit.
        sd_blind: the same around the mean of the other groups.
        n_cells, n_groups: what it was fitted on.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...]
    intercept: float
    sd: float
    sd_blind: float
    n_cells: int
    n_groups: int

    def __post_init__(self) -> None:
        for number in (*self.weights, self.intercept, self.sd, self.sd_blind):
            if not isinstance(number, int | float) or not math.isfinite(number):
                raise InputError(f"an experience wants finite numbers; got {number!r}")
        if len(self.names) != len(self.weights) or not self.sd > 0:
            raise InputError(f"an experience wants a weight a name and a spread above 0; got {self}")

    @property
    def informative(self) -> bool:
        """Whether the evidence predicted held-out groups better than their mean did."""
        return any(self.weights)

    @classmethod
    def fit(
        cls, evidence: Mapping[str, ArrayLike], auroc: ArrayLike, *, groups: ArrayLike, ridge: float = 1.0
    ) -> PriorModel:
        """Learns from cells of past studies: one verifier on one generator's answers to one task each.

        Args:
            evidence: name → (C,) finite numbers.
            auroc: (C,) measured, in [0, 1].
            groups: (C,) integers: cells that share a generator or a task belong together, and are held out together.
            ridge: strength of the penalty on standardised weights, ≥ 0.

        Raises:
            InputError: no evidence, lengths differ, a value is not finite.
            NotEnoughData: fewer than three groups.

        Example:
            >>> learnt = PriorModel.fit({"cme": [1, 2, 3, 1, 2, 3]}, [0.9, 0.8, 0.7] * 2, groups=[0, 1, 2, 3, 4, 5])
            >>> learnt.informative, learnt.expect({"cme": 1.0}).auroc > learnt.expect({"cme": 3.0}).auroc
            (True, True)
        """
        if not evidence:
            raise InputError("experience needs evidence; got none")
        columns = {name: real(f"evidence {name!r}", values, finite=True) for name, values in evidence.items()}
        y, ids = probabilities("auroc", auroc), group_ids("groups", groups)
        n = same_length(**columns, auroc=y, groups=ids)
        n_groups = int(ids.max(initial=-1)) + 1
        if n_groups < _LEAST_GROUPS:
            raise NotEnoughData(
                f"experience needs at least {_LEAST_GROUPS} groups of cells; got {n_groups}", needed=_LEAST_GROUPS
            )
        x = np.stack(list(columns.values()), axis=1)
        blind, led = _held_out_errors(np.empty((n, 0)), y, ids, ridge), _held_out_errors(x, y, ids, ridge)
        useful = _clearly_smaller(led, blind, ids)
        weights, intercept = _line(x, y, ridge) if useful else (np.zeros(x.shape[1]), float(y.mean()))
        sd, sd_blind = (max(float(np.sqrt(errors.mean())), _LEAST_SD) for errors in (led if useful else blind, blind))
        return cls(tuple(columns), tuple(weights.tolist()), intercept, sd, sd_blind, n, n_groups)

    def expect(self, evidence: Mapping[str, float]) -> AurocPrior:
        """What to expect of a verifier with this evidence.

        Raises:
            InputError: evidence is missing, or there is too much, or it is not finite.
        """
        if set(evidence) != set(self.names):
            raise InputError(f"learnt from {', '.join(self.names)}; got {', '.join(evidence) or 'no evidence'}")
        values = real("evidence", [evidence[name] for name in self.names], finite=True)
        mean = self.intercept + float(values @ np.array(self.weights))
        return AurocPrior(min(1.0, max(0.0, mean)), self.sd)

    def to_json(self) -> str:
        """As a JSON object that :meth:`from_json` reads back to an equal value."""
        return json.dumps({"format": _FORMAT, "version": _VERSION, **asdict(self)}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> PriorModel:
        """Reads what :meth:`to_json` wrote.

        Raises:
            InputError: the text is not such JSON, or of another version.
        """
        try:
            found = parsed_json(text)
            stated = found.pop("format"), found.pop("version")
            found |= {name: tuple(found[name]) for name in ("names", "weights")}
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputError(f"not an experience: {text[:60]!r}") from error
        if stated != (_FORMAT, _VERSION):
            raise InputError(f"wanted {_FORMAT} version {_VERSION}; got {stated[0]!r} version {stated[1]!r}")
        if set(found) != {entry.name for entry in fields(cls)}:
            raise InputError(f"not an experience: it has the fields {', '.join(found)}")
        return cls(**found)


def _line(x: Floats, y: Floats, ridge: float) -> tuple[Floats, float]:
    """Ridge regression on standardised columns; weights for the columns as given, and the intercept."""
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    z = (x - centre) / scale
    standard = np.linalg.lstsq(z.T @ z + ridge * np.eye(x.shape[1]), z.T @ (y - y.mean()), rcond=None)[0]
    weights: Floats = standard / scale
    return weights, float(y.mean() - weights @ centre)


def _held_out_errors(x: Floats, y: Floats, ids: NDArray[np.intp], ridge: float) -> Floats:
    """(C,) squared error of each group's cells under a fit to the others."""
    errors = np.empty(len(y))
    for group in range(int(ids.max()) + 1):
        out = ids == group
        weights, intercept = _line(x[~out], y[~out], ridge)
        errors[out] = y[out] - x[out] @ weights - intercept
    return np.square(errors)


def _clearly_smaller(led: Floats, blind: Floats, ids: NDArray[np.intp]) -> bool:
    """Whether evidence saves more squared error than one standard error of what it saves, group by group."""
    saved = np.bincount(ids, blind - led) / np.bincount(ids)
    return bool(saved.mean() > saved.std(ddof=1) / math.sqrt(len(saved)))
