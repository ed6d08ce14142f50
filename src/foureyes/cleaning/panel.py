"""Turns the letters that language models chose in multiple-choice tests into probabilities over the options.

A model that says nothing, or nothing that is one of the options, gets the uniform distribution. That is what "could
not tell" means for cleaning: it never contradicts a label, and it is never among the most confident.

A newcomer starts at :func:`letter_probs` (one model), then at :func:`panel_probs` (many models as one expert).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.errors import InputError
from foureyes.maths.columns import probabilities, same_length

__all__ = ["letter_indices", "letter_probs", "panel_probs"]

Floats = NDArray[np.float64]
Letters = Sequence[str | None]


def letter_indices(letters: Letters, n_options: int) -> NDArray[np.intp]:
    """Option indices of letters: A = 0, B = 1, …; -1 where no option was named.

    Case and surrounding blanks, parentheses and full stops do not matter: ``"b"``, ``" B. "`` and ``"(B)"`` are B. Nothing
    is looked for inside longer text: ``"Because"`` names no option.

    Args:
        letters: what the model said, one a row; ``None`` or ``""`` where it said nothing.
        n_options: K, at most 26.

    Raises:
        InputError: ``n_options`` is not in 2..26.

    Example:
        >>> letter_indices(["A", "(d)", "", "E", None], 4)
        array([ 0,  3, -1, -1, -1])
    """
    if not 2 <= n_options <= 26:
        raise InputError(f"multiple choice needs 2 to 26 options; got {n_options}")
    index = {chr(ord("A") + option): option for option in range(n_options)}
    return np.array([index.get((letter or "").strip(" \t\r\n().").upper(), -1) for letter in letters], np.intp)


def letter_probs(letters: Letters, n_options: int, *, confidences: ArrayLike | None = None) -> Floats:
    """One model's letters as probabilities over the options.

    The named option gets the model's confidence c and the others share 1 - c equally. Without confidences c = 1: such
    an expert serves ``method="basic"``, but it has no most confident rows for ``method="calibrated"`` to prefer.

    Args:
        letters: (N,) as for :func:`letter_indices`.
        n_options: K.
        confidences: (N,) calibrated P(the letter is right), in [0, 1]; ignored where no option was named.

    Returns:
        (N, K), every row a distribution.

    Raises:
        InputError: lengths differ, or a confidence is not in [0, 1].

    Example:
        >>> letter_probs(["B", None], 4, confidences=[0.7, 0.9])
        array([[0.1 , 0.7 , 0.1 , 0.1 ],
               [0.25, 0.25, 0.25, 0.25]])
    """
    chosen = letter_indices(letters, n_options)
    sure = np.ones(len(chosen)) if confidences is None else probabilities("confidences", confidences)
    same_length(letters=chosen, confidences=sure)
    probs = np.repeat(((1 - sure) / (n_options - 1))[:, None], n_options, axis=1)
    told = np.flatnonzero(chosen >= 0)
    probs[told, chosen[told]] = sure[told]
    probs[chosen < 0] = 1 / n_options
    return probs


def panel_probs(
    letters: Mapping[str, Letters], n_options: int, *, confidences: Mapping[str, ArrayLike] | None = None
) -> Floats:
    """A panel of models as one expert: the mean of their distributions over the models that named an option.

    With letters only, a class's probability is the share of the panel that chose it. It orders rows by agreement; as
    models err together it is not P(correct) before it has been calibrated.

    Args:
        letters: model's name to (N,) letters.
        n_options: K.
        confidences: model's name to (N,) calibrated confidences, for all the models or none.

    Returns:
        (N, K), every row a distribution; uniform where no model named an option.

    Raises:
        InputError: no model, names or lengths that differ, a confidence outside [0, 1].

    Example:
        >>> panel_probs({"a": ["A", "C"], "b": ["A", ""], "c": ["B", ""]}, 4)
        array([[0.66666667, 0.33333333, 0.        , 0.        ],
               [0.        , 0.        , 1.        , 0.        ]])
    """
    if not letters:
        raise InputError("a panel needs at least one model; got none")
    if confidences is not None and confidences.keys() != letters.keys():
        raise InputError(
            f"confidences must name the same models as letters; got {sorted(confidences.keys() ^ letters.keys())} once"
        )
    same_length(**{name: np.empty(len(said)) for name, said in letters.items()})
    total = np.zeros((len(next(iter(letters.values()))), n_options))
    n_told = np.zeros((len(total), 1), np.intp)
    for name, said in letters.items():
        told = letter_indices(said, n_options)[:, None] >= 0
        sure = None if confidences is None else confidences[name]
        total += letter_probs(said, n_options, confidences=sure) * told
        n_told += told
    return np.where(n_told > 0, total / np.maximum(n_told, 1), 1 / n_options)
