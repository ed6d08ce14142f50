"""Noise matrices and priors of labels, from probabilities or from features and a classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.compat.cleanlab._folds import fold_probs
from foureyes.compat.cleanlab._joint import square_joint
from foureyes.compat.cleanlab._latent import Noise, noise_of, settled
from foureyes.compat.cleanlab._rows import read_labels
from foureyes.compat.cleanlab._tally import compute_confident_joint
from foureyes.errors import InputError

__all__ = [
    "estimate_confident_joint_and_cv_pred_proba",
    "estimate_cv_predicted_probabilities",
    "estimate_latent",
    "estimate_noise_matrices",
    "estimate_py_and_noise_matrices_from_probabilities",
    "estimate_py_noise_matrices_and_cv_pred_proba",
]

Numbers = NDArray[np.float64]

_MOST_CLASSES = 1 << 31


def estimate_latent(
    confident_joint: Any, labels: Any, *, py_method: str = "cnt", converge_latent_estimates: bool = False
) -> tuple[Numbers, Numbers, Numbers]:
    """The share of every true label, and the matrices of noise, from a confident joint.

    Args:
        confident_joint: (K, K) counts, see :func:`foureyes.compat.cleanlab.count.compute_confident_joint`.
        labels: (N,) integers 0 … K-1.
        py_method: how the shares are had: ``"cnt"`` from the diagonals of both matrices, ``"eqn"`` from the equations,
            ``"marginal"`` from the columns of the joint, ``"marginal_ps"`` from the inverse and the given labels.
        converge_latent_estimates: makes the three consistent, each computed from the others in turn.

    Returns:
        (K,) shares; (K, K) P(given i | true j); (K, K) P(true i | given j).

    Raises:
        InputError: something of it cannot be used.
    """
    joint = square_joint(confident_joint, len(confident_joint))
    column = read_labels(labels, len(joint))
    given = np.bincount(column, minlength=len(joint)) / len(column)
    noise: Noise = noise_of(joint, given, py_method)
    if converge_latent_estimates:
        noise = settled(noise, given)
    return noise.prior, noise.matrix, noise.inverse


def estimate_py_and_noise_matrices_from_probabilities(
    labels: Any,
    pred_probs: Any,
    *,
    thresholds: Any = None,
    converge_latent_estimates: bool = True,
    py_method: str = "cnt",
    calibrate: bool = True,
) -> tuple[Numbers, Numbers, Numbers, Any]:
    """The share of every true label, the matrices of noise, and the joint they come from.

    Args: as of :func:`foureyes.compat.cleanlab.count.compute_confident_joint` and :func:`estimate_latent`.

    Raises:
        InputError: something of it cannot be used.
    """
    joint = compute_confident_joint(labels, pred_probs, thresholds=thresholds, calibrate=calibrate)
    latent = estimate_latent(joint, labels, py_method=py_method, converge_latent_estimates=converge_latent_estimates)
    return (*latent, joint)


def estimate_cv_predicted_probabilities(
    X: Any,  # noqa: N803 - cleanlab's name
    labels: Any,
    clf: Any = None,
    *,
    cv_n_folds: int = 5,
    seed: int | None = None,
    clf_kwargs: Mapping[str, Any] | None = None,
    validation_func: Any = None,
) -> Numbers:
    """The probabilities of every row by a classifier that was fitted without it.

    Args:
        X: (N, …) features: an array, a sparse matrix or a data frame.
        labels: (N,) integers 0 … K-1.
        clf: a scikit-learn classifier with ``predict_proba``; logistic regression by default.
        cv_n_folds: number of parts.
        seed: of the shuffle that deals the rows; NumPy's global state by default.
        clf_kwargs: further arguments of ``fit``.
        validation_func: of the rows and labels left out; returns further arguments of ``fit``.

    Raises:
        ConfigError: scikit-learn is not installed.
        InputError: something of it cannot be used.
    """
    column = read_labels(labels, _MOST_CLASSES)
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    if n != len(column):
        raise InputError(f"X must have a row for each of the {len(column)} labels; got {n}")
    return fold_probs(X, column, clf, folds=cv_n_folds, seed=seed, fit=clf_kwargs, validation_func=validation_func)


def estimate_confident_joint_and_cv_pred_proba(  # noqa: PLR0913 - cleanlab's signature
    X: Any,  # noqa: N803 - cleanlab's name
    labels: Any,
    clf: Any = None,
    *,
    cv_n_folds: int = 5,
    thresholds: Any = None,
    seed: int | None = None,
    calibrate: bool = True,
    clf_kwargs: Mapping[str, Any] | None = None,
    validation_func: Any = None,
) -> tuple[Any, Numbers]:
    """The confident joint of out-of-fold probabilities, and these.

    Args: as of :func:`estimate_cv_predicted_probabilities` and
        :func:`foureyes.compat.cleanlab.count.compute_confident_joint`.
    """
    probs = estimate_cv_predicted_probabilities(
        X, labels, clf, cv_n_folds=cv_n_folds, seed=seed, clf_kwargs=clf_kwargs, validation_func=validation_func
    )
    return compute_confident_joint(labels, probs, thresholds=thresholds, calibrate=calibrate), probs


def estimate_py_noise_matrices_and_cv_pred_proba(  # noqa: PLR0913 - cleanlab's signature
    X: Any,  # noqa: N803 - cleanlab's name
    labels: Any,
    clf: Any = None,
    *,
    cv_n_folds: int = 5,
    thresholds: Any = None,
    converge_latent_estimates: bool = False,
    py_method: str = "cnt",
    seed: int | None = None,
    clf_kwargs: Mapping[str, Any] | None = None,
    validation_func: Any = None,
) -> tuple[Numbers, Numbers, Numbers, Any, Numbers]:
    """Shares of true labels, both matrices of noise, confident joint and out-of-fold probabilities.

    Args: as of :func:`estimate_cv_predicted_probabilities` and :func:`estimate_latent`.
    """
    joint, probs = estimate_confident_joint_and_cv_pred_proba(
        X,
        labels,
        clf,
        cv_n_folds=cv_n_folds,
        thresholds=thresholds,
        seed=seed,
        clf_kwargs=clf_kwargs,
        validation_func=validation_func,
    )
    latent = estimate_latent(joint, labels, py_method=py_method, converge_latent_estimates=converge_latent_estimates)
    return (*latent, joint, probs)


def estimate_noise_matrices(  # noqa: PLR0913 - cleanlab's signature
    X: Any,  # noqa: N803 - cleanlab's name
    labels: Any,
    clf: Any = None,
    *,
    cv_n_folds: int = 5,
    thresholds: Any = None,
    converge_latent_estimates: bool = True,
    seed: int | None = None,
    clf_kwargs: Mapping[str, Any] | None = None,
    validation_func: Any = None,
) -> tuple[Numbers, Numbers]:
    """P(given i | true j) and P(true i | given j), from features and a classifier.

    Args: as of :func:`estimate_cv_predicted_probabilities` and :func:`estimate_latent`.
    """
    found = estimate_py_noise_matrices_and_cv_pred_proba(
        X,
        labels,
        clf,
        cv_n_folds=cv_n_folds,
        thresholds=thresholds,
        converge_latent_estimates=converge_latent_estimates,
        seed=seed,
        clf_kwargs=clf_kwargs,
        validation_func=validation_func,
    )
    return found[1], found[2]
