import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.scoring import brier, dcs, nll


@st.composite
def stated(draw):
    right = draw(hnp.arrays(bool, st.integers(1, 60)))
    few = st.integers(0, 20).map(lambda i: i / 20)
    return draw(hnp.arrays(float, len(right), elements=few | st.floats(0, 1))), right


@given(stated())
def test_the_parts_of_a_brier_score_add_up_and_are_not_negative(rows):
    c, right = rows
    score = brier(c, right)
    assert score.value == pytest.approx(((c - right) ** 2).mean())
    assert score.value == pytest.approx(score.miscalibration - score.discrimination + score.uncertainty)
    assert min(score.miscalibration, score.discrimination) >= 0
    assert score.discrimination <= score.uncertainty + 1e-12


@given(stated())
def test_a_squeezed_confidence_discriminates_as_well_as_before(rows):
    c, right = np.round(rows[0], 3), rows[1]
    assert brier(0.4 + 0.2 * c, right).discrimination == pytest.approx(brier(c, right).discrimination)


def test_the_extremes_of_skill():
    right = np.array([True, True, False])
    assert brier(right.astype(float), right).skill == 1
    assert brier(np.full(3, right.mean()), right).skill == pytest.approx(0)
    assert brier(1.0 - right, right).skill < 0
    assert brier([0.9, 0.8], [True, True]).skill is None


@given(stated())
def test_log_loss_is_the_mean_surprise(rows):
    c, right = rows
    happened = np.where(right, c, 1 - c)
    expected = np.inf if (happened == 0).any() else -np.log(happened).mean()
    assert nll(c, right) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(stated(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(rows, random):
    c, right = rows
    order = random.sample(range(len(c)), len(c))
    assert nll(c[order], right[order]) == pytest.approx(nll(c, right))
    assert brier(c[order], right[order]).miscalibration == pytest.approx(brier(c, right).miscalibration, abs=1e-12)


def test_the_distributional_score_of_the_paper_s_cases():
    sure, wrong, abstained, torn, hedged = (
        [[1, 0, 0, 0]],
        [[0, 1, 0, 0]],
        [[0, 0, 0, 1]],
        [[0.5, 0.5, 0, 0]],
        [[0.5, 0, 0, 0.5]],
    )
    scores = [dcs(p, [0], abstain=3) for p in (sure, wrong, abstained, torn, hedged)]
    assert scores == [1, -1, 0, 0, 0.25]
    assert dcs(torn, [0], reward=2, penalty=1) == 0.5
    assert dcs(sure + wrong, [0, 0]) == 0


def test_what_cannot_be_scored():
    with pytest.raises(InputError, match=r"sum to one; got a sum of 0\.9 at row 1"):
        dcs([[0.5, 0.5], [0.5, 0.4]], [0, 0])
    with pytest.raises(InputError, match=r"must not be negative; got -0\.5 at row 0"):
        dcs([[1.5, -0.5]], [0])
    with pytest.raises(InputError, match=r"answer must lie in 0\.\.1; got 2 at row 0"):
        dcs([[0.5, 0.5]], [2])
    with pytest.raises(InputError, match="two-dimensional"):
        dcs([0.5, 0.5], [0])
    with pytest.raises(InputError, match="never the right answer; got 1"):
        dcs([[0.5, 0.5]], [1], abstain=1)
    with pytest.raises(InputError, match="reward 1 and penalty 2"):
        dcs([[0.5, 0.5]], [1], penalty=2)
    with pytest.raises(InputError, match="confidence 2, correct 1"):
        nll([0.5, 0.5], [1])
    with pytest.raises(NotEnoughData, match="needs rows"):
        brier([], [])
