"""The values that :mod:`foureyes.calibration.promises` returns: a cut, and what may be said about it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.artefact import require_numbers
from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.maths.columns import probabilities

__all__ = ["FlagRate", "Risk", "Threshold"]

Risk = Literal["error_rate", "mean_cost", "false_block_rate"]

_SAYS: dict[Risk, str] = {
    "error_rate": "of the answers let through, at most {limit:.3g} are wrong",
    "mean_cost": "the answers let through cost at most {limit:.6g} each on average",
    "false_block_rate": "of the right answers, at most {limit:.3g} are blocked",
}


@dataclass(frozen=True, slots=True, repr=False)
class Threshold(Result):
    """A cut with a promise attached: let an answer through if its confidence is at least ``cut``.

    Attributes:
        cut: the confidence from which on answers are let through.
        risk: what is promised: ``"error_rate"`` or ``"mean_cost"`` of the answers let through, or
            ``"false_block_rate"`` of the right answers.
        limit: the risk that is not exceeded.
        delta: the chance, over the draw of the labelled rows, that it is exceeded all the same.
        observed: the risk seen in the labelled rows at this cut.
        n: labelled rows.
        n_counted: those the risk was counted on: let through, or right.
        coverage: share of the labelled rows let through.
        coverage_low, coverage_high: exact 95 % interval of the share that will be let through.
        in_sample: the calibrator had been fitted on these rows: the promise does not hold.
    """

    cut: float
    risk: Risk
    limit: float
    delta: float
    observed: float
    n: int
    n_counted: int
    coverage: float
    coverage_low: float
    coverage_high: float
    in_sample: bool = False

    def __post_init__(self) -> None:
        if self.risk not in get_args(Risk):
            raise InputError(f"risk must be one of {', '.join(get_args(Risk))}; got {self.risk!r}")
        if not isinstance(self.in_sample, bool):
            raise InputError(f"threshold: in_sample is true or false; got {self.in_sample!r:.60}")
        numbers = {name: value for name, value in asdict(self).items() if name not in ("risk", "in_sample")}
        require_numbers("threshold", **numbers)

    def lets_through(self, confidence: ArrayLike) -> NDArray[np.bool_]:
        """(N,) whether each confidence reaches the cut."""
        return probabilities("confidence", confidence) >= self.cut

    @property
    def statement(self) -> str:
        """The promise in words."""
        says = _SAYS[self.risk].format(limit=self.limit)
        if self.in_sample:
            return f"No promise: the calibrator was fitted on the same rows. It would read: {says}."
        return f"With confidence {self.cut:.6g} or more let through, {says}, with probability {1 - self.delta:.3g}."

    @property
    def assumes(self) -> str:
        """What the promise rests on. Where it fails, so may the promise: under drift it is suspended."""
        return (
            f"The answers to come are drawn like the {self.n} labelled ones: same questions, same models, same prompts, "
            "each independent of the others (label one answer a question). The calibrator and the limit were settled "
            f"before these labels were seen. The {self.delta:.3g} is the chance that this draw of labelled rows "
            "misleads; it is not a chance for each answer."
        )

    def to_json(self) -> str:
        """As a JSON object that :meth:`from_json` reads back to an equal value."""
        return json.dumps(asdict(self), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Threshold:
        """Reads what :meth:`to_json` wrote.

        Raises:
            InputError: not such JSON.
        """
        try:
            document: Any = parsed_json(text)
        except json.JSONDecodeError as error:
            raise InputError(f"not a threshold: not JSON at character {error.pos}") from error
        wanted = {field.name for field in fields(cls)}
        if not isinstance(document, dict) or set(document) != wanted:
            raise InputError(f"not a threshold: wanted a JSON object with {', '.join(sorted(wanted))}; got {text[:60]}")
        return cls(**document)


@dataclass(frozen=True, slots=True, repr=False)
class FlagRate(Result):
    """A cut that flags a chosen share of answers. It promises nothing about errors, as no label was seen.

    Attributes:
        cut: answers with a confidence below this are flagged.
        asked: the share asked for.
        flagged: the share of the given rows below the cut, at most what was asked; less where confidences tie.
        n: rows.
    """

    cut: float
    asked: float
    flagged: float
    n: int

    def flags(self, confidence: ArrayLike) -> NDArray[np.bool_]:
        """(N,) whether each confidence is below the cut."""
        return probabilities("confidence", confidence) < self.cut

    @property
    def statement(self) -> str:
        """What may be said of it."""
        return (
            f"Flags {self.flagged:.3g} of answers like these. No labels were used, so nothing is promised about errors."
        )
