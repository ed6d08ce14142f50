"""Steps of chains: ranks of the first wrong one, calibration that knows of chains, and the least so far."""

import numpy as np
import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.reliability import ece
from foureyes.maths.stepwise import first_wrong_step, running_least, step_ece


def test_only_the_first_wrong_step_of_a_chain_is_looked_for():
    found = first_wrong_step([0.2, 0.5, 0.9], [1, 0, 0], [0, 0, 0])
    assert found.ranks.tolist() == [2]  # the last step is more doubtful and wrong, but follows from it
    assert (found.found_within(1).k, found.found_within(2).k, found.chance) == (0, 1, 2)


def test_steps_that_are_equally_doubtful_share_their_ranks():
    assert first_wrong_step([0.5] * 5, [1, 1, 0, 1, 1], [0] * 5).ranks.tolist() == [3]


def test_chains_may_be_interleaved_and_right_ones_say_nothing():
    found = first_wrong_step([0.1, 0.2, 0.9, 0.3], [1, 1, 0, 1], [4, 2, 2, 4])
    assert (found.ranks.tolist(), found.steps.tolist(), found.all_right) == ([1], [2], 1)


def test_the_error_over_steps_is_that_of_confidences_with_chains_resampled():
    rng = np.random.default_rng(0)
    sure, chain = rng.random(300), np.repeat(np.arange(30), 10)
    right = rng.random(300) < sure
    assert step_ece(sure, right, chain) == ece(sure, right, groups=chain)


def test_a_chain_is_worth_its_worst_step_so_far():
    least = running_least([0.9, 0.5, 0.8, 0.7, 0.9], [0, 1, 0, 1, 0])
    assert least.tolist() == [0.9, 0.5, 0.8, 0.5, 0.8]


def test_what_cannot_be_ranked():
    with pytest.raises(NotEnoughData, match="none in 2 chains"):
        first_wrong_step([0.1, 0.2], [1, 1], [0, 1])
    with pytest.raises(NotEnoughData, match="none in 0 chains"):
        first_wrong_step([], [], np.zeros(0, int))
    with pytest.raises(InputError, match="NaN"):
        first_wrong_step([np.nan], [0], [0])
    with pytest.raises(InputError, match="one step at least; got 0"):
        first_wrong_step([0.1], [0], [0]).found_within(0)
