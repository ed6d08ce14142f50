"""What a random pick finds, against scipy's hypergeometric distribution."""

from __future__ import annotations

import pytest
from scipy.stats import hypergeom

from foureyes.errors import InputError
from foureyes.maths.random_hits import random_hits


@pytest.mark.parametrize(("n", "n_marked", "n_picked"), [(83, 55, 55), (167, 103, 103), (10, 1, 3), (2000, 900, 30)])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_the_interval_is_that_of_the_hypergeometric_distribution(
    n: int, n_marked: int, n_picked: int, level: float
) -> None:
    found, law = random_hits(n, n_marked, n_picked, level=level), hypergeom(n, n_marked, n_picked)
    tail = (1 - level) / 2
    assert found.mean == pytest.approx(law.mean())
    assert law.cdf(found.low - 1) <= tail + 1e-12
    assert law.cdf(found.low) > tail - 1e-12
    assert law.sf(found.high) <= tail + 1e-12
    assert law.sf(found.high - 1) > tail - 1e-12


def test_more_than_there_are_are_refused() -> None:
    with pytest.raises(InputError, match="wanted 0 to 3 marked and picked rows; got 4 and 2"):
        random_hits(3, 4, 2)
    with pytest.raises(InputError, match="level"):
        random_hits(3, 1, 2, level=1.0)


@pytest.mark.parametrize(
    ("n", "n_marked", "n_picked", "hits"), [(5, 5, 2, 2), (4, 0, 4, 0), (3, 2, 3, 2), (0, 0, 0, 0)]
)
def test_where_chance_has_no_say_there_is_one_number(n: int, n_marked: int, n_picked: int, hits: int) -> None:
    found = random_hits(n, n_marked, n_picked)
    assert (found.mean, found.low, found.high) == (hits, hits, hits)
