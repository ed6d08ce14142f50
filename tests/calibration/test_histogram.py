import numpy as np
import pytest

from foureyes.calibration import HistogramBinning
from foureyes.errors import InputError


def test_each_bin_states_its_share_of_right_answers():
    rng = np.random.default_rng(0)
    x, right = rng.normal(size=15_000), rng.random(15_000) < 0.7
    fitted = HistogramBinning.fit(x, right)
    assert len(fitted.confidences) == 15
    bin_of = np.searchsorted(fitted.edges, x, side="right")
    for b in range(15):
        assert (bin_of == b).sum() == 1000
        assert fitted.confidences[b] == pytest.approx(right[bin_of == b].mean(), abs=2e-4)


def test_two_scores_make_two_bins_whatever_was_asked():
    fitted = HistogramBinning.fit([0, 0, 0, 1, 1, 1], [1, 1, 0, 0, 0, 1], bins=15)
    assert fitted.edges == (1.0,)
    assert fitted.predict_proba([-5, 0, 0.5, 1, 7]).round(3).tolist() == [0.6, 0.6, 0.6, 0.4, 0.4]


def test_no_bins_are_refused():
    with pytest.raises(InputError, match="at least 1; got 0"):
        HistogramBinning.fit([1, 2], [0, 1], bins=0)
