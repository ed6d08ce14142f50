"""Out-of-fold probabilities: those of every row come from a model that was fitted without it.

Cleaning with a model's in-sample probabilities finds nothing: the model has learned the wrong labels too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.errors import ConfigError, InputError, NotEnoughData

__all__ = ["out_of_fold"]


def out_of_fold(
    estimator: Any, features: Any, labels: ArrayLike, *, folds: int = 5, seed: int = 0
) -> NDArray[np.float64]:
    """Cross-validated class probabilities of a scikit-learn classifier.

    Rows are dealt into ``folds`` parts with the same share of every class; each part gets the probabilities of a clone
    fitted on the others.

    Args:
        estimator: a classifier with ``predict_proba``, a pipeline included; it is cloned and stays as it is.
        features: (N, D) array, sparse matrix or data frame, whatever the estimator takes.
        labels: (N,) integers 0 … K-1, every class at least ``folds`` times.
        folds: number of parts, at least 2.
        seed: of the shuffle that deals the rows.

    Returns:
        (N, K) probabilities; column j is class j.

    Raises:
        ConfigError: scikit-learn is not installed.
        InputError: the labels are not 0 … K-1, lengths differ, or the estimator has no ``predict_proba``.
        NotEnoughData: some class has fewer rows than there are folds, so some clone would not know it.

    Example:
        >>> from sklearn.linear_model import LogisticRegression
        >>> x = np.arange(20.0)[:, None]
        >>> out_of_fold(LogisticRegression(), x, np.arange(20) // 10).shape
        (20, 2)
    """
    try:
        from sklearn.model_selection import StratifiedKFold, cross_val_predict  # noqa: PLC0415 - optional, heavy
    except ImportError as error:
        raise ConfigError("out_of_fold needs scikit-learn: pip install scikit-learn") from error
    column = np.asarray(labels)
    _require_learnable(estimator, features, column, folds)
    parts = StratifiedKFold(n_splits=folds, shuffle=True, random_state=seed)
    probs = cross_val_predict(estimator, features, column, cv=parts, method="predict_proba")
    return np.asarray(probs, dtype=np.float64)


def _require_learnable(estimator: Any, features: Any, labels: NDArray[Any], folds: int) -> None:
    if not hasattr(estimator, "predict_proba"):
        raise InputError(f"the estimator must have predict_proba; {type(estimator).__name__} has not")
    if folds < 2:
        raise InputError(f"folds must be at least 2; got {folds}")
    n_rows = features.shape[0] if hasattr(features, "shape") else len(features)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) != n_rows:
        raise InputError(
            f"labels must be one integer for each of the {n_rows} rows; got {labels.dtype} of shape {labels.shape}"
        )
    if not len(labels):
        raise NotEnoughData(f"{folds} folds need at least {folds} rows of every class; got no rows")
    if labels.min() < 0:
        raise InputError(f"labels must be 0 … K-1; got {labels.min()}")
    counts = np.bincount(labels)
    if (counts == 0).any():
        raise InputError(f"labels must be 0 … K-1 without gaps; got no row of class {int(np.argmin(counts))}")
    if counts.min() < folds:
        rarest = int(np.argmin(counts))
        raise NotEnoughData(
            f"{folds} folds need at least {folds} rows of every class; class {rarest} has {counts[rarest]}"
        )
