import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from foureyes.maths.reliability import reliability


@pytest.mark.parametrize(("binning", "strategy"), [("equal-count", "quantile"), ("equal-width", "uniform")])
def test_the_curve_is_scikit_learn_s(binning, strategy):
    rng = np.random.default_rng(0)
    c = rng.beta(5, 2, 15_000)
    right = rng.random(15_000) < c**1.4
    accuracy, confidence = calibration_curve(right, c, n_bins=15, strategy=strategy)
    table = reliability(c, right, binning=binning)
    # Its quantiles fall between rows where ours fall on them: a bin may differ by one row.
    assert table.accuracy == pytest.approx(accuracy, abs=2e-3)
    assert table.confidence == pytest.approx(confidence, abs=2e-3)
