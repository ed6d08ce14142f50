"""A learned router to compare with: matrix factorisation of who is right on what, as in RouteLLM.

It looks at the question only and decides before any model has answered. Its features may come from any embedding;
:func:`hashed_words` makes some from text alone, so that a comparison needs no embedding model and no key.

A newcomer starts at :meth:`MatrixRouter.fit`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.rows import Rows
from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.json_text import parsed_json

__all__ = ["MatrixRouter", "hashed_words"]

Floats = NDArray[np.float64]

_ARRAYS = ("projection", "models", "bias", "centre")
_BATCH = 256
_EPOCHS = 60
_HELD_OUT = 10
_PATIENCE = 5
_STEP = 3e-3


def hashed_words(texts: Sequence[str], *, dim: int = 512) -> Floats:
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
class MatrixRouter(Result):
    """P(the large model wins | question), from a low-rank product of question and model vectors.

    score(m, q) = v_m · (W q) + b_m and P(a beats b | q) = σ(score(a, q) - score(b, q)).

    Attributes:
        projection: (D, d) W, from features to factors.
        models: (M, d) v, one row a model.
        bias: (M,) b.
        centre: (D,) mean of the features it was fitted on.
        rows: enough to recognise the rows it was fitted on.
        pair: (small, large), the two models whose contest is the priority.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(400, 4))
        >>> correct = np.column_stack([x[:, 0] < 0, x[:, 0] > 0])
        >>> router = MatrixRouter.fit(x, correct, dim=2)
        >>> router.priority([[2.0, 0, 0, 0], [-2.0, 0, 0, 0]]).round()
        array([1., 0.])

    Source: Ong et al., RouteLLM, ICLR 2025, section 4.
    """

    projection: Floats
    models: Floats
    bias: Floats
    centre: Floats
    rows: Rows
    pair: tuple[int, int] = (0, -1)

    @classmethod
    def fit(cls, features: ArrayLike, correct: ArrayLike, *, dim: int = 32, seed: int = 0) -> MatrixRouter:
        """Learns from the questions on which models differ: minimises -ln P(the one that is right beats the one that is not).

        Adam on batches of 256 questions; a tenth of the questions is held out, and the epoch that does best on it is
        kept.

        Args:
            features: (N, D) numbers of each question.
            correct: (N, M) flags, whether each of M ≥ 2 models is right; the smallest first, the largest last.
            dim: d, number of factors.
            seed: of the start, the order and the part held out.

        Raises:
            InputError: shapes disagree, a value is not finite or not a flag.
            NotEnoughData: fewer than 20 questions on which models differ.
        """
        x, right = _matrix("features", features), _matrix("correct", correct)
        _require_fit(x, right, dim)
        differ = np.flatnonzero(right.min(axis=1) != right.max(axis=1))
        if len(differ) < 2 * _HELD_OUT:
            raise NotEnoughData(f"a learned router needs 20 questions on which models differ; got {len(differ)}")
        centre = x.mean(axis=0)
        rng = np.random.default_rng(seed)
        start = _Factors.start(x.shape[1], right.shape[1], dim, rng)
        best = _train(start, x[differ] - centre, right[differ], rng)
        return cls(best.projection, best.models, best.bias, centre, Rows.of(list(x.T)))

    def between(self, small: int, large: int) -> MatrixRouter:
        """The same factors, with another pair of models in contest (indices of columns of ``correct``)."""
        return replace(self, pair=(small, large))

    def fitted_on(self, features: ArrayLike) -> bool:
        """Whether these rows, or a good part of them, made the router."""
        return self.rows.shared_with(list(_matrix("features", features).T))

    def priority(self, features: ArrayLike) -> Floats:
        """(N,) P(the large model wins), in [0, 1].

        Raises:
            InputError: the features are not those it was fitted on.
        """
        x = _matrix("features", features)
        if x.shape[1] != len(self.centre):
            raise InputError(f"this router was fitted on {len(self.centre)} features; got {x.shape[1]}")
        scores = _Factors(self.projection, self.models, self.bias).scores(x - self.centre)
        small, large = self.pair
        return _sigmoid(scores[:, large] - scores[:, small])

    def to_json(self) -> str:
        """The fitted value as JSON."""
        arrays = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return json.dumps({"kind": "matrix_router", **arrays, "rows": asdict(self.rows), "pair": self.pair})

    @classmethod
    def from_json(cls, text: str) -> MatrixRouter:
        """The value that :meth:`to_json` wrote.

        Raises:
            InputError: the text is not such JSON.
        """
        try:
            fields = parsed_json(text)
            kind, (small, large) = fields["kind"], fields["pair"]
            arrays = {name: np.array(fields[name], np.float64) for name in _ARRAYS}
            rows = Rows(fields["rows"]["n"], fields["rows"]["digest"], tuple(fields["rows"]["sketch"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"not a fitted MatrixRouter: {text[:60]!r}") from error
        _require_parts(kind, arrays)
        return cls(**arrays, rows=rows, pair=(int(small), int(large)))


@dataclass(frozen=True, slots=True, eq=False)
class _Factors:
    projection: Floats
    models: Floats
    bias: Floats

    @classmethod
    def start(cls, n_features: int, n_models: int, dim: int, rng: np.random.Generator) -> _Factors:
        scale = 1 / np.sqrt(n_features)
        return cls(rng.normal(0, scale, (n_features, dim)), rng.normal(0, 1, (n_models, dim)), np.zeros(n_models))

    @property
    def parts(self) -> tuple[Floats, Floats, Floats]:
        return self.projection, self.models, self.bias

    def scores(self, x: Floats) -> Floats:
        scores: Floats = x @ self.projection @ self.models.T + self.bias
        return scores

    def loss(self, x: Floats, right: Floats) -> float:
        scores, wins = self.scores(x), _wins(right)
        ahead = scores[:, :, None] - scores[:, None, :]
        return float((np.logaddexp(0, -ahead) * wins).sum() / wins.sum())

    def gradient(self, x: Floats, right: Floats) -> tuple[Floats, Floats, Floats]:
        factors, wins = x @ self.projection, _wins(right)
        scores = factors @ self.models.T + self.bias
        push = _sigmoid(scores[:, None, :] - scores[:, :, None]) * wins / wins.sum()
        by_score = push.sum(axis=1) - push.sum(axis=2)
        return x.T @ (by_score @ self.models), by_score.T @ factors, by_score.sum(axis=0)


def _train(start: _Factors, x: Floats, right: Floats, rng: np.random.Generator) -> _Factors:
    order = rng.permutation(len(x))
    held, rest = order[: len(x) // _HELD_OUT], order[len(x) // _HELD_OUT :]
    best, lowest, waited = start, start.loss(x[held], right[held]), 0
    now, adam = start, _Adam(start.parts)
    for _ in range(_EPOCHS):
        for batch in np.array_split(rng.permutation(rest), -(-len(rest) // _BATCH)):
            now = _Factors(*adam.step(now.parts, now.gradient(x[batch], right[batch])))
        loss = now.loss(x[held], right[held])
        best, lowest, waited = (now, loss, 0) if loss < lowest else (best, lowest, waited + 1)
        if waited == _PATIENCE:
            break
    return best


class _Adam:
    """Adam with its usual constants. Source: Kingma & Ba, ICLR 2015."""

    def __init__(self, parts: tuple[Floats, ...]) -> None:
        self._mean = [np.zeros_like(part) for part in parts]
        self._square = [np.zeros_like(part) for part in parts]
        self._n = 0

    def step(self, parts: tuple[Floats, ...], gradients: tuple[Floats, ...]) -> list[Floats]:
        self._n += 1
        moved = []
        for mean, square, part, gradient in zip(self._mean, self._square, parts, gradients, strict=True):
            mean[...] += 0.1 * (gradient - mean)
            square[...] += 0.001 * (gradient**2 - square)
            unbiased = mean / (1 - 0.9**self._n)
            moved.append(part - _STEP * unbiased / (np.sqrt(square / (1 - 0.999**self._n)) + 1e-8))
        return moved


def _wins(right: Floats) -> Floats:
    """(N, M, M) one where model a is right and model b is not."""
    wins: Floats = right[:, :, None] * (1 - right[:, None, :])
    return wins


def _sigmoid(x: Floats) -> Floats:
    halves: Floats = 0.5 * (1 + np.tanh(0.5 * x))
    return halves


def _matrix(name: str, values: Any) -> Floats:
    matrix = np.asarray(values, np.float64)
    if matrix.ndim != 2 or not np.isfinite(matrix).all():
        raise InputError(f"{name} must be a matrix of finite numbers, one row a question; got shape {matrix.shape}")
    return matrix


def _require_parts(kind: object, arrays: dict[str, Floats]) -> None:
    shapes = [arrays[name].shape for name in _ARRAYS]
    finite = all(np.isfinite(array).all() for array in arrays.values())
    known = kind == "matrix_router" and [len(shape) for shape in shapes] == [2, 2, 1, 1] and finite
    if not known or shapes[0] != (*shapes[3], shapes[1][1]) or shapes[1][0] != shapes[2][0]:
        raise InputError(f"not a fitted MatrixRouter: got kind {kind!r} with parts of shapes {shapes}")


def _require_fit(x: Floats, right: Floats, dim: int) -> None:
    if len(x) != len(right) or right.shape[1] < 2:
        raise InputError(f"correct must have shape ({len(x)}, M) with M ≥ 2 models; got {right.shape}")
    if not np.isin(right, (0, 1)).all():
        raise InputError("correct must be booleans or 0 and 1")
    if dim < 1:
        raise InputError(f"dim must be at least 1; got {dim}")
