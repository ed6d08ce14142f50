"""Bradley-Terry strengths from pairwise comparisons: "I am surer of this one than of that one".

A Bradley-Terry model says P(i beats j) = σ(s_i − s_j). Strengths are log-odds, larger = preferred; only differences
within one connected part of the tournament mean anything, so the parts are told apart.

A newcomer starts at :func:`bradley_terry`; :func:`rings` draws a tournament that is connected for sure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import class_indices, probabilities, same_length
from foureyes.maths.sparse import SparseRows, fit_sparse

__all__ = ["Strengths", "bradley_terry", "rings"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Strengths:
    """Fitted strengths of the players of a tournament.

    Attributes:
        value: (N,) log-odds against the mean player of the same component; they sum to 0 within each component.
        component: (N,) which connected part of the tournament a player belongs to, 0 = the largest (the first of
            equals). Strengths of different components cannot be compared. A player without a match is a part of its
            own.
    """

    value: Floats
    component: Ints

    @property
    def connected(self) -> bool:
        """Whether all players can be compared."""
        return not self.component.any()


def bradley_terry(
    first: ArrayLike, second: ArrayLike, share: ArrayLike, *, n_players: int, ridge: float = 0.1
) -> Strengths:
    """Strengths by penalised maximum likelihood.

    Minimises −Σ [share · ln σ(s_i − s_j) + (1 − share) · ln σ(s_j − s_i)] + ridge/2 Σ s²: a normal prior of variance
    1/ridge. It keeps the strength of a player who has won every match finite, makes the optimum unique whatever the
    tournament looks like, and centres every component at 0.

    Args:
        first: (M,) one player of each match, 0 … ``n_players`` − 1; a pair may meet many times.
        second: (M,) the other.
        share: (M,) the first one's share of the win, in [0, 1]: 1 won, 0 lost, ½ a draw, or a stated preference.
        n_players: N ≥ 1.
        ridge: above 0. With the default, one sure win moves a pair about 2 log-odds apart.

    Raises:
        InputError: lengths differ, a player plays itself or is not in range, shares outside [0, 1], no ridge.

    Example:
        >>> found = bradley_terry([0, 1, 0], [1, 2, 2], [1, 1, 1], n_players=4)
        >>> found.value.argmax(), found.component.tolist()
        (np.int64(0), [0, 0, 0, 1])

    Source: Bradley & Terry 1952; Hunter 2004 (when a finite maximum exists without a prior).
    """
    one = class_indices("first", first, n_classes=n_players)
    other = class_indices("second", second, n_classes=n_players)
    won = probabilities("share", share)
    n = same_length(first=one, second=other, share=won)
    if (one == other).any():
        raise InputError(f"a player cannot meet itself; got {one[one == other][0]} against itself")
    if not ridge > 0:
        raise InputError(f"ridge must be above 0, or a player who never lost has no strength; got {ridge:g}")
    match = np.arange(n)
    rows = SparseRows(
        np.concatenate([match, match]),
        np.concatenate([one, other]),
        np.concatenate([np.ones(n), -np.ones(n)]),
        (n, n_players),
    )
    return Strengths(fit_sparse(rows, won, ridge=ridge), _components(one, other, n_players))


def rings(n_players: int, *, rounds: int, seed: int) -> tuple[Ints, Ints]:
    """Pairs for a sparse tournament: ``rounds`` random rings, each through every player.

    One ring makes the tournament connected; a few more make its paths short, so that strengths far apart in one ring
    still meet. Every player has at most 2 × ``rounds`` opponents. A pair drawn twice is kept once.

    Args:
        n_players: ≥ 2.
        rounds: ≥ 1.
        seed: of the draw.

    Returns:
        (M,) first and (M,) second players, M ≤ ``rounds`` × ``n_players``.

    Raises:
        InputError: no rounds.
        NotEnoughData: fewer than two players.

    Example:
        >>> first, second = rings(3, rounds=1, seed=0)
        >>> sorted(zip(first.tolist(), second.tolist()))
        [(0, 1), (0, 2), (1, 2)]
    """
    if rounds < 1:
        raise InputError(f"a tournament needs at least one round; got {rounds}")
    if n_players < 2:
        raise NotEnoughData(f"a tournament needs at least two players; got {n_players}", needed=2)
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(n_players) for _ in range(rounds)]
    pairs = np.concatenate([np.stack([order, np.roll(order, -1)], axis=1) for order in orders])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _components(one: Ints, other: Ints, n: int) -> Ints:
    """Connected parts, numbered from the largest on, the first of equals first."""
    root = list(range(n))

    def root_of(player: int) -> int:
        while root[player] != player:
            root[player] = root[root[player]]
            player = root[player]
        return player

    for a, b in zip(one.tolist(), other.tolist(), strict=True):
        low, high = sorted((root_of(a), root_of(b)))
        root[high] = low
    parts, sizes = np.unique([root_of(player) for player in range(n)], return_counts=True)
    number = {int(part): i for i, part in enumerate(parts[np.argsort(-sizes, kind="stable")])}
    return np.array([number[root_of(player)] for player in range(n)], dtype=np.intp)
