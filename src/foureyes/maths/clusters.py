"""Clusters texts by meaning, and measures how spread out the clusters are.

Which texts mean the same is asked of a model, pair by pair; here is only the order of asking, free of I/O
(:func:`clustering`), and what follows from the answers (:func:`cluster_entropy`).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import group_ids, real, same_length

__all__ = ["cluster_entropy", "clustering"]


def clustering(n: int) -> Generator[list[tuple[int, int]], Sequence[bool], tuple[int, ...]]:
    """Clusters n texts by asking whether one entails another.

    Each text is compared with the first text of every cluster so far, both ways, and joins the first cluster where
    both hold; else it founds one. Entailment by models is neither symmetric nor transitive, so the order of the texts
    is part of the definition.

    Yields:
        Pairs (premise, hypothesis) to be asked, all those of one text at once.

    Receives:
        Whether each entailment holds, in the same order.

    Returns:
        (n,) the cluster of each text, numbered in order of appearance.

    Raises:
        InputError: the answers are not as many as the questions.

    Example:
        >>> asking = clustering(2)
        >>> next(asking)
        [(1, 0), (0, 1)]
        >>> try:
        ...     asking.send([True, False])
        ... except StopIteration as stop:
        ...     stop.value
        (0, 1)

    Source: Kuhn, Gal & Farquhar 2023, algorithm 1 (bidirectional entailment clustering).
    """
    founders: list[int] = []
    cluster: list[int] = []
    for text in range(n):
        joined = None
        if founders:
            asked = [pair for founder in founders for pair in ((text, founder), (founder, text))]
            holds = yield asked
            if len(holds) != len(asked):
                raise InputError(f"{len(asked)} entailments were asked for; got {len(holds)} answers")
            both = [there and back for there, back in zip(holds[::2], holds[1::2], strict=True)]
            joined = both.index(True) if True in both else None
        if joined is None:
            joined = len(founders)
            founders.append(text)
        cluster.append(joined)
    return tuple(cluster)


def cluster_entropy(cluster: ArrayLike, log_weights: ArrayLike | None = None) -> float:
    """Entropy over clusters, −Σ_c P(c) ln P(c), nats: 0 all in one, ln N all apart.

    P(c) is the share of the weight that falls into c.

    Args:
        cluster: (N,) cluster of each member, whole numbers.
        log_weights: (N,) natural logarithms of the members' weights, any scale; ``None`` for equal weights.

    Raises:
        InputError: lengths differ, a log-weight is not finite, clusters that are no whole numbers.
        NotEnoughData: no members.

    Example:
        >>> round(cluster_entropy([0, 0, 1, 1]), 4), cluster_entropy([3, 3])
        (0.6931, 0.0)

    Source: Farquhar et al. 2024, equations 4 to 7.
    """
    if not np.size(cluster):
        raise NotEnoughData("an entropy over clusters needs members; got none")
    ids = group_ids("cluster", cluster)
    logs = np.zeros(len(ids)) if log_weights is None else real("log_weights", log_weights, finite=True)
    same_length(cluster=ids, log_weights=logs)
    weights = np.exp(logs - logs.max())
    share = np.bincount(ids, weights) / weights.sum()
    seen = share[share > 0]
    return min(max(0.0, -float((seen * np.log(seen)).sum())), math.log(len(seen)))
