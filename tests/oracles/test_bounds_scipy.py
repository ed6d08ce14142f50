import numpy as np
import pytest
from scipy import stats

from foureyes.maths.bounds import binomial_cdf, clopper_pearson


def test_the_binomial_distribution_is_scipy_s():
    rng = np.random.default_rng(0)
    for _ in range(2000):
        n, p = int(10 ** rng.uniform(0, 6)), rng.random() ** 3
        k = int(np.clip(round(n * p + 3 * rng.normal() * np.sqrt(n * p * (1 - p))), 0, n))
        assert binomial_cdf(k, n, p) == pytest.approx(stats.binom.cdf(k, n, p), rel=1e-10)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (0, 50), (8, 10), (50, 50), (3, 1000), (50_000, 1_000_000)])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_the_exact_interval_is_scipy_s(k, n, level):
    theirs = stats.binomtest(k, n).proportion_ci(level, method="exact")
    assert clopper_pearson(k, n, level) == pytest.approx((theirs.low, theirs.high), rel=1e-9)
