"""A learned router to compare with: from the question alone, how much the large model is ahead.

It decides before any model has answered, as RouteLLM's routers do. Of one pair of models, the matrix factorisation there
is a linear function of the question's features too; fitted as ridge regression it has no seed and overfits less. Features
may come from any embedding; :func:`hashed_words` makes some from text alone, so that a comparison needs no embedding
model and no key.

A newcomer starts at :meth:`QuestionRouter.fit`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.rows import Rows
from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.json_text import parsed_json
from foureyes.maths.columns import flags, probabilities, same_length

__all__ = ["QuestionRouter", "hashed_words"]

Floats = NDArray[np.float64]

_LEAST_DIFFERING: Final = 20
_PENALTY: Final = 20.0
"""In mean squared lengths of a question's centred features."""


def hashed_words(texts: Sequence[str], *, dim: int = 1024) -> Floats:
    """Words and pairs of neighbouring words of each text, hashed into a fixed number of signed counts.

    Args:
        texts: N questions.
        dim: number of features.

    Returns:
        (N, dim), every row of length one (zero for a text without words). The same text gives the same row anywhere.

    Raises:
        InputError: ``dim`` is not positive.

    Example:
        >>> one, other = hashed_words(["Who wrote it?", "WHO WROTE IT"])
        >>> np.array_equal(one, other)
        True

    Source: Weinberger et al., ICML 2009 (feature hashing).
    """
    if dim < 1:
        raise InputError(f"dim must be at least 1; got {dim}")
    features = np.zeros((len(texts), dim))
    for row, text in enumerate(texts):
        words = re.findall(r"\w+", text.lower())
        codes = np.array([crc32(term.encode()) for term in (*words, *map(" ".join, pairwise(words)))])
        if len(codes):
            np.add.at(features[row], codes % dim, np.where(codes >> 31, 1.0, -1.0))
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit: Floats = np.divide(features, lengths, out=features, where=lengths > 0)
    return unit


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class QuestionRouter(Result):
    """Right answers that the large model is expected to add, from features of the question: linear least squares.

    Attributes:
        weights: (D,) of the features.
        centre: (D,) mean of the features it was fitted on.
        mean: what the large model added on average there.
        rows: enough to recognise the rows it was fitted on.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(400, 4))
        >>> router = QuestionRouter.fit(x, x[:, 0] < 0, x[:, 0] > 0)
        >>> router.priority([[2.0, 0, 0, 0], [-2.0, 0, 0, 0]]).round()
        array([ 1., -1.])

    Source: Hoerl & Kennard 1970; compare Ong et al., RouteLLM, ICLR 2025, section 4.
    """

    weights: Floats
    centre: Floats
    mean: float
    rows: Rows

    @classmethod
    def fit(cls, features: ArrayLike, small_correct: ArrayLike, large_correct: ArrayLike) -> QuestionRouter:
        """Regresses large_correct - small_correct on the features, with a penalty on the weights that is always the same.

        Args:
            features: (N, D) numbers of each question.
            small_correct: (N,) flags, whether the small model is right.
            large_correct: (N,) flags, whether the large model is right.

        Raises:
            InputError: lengths differ, a value is not finite or not a flag.
            NotEnoughData: fewer than 20 questions on which the models differ.
        """
        x = _matrix("features", features)
        small, large = flags("small_correct", small_correct), flags("large_correct", large_correct)
        same_length(features=x, small_correct=small, large_correct=large)
        if (differ := int((small != large).sum())) < _LEAST_DIFFERING:
            raise NotEnoughData(f"a learned router needs 20 questions on which the models differ; got {differ}")
        return cls._of(x, large.astype(np.float64) - small)

    @classmethod
    def fit_excess(cls, features: ArrayLike, expected: ArrayLike, correct: ArrayLike) -> QuestionRouter:
        """Regresses expected - correct on the features: how much too sure somebody is of answers to such questions.

        Args:
            features: (N, D) numbers of each question.
            expected: (N,) P(correct) that was stated without looking at the question, in [0, 1].
            correct: (N,) flags, whether the answer is right.

        Raises:
            InputError: lengths differ, a value is not finite, no probability or not a flag.
            NotEnoughData: fewer than 20 right answers, or fewer than 20 wrong ones.
        """
        x, stated, right = _matrix("features", features), probabilities("expected", expected), flags("correct", correct)
        same_length(features=x, expected=stated, correct=right)
        if (fewer := min(int(right.sum()), int((~right).sum()))) < _LEAST_DIFFERING:
            raise NotEnoughData(f"a learned router needs 20 right answers and 20 wrong ones; got {fewer} of one kind")
        return cls._of(x, stated - right)

    @classmethod
    def _of(cls, x: Floats, gain: Floats) -> QuestionRouter:
        centre = x.mean(axis=0)
        return cls(_ridge(x - centre, gain - gain.mean()), centre, float(gain.mean()), Rows.of(list(x.T)))

    def fitted_on(self, features: ArrayLike) -> bool:
        """Whether these rows, or a good part of them, made the router."""
        return self.rows.shared_with(list(_matrix("features", features).T))

    def priority(self, features: ArrayLike) -> Floats:
        """(N,) right answers that the large model is expected to add.

        Raises:
            InputError: the features are not those it was fitted on.
        """
        x = _matrix("features", features)
        if x.shape[1] != len(self.centre):
            raise InputError(f"this router was fitted on {len(self.centre)} features; got {x.shape[1]}")
        return (x - self.centre) @ self.weights + self.mean

    def to_json(self) -> str:
        """The fitted value as JSON."""
        parts = {"weights": self.weights.tolist(), "centre": self.centre.tolist(), "mean": self.mean}
        return json.dumps({"kind": "question_router", **parts, "rows": asdict(self.rows)})

    @classmethod
    def from_json(cls, text: str) -> QuestionRouter:
        """The value that :meth:`to_json` wrote.

        Raises:
            InputError: the text is not such JSON.
        """
        try:
            fields = parsed_json(text)
            kind, mean = fields["kind"], float(fields["mean"])
            weights, centre = (np.array(fields[name], np.float64) for name in ("weights", "centre"))
            rows = Rows(fields["rows"]["n"], fields["rows"]["digest"], tuple(fields["rows"]["sketch"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"not a fitted QuestionRouter: {text[:60]!r}") from error
        told = kind == "question_router" and weights.ndim == 1 and weights.shape == centre.shape
        if not told or not np.isfinite([*weights, *centre, mean]).all():
            raise InputError(
                f"not a fitted QuestionRouter: got kind {kind!r} with parts of shapes {weights.shape}, {centre.shape}"
            )
        return cls(weights, centre, mean, rows)


def _ridge(x: Floats, y: Floats) -> Floats:
    """The penalised least-squares weights of centred columns, by the smaller of the two systems of equations."""
    n, d = x.shape
    penalty = _PENALTY * float(np.einsum("ij,ij->", x, x)) / n or 1.0
    if d > n:
        return np.asarray(x.T @ np.linalg.solve(x @ x.T + penalty * np.eye(n), y), np.float64)
    return np.asarray(np.linalg.solve(x.T @ x + penalty * np.eye(d), x.T @ y), np.float64)


def _matrix(name: str, values: Any) -> Floats:
    matrix = np.asarray(values, np.float64)
    if matrix.ndim != 2 or not np.isfinite(matrix).all():
        raise InputError(f"{name} must be a matrix of finite numbers, one row a question; got shape {matrix.shape}")
    return matrix
