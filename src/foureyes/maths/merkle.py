"""Merkle trees of Certificate Transparency: roots, proofs that an entry is there, proofs that nothing was rewritten.

Names follow RFC 9162, section 2.1: ``mth`` is MTH, ``path`` is PATH, ``proof`` is PROOF. A leaf is hashed behind a byte
0x00 and a node behind 0x01, so that neither can be passed off as the other. All hashes are SHA-256, 32 bytes.

Nothing here needs all leaves at once. Proofs ask a :data:`Subtree` for the hashes of ranges, which :func:`tiled` makes
of tiles: *level* 0 are the leaf hashes, a hash at level j + 1 is the root of 256 neighbours at level j. Appending needs
the :class:`Frontier` only, one hash for every bit set in the tree's size.

A newcomer starts at :func:`mth`, then :func:`path` and :func:`verify_inclusion`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

from foureyes.display import plural
from foureyes.errors import InputError

__all__ = [
    "EMPTY",
    "TILE",
    "Frontier",
    "Hashes",
    "Node",
    "Subtree",
    "leaf_hash",
    "mth",
    "node_hash",
    "path",
    "proof",
    "tiled",
    "verify_consistency",
    "verify_inclusion",
]

EMPTY: Final = hashlib.sha256().digest()
TILE: Final = 256

_TILE_BITS: Final = 8

Subtree: TypeAlias = Callable[[int, int], bytes]
Hashes: TypeAlias = Callable[[int, int, int], Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Node:
    """The root of a full subtree of 256 ** level leaves, the position-th of its kind from the left."""

    level: int
    position: int
    hash: bytes


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256 of 0x00 and the entry.

    Example:
        >>> leaf_hash(b"").hex()[:16]
        '6e340b9cffb37a98'
    """
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and both children."""
    return sha256(b"\x01" + left + right).digest()


def mth(hashes: Sequence[bytes]) -> bytes:
    """The Merkle Tree Hash over leaf hashes, or over the roots of full subtrees of one size, the last maybe smaller.

    Level by level instead of top down: pairs are hashed from the left, and what has no partner moves up as it is. That
    is the tree of the RFC, whose left half is always the largest power of two that leaves something for the right one.

    Source: RFC 9162, section 2.1.1.

    Example:
        >>> mth([]) == EMPTY
        True
        >>> a, b, c = (leaf_hash(x) for x in (b"a", b"b", b"c"))
        >>> mth([a, b, c]) == node_hash(node_hash(a, b), c)
        True
    """
    level = list(hashes)
    if not level:
        return EMPTY
    while len(level) > 1:
        above = [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        level = above + level[2 * len(above) :]
    return level[0]


def path(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The inclusion proof of one entry: the siblings on its way to the root, the lowest first.

    Args:
        index: of the entry, 0 ≤ index < size.
        size: of the tree whose root the proof leads to.
        subtree: ``subtree(start, stop)`` is the root over the leaves start..stop-1.

    Raises:
        InputError: the tree has no such entry.

    Source: RFC 9162, section 2.1.3.1, PATH(m, D_n).

    Example:
        >>> leaves = [leaf_hash(x) for x in (b"a", b"b", b"c")]
        >>> path(2, 3, lambda start, stop: mth(leaves[start:stop])) == [mth(leaves[:2])]
        True
    """
    if not 0 <= index < size:
        raise InputError(f"a tree of {plural(size, 'entry', 'entries')} has no entry {index}: count from 0")
    siblings: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            siblings.append(subtree(middle, stop))
            stop = middle
        else:
            siblings.append(subtree(start, middle))
            start = middle
    return siblings[::-1]


def proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """The consistency proof: that the tree of ``new`` entries begins with the tree of ``old`` ones.

    Args:
        old: size of the earlier tree, 0 ≤ old ≤ new. Every tree begins with the empty one: no hash is needed.
        new: size of the later tree.
        subtree: as for :func:`path`.

    Raises:
        InputError: the sizes are not in order.

    Source: RFC 9162, section 2.1.4.1, PROOF(m, D_n) and SUBPROOF(m, D_n, b).
    """
    if not 0 <= old <= new:
        raise InputError(f"wanted sizes in order, 0 ≤ old ≤ new; got {old} and {new}")
    if old in (0, new):
        return []
    hashes: list[bytes] = []
    start, stop = 0, new
    while stop != old:
        middle = start + _split(stop - start)
        if old <= middle:
            hashes.append(subtree(middle, stop))
            stop = middle
        else:
            hashes.append(subtree(start, middle))
            start = middle
    if start:  # else the whole of the old tree is what is left, and the verifier has its root
        hashes.append(subtree(start, stop))
    return hashes[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, siblings: Sequence[bytes], *, root: bytes) -> bool:
    """Whether the entry with this leaf hash stands at ``index`` in the tree with this root.

    Args:
        leaf: hash of the entry.
        index: where it is said to stand.
        size: of the tree.
        siblings: what :func:`path` gave.
        root: of the tree.

    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in siblings:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            fn, sn = _up_to_left(fn, sn)
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def verify_consistency(old: int, new: int, hashes: Sequence[bytes], *, old_root: bytes, new_root: bytes) -> bool:
    """Whether the tree with the new root begins with the tree with the old root.

    Args:
        old: size of the earlier tree.
        new: size of the later tree.
        hashes: what :func:`proof` gave.
        old_root: root of the earlier tree.
        new_root: root of the later tree.

    Source: RFC 9162, section 2.1.4.2. Its step for equal sizes, and the empty tree, stand before the others here.
    """
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not hashes and old_root == (new_root if old else EMPTY)
    nodes = [old_root, *hashes] if old & (old - 1) == 0 else list(hashes)
    if not nodes:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = nodes[0]
    for c in nodes[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            fn, sn = _up_to_left(fn, sn)
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root


def tiled(hashes: Hashes) -> Subtree:
    """A :data:`Subtree` over tiles: a range costs at most 255 hashes of each level, however many leaves it spans.

    Args:
        hashes: ``hashes(level, start, stop)`` are the roots start..stop-1 of full subtrees of 256 ** level leaves.

    Returns:
        A function for the ranges that proofs ask for: each begins at a multiple of a power of two that is no smaller
        than its length.
    """

    def subtree(start: int, stop: int) -> bytes:
        level = max(0, ((stop - start).bit_length() - 1) // _TILE_BITS)
        width = TILE**level
        whole = (stop - start) // width
        roots = list(hashes(level, start // width, start // width + whole))
        rest = start + whole * width
        return mth([*roots, subtree(rest, stop)] if rest < stop else roots)

    return subtree


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: all that is needed to append to it and to know its root, O(log n) hashes.

    Attributes:
        size: leaves of the tree.
        peaks: roots of its full subtrees from left to right, one for every bit set in ``size``.

    Raises:
        InputError: there are more or fewer peaks than bits.

    Example:
        >>> leaves = [leaf_hash(i.to_bytes(2)) for i in range(1000)]
        >>> edge, nodes = Frontier().extended(leaves)
        >>> edge.root() == mth(leaves), len(edge.peaks), len(nodes)
        (True, 6, 3)

    Source: "compact ranges" of https://github.com/transparency-dev/merkle.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise InputError(f"a tree of {self.size} leaves does not have {len(self.peaks)} peaks")

    @classmethod
    def of(cls, size: int, subtree: Subtree) -> Frontier:
        """The right edge of a tree that is kept somewhere."""
        peaks, start = [], 0
        for bit in reversed(range(size.bit_length())):
            if size >> bit & 1:
                peaks.append(subtree(start, start + (1 << bit)))
                start += 1 << bit
        return cls(size, tuple(peaks))

    def root(self) -> bytes:
        """The Merkle Tree Hash."""
        if not self.peaks:
            return EMPTY
        *left, root = self.peaks
        for peak in reversed(left):
            root = node_hash(peak, root)
        return root

    def extended(self, leaves: Sequence[bytes]) -> tuple[Frontier, list[Node]]:
        """The edge after more leaf hashes, and the tiles' roots that they completed, the lowest first."""
        size, peaks, nodes, at = self.size, list(self.peaks), list[Node](), 0
        while at < len(leaves):
            height = _aligned(size, len(leaves) - at)
            root = mth(leaves[at : at + (1 << height)])
            at += 1 << height
            while size >> height & 1:  # a full subtree of this height is waiting for its right half
                _note(nodes, height, size, root)
                root = node_hash(peaks.pop(), root)
                size -= 1 << height
                height += 1
            _note(nodes, height, size, root)
            size += 1 << height
            peaks.append(root)
        return Frontier(size, tuple(peaks)), nodes


def _note(nodes: list[Node], height: int, start: int, root: bytes) -> None:
    level, between = divmod(height, _TILE_BITS)
    if level and not between:
        nodes.append(Node(level, start >> height, root))


def _aligned(size: int, room: int) -> int:
    """Height of the largest full subtree that may come next: at most a tile, within the room, and where it may begin."""
    height = min(_TILE_BITS, room.bit_length() - 1)
    return min(height, (size & -size).bit_length() - 1) if size else height


def _split(n: int) -> int:
    """The largest power of two smaller than n > 1."""
    return 1 << (n - 1).bit_length() - 1


def _up_to_left(fn: int, sn: int) -> tuple[int, int]:
    """Leaves out the levels at which the node is a left child without a sibling."""
    while fn and not fn & 1:
        fn, sn = fn >> 1, sn >> 1
    return fn, sn
