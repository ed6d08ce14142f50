"""Packed rows lose nothing, share what can be shared, and every token sees exactly its own past."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foureyes.models.packing import MIN_SHARED, common_prefix, grow_forest, plan_attention

tokens = st.integers(0, 2)
prefixes = st.lists(st.lists(tokens, min_size=0, max_size=30), min_size=1, max_size=3)


@st.composite
def families(draw):
    """Sequences that often share long prefixes, duplicate each other or end inside one another."""
    bases = draw(prefixes)
    count = draw(st.integers(1, 8))
    return [
        np.array(draw(st.sampled_from(bases)) + draw(st.lists(tokens, min_size=1, max_size=12)), np.int64)
        for _ in range(count)
    ]


@given(families())
def test_every_sequence_is_found_again(sequences):
    forest = grow_forest(sequences)
    for sequence, places in zip(sequences, forest.places, strict=True):
        np.testing.assert_array_equal(forest.ids[places], sequence)
        np.testing.assert_array_equal(forest.positions[places], np.arange(len(sequence)))


@given(families(), st.sampled_from([None, 1, 3, 8, 40]))
def test_every_token_sees_its_own_past_and_nothing_else(sequences, window):
    forest = grow_forest(sequences)
    seen = {}
    for block in plan_attention(forest, window):
        for b in range(len(block.queries)):
            for q in np.flatnonzero(block.real[b]):
                mask = block.seen[b, q] if block.seen is not None else np.arange(block.keys.shape[1]) <= q
                query = int(block.queries[b, q])
                assert query not in seen, "a token is a query once"
                seen[query] = block.keys[b][mask].tolist()
    for places in forest.places:
        for t, place in enumerate(places):
            first = 0 if window is None else max(0, t - window + 1)
            assert seen[int(place)] == places[first : t + 1].tolist()
    assert len(seen) == len(forest.ids)


def test_long_runs_are_cut_and_still_see_everything():
    sequence = np.arange(1300)
    forest = grow_forest([sequence, np.concatenate([sequence[:1250], [7, 7]])])
    for window in (None, 100, 700):
        covered = []
        for block in plan_attention(forest, window):
            assert block.seen is None or block.queries.shape[1] <= 512
            covered += block.queries[block.real].tolist()
        assert sorted(covered) == list(range(len(forest.ids)))


def test_a_shared_prompt_is_laid_once():
    prompt = np.arange(100)
    sequences = [np.concatenate([prompt, np.full(5, 200 + i)]) for i in range(8)]
    assert len(grow_forest(sequences).ids) == 100 + 8 * 5


def test_duplicates_are_laid_once():
    assert len(grow_forest([np.arange(20)] * 5).ids) == 20


def test_a_short_common_beginning_is_not_worth_a_node():
    a = np.concatenate([np.arange(MIN_SHARED - 1), [50, 51]])
    b = np.concatenate([np.arange(MIN_SHARED - 1), [60, 61]])
    assert len(grow_forest([a, b]).nodes) == 2


@given(st.lists(tokens, max_size=9), st.lists(tokens, max_size=9))
def test_common_prefix(a, b):
    n = common_prefix(np.array(a, np.int64), np.array(b, np.int64))
    assert a[:n] == b[:n]
    assert n == min(len(a), len(b)) or a[n] != b[n]
