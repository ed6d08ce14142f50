"""Turns the ``pred_probs`` of a caller into experts: named, checked, with one opinion a row.

One matrix is one expert. Several come as a list or tuple of matrices, or as a mapping from names to matrices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.cleaning.inputs import InputScale, class_numbers, class_rows, column_names, label_indices
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.label_noise import ExpertOpinion, Labels, expert_opinion
from foureyes.maths.label_pool import FLOOR

__all__ = ["Experts", "PredProbs"]

PredProbs: TypeAlias = ArrayLike | list[NDArray[Any]] | tuple[NDArray[Any], ...] | Mapping[str, ArrayLike]


@dataclass(frozen=True, slots=True, eq=False)
class Experts:
    """Given labels, and every expert's probabilities for the same rows.

    Attributes:
        names: of the experts, E of them.
        labels: (M,) given class indices.
        probs: E matrices (M, K).
        opinions: E opinions.
        rows: (M,) which of the rows that were given these are; ``None`` where every row has a label.
        n_rows: N, rows that were given.
    """

    names: tuple[str, ...]
    labels: Labels
    probs: tuple[NDArray[Any], ...]
    opinions: tuple[ExpertOpinion, ...]
    rows: NDArray[np.intp] | None
    n_rows: int

    @classmethod
    def read(
        cls,
        labels: ArrayLike,
        pred_probs: PredProbs,
        *,
        classes: Sequence[str] | None = None,
        scale: InputScale = "auto",
    ) -> Experts:
        """Checks and reads everything once; rows without a label are left out.

        Args:
            labels: (N,) class indices or names; ``None``, NaN and -1 are no label.
            pred_probs: one expert's matrix, a list of matrices, or a mapping from names to them.
            classes: K names in the order of the columns, for labels that are names.
            scale: what the numbers are; ``"auto"`` takes a matrix with negative numbers for logits.

        Raises:
            InputError: labels or probabilities cannot be used; the message names the expert and the row.
            NotEnoughData: there is no row with a label.
        """
        given = _by_name(pred_probs)
        numbers = {name: class_numbers(name, probs) for name, probs in given.items()}
        widths = {name: matrix.shape[1] for name, matrix in numbers.items()}
        n_classes = next(iter(widths.values()))
        if set(widths.values()) != {n_classes}:
            columns = ", ".join(f"{name} {width}" for name, width in widths.items())
            raise InputError(f"every expert must know the same classes; got columns {columns}")
        indices, present = label_indices(labels, n_classes, classes or column_names(next(iter(given.values()))))
        rows = None if present.all() else np.flatnonzero(present)
        for name, matrix in numbers.items():
            if len(matrix) != len(indices):
                raise InputError(f"{name} must have a row for each of the {len(indices)} labels; got {len(matrix)}")
        if not present.any():
            raise NotEnoughData(
                f"label issues need at least one row with a label; got {len(present) or 'no'} rows and no label"
            )
        matrices = {name: class_rows(name, matrix, rows, scale) for name, matrix in numbers.items()}
        own = indices if rows is None else indices[rows]
        opinions = tuple(expert_opinion(own, matrix, name=name) for name, matrix in matrices.items())
        return cls(tuple(matrices), own, tuple(matrices.values()), opinions, rows, len(indices))

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

    def contradicted_by_any(self, heard: NDArray[np.bool_]) -> NDArray[np.intp]:
        """The rows for which some of the experts that are heard holds another label than the given one more probable."""
        against = np.zeros(len(self.labels), np.bool_)
        for opinion, counts in zip(self.opinions, heard, strict=True):
            if counts:
                against |= opinion.label != self.labels
        return np.flatnonzero(against)

    def given_logs(self, weights: NDArray[np.float64]) -> NDArray[np.float32]:
        """(M,) the weighted log probability of every given label."""
        logs: NDArray[np.float32] | None = None
        for opinion, weight in zip(self.opinions, weights.tolist(), strict=True):
            if weight:
                one = opinion.given.astype(np.float32)
                np.maximum(one, np.float32(FLOOR), out=one)
                np.log(one, out=one)
                one *= np.float32(weight)
                logs = one if logs is None else np.add(logs, one, out=logs)
        return np.zeros(len(self.labels), np.float32) if logs is None else logs


def _by_name(pred_probs: PredProbs) -> Mapping[str, Any]:
    if isinstance(pred_probs, Mapping):
        named: Mapping[str, Any] = pred_probs
    elif isinstance(pred_probs, list | tuple) and pred_probs and _is_matrix(pred_probs[0]):
        named = {f"pred_probs[{e}]": probs for e, probs in enumerate(pred_probs)}
    else:
        named = {"pred_probs": pred_probs}
    if not named:
        raise InputError("pred_probs must hold at least one expert's probabilities; got none")
    return named


def _is_matrix(value: Any) -> bool:
    """Whether a list holds several experts, not the rows of one; lists may be ragged."""
    if hasattr(value, "ndim"):
        return bool(value.ndim == 2)
    return isinstance(value, list | tuple) and bool(value) and isinstance(value[0], list | tuple | np.ndarray)
