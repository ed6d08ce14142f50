import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import roc_curve

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.ranking import auroc
from foureyes.maths.roc import roc


@st.composite
def scored(draw):
    wrong = draw(hnp.arrays(bool, st.integers(2, 40)))
    wrong[:2] = True, False
    return draw(hnp.arrays(float, len(wrong), elements=st.integers(-6, 6).map(float))), wrong


@given(scored())
def test_the_area_under_it_is_the_auroc(rows):
    curve = roc(*rows, draws=40)
    assert np.trapezoid(curve.caught, curve.false_alarms) == pytest.approx(
        auroc(rows[0], wrong=rows[1], draws=40).value
    )


@given(scored())
def test_it_grows_from_none_to_all(rows):
    curve = roc(*rows, draws=40)
    for shares in (curve.false_alarms, curve.caught):
        assert (shares[0], shares[-1]) == (0, 1)
        assert (np.diff(shares) >= 0).all()
    assert ((curve.low >= 0) & (curve.low <= curve.high) & (curve.high <= 1)).all()
    assert curve.low[-1] == curve.high[-1] == 1


@given(scored())
def test_scikit_learn_draws_the_same_curve(rows):
    u, wrong = rows
    false_alarms, caught, _ = roc_curve(wrong, u, drop_intermediate=False)
    curve = roc(u, wrong, draws=40)
    np.testing.assert_allclose(curve.false_alarms, false_alarms)
    np.testing.assert_allclose(curve.caught, caught)


def test_perfect_order_catches_all_before_the_first_false_alarm():
    curve = roc([1, 2, 3, 4], [False, False, True, True], draws=40)
    assert curve.low.min() == 1


def test_a_band_of_whole_questions_is_narrower_when_questions_differ_in_difficulty():
    # Both answers to a question are shifted together, so questions drawn whole carry their own control.
    rng = np.random.default_rng(3)
    difficulty = rng.normal(0, 1, 200)
    u = np.concatenate([difficulty, difficulty + 1])
    wrong, question = np.repeat([False, True], 200), np.tile(np.arange(200), 2)
    apart, together = roc(u, wrong, seed=1), roc(u, wrong, seed=1, groups=question)
    assert (together.high - together.low)[20:60].mean() < 0.9 * (apart.high - apart.low)[20:60].mean()


def test_the_same_seed_gives_the_same_band():
    rng = np.random.default_rng(0)
    u, wrong = rng.normal(size=50), rng.random(50) < 0.5
    first, second, third = (roc(u, wrong, seed=seed) for seed in (1, 1, 2))
    assert (first.low == second.low).all()
    assert (first.low != third.low).any()


def test_the_band_covers_the_true_curve():
    true_shift, covered = 1.0, []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        u = np.concatenate([rng.normal(0, 1, 60), rng.normal(true_shift, 1, 60)])
        curve = roc(u, np.repeat([False, True], 60), seed=seed, draws=200)
        covered.append(curve.low[20] <= 0.563 <= curve.high[20])  # P(z > 0.8416 - 1) = 0.563 at 20 % false alarms
    assert np.mean(covered) >= 0.85


def test_what_it_refuses():
    with pytest.raises(NotEnoughData, match="2 wrong of 2"):
        roc([1, 2], [True, True])
    with pytest.raises(InputError, match="same length"):
        roc([1, 2], [True, False], groups=[1])
    with pytest.raises(InputError, match="NaN"):
        roc([1, np.nan], [True, False])
