"""Out-of-fold probabilities, as cleanlab's estimators make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.compat.cleanlab._rows import Places
from foureyes.errors import ConfigError, InputError

__all__ = ["fold_probs"]


def fold_probs(
    features: Any,
    labels: Places,
    clf: Any,
    *,
    folds: int,
    seed: int | None,
    fit: Mapping[str, Any] | None,
    validation_func: Any,
) -> NDArray[np.float64]:
    """(N, K) probabilities of every row by a clone of the classifier that was fitted on the other folds.

    Rows are dealt with the same share of every class, shuffled by ``seed`` or by NumPy's global state.

    Raises:
        ConfigError: scikit-learn is not installed.
        InputError: the classifier gives no probabilities, or a fold's training rows lack a class.
    """
    try:
        from sklearn.base import clone  # noqa: PLC0415 - optional, heavy
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
        from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError("out-of-fold probabilities need scikit-learn: pip install scikit-learn") from error
    model = LogisticRegression() if clf is None else clf
    if not hasattr(model, "predict_proba"):
        raise InputError(f"clf must have predict_proba; {type(model).__name__} has not")
    rows = features if hasattr(features, "shape") else np.asarray(features)
    probs = np.zeros((len(labels), int(labels.max()) + 1))
    parts = StratifiedKFold(n_splits=folds, shuffle=True, random_state=seed)
    for inside, outside in parts.split(labels, labels):
        known = np.unique(labels[inside])
        if len(known) != len(np.unique(labels)):
            raise InputError(f"every class needs rows in several of the {folds} folds; a fold was fitted without some")
        options = dict(fit or {})
        if validation_func is not None:
            options |= validation_func(_some(rows, outside), labels[outside])
        fitted = clone(model).fit(_some(rows, inside), labels[inside], **options)
        probs[np.ix_(outside, known)] = fitted.predict_proba(_some(rows, outside))
    return probs


def _some(features: Any, places: Places) -> Any:
    return features.iloc[places] if hasattr(features, "iloc") else features[places]
