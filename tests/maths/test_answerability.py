import numpy as np
import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.answerability import answerability


def test_by_hand():
    found = answerability([1, 1, 1, 0, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0])
    assert (found.declined_unanswerable.value, found.declined_answerable.value) == (0.75, 0.25)
    assert found.informedness == 0.5
    assert found.low < 0.5 < found.high


@pytest.mark.parametrize("always", [0, 1])
def test_a_blind_rule_knows_nothing(always):
    found = answerability([always] * 100, [1] * 50 + [0] * 50)
    assert found.informedness == 0
    assert found.low < 0 < found.high


def test_perfection_is_not_certainty():
    found = answerability([1] * 10 + [0] * 10, [1] * 10 + [0] * 10)
    assert (found.informedness, found.high) == (1.0, 1.0)
    assert 0.4 < found.low < 0.7


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    unanswerable, hits = np.arange(120) < 60, 0
    for _ in range(400):
        found = answerability(rng.random(120) < np.where(unanswerable, 0.7, 0.2), unanswerable)
        hits += found.low <= 0.5 <= found.high
    assert hits / 400 >= 0.95


@pytest.mark.parametrize("unanswerable", [[1, 1], [0, 0], []])
def test_controls_are_needed(unanswerable):
    with pytest.raises(NotEnoughData, match="unanswerable questions and controls; got"):
        answerability([1] * len(unanswerable), unanswerable)


def test_what_is_no_column():
    with pytest.raises(InputError, match="same length"):
        answerability([1], [1, 0])
