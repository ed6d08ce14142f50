"""Counts of one label a row, and of several: how many are wrong, and as what."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.compat.cleanlab._classes import class_joints, read_classes, read_many
from foureyes.compat.cleanlab._joint import off_diagonal, read_thresholds, square_joint, thresholds_of
from foureyes.compat.cleanlab._rows import Floats, GivenRows, Places, read_labels, read_rows
from foureyes.errors import InputError
from foureyes.maths.label_noise import confident_labels
from foureyes.maths.label_pruning import Joint, calibrated_joint, counted_joint

__all__ = [
    "calibrate_confident_joint",
    "compute_confident_joint",
    "estimate_joint",
    "get_confident_thresholds",
    "num_label_issues",
]

_METHODS = ("off_diagonal", "off_diagonal_calibrated", "off_diagonal_custom")


def num_label_issues(
    labels: Any,
    pred_probs: Any,
    *,
    confident_joint: Any = None,
    estimation_method: str = "off_diagonal",
    multi_label: bool = False,
) -> int:
    """How many labels are wrong.

    Args:
        labels: (N,) integers 0 … K-1; lists of them with ``multi_label``.
        pred_probs: (N, K) probabilities.
        confident_joint: for ``"off_diagonal_custom"``.
        estimation_method: ``"off_diagonal"`` counts the rows that ``filter_by="confident_learning"`` finds;
            ``"off_diagonal_calibrated"`` the counts off the diagonal of the joint, scaled to the number of rows of
            every label; ``"off_diagonal_custom"`` those of the joint given, scaled too.
        multi_label: rows carry several labels; the number is then that of ``"off_diagonal"``, whatever is asked for.

    Raises:
        InputError: something of it cannot be used, or there is no such method.

    Warns:
        UserWarning: a joint is given and not looked at.
    """
    if confident_joint is not None and estimation_method != "off_diagonal_custom":
        warnings.warn(
            f"confident_joint is not looked at with estimation_method={estimation_method!r}: it goes with "
            "'off_diagonal_custom'",
            stacklevel=2,
        )
    if multi_label:
        return int(np.any([off_diagonal(rows) for rows in read_many(labels, pred_probs).classes()], axis=0).sum())
    rows = read_rows(labels, pred_probs)
    if estimation_method not in _METHODS:
        raise InputError(f"{estimation_method!r} is not a valid estimation method: choose one of {', '.join(_METHODS)}")
    if estimation_method == "off_diagonal":
        return int(off_diagonal(rows).sum())
    if estimation_method == "off_diagonal_custom" and confident_joint is None:
        raise InputError("for 'off_diagonal_custom' you need to provide pre-calculated counts as confident_joint")
    joint = confident_joint if estimation_method == "off_diagonal_custom" else _joint_of(rows)[0]
    scaled = calibrated_joint(square_joint(joint, rows.n_classes), rows.counts)
    return int(scaled.sum() - scaled.trace())


def compute_confident_joint(
    labels: Any,
    pred_probs: Any,
    *,
    thresholds: Any = None,
    calibrate: bool = True,
    multi_label: bool = False,
    return_indices_of_off_diagonals: bool = False,
) -> Any:
    """How many rows carry label i and are confidently believed to be j.

    Args:
        labels: (N,) integers 0 … K-1; lists of them with ``multi_label``.
        pred_probs: (N, K) probabilities.
        thresholds: (K,) probabilities from which on a class is believed, with ``multi_label`` two that hold for every
            class, of its absence and presence; :func:`get_confident_thresholds` by default.
        calibrate: scales every row to the number of rows of its label.
        multi_label: rows carry several labels; every class is then a question of its own.
        return_indices_of_off_diagonals: also return the rows counted off the diagonal.

    Returns:
        (K, K) counts; with ``multi_label`` (K, 2, 2), of which ``[k, i, j]`` counts rows that carry class k (i = 1) or
        not (i = 0) and are believed to have it (j = 1) or not. With ``return_indices_of_off_diagonals`` a pair of it
        and the row indices, with ``multi_label`` a list of them, one a class.

    Raises:
        InputError: something of it cannot be used.

    Example:
        >>> sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.7, 0.3]])
        >>> compute_confident_joint([0, 0, 1, 1], sure)
        array([[2, 0],
               [0, 2]])
    """
    if multi_label:
        each = [_joint_of(rows, thresholds, calibrate=calibrate) for rows in read_many(labels, pred_probs).classes()]
        joint, places = np.array([counts for counts, _ in each]), [rows for _, rows in each]
        return (joint, places) if return_indices_of_off_diagonals else joint
    counts, off = _joint_of(read_rows(labels, pred_probs, one_class=True), thresholds, calibrate=calibrate)
    return (counts, off) if return_indices_of_off_diagonals else counts


def calibrate_confident_joint(confident_joint: Any, labels: Any, *, multi_label: bool = False) -> Joint:
    """Scales a confident joint so that its rows sum to the numbers of rows of the labels.

    Args:
        confident_joint: (K, K) counts; (K, 2, 2) with ``multi_label``.
        labels: (N,) integers 0 … K-1; lists of them with ``multi_label``.
        multi_label: rows carry several labels.

    Returns:
        Whole numbers in the shape of ``confident_joint``.

    Raises:
        InputError: something of it cannot be used.
    """
    n_classes = len(confident_joint)
    if multi_label:
        carried = read_classes(labels, n_classes)
        each = zip(class_joints(confident_joint, n_classes), carried.T, strict=True)
        return np.array([calibrated_joint(joint, np.bincount(column, minlength=2)) for joint, column in each])
    column = read_labels(labels, n_classes)
    return calibrated_joint(square_joint(confident_joint, n_classes), np.bincount(column, minlength=n_classes))


def estimate_joint(
    labels: Any, pred_probs: Any, *, confident_joint: Any = None, multi_label: bool = False
) -> NDArray[np.float64]:
    """The share of rows that carry label i and truly are j.

    Args:
        labels: (N,) integers 0 … K-1; lists of them with ``multi_label``.
        pred_probs: (N, K) probabilities.
        confident_joint: its counts, where they are known already.
        multi_label: rows carry several labels.

    Returns:
        (K, K) shares that sum to one; with ``multi_label`` (K, 2, 2), each class's sum to one.

    Raises:
        InputError: something of it cannot be used.
    """
    if multi_label:
        many = read_many(labels, pred_probs)
        joints = [None] * many.n_classes if confident_joint is None else class_joints(confident_joint, many.n_classes)
        return np.array([_shares(rows, joint) for rows, joint in zip(many.classes(), joints, strict=True)])
    return _shares(read_rows(labels, pred_probs, one_class=True), confident_joint)


def get_confident_thresholds(labels: Any, pred_probs: Any, multi_label: bool = False) -> Floats:  # noqa: FBT001, FBT002 - cleanlab's
    """The mean probability that the rows of every class give to it.

    Args:
        labels: (N,) integers 0 … K-1; lists of them with ``multi_label``.
        pred_probs: (N, K) probabilities.
        multi_label: rows carry several labels.

    Returns:
        (K,) at least 2e-6, and 2 for a class without a row, which is then never believed; with ``multi_label`` (K, 2),
        of the rows without the class and with it.

    Raises:
        InputError: something of it cannot be used.
    """
    if multi_label:
        return np.array([thresholds_of(rows) for rows in read_many(labels, pred_probs).classes()])
    return thresholds_of(read_rows(labels, pred_probs, one_class=True))


def _joint_of(rows: GivenRows, thresholds: Any = None, *, calibrate: bool = False) -> tuple[Joint, Places]:
    """The joint, and the rows counted off its diagonal."""
    reached = thresholds_of(rows) if thresholds is None else read_thresholds(thresholds, rows.n_classes)
    believed = confident_labels(rows.probs, reached)
    joint = counted_joint(rows.labels, believed, rows.n_classes)
    off = np.flatnonzero((believed >= 0) & (believed != rows.labels))
    return (calibrated_joint(joint, rows.counts) if calibrate else joint), off


def _shares(rows: GivenRows, joint: Any) -> NDArray[np.float64]:
    counts = _joint_of(rows)[0] if joint is None else square_joint(joint, rows.n_classes)
    scaled = calibrated_joint(counts, rows.counts)
    shares: NDArray[np.float64] = scaled / scaled.sum()
    return shares
