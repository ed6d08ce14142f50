"""AUROC within a question: does an uncertainty find the wrong ones among several answers to it?

An AUROC over many questions rewards a signal for telling hard questions from easy ones. Here answers are compared
only with answers to the same question, and every question counts once. What remains of a signal when it knows the
question only is the AUROC of :func:`question_means`; what it adds to such a control is a
:func:`~foureyes.maths.difference.paired_difference`.

For one right and one wrong answer a question see :mod:`foureyes.maths.pairwise`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import NotEnoughData
from foureyes.maths.columns import flags, group_ids, real, same_length
from foureyes.maths.resampling import check_draws, group_weights, percentiles

__all__ = ["WithinQuestionAuroc", "question_means", "within_question"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class WithinQuestionAuroc(Result):
    """The mean over questions of the AUROC of "wrong" among the answers to each.

    Attributes:
        value: in [0, 1]; 0.5 = no information beyond the question.
        low, high: bootstrap interval over questions.
        level: its level.
        n_questions: questions with a right and a wrong answer, over which the mean is taken.
        n_pairs: pairs of a right and a wrong answer in them.
        n_left_out: questions whose answers are all right or all wrong.
    """

    value: float
    low: float
    high: float
    level: float
    n_questions: int
    n_pairs: int
    n_left_out: int


def within_question(
    uncertainty: ArrayLike,
    wrong: ArrayLike,
    question: ArrayLike,
    *,
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> WithinQuestionAuroc:
    """Mean over questions of the AUROC of "wrong" among the answers to each.

    Ties count half. Where all questions agree perfectly, the open end of the interval is the exact binomial bound
    (α/2)^(1/n).

    Args:
        uncertainty: (N,) larger = more likely wrong; infinities are allowed, NaN is not.
        wrong: (N,) booleans or 0/1.
        question: (N,) integers, which question each row answers.
        level: of the interval, in (0, 1).
        draws: bootstrap samples; questions are resampled whole.
        seed: of the bootstrap.

    Raises:
        InputError: lengths differ, NaN, flags or integers that are none, too few draws for the level.
        NotEnoughData: no question has both a right and a wrong answer.

    Example:
        >>> found = within_question([1, 2, 5, 6, 4], [0, 1, 0, 1, 1], [0, 0, 1, 1, 1])
        >>> found.value, found.n_questions, found.n_pairs
        (0.75, 2, 3)
    """
    u, is_wrong, ids = real("uncertainty", uncertainty), flags("wrong", wrong), group_ids("question", question)
    same_length(uncertainty=u, wrong=is_wrong, question=ids)
    check_draws(draws, level)
    areas, n_pairs = _areas(u, is_wrong, ids)
    if not len(areas):
        raise NotEnoughData("no question has both a right and a wrong answer")
    value, n = float(areas.mean()), len(areas)
    sampled = np.array([weights @ areas / n for weights in group_weights(n, draws, np.random.default_rng(seed))])
    low, high = percentiles(sampled, level)
    if value in (0.0, 1.0):
        exact = ((1 - level) / 2) ** (1 / n)
        low, high = (exact, 1.0) if value == 1.0 else (0.0, 1 - exact)
    return WithinQuestionAuroc(value, low, high, level, n, n_pairs, int(ids.max()) + 1 - n)


def question_means(uncertainty: ArrayLike, question: ArrayLike) -> Floats:
    """(N,) every row's uncertainty replaced by the mean over its question: what the question alone explains.

    Args:
        uncertainty: (N,) finite.
        question: (N,) integers.

    Raises:
        InputError: lengths differ, a value is not finite.

    Example:
        >>> question_means([1.0, 3.0, 5.0], [7, 7, 9]).tolist()
        [2.0, 2.0, 5.0]
    """
    u, ids = real("uncertainty", uncertainty, finite=True), group_ids("question", question)
    same_length(uncertainty=u, question=ids)
    means: Floats = (np.bincount(ids, u) / np.bincount(ids))[ids]
    return means


def _areas(u: Floats, is_wrong: NDArray[np.bool_], ids: NDArray[np.intp]) -> tuple[Floats, int]:
    """The area of every question that has both classes, and the pairs in all of them."""
    order = np.lexsort((u, ids))
    u, is_wrong, ids = u[order], is_wrong[order], ids[order]
    tie = np.cumsum(np.insert((u[1:] != u[:-1]) | (ids[1:] != ids[:-1]), 0, True)) - 1 if len(u) else ids
    right_in_tie = np.bincount(tie, ~is_wrong)
    right_before = np.cumsum(right_in_tie) - right_in_tie
    n_right, n_wrong = np.bincount(ids, ~is_wrong), np.bincount(ids, is_wrong)
    before_question = np.cumsum(n_right) - n_right
    beaten = right_before[tie] - before_question[ids] + right_in_tie[tie] / 2
    in_order = np.bincount(ids, beaten * is_wrong)
    pairs = n_right * n_wrong
    both = pairs > 0
    return in_order[both] / pairs[both], int(pairs.sum())
