"""The earliest step at which a promise can be kept, and that choosing it costs the promise nothing."""

import numpy as np
import pytest

from foureyes.calibration.early_stop import earliest_stop
from foureyes.calibration.promises import promise
from foureyes.errors import InputError, NotEnoughData


def test_it_stops_where_confidence_first_tells_right_from_wrong():
    chains = [[0.6, 0.95, 0.99]] * 150 + [[0.6, 0.2, 0.1]] * 150
    found = earliest_stop(chains, [1] * 150 + [0] * 150, max_error=0.1)
    assert (found.step, found.ended) == (2, 0)


def test_a_chain_that_ended_keeps_its_last_confidence():
    chains = [[0.95]] * 150 + [[0.95, 0.1]] * 150
    found = earliest_stop(chains, [1] * 150 + [0] * 150, max_error=0.1)
    assert (found.step, found.ended) == (2, 1)


def test_every_step_has_its_part_of_delta():
    rng = np.random.default_rng(0)
    sure = np.round(rng.beta(0.3, 0.3, 400), 3)
    right = rng.random(400) < sure
    alone = earliest_stop([[c] for c in sure], right, max_error=0.2, delta=0.05)
    assert alone.threshold == promise(sure, right, max_error=0.2, delta=0.05)
    longer = earliest_stop([[c, c] for c in sure], right, max_error=0.2, delta=0.05)
    assert longer.threshold == promise(sure, right, max_error=0.2, delta=0.025)


def test_what_cannot_be_promised():
    with pytest.raises(NotEnoughData, match="no step of 2"):
        earliest_stop([[0.9, 0.9]] * 5, [1] * 5, max_error=0.01)
    with pytest.raises(InputError, match="after its first step"):
        earliest_stop([[]], [1], max_error=0.1)
    with pytest.raises(InputError, match="1 chains need as many outcomes; got 2"):
        earliest_stop([[0.5]], [1, 0], max_error=0.1)
