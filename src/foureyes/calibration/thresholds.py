"""The values that :mod:`foureyes.calibration.promises` returns: a cut, and what may be said about it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.artefact import require_numbers
from foureyes.calibration.made_on import DataShift, MadeOn
from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.maths.bounds import clopper_pearson
from foureyes.maths.columns import probabilities

__all__ = ["FlagRate", "Risk", "Threshold", "threshold_at"]

_LATER: Final = {"worst_cost", "made_on"}  # fields that files of older releases lack

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
        worst_cost: of a promised cost, what no answer exceeds.
        made_on: the confidences of the labelled rows, in short; ``None`` in files of older releases.
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
    worst_cost: float | None = None
    made_on: MadeOn | None = None

    def __post_init__(self) -> None:
        if self.risk not in get_args(Risk):
            raise InputError(f"risk must be one of {', '.join(get_args(Risk))}; got {self.risk!r}")
        if not isinstance(self.in_sample, bool):
            raise InputError(f"threshold: in_sample is true or false; got {self.in_sample!r:.60}")
        others = ("risk", "in_sample", "made_on", *(["worst_cost"] if self.worst_cost is None else []))
        require_numbers("threshold", **{name: value for name, value in asdict(self).items() if name not in others})

    def lets_through(self, confidence: ArrayLike) -> NDArray[np.bool_]:
        """(N,) whether each confidence reaches the cut."""
        return probabilities("confidence", confidence) >= self.cut

    def compare(self, confidence: ArrayLike, *, level: float = 0.01) -> DataShift:
        """Whether other answers' confidences are spread like those the promise was made on, see :meth:`MadeOn.compare`.

        Raises:
            InputError: the promise does not remember what it was made on; confidences or a level out of range.
            NotEnoughData: no confidences.
        """
        if self.made_on is None:
            raise InputError(
                "this threshold does not say what it was made on: promise anew, or read it from a newer file"
            )
        return self.made_on.compare(confidence, level=level)

    @property
    def says(self) -> str:
        """What is promised, without the conditions."""
        return _SAYS[self.risk].format(limit=self.limit)

    @property
    def statement(self) -> str:
        """The promise in words."""
        if self.in_sample:
            return f"No promise: the calibrator was fitted on the same rows. It would read: {self.says}."
        return (
            f"With confidence {self.cut:.6g} or more let through, {self.says}, with probability {1 - self.delta:.3g}."
        )

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
        needed = {field.name for field in fields(cls)} - _LATER
        if not isinstance(document, dict) or not needed <= set(document) <= needed | _LATER:
            raise InputError(f"not a threshold: wanted a JSON object with {', '.join(sorted(needed))}; got {text[:60]}")
        made_on = document.get("made_on")
        if not isinstance(made_on, dict | None):
            raise InputError(f"not a threshold: made_on is an object; got {made_on!r:.60}")
        return cls(**{**document, "made_on": None if made_on is None else MadeOn.from_dict(made_on)})


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


def threshold_at(
    risk: Risk, confidence: NDArray[np.float64], cut: float, limit: float, delta: float, observed: float, n_counted: int
) -> Threshold:
    """A threshold with what (N,) labelled confidences say of its coverage."""
    n, through = len(confidence), int(np.count_nonzero(confidence >= cut))
    low, high = clopper_pearson(through, n)
    made_on = MadeOn.of(confidence)
    return Threshold(cut, risk, limit, delta, observed, n, n_counted, through / n, low, high, made_on=made_on)
