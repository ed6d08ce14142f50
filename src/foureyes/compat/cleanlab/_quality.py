"""The three scores of label quality, block by block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from foureyes.compat.cleanlab._rows import Floats, Matrix, Places
from foureyes.errors import InputError
from foureyes.maths.label_pruning import margins, weighted_entropies
from foureyes.maths.row_blocks import row_blocks

__all__ = ["METHODS", "label_quality", "require_method"]

_Scorer = Callable[[Places, Matrix], Floats]


def _self_confidence(labels: Places, block: Matrix) -> Floats:
    given: Floats = block[np.arange(len(block)), labels]
    return given


METHODS: Final[dict[str, _Scorer]] = {
    "self_confidence": _self_confidence,
    "normalized_margin": margins,
    "confidence_weighted_entropy": weighted_entropies,
}


def label_quality(labels: Places, probs: Matrix, method: str, *, thresholds: Floats | None = None) -> Floats:
    """(N,) a score of every row.

    Args:
        labels: (N,) class indices.
        probs: (N, K) probabilities.
        method: one of :data:`METHODS`.
        thresholds: (K,) subtracted from the probabilities, which are then moved above zero and normalised, so that
            classes of which a model is seldom sure are not blamed for it.

    Raises:
        InputError: the method is unknown.
    """
    score = METHODS[require_method(method)]
    dtype = np.promote_types(np.float32, probs.dtype)
    if thresholds is not None:
        dtype = np.promote_types(dtype, thresholds.dtype)
    quality = np.empty(len(labels), np.float64 if method == "confidence_weighted_entropy" else dtype)
    for where, block in row_blocks(probs):
        quality[where] = score(labels[where], block if thresholds is None else _adjusted(block, thresholds))
    return quality


def require_method(method: Any) -> str:
    """A method's name, if there is such a method.

    Raises:
        InputError: there is not.
    """
    if method not in METHODS:
        raise InputError(f"{method!r} is not a valid scoring method: choose one of {', '.join(METHODS)}")
    return str(method)


def _adjusted(block: Matrix, thresholds: Floats) -> Matrix:
    lowered = block - thresholds + thresholds.max()
    adjusted: Matrix = lowered / lowered.sum(axis=1, keepdims=True)
    return adjusted
