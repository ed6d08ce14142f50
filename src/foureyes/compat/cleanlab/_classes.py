"""Rows that carry several labels, as one question of yes and no for every class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.compat.cleanlab._rows import GivenRows, Mask, Matrix, probability_matrix, require_probabilities
from foureyes.errors import InputError
from foureyes.maths.label_noise import TOLERANCE
from foureyes.maths.row_blocks import row_blocks

__all__ = ["ManyLabels", "class_joints", "read_classes", "read_many"]


@dataclass(frozen=True, slots=True, eq=False)
class ManyLabels:
    """Rows with any number of labels and a probability for every class.

    Attributes:
        carried: (N, K) true where a row carries a class.
        probs: (N, K) probabilities; rows need not sum to one.
    """

    carried: Mask
    probs: Matrix

    @property
    def n_classes(self) -> int:
        """K."""
        return int(self.probs.shape[1])

    def of_class(self, k: int) -> GivenRows:
        """The rows of one class: label 1 carries it, label 0 does not."""
        labels = self.carried[:, k].astype(np.intp)
        belongs = np.ascontiguousarray(self.probs[:, k])
        probs = np.stack([1 - belongs, belongs], axis=1)
        given = probs[np.arange(len(probs)), labels]
        other = probs[np.arange(len(probs)), 1 - labels]
        bar = given + TOLERANCE
        return GivenRows(labels, probs, given, (other > bar) | ((other == bar) & (labels == 1)))

    def classes(self) -> Iterator[GivenRows]:
        """The rows of every class in turn."""
        return map(self.of_class, range(self.n_classes))


def read_many(labels: Any, pred_probs: Any) -> ManyLabels:
    """Checks and reads everything once.

    Args:
        labels: N lists of class indices; a list may be empty.
        pred_probs: (N, K) probabilities, each in [0, 1].

    Raises:
        InputError: something of it cannot be used.
    """
    probs = probability_matrix(pred_probs)
    for where, block in row_blocks(probs):
        require_probabilities(block, where.start)
    carried = read_classes(labels, probs.shape[1])
    if len(carried) != len(probs):
        raise InputError(f"pred_probs must have a row for each of the {len(carried)} lists of labels; got {len(probs)}")
    if not len(carried):
        raise InputError("label issues need at least one row; got none")
    return ManyLabels(carried, probs)


def read_classes(labels: Any, n_classes: int) -> Mask:
    """(N, K) true where a row's list holds a class.

    Raises:
        InputError: a row is no list, or some of its classes are no indices 0 … K-1; the message counts them.
    """
    if isinstance(labels, np.ndarray) and labels.dtype != object:
        raise InputError(
            f"labels must be a list of class indices for every row; got an array of shape {labels.shape}: "
            "[np.flatnonzero(row) for row in labels] makes them of ones and zeros"
        )
    rows = list(labels)
    for place, row in enumerate(rows):
        if isinstance(row, str) or not hasattr(row, "__len__"):
            raise InputError(f"labels must be a list of class indices for every row; got {row!r} at row {place}")
    owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    named = np.array(list(chain.from_iterable(rows)))
    if named.size and named.dtype.kind not in "iuf":
        raise InputError(f"labels must be lists of integers 0 … K-1; got {named[0]!r} at row {owners[0]}")
    wrong = np.flatnonzero((named != np.floor(named)) | (named < 0) | (named >= n_classes))
    if len(wrong):
        raise InputError(
            f"labels must be lists of integers in 0..{n_classes - 1}, one for each column of pred_probs; got "
            f"{named[wrong[0]]} at row {owners[wrong[0]]}"
            + (f" and {len(wrong) - 1} classes more like it" if len(wrong) > 1 else "")
        )
    carried = np.zeros((len(rows), n_classes), np.bool_)
    carried[owners, named.astype(np.intp)] = True
    return carried


def class_joints(joint: Any, n_classes: int) -> NDArray[Any]:
    """A caller's confident joints, one a class.

    Raises:
        InputError: they are not (K, 2, 2) finite numbers.
    """
    cubes = np.asarray(joint)
    if cubes.shape != (n_classes, 2, 2) or cubes.dtype.kind not in "iuf" or not np.isfinite(cubes).all():
        raise InputError(
            f"confident_joint must be finite numbers of shape {(n_classes, 2, 2)} for rows with several labels; got "
            f"{cubes.dtype} of shape {cubes.shape}"
        )
    return cubes
