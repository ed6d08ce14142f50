"""Which tokens go through the network together, and what each may look at. Pure: token ids in, index arrays out.

Sequences are laid end to end in one row without padding, and a prefix that several of them share (a system prompt, a
question with eight answers) is laid once: the sequences form a forest of *nodes*, each a run of tokens that continues
its parent. A token attends to its own node up to itself and to all its ancestors, which is exactly what it would see in
a sequence of its own.

Attention alone needs rectangles. :func:`plan_attention` cuts nodes into :class:`Block` s: batches of query runs with the
keys each run sees, padded only there, where a pad costs a few multiplications and not a pass through the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["Block", "PackedForest", "PackedRun", "common_prefix", "grow_forest", "plan_attention"]

Ints = NDArray[np.int64]

MIN_SHARED = 8
"""Shortest continuation worth a node of its own: a shorter one saves less than the extra attention block costs."""

MAX_QUERIES = 512
"""Longest query run of one block where a mask is needed; bounds masks to MAX_QUERIES × keys."""

MAX_BLOCK = 1 << 18
"""Most query × key pairs in one padded block."""


@dataclass(frozen=True, slots=True, eq=False)
class PackedRun:
    """A run of tokens laid at ``start .. start + length`` of the row; ``keys`` are the places of all it may look at.

    ``keys`` lists its ancestors' tokens and then its own, so token *i* of the node sees ``keys[: depth + i + 1]``.
    """

    start: int
    length: int
    depth: int
    keys: Ints


@dataclass(frozen=True, slots=True, eq=False)
class PackedForest:
    """Sequences packed into one row of N tokens.

    Attributes:
        ids: (N,) token ids.
        positions: (N,) position of each token in its own sequence, for the position embeddings.
        nodes: the runs the row consists of.
        places: for each sequence, in the order given, where its tokens lie in the row.
    """

    ids: Ints
    positions: Ints
    nodes: tuple[PackedRun, ...]
    places: tuple[Ints, ...]


def common_prefix(a: Ints, b: Ints) -> int:
    """How many leading tokens two sequences share."""
    n = min(len(a), len(b))
    differ = np.flatnonzero(a[:n] != b[:n])
    return int(differ[0]) if len(differ) else n


def grow_forest(sequences: Sequence[Ints]) -> PackedForest:
    """Lays sequences into one row, shared prefixes once.

    Args:
        sequences: token ids, each of length ≥ 1. Neighbours in lexicographic order share the longest prefixes; the
            order given does not matter.

    Returns:
        The forest. ``ids[places[i]]`` equals ``sequences[i]`` for every i.
    """
    order = sorted(range(len(sequences)), key=lambda i: sequences[i].tolist())
    ordered = [sequences[i] for i in order]
    shared = [0] + [common_prefix(a, b) for a, b in pairwise(ordered)]
    nodes: list[PackedRun] = []
    ids: list[Ints] = []
    paths: dict[int, Ints] = {}
    n_laid = 0
    nothing = np.empty(0, np.int64)
    # Each entry is a run of sequences (first, last+1) that share their first `depth` tokens, laid at `above`.
    todo = [(first, last, 0, nothing) for first, last in reversed(_split(shared, 0, len(ordered), MIN_SHARED))]
    while todo:
        first, last, depth, above = todo.pop()
        # In lexicographic order the shortest common prefix of a run is the least of its neighbours' ones.
        end = min(shared[first + 1 : last], default=len(ordered[first]))
        keys = above
        if end > depth:
            keys = np.concatenate([above, np.arange(n_laid, n_laid + end - depth)])
            nodes.append(PackedRun(start=n_laid, length=end - depth, depth=depth, keys=keys))
            ids.append(ordered[first][depth:end])
            n_laid += end - depth
        whole = [i for i in range(first, last) if len(ordered[i]) == end]
        paths.update((order[i], keys) for i in whole)
        rest = first + len(whole)  # sequences that end here come first in lexicographic order
        if rest < last:
            todo += [(a, b, end, keys) for a, b in reversed(_split(shared, rest, last, end + MIN_SHARED))]
    return PackedForest(
        ids=np.concatenate(ids),
        positions=np.concatenate([np.arange(n.depth, n.depth + n.length) for n in nodes]),
        nodes=tuple(nodes),
        places=tuple(paths[i] for i in range(len(sequences))),
    )


def _split(shared: list[int], first: int, last: int, least: int) -> list[tuple[int, int]]:
    """Cuts a run of sequences wherever neighbours share fewer than ``least`` tokens."""
    cuts = [first, *(i for i in range(first + 1, last) if shared[i] < least), last]
    return list(pairwise(cuts))


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A batch of B query runs and the keys they see, padded to a rectangle.

    Attributes:
        queries: (B, Q) places in the row; a pad repeats place 0.
        keys: (B, K) places in the row; a pad repeats place 0.
        seen: (B, Q, K) whether query may look at key; ``None`` where plain causal order says it all (Q = K, no pad).
        real: (B, Q) which queries are not pads; every pad still sees one key, so that no softmax is empty.
    """

    queries: Ints
    keys: Ints
    seen: NDArray[np.bool_] | None
    real: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Run:
    queries: Ints
    query_depth: int
    keys: Ints
    key_depth: int


def plan_attention(forest: PackedForest, window: int | None = None) -> list[Block]:
    """Cuts a forest into blocks for attention.

    Args:
        forest: the packed sequences.
        window: width of sliding-window attention (a token sees itself and the window − 1 before it); ``None`` for full.

    Returns:
        Blocks that cover every token of the row as a query exactly once.
    """
    blocks: list[Block] = []
    runs: list[_Run] = []
    for node in forest.nodes:
        reach = node.depth + node.length
        if node.depth == 0 and node.length > MAX_QUERIES // 4 and (window is None or reach <= window):
            blocks.append(_causal_block(node))
        else:
            runs += _runs(node, window)
    runs.sort(key=lambda run: (len(run.keys), len(run.queries)))
    group: list[_Run] = []
    for run in runs:
        if group and not _fits([*group, run]):
            blocks.append(_padded_block(group, window))
            group = []
        group.append(run)
    if group:
        blocks.append(_padded_block(group, window))
    return blocks


def _causal_block(node: PackedRun) -> Block:
    places = node.keys[None, :]
    return Block(queries=places, keys=places, seen=None, real=np.ones(places.shape, bool))


def _runs(node: PackedRun, window: int | None) -> list[_Run]:
    runs = []
    for first in range(0, node.length, MAX_QUERIES):
        last = min(first + MAX_QUERIES, node.length)
        lowest = 0 if window is None else max(0, node.depth + first - window + 1)
        runs.append(
            _Run(
                queries=np.arange(node.start + first, node.start + last),
                query_depth=node.depth + first,
                keys=node.keys[lowest : node.depth + last],
                key_depth=lowest,
            )
        )
    return runs


def _fits(group: list[_Run]) -> bool:
    """Whether these runs pad well: the rectangle stays bounded, and mostly real."""
    q = max(len(run.queries) for run in group)
    k = max(len(run.keys) for run in group)
    area = len(group) * q * k
    real = sum(len(run.queries) * len(run.keys) for run in group)
    return area <= MAX_BLOCK and (area <= 1.5 * real)


def _padded_block(group: list[_Run], window: int | None) -> Block:
    b, q, k = len(group), max(len(run.queries) for run in group), max(len(run.keys) for run in group)
    queries, keys = np.zeros((b, q), np.int64), np.zeros((b, k), np.int64)
    query_depth, key_depth = np.zeros((b, q), np.int64), np.full((b, k), np.iinfo(np.int64).max)
    real = np.zeros((b, q), bool)
    for i, run in enumerate(group):
        n_q, n_k = len(run.queries), len(run.keys)
        queries[i, :n_q], keys[i, :n_k] = run.queries, run.keys
        query_depth[i, :n_q] = np.arange(run.query_depth, run.query_depth + n_q)
        key_depth[i, :n_k] = np.arange(run.key_depth, run.key_depth + n_k)
        real[i, :n_q] = True
    seen = key_depth[:, None, :] <= query_depth[:, :, None]
    if window is not None:
        seen &= key_depth[:, None, :] > query_depth[:, :, None] - window
    seen[~real, 0] = True
    return Block(queries=queries, keys=keys, seen=seen, real=real)
