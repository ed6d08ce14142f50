import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foureyes.maths.monotone import pool_increasing


def pooled(flags):
    """Pool-adjacent-violators as in the textbook."""
    blocks = []
    for flag in flags.tolist():
        blocks.append([flag, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            k, n = blocks.pop()
            blocks[-1][0] += k
            blocks[-1][1] += n
    return np.cumsum([0] + [n for _, n in blocks]).tolist()


@given(hnp.arrays(bool, st.integers(1, 80)))
def test_it_is_the_textbook_s_algorithm(flags):
    assert pool_increasing(flags).tolist() == pooled(flags)


@pytest.mark.parametrize("shape", ["random", "rising", "falling", "one wrong at the top", "convex chain"])
def test_long_sequences_of_every_shape(shape):
    rng = np.random.default_rng(0)
    n = 20_000
    flags = {
        "random": rng.random(n) < 0.5,
        "rising": rng.random(n) < np.linspace(0, 1, n),
        "falling": rng.random(n) < np.linspace(1, 0, n),
        "one wrong at the top": np.append(np.arange(n - 1) >= n // 2, False),
        # Ever denser raised flags, then a fall that undoes the corners one after the other from the right.
        "convex chain": np.concatenate([np.arange(k) == 0 for k in range(150, 1, -1)] + [np.zeros(9000, bool)])[::-1],
    }[shape]
    assert pool_increasing(flags).tolist() == pooled(flags)
    assert pool_increasing(flags[::-1]).tolist() == pooled(flags[::-1])


def test_nothing_to_pool():
    assert pool_increasing(np.array([True])).tolist() == [0, 1]
    assert pool_increasing(np.array([False, True])).tolist() == [0, 1, 2]
