import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.bradley_terry import bradley_terry, rings


def test_strengths_are_those_of_a_penalised_logistic_regression():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 6, 80), rng.integers(0, 6, 80)
    keep = first != second
    first, second = first[keep], second[keep]
    share = rng.random(len(first))
    design = np.zeros((len(first), 6))
    design[np.arange(len(first)), first], design[np.arange(len(first)), second] = 1, -1
    theirs = LogisticRegression(C=2.0, fit_intercept=False, tol=1e-12, max_iter=5000).fit(
        np.vstack([design, design]),
        np.repeat([1, 0], len(first)),
        sample_weight=np.concatenate([share, 1 - share]),
    )
    ours = bradley_terry(first, second, share, n_players=6, ridge=0.5)
    assert ours.value == pytest.approx(theirs.coef_[0], abs=1e-6)


def test_strengths_of_a_long_tournament_are_the_true_ones():
    rng = np.random.default_rng(1)
    truth = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    first = rng.integers(0, 5, 60_000)
    second = (first + rng.integers(1, 5, 60_000)) % 5
    won = rng.random(60_000) < 1 / (1 + np.exp(truth[second] - truth[first]))
    assert bradley_terry(first, second, won, n_players=5).value == pytest.approx(truth, abs=0.05)


@st.composite
def tournaments(draw):
    n = draw(st.integers(2, 8))
    pairs = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(1, n - 1)), max_size=20))
    first = np.array([a for a, _ in pairs], dtype=int)
    second = np.array([(a + step) % n for a, step in pairs], dtype=int)
    share = np.array(draw(st.lists(st.floats(0, 1), min_size=len(pairs), max_size=len(pairs))), dtype=float)
    return n, first, second, share


@given(tournaments())
def test_each_component_is_centred_and_swapping_sides_changes_nothing(tournament):
    n, first, second, share = tournament
    found = bradley_terry(first, second, share, n_players=n)
    assert np.isfinite(found.value).all()
    for part in np.unique(found.component):
        assert found.value[found.component == part].sum() == pytest.approx(0, abs=1e-4)
    swapped = bradley_terry(second, first, 1 - share, n_players=n)
    assert swapped.value == pytest.approx(found.value, abs=1e-5)
    assert np.array_equal(swapped.component, found.component)


@given(tournaments())
def test_components_are_numbered_from_the_largest(tournament):
    n, first, second, share = tournament
    found = bradley_terry(first, second, share, n_players=n)
    sizes = np.bincount(found.component)
    assert (np.diff(sizes) <= 0).all()
    assert (found.component[first] == found.component[second]).all()
    assert found.connected == (len(sizes) == 1)


def test_who_wins_every_match_is_strongest_and_finite():
    found = bradley_terry([0, 0, 1], [1, 2, 2], [1, 1, 1], n_players=3)
    assert found.value.argsort().tolist() == [2, 1, 0]
    assert np.abs(found.value).max() < 10
    two = bradley_terry([0], [1], [1], n_players=2).value
    assert two[0] - two[1] == pytest.approx(2.1, abs=0.1), "as the docstring says"


def test_who_has_not_played_is_a_component_of_its_own():
    found = bradley_terry([0, 3], [1, 4], [1, 1], n_players=6)
    assert found.component.tolist() == [0, 0, 2, 1, 1, 3]
    assert not found.connected
    assert found.value[[2, 5]].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("first", "second", "share", "ridge", "message"),
    [
        ([0], [0], [1], 0.1, "cannot meet itself; got 0"),
        ([0], [9], [1], 0.1, r"second must lie in 0\.\.1"),
        ([0], [1], [1.5], 0.1, r"share must lie in \[0, 1\]"),
        ([0], [1], [float("nan")], 0.1, r"share must lie in \[0, 1\]"),
        ([0], [1], [1], 0.0, "ridge must be above 0"),
        ([0, 1], [1], [1], 0.1, "same length"),
    ],
)
def test_what_is_no_tournament(first, second, share, ridge, message):
    with pytest.raises(InputError, match=message):
        bradley_terry(first, second, share, n_players=2, ridge=ridge)


@given(st.integers(2, 40), st.integers(1, 5), st.integers(0, 1000))
def test_rings_connect_everyone_and_nobody_plays_much(n, rounds, seed):
    first, second = rings(n, rounds=rounds, seed=seed)
    assert (first < second).all()
    assert len({*zip(first.tolist(), second.tolist(), strict=True)}) == len(first) <= rounds * n
    assert np.bincount(np.concatenate([first, second]), minlength=n).max() <= 2 * rounds
    assert bradley_terry(first, second, np.full(len(first), 0.5), n_players=n).connected


def test_rings_are_drawn_from_their_seed():
    assert np.array_equal(rings(30, rounds=2, seed=1), rings(30, rounds=2, seed=1))
    assert not np.array_equal(rings(30, rounds=1, seed=1), rings(30, rounds=1, seed=2))


def test_rings_that_cannot_be_drawn():
    with pytest.raises(NotEnoughData, match="at least two players; got 1"):
        rings(1, rounds=1, seed=0)
    with pytest.raises(InputError, match="at least one round; got 0"):
        rings(5, rounds=0, seed=0)
