import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.pairwise import pairwise_accuracy
from foureyes.maths.ranking import auroc
from foureyes.maths.within_question import question_means, within_question


@st.composite
def answered(draw):
    n = draw(st.integers(2, 40))
    question = np.array(draw(st.lists(st.integers(-3, 4), min_size=n, max_size=n)))
    wrong = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    u = np.array(draw(st.lists(st.integers(0, 5).map(float) | st.just(np.inf), min_size=n, max_size=n)))
    question[:2], wrong[:2] = 0, (True, False)
    return u, wrong, question


@given(answered())
@settings(max_examples=40)
def test_it_is_the_mean_of_each_questions_own_area(rows):
    u, wrong, question = rows
    each = []
    for q in np.unique(question):
        mine = question == q
        if 0 < wrong[mine].sum() < mine.sum():
            each.append(roc_auc_score(wrong[mine], np.minimum(u[mine], 99)))
    found = within_question(u, wrong, question, draws=40)
    assert found.value == pytest.approx(np.mean(each))
    assert found.n_questions == len(each)
    assert found.n_left_out == len(np.unique(question)) - len(each)


@given(answered(), st.integers(-1000, 1000))
@settings(max_examples=40)
def test_what_shifts_a_question_as_a_whole_changes_nothing(rows, shift):
    u, wrong, question = rows
    moved = u + shift * question
    assert (
        within_question(moved, wrong, question, draws=40).value == within_question(u, wrong, question, draws=40).value
    )


def test_one_wrong_and_one_right_each_is_the_preference():
    rng = np.random.default_rng(0)
    right, wrong = rng.normal(size=60), rng.normal(size=60) + 0.5
    found = within_question(
        np.concatenate([right, wrong]), np.repeat([0, 1], 60), np.tile(np.arange(60), 2), draws=4000
    )
    pairs = pairwise_accuracy(right, wrong, draws=4000)
    assert found.value == pytest.approx(pairs.value)
    assert (found.low, found.high) == pytest.approx((pairs.low, pairs.high), abs=0.02)
    assert (found.n_pairs, found.n_questions) == (60, 60)


def test_difficulty_alone_looks_good_across_questions_and_is_nothing_within():
    rng = np.random.default_rng(1)
    question = np.repeat(np.arange(300), 5)
    hard = rng.normal(size=300)
    wrong = rng.random(1500) < 1 / (1 + np.exp(-2 * hard))[question]
    u = hard[question] + rng.normal(size=1500) * 0.01
    assert auroc(u, wrong=wrong).value > 0.8
    found = within_question(u, wrong, question)
    assert found.low < 0.5 < found.high
    assert auroc(question_means(u, question), wrong=wrong).value == pytest.approx(auroc(u, wrong=wrong).value, abs=0.01)


def test_perfect_agreement_is_not_certainty():
    found = within_question([1, 2, 1, 2], [0, 1, 0, 1], [0, 0, 1, 1])
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.025 ** (1 / 2))
    flipped = within_question([2, 1, 2, 1], [0, 1, 0, 1], [0, 0, 1, 1])
    assert (flipped.value, flipped.low, flipped.high) == (0.0, 0.0, pytest.approx(1 - 0.025 ** (1 / 2)))


def test_questions_without_both_kinds_of_answer_cannot_be_judged():
    with pytest.raises(NotEnoughData, match="no question has both"):
        within_question([1, 2], [1, 0], [0, 1])
    with pytest.raises(NotEnoughData, match="no question has both"):
        within_question([], [], np.array([], int))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, np.nan], [0, 1], [0, 0]), "NaN"),
        (([1, 2], [0, 1], [0]), "same length"),
        (([1, 2], [0, 1], [0.5, 0.5]), "integers"),
    ],
)
def test_columns_that_cannot_be_used(arguments, message):
    with pytest.raises(InputError, match=message):
        within_question(*arguments)


def test_question_means_want_finite_numbers():
    with pytest.raises(InputError, match="finite"):
        question_means([np.inf, 1], [0, 0])
