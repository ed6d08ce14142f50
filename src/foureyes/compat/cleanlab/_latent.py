"""What a joint of given and true labels says of the noise: priors, and the matrices between them.

Source: Northcutt, Jiang & Chuang, JAIR 2021, section 2; Bayes' rule between the two matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError

__all__ = ["Noise", "noise_of", "settled"]

Numbers = NDArray[np.float64]

_LEAST, _MOST = 1e-6, 1 - 1e-4
_ROUNDS, _STEPS = 3, 5


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """The noise of labels.

    Attributes:
        prior: (K,) share of every true label.
        matrix: (K, K) ``[i, j]`` is P(given i | true j).
        inverse: (K, K) ``[i, j]`` is P(true i | given j).
    """

    prior: Numbers
    matrix: Numbers
    inverse: Numbers


def noise_of(joint: NDArray[Any], given: Numbers, py_method: str) -> Noise:
    """The noise that a joint of counts says.

    Args:
        joint: (K, K) rows with given label i that truly are j.
        given: (K,) share of every given label.
        py_method: how the prior is had: ``"cnt"`` from the diagonals of both matrices, ``"eqn"`` from the equations
            matrix · prior = given, ``"marginal"`` from the columns of the joint, ``"marginal_ps"`` from the inverse
            and the given labels.

    Raises:
        InputError: there is no such method, or the equations have no one solution.
    """
    matrix, inverse = _over(joint, joint.sum(axis=0)), _over(joint.T, joint.sum(axis=1))
    ways: dict[str, Callable[[], Numbers]] = {
        "cnt": lambda: _counted(given, matrix, inverse),
        "eqn": lambda: _solved(matrix, given),
        "marginal": lambda: joint.sum(axis=0) / joint.sum(),
        "marginal_ps": lambda: inverse @ given,
    }
    if py_method not in ways:
        raise InputError(f"py_method should be one of {', '.join(ways)}; got {py_method!r}")
    return Noise(_distribution(ways[py_method]()), matrix, inverse)


def settled(noise: Noise, given: Numbers) -> Noise:
    """The same, made consistent: each of the three is computed from the others in turn, a few times."""
    prior, matrix, inverse = noise.prior, noise.matrix, noise.inverse
    for _ in range(_ROUNDS):
        for _ in range(_STEPS):
            inverse = _conditional(_over(matrix.T * prior[:, None], given))
            prior = _distribution(_counted(given, matrix, inverse))
        matrix = _conditional(_over(inverse.T * given[:, None], prior))
    return Noise(_distribution(prior, least=10 * _LEAST), matrix, inverse)


def _over(numbers: NDArray[Any], columns: NDArray[Any]) -> Numbers:
    """Every column divided by its number, or by one where that is nothing."""
    quotient: Numbers = numbers / np.where(columns == 0, 1, columns)
    return quotient


def _counted(given: Numbers, matrix: Numbers, inverse: Numbers) -> Numbers:
    stays: Numbers = np.maximum(matrix.diagonal(), _LEAST)
    return inverse.diagonal() / stays * given


def _solved(matrix: Numbers, given: Numbers) -> Numbers:
    try:
        return np.linalg.inv(matrix) @ given
    except np.linalg.LinAlgError as error:
        raise InputError("py_method='eqn' needs a noise matrix that can be inverted; got one that cannot") from error


def _conditional(matrix: Numbers) -> Numbers:
    """Columns that sum to one, in which nothing off the diagonal is certain."""
    clipped = np.clip(matrix, 0, _MOST)
    np.fill_diagonal(clipped, matrix.diagonal())
    return _over(clipped, clipped.sum(axis=0))


def _distribution(shares: Numbers, *, least: float = _LEAST) -> Numbers:
    clipped: Numbers = np.clip(shares, least, 1)
    shared: Numbers = clipped / clipped.sum()
    return shared
