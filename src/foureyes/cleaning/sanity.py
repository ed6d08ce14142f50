"""Refuses experts whose columns are in another order than the labels, or who are the labels themselves.

Both give a list that looks like a result: every label contradicted, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.cleaning.experts import Experts
from foureyes.display import plural
from foureyes.errors import InputError

__all__ = ["require_sane"]

_LEAST_ROWS: Final = 50
_ROWS_A_CLASS: Final = 5
_MOST_AGREEMENT: Final = 0.5
_GAIN: Final = 0.25

Counts = NDArray[np.int64]


def require_sane(experts: Experts, classes: Sequence[str] | None = None) -> None:
    """Holds every expert against the labels; with fewer than 50 rows, or 5 a class, nothing is said.

    Args:
        experts: as they were read.
        classes: names of the columns, to suggest another order of them.

    Raises:
        InputError: an expert agrees with few labels and would agree with many more if its columns were in another order, or
            one of several agrees with all of them.
    """
    n = len(experts.labels)
    if n < max(_LEAST_ROWS, _ROWS_A_CLASS * experts.n_classes):
        return
    for name, opinion in zip(experts.names, experts.opinions, strict=True):
        agreed = float((opinion.label == experts.labels).mean())
        if agreed == 1 and len(experts.names) > 1:
            raise InputError(
                f"{name} agrees with every one of {plural(n, 'label')}: it is the labels themselves, or has learned them by heart, "
                "and can contradict none; leave it out"
            )
        if agreed < _MOST_AGREEMENT:
            _require_order(name, _together(experts, opinion.label), agreed, classes)


def _together(experts: Experts, said: NDArray[np.int32]) -> Counts:
    """(K, K) rows by the column an expert says and by label."""
    k = experts.n_classes
    return np.bincount(said.astype(np.int64) * k + experts.labels, minlength=k * k).reshape(k, k)


def _require_order(name: str, together: Counts, agreed: float, classes: Sequence[str] | None) -> None:
    if np.count_nonzero(together.sum(axis=0)) < 2:
        return
    meant = _one_to_one(together)
    better = float(together[np.arange(len(together)), meant].sum() / together.sum())
    alphabetical = _alphabetical(together, classes)
    if alphabetical is not None and alphabetical >= agreed + _GAIN:
        raise InputError(
            f"{name} agrees with the label on {agreed:.0%} of rows, and on {alphabetical:.0%} with its columns in alphabetical "
            f"order: did you mean the classes {','.join(sorted(classes or ()))}?"
        )
    if better >= max(agreed + _GAIN, _MOST_AGREEMENT):
        moved = [f"column {i} is label {_called(j, classes)}" for i, j in enumerate(meant.tolist()) if i != j]
        raise InputError(
            f"{name} agrees with the label on {agreed:.0%} of rows, and on {better:.0%} with its columns in another order "
            f"({', '.join(moved[:6])}{', …' if len(moved) > 6 else ''}): give labels and columns the same order"
        )


def _alphabetical(together: Counts, classes: Sequence[str] | None) -> float | None:
    """Agreement if column j were the j-th class of the alphabet."""
    if classes is None or sorted(classes) == list(classes):
        return None
    meant = [list(classes).index(name) for name in sorted(classes)]
    return float(together[np.arange(len(meant)), meant].sum() / together.sum())


def _one_to_one(together: Counts) -> NDArray[np.intp]:
    """A label for each column, the clearest pair first, each label once."""
    left, meant = together.astype(np.float64), np.zeros(len(together), np.intp)
    for _ in range(len(together)):
        column, label = np.unravel_index(left.argmax(), left.shape)
        meant[column] = label
        left[column, :] = left[:, label] = -1
    return meant


def _called(label: int, classes: Sequence[str] | None) -> str:
    return str(label) if classes is None else repr(classes[label])
