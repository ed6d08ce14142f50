"""Turns the ``pred_probs`` of a caller into experts: named, checked, with one opinion a row.

One matrix is one expert. Several come as a list or tuple of matrices, or as a mapping from names to matrices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.label_noise import ExpertOpinion, Labels, class_labels, class_matrix, expert_opinion

__all__ = ["Experts", "PredProbs"]

PredProbs: TypeAlias = ArrayLike | list[NDArray[Any]] | tuple[NDArray[Any], ...] | Mapping[str, ArrayLike]


@dataclass(frozen=True, slots=True, eq=False)
class Experts:
    """Given labels, and every expert's probabilities for the same rows.

    Attributes:
        names: of the experts, E of them.
        labels: (N,) given class indices.
        probs: E matrices (N, K).
        opinions: E opinions.
    """

    names: tuple[str, ...]
    labels: Labels
    probs: tuple[NDArray[Any], ...]
    opinions: tuple[ExpertOpinion, ...]

    @classmethod
    def read(cls, labels: ArrayLike, pred_probs: PredProbs) -> Experts:
        """Checks and reads everything once.

        Raises:
            InputError: labels or probabilities cannot be used; the message names the expert and the row.
            NotEnoughData: there is no row.
        """
        matrices = {name: class_matrix(name, probs) for name, probs in _by_name(pred_probs).items()}
        widths = {name: matrix.shape[1] for name, matrix in matrices.items()}
        n_classes = next(iter(widths.values()))
        if set(widths.values()) != {n_classes}:
            columns = ", ".join(f"{name} {width}" for name, width in widths.items())
            raise InputError(f"every expert must know the same classes; got columns {columns}")
        given = class_labels(labels, n_classes)
        if not len(given):
            raise NotEnoughData("label issues need at least one row; got none")
        opinions = tuple(expert_opinion(given, matrix, name=name) for name, matrix in matrices.items())
        return cls(tuple(matrices), given, tuple(matrices.values()), opinions)

    @property
    def n_classes(self) -> int:
        """K."""
        return int(self.probs[0].shape[1])

    def contradicted(self) -> NDArray[np.intp]:
        """The rows for which every expert holds another label than the given one more probable."""
        against = self.opinions[0].label != self.labels
        for other in self.opinions[1:]:
            against &= other.label != self.labels
        return np.flatnonzero(against)


def _by_name(pred_probs: PredProbs) -> Mapping[str, Any]:
    if isinstance(pred_probs, Mapping):
        named: Mapping[str, Any] = pred_probs
    elif isinstance(pred_probs, list | tuple) and pred_probs and np.ndim(pred_probs[0]) == 2:
        named = {f"pred_probs[{e}]": probs for e, probs in enumerate(pred_probs)}
    else:
        named = {"pred_probs": pred_probs}
    if not named:
        raise InputError("pred_probs must hold at least one expert's probabilities; got none")
    return named
