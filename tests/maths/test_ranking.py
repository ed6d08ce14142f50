import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.ranking import auroc
from foureyes.maths.risk_coverage import aurc, risk_coverage


def by_pairs(u, wrong):
    above, below = u[wrong][:, None], u[~wrong][None, :]
    return ((above > below) + (above == below) / 2).mean()


@st.composite
def scored(draw):
    wrong = draw(hnp.arrays(bool, st.integers(2, 40)))
    wrong[:2] = True, False
    u = draw(hnp.arrays(float, len(wrong), elements=st.integers(-6, 6).map(float) | st.just(np.inf)))
    return u, wrong


@given(scored())
def test_it_is_the_share_of_pairs_in_order(rows):
    assert auroc(rows[0], wrong=rows[1], draws=40).value == pytest.approx(by_pairs(*rows))


@given(scored(), st.randoms(use_true_random=False))
def test_order_of_rows_and_monotone_maps_change_nothing(rows, random):
    u, wrong = rows
    order = random.sample(range(len(u)), len(u))
    assert auroc(np.arctan(u[order]), wrong=wrong[order], draws=40) == auroc(u, wrong=wrong, draws=40)


@given(scored())
def test_swapping_the_direction_mirrors_the_value_and_never_flips_it_back(rows):
    u, wrong = rows
    assert auroc(-u, wrong=wrong, draws=40).value == pytest.approx(1 - auroc(u, wrong=wrong, draws=40).value)


def test_many_distinct_scores_are_counted_exactly():
    rng = np.random.default_rng(1)
    wrong = rng.random(6000) < 0.3
    u = np.round(rng.normal(size=6000) + wrong, 3)
    assert auroc(u, wrong=wrong).value == pytest.approx(by_pairs(u, wrong), abs=1e-12)


def test_the_interval_is_what_resampling_rows_gives():
    rng = np.random.default_rng(2)
    wrong = rng.random(3000) < 0.3
    u = rng.normal(size=3000) + 0.7 * wrong
    ours = auroc(u, wrong=wrong, level=0.9, draws=2000)
    u_w, u_r = u[wrong], np.sort(u[~wrong])
    slow = [
        np.searchsorted(np.sort(rng.choice(u_r, len(u_r))), rng.choice(u_w, len(u_w))).mean() / len(u_r)
        for _ in range(2000)
    ]
    assert (ours.low, ours.high) == pytest.approx(np.quantile(slow, (0.05, 0.95)), abs=0.0025)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(3)
    truth = 0.7602499389065233  # Φ(1/√2)
    wrong = np.arange(200) < 80
    hits = 0
    for seed in range(300):
        a = auroc(rng.normal(size=200) + wrong, wrong=wrong, level=0.9, draws=200, seed=seed)
        hits += a.low <= truth <= a.high
    assert 0.84 <= hits / 300 <= 0.95


def test_grouped_rows_widen_the_interval():
    rng = np.random.default_rng(4)
    u, wrong = rng.normal(size=60), rng.random(60) < 0.5
    rows = np.repeat(u + 0.5 * wrong, 20), np.repeat(wrong, 20)
    alone, grouped = auroc(rows[0], wrong=rows[1]), auroc(rows[0], wrong=rows[1], groups=np.repeat(np.arange(60), 20))
    once = auroc(u + 0.5 * wrong, wrong=wrong)
    assert grouped.value == alone.value == pytest.approx(once.value)
    assert grouped.high - grouped.low > 3 * (alone.high - alone.low)
    assert grouped.high - grouped.low == pytest.approx(once.high - once.low, rel=0.15)


def test_perfect_separation_is_not_certainty():
    a = auroc([1, 2, 3, 4, 5], wrong=[0, 0, 0, 1, 1])
    assert (a.value, a.high) == (1.0, 1.0)
    assert a.low == pytest.approx(0.025 ** (1 / 2))
    flipped = auroc([1, 2, 3, 4, 5], wrong=[1, 1, 0, 0, 0])
    assert (flipped.value, flipped.low) == (0.0, 0.0)
    assert flipped.high == pytest.approx(1 - 0.025 ** (1 / 2))


def test_a_constant_score_knows_nothing():
    a = auroc(np.zeros(50), wrong=np.arange(50) < 20)
    assert (a.value, a.low, a.high, a.n_wrong, a.n_right) == (0.5, 0.5, 0.5, 20, 30)


def test_the_seed_decides_the_interval():
    rng = np.random.default_rng(5)
    u, wrong = rng.normal(size=100), rng.random(100) < 0.5
    assert auroc(u, wrong=wrong, seed=1) == auroc(u, wrong=wrong, seed=1)
    assert auroc(u, wrong=wrong, seed=1) != auroc(u, wrong=wrong, seed=2)


@pytest.mark.parametrize("wrong", [[], [0, 0], [True, True]])
def test_one_class_is_not_enough(wrong):
    with pytest.raises(NotEnoughData, match="wrong and"):
        auroc(np.arange(len(wrong)), wrong=wrong)


def test_one_group_is_not_enough():
    with pytest.raises(NotEnoughData, match="at least two"):
        auroc([1, 2], wrong=[0, 1], groups=[7, 7])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, np.nan], [0, 1]), "NaN; got at row 1"),
        (([1, 2, 3], [0, 1]), "uncertainty 3, wrong 2"),
        (([1, 2], [0, 2]), "got 2 at row 1"),
        (([[1, 2]], [0, 1]), "one-dimensional"),
        ((["a", "b"], [0, 1]), "real numbers"),
        (([1, 2], ["no", "yes"]), "booleans or 0 and 1"),
    ],
)
def test_columns_that_cannot_be_used(arguments, message):
    with pytest.raises(InputError, match=message):
        auroc(arguments[0], wrong=arguments[1])


def test_settings_that_cannot_be_used():
    with pytest.raises(InputError, match="level must lie strictly"):
        auroc([1, 2], wrong=[0, 1], level=1)
    with pytest.raises(InputError, match="at least 40 draws; got 10"):
        auroc([1, 2], wrong=[0, 1], draws=10)
    with pytest.raises(InputError, match="integers"):
        auroc([1, 2], wrong=[0, 1], groups=["a", "b"])


@pytest.mark.parametrize("measure", [auroc, aurc, risk_coverage])
def test_confidences_and_correct_answers_are_not_taken_for_uncertainties_and_wrong_ones(measure):
    with pytest.raises(TypeError, match="positional argument"):
        measure([0.9, 0.1], [True, False])
    assert measure([0.9, 0.1], wrong=[True, False])
