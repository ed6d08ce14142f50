import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.maths.merkle import (
    EMPTY,
    TILE,
    Frontier,
    leaf_hash,
    mth,
    node_hash,
    path,
    proof,
    tiled,
    verify_consistency,
    verify_inclusion,
)

LARGEST = 600
LEAVES = [leaf_hash(i.to_bytes(2)) for i in range(LARGEST)]

sizes = st.integers(1, LARGEST)


def rfc_mth(leaves):
    """MTH as RFC 9162 writes it down, top down."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return leaves[0]
    k = max(2**i for i in range(12) if 2**i < len(leaves))
    return node_hash(rfc_mth(leaves[:k]), rfc_mth(leaves[k:]))


def rfc_path(m, leaves):
    """PATH as RFC 9162 writes it down."""
    if len(leaves) == 1:
        return []
    k = max(2**i for i in range(12) if 2**i < len(leaves))
    if m < k:
        return [*rfc_path(m, leaves[:k]), rfc_mth(leaves[k:])]
    return [*rfc_path(m - k, leaves[k:]), rfc_mth(leaves[:k])]


def rfc_subproof(m, leaves, *, whole):
    """SUBPROOF as RFC 9162 writes it down."""
    if m == len(leaves):
        return [] if whole else [rfc_mth(leaves)]
    k = max(2**i for i in range(12) if 2**i < len(leaves))
    if m <= k:
        return [*rfc_subproof(m, leaves[:k], whole=whole), rfc_mth(leaves[k:])]
    return [*rfc_subproof(m - k, leaves[k:], whole=False), rfc_mth(leaves[:k])]


def over(leaves):
    return lambda start, stop: mth(leaves[start:stop])


def flipped(digest, bit):
    return bytes(byte ^ (1 << bit % 8 if i == bit // 8 else 0) for i, byte in enumerate(digest))


@given(st.integers(0, LARGEST))
def test_the_root_is_that_of_the_rfc(n):
    assert mth(LEAVES[:n]) == rfc_mth(LEAVES[:n])


@given(sizes, st.data())
def test_every_entry_is_provable_and_the_proof_is_that_of_the_rfc(n, data):
    m = data.draw(st.integers(0, n - 1))
    siblings = path(m, n, over(LEAVES))
    assert siblings == rfc_path(m, LEAVES[:n])
    assert verify_inclusion(LEAVES[m], m, n, siblings, root=mth(LEAVES[:n]))


@given(sizes, st.data())
def test_every_growth_is_provable_and_the_proof_is_that_of_the_rfc(n, data):
    m = data.draw(st.integers(1, n))
    hashes = proof(m, n, over(LEAVES))
    assert hashes == rfc_subproof(m, LEAVES[:n], whole=True)
    assert verify_consistency(m, n, hashes, old_root=mth(LEAVES[:m]), new_root=mth(LEAVES[:n]))


@given(sizes, st.data())
def test_no_bit_of_an_inclusion_proof_can_be_flipped(n, data):
    m = data.draw(st.integers(0, n - 1))
    parts = [LEAVES[m], mth(LEAVES[:n]), *path(m, n, over(LEAVES))]
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[which] = flipped(parts[which], bit)
    leaf, root, *siblings = parts
    assert not verify_inclusion(leaf, m, n, siblings, root=root)


@given(sizes, st.data())
def test_no_bit_of_a_consistency_proof_can_be_flipped(n, data):
    m = data.draw(st.integers(1, n))
    parts = [mth(LEAVES[:m]), mth(LEAVES[:n]), *proof(m, n, over(LEAVES))]
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[which] = flipped(parts[which], bit)
    old_root, new_root, *hashes = parts
    assert not verify_consistency(m, n, hashes, old_root=old_root, new_root=new_root)


@given(sizes, st.data())
def test_no_proof_can_be_shortened_or_lengthened(n, data):
    m = data.draw(st.integers(0, n - 1))
    siblings, root = path(m, n, over(LEAVES)), mth(LEAVES[:n])
    assert not verify_inclusion(LEAVES[m], m, n, [*siblings, LEAVES[0]], root=root)
    assert not siblings or not verify_inclusion(LEAVES[m], m, n, siblings[:-1], root=root)
    hashes, old_root = proof(m, n, over(LEAVES)), mth(LEAVES[:m])
    assert not verify_consistency(m, n, [*hashes, LEAVES[0]], old_root=old_root, new_root=root)
    assert not hashes or not verify_consistency(m, n, hashes[:-1], old_root=old_root, new_root=root)


@given(sizes, st.data())
def test_an_entry_is_proved_in_one_place_only(n, data):
    m, other = data.draw(st.integers(0, n - 1)), data.draw(st.integers(-2, n + 2))
    assume(m != other)
    assert not verify_inclusion(LEAVES[m], other, n, path(m, n, over(LEAVES)), root=mth(LEAVES[:n]))


def test_a_log_that_replaced_an_entry_is_not_consistent():
    for n in (2, 3, 8, 300):
        forged = [*LEAVES[: n - 1], leaf_hash(b"forged"), *LEAVES[n : n + 50]]
        hashes = proof(n, len(forged), over(forged))
        roots = {"old_root": mth(LEAVES[:n]), "new_root": mth(forged)}
        assert not verify_consistency(n, len(forged), hashes, **roots)


def test_every_tree_begins_with_the_empty_one_and_equals_itself():
    root = mth(LEAVES)
    assert verify_consistency(0, LARGEST, [], old_root=EMPTY, new_root=root)
    assert not verify_consistency(0, LARGEST, [], old_root=root, new_root=root)
    assert verify_consistency(LARGEST, LARGEST, [], old_root=root, new_root=root)
    assert not verify_consistency(LARGEST, LARGEST, [], old_root=LEAVES[0], new_root=root)
    assert verify_consistency(0, 0, [], old_root=EMPTY, new_root=EMPTY)


def test_a_tree_does_not_shrink():
    assert not verify_consistency(3, 2, [], old_root=mth(LEAVES[:3]), new_root=mth(LEAVES[:2]))


@given(st.lists(st.integers(0, 300), max_size=6))
def test_a_frontier_knows_the_root_however_the_leaves_come(pieces):
    edge, at = Frontier(), 0
    for n in pieces:
        edge, _ = edge.extended([leaf_hash(i.to_bytes(3)) for i in range(at, at + n)])
        at += n
    assert edge.size == at
    assert edge.root() == mth([leaf_hash(i.to_bytes(3)) for i in range(at)])


class Tiles:
    """Tiles as a store keeps them: leaves, and the nodes that a frontier reported while it grew in random steps."""

    def __init__(self, n, seed=0):
        self.leaves = [leaf_hash(i.to_bytes(4)) for i in range(n)]
        self.nodes, self.asked, edge, at = {}, 0, Frontier(), 0
        rng = random.Random(seed)  # noqa: S311 - not a secret
        while at < n:
            step = rng.randint(1, 700)
            edge, made = edge.extended(self.leaves[at : at + step])
            self.nodes |= {(node.level, node.position): node.hash for node in made}
            at += step
        self.edge = edge

    def __call__(self, level, start, stop):
        self.asked += stop - start
        if level == 0:
            return self.leaves[start:stop]
        return [self.nodes[level, i] for i in range(start, stop)]


@pytest.fixture(scope="module")
def tiles():
    return Tiles(TILE * TILE + 3 * TILE + 77)


def test_a_frontier_reports_every_full_tile_once(tiles):
    assert len(tiles.nodes) == len(tiles.leaves) // TILE + 1
    assert tiles.nodes[1, 5] == mth(tiles.leaves[5 * TILE : 6 * TILE])
    assert tiles.nodes[2, 0] == mth(tiles.leaves[: TILE * TILE])


def test_tiles_give_the_same_proofs_and_few_hashes_are_asked_for(tiles):
    n, rng = len(tiles.leaves), random.Random(1)  # noqa: S311 - not a secret
    plain, subtree = over(tiles.leaves), tiled(tiles)
    for m in [TILE, TILE * TILE, n - 1, *(rng.randrange(1, n) for _ in range(2))]:
        tiles.asked = 0
        assert path(m, n, subtree) == path(m, n, plain)
        assert proof(m, n, subtree) == proof(m, n, plain)
        assert tiles.asked < 8 * TILE


def test_a_frontier_can_be_found_in_tiles(tiles):
    for n in (0, 1, TILE, 1000, TILE * TILE, len(tiles.leaves)):
        assert Frontier.of(n, tiled(tiles)) == Frontier().extended(tiles.leaves[:n])[0]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: path(3, 3, over(LEAVES)), "has no entry 3"),
        (lambda: path(-1, 3, over(LEAVES)), "has no entry -1"),
        (lambda: path(0, 0, over(LEAVES)), "has no entry 0"),
        (lambda: proof(3, 2, over(LEAVES)), "sizes in order"),
        (lambda: proof(-1, 2, over(LEAVES)), "sizes in order"),
        (lambda: Frontier(3, (EMPTY,)), "does not have 1 peaks"),
        (lambda: Frontier(-1), "does not have 0 peaks"),
    ],
)
def test_what_no_tree_has_is_refused(build, message):
    with pytest.raises(InputError, match=message):
        build()
