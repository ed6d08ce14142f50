"""Confidence from several samples that each state one: weighted by what they state, or by how they rank their guesses.

A newcomer starts at :func:`average_confidence`; :func:`pair_rank` is for guesses in an order, without numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.bradley_terry import bradley_terry
from foureyes.maths.columns import probabilities

__all__ = ["average_confidence", "pair_rank"]

_RIDGE = 1e-6
"""Keeps the strength of a guess that was never second finite, and moves others by about one part in a million."""


def average_confidence(answers: Sequence[Hashable], confidence: ArrayLike, *, answer: Hashable) -> float:
    """Avg-Conf: the share of the stated confidence that stands behind an answer.

    Σ confidence of the samples that agree / Σ confidence of all. With equal confidences it is self-consistency.

    Args:
        answers: (M,) of the samples, in any form in which equal means equal.
        confidence: (M,) as each stated it, in [0, 1].
        answer: whose confidence is asked for.

    Returns:
        A confidence in [0, 1].

    Raises:
        InputError: not a confidence a sample, or one outside [0, 1].
        NotEnoughData: no samples, or none that states more than 0.

    Example:
        >>> round(average_confidence(["Sydney", "Canberra", "Canberra"], [0.2, 0.9, 0.9], answer="Canberra"), 6)
        0.9

    Source: Xiong et al. 2024, arXiv 2306.13063, §3 (Avg-Conf).
    """
    stated = probabilities("confidence", confidence)
    if len(stated) != len(answers):
        raise InputError(f"{len(answers)} samples need a confidence each; got {len(stated)}")
    total = float(stated.sum())
    if not total:
        raise NotEnoughData(f"a share of the stated confidence needs some; {len(stated)} samples state 0 in all")
    return float(stated[[said == answer for said in answers]].sum()) / total


def pair_rank(orders: Sequence[Sequence[Hashable]]) -> dict[Hashable, float]:
    """Pair-Rank: probabilities of guesses from the orders in which samples put them.

    The P, Σ P = 1, under which the orders are most likely, where of two guesses in one order u stands before v with
    probability P_u / (P_u + P_v). A guess that stands before all others in every order takes all but nothing of it.

    Args:
        orders: one a sample, its guesses from the most likely down, no guess twice. Orders of one guess compare nothing.

    Returns:
        Guess → probability, in the order in which they first appear.

    Raises:
        InputError: a guess twice in one order.
        NotEnoughData: no guesses, or some that no chain of orders compares with the others.

    Example:
        >>> found = pair_rank([["Canberra", "Sydney"]] * 3 + [["Sydney", "Canberra"]])
        >>> {guess: round(p, 3) for guess, p in found.items()}
        {'Canberra': 0.75, 'Sydney': 0.25}

    Source: Xiong et al. 2024, arXiv 2306.13063, §3 (Pair-Rank): its equation, maximised; the published code minimises it.
    """
    guesses = list(dict.fromkeys(itertools.chain.from_iterable(orders)))
    if not guesses:
        raise NotEnoughData("ranks need guesses; got none")
    if (twice := next((order for order in orders if len(set(order)) < len(order)), None)) is not None:
        raise InputError(f"a guess stands once in an order; got {list(twice)!r}")
    place = {guess: i for i, guess in enumerate(guesses)}
    pairs = [(place[u], place[v]) for order in orders for u, v in itertools.combinations(order, 2)]
    first, second = np.array(pairs, np.intp).reshape(-1, 2).T
    found = bradley_terry(first, second, np.ones(len(pairs)), n_players=len(guesses), ridge=_RIDGE)
    if not found.connected:
        apart = guesses[int(np.argmax(found.component > 0))]
        raise NotEnoughData(f"every guess must be compared with the others; {apart!r} never is")
    weight = np.exp(found.value - found.value.max())
    return dict(zip(guesses, (weight / weight.sum()).tolist(), strict=True))
