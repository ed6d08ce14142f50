"""A bound by betting keeps its word on distributions made to break it, and equals a plain reading of its formula."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.maths.betting import betting_p, mean_upper

Draw = Callable[[np.random.Generator, int], NDArray[np.floating[Any]]]
MEAN = 0.1

# All have a mean of exactly 0.1: the claim to be refuted is true, at its edge.
AT_THE_LIMIT: dict[str, Draw] = {
    "all or nothing": lambda rng, n: (rng.random(n) < MEAN) * 1.0,
    "constant": lambda _, n: np.full(n, MEAN),
    "nearly always a little less": lambda rng, n: np.where(rng.random(n) < 0.01, 1.0, (MEAN - 0.01) / 0.99),
    "a rare disaster among nothing": lambda rng, n: np.where(rng.random(n) < 0.0005, 1.0, (MEAN - 0.0005) / 0.9995),
    "just under and far above": lambda rng, n: np.where(rng.random(n) < 0.2, 0.3, 0.05),
    "skewed": lambda rng, n: rng.beta(0.1, 0.9, n),
    "two costs": lambda rng, n: (rng.random(n) < 0.16) * rng.choice([0.25, 1.0], n),
}


def money(losses: list[float], limit: float, level: float) -> float:
    """The formula with exact products, row by row."""
    total = 0.0
    for variance, unit in [(1.0, 0.7), (0.25, 0.15), (1 / 16, 0.1), (1 / 64, 0.05)]:
        stake = math.sqrt(2 * math.log(1 / level) / (len(losses) * variance * limit * (1 - limit)))
        stake = min(stake, 0.99 / (1 - limit))
        product = Fraction(1)
        for loss in losses:
            product *= 1 + Fraction(stake) * (Fraction(limit) - Fraction(loss))
        total += unit * float(product)
    return total


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0.01, 0.9), st.floats(0.001, 0.5))
def test_it_is_the_formula(losses: list[float], limit: float, level: float) -> None:
    wanted = money(losses, limit, level)
    found = betting_p(losses, limit, level=level)
    assert found == pytest.approx(min(1.0, 1 / wanted) if wanted else 1.0, rel=1e-9)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_says_nothing(losses: list[float], random: Random) -> None:
    shuffled = random.sample(losses, len(losses))
    assert betting_p(shuffled, 0.3, level=0.05) == pytest.approx(betting_p(losses, 0.3, level=0.05))
    assert mean_upper(shuffled, 0.05) == pytest.approx(mean_upper(losses, 0.05))


@pytest.mark.parametrize("name", AT_THE_LIMIT)
@pytest.mark.parametrize("n", [5, 50, 500])
def test_a_true_claim_is_refuted_in_at_most_the_level_of_draws(name: str, n: int) -> None:
    rng, draws, level = np.random.default_rng(n), 2000, 0.1
    samples = [AT_THE_LIMIT[name](rng, n) for _ in range(draws)]
    refuted = np.mean([betting_p(sample, MEAN, level=level) <= level for sample in samples])
    broken = np.mean([mean_upper(sample, level) < MEAN for sample in samples[:400]])
    assert refuted <= level
    assert broken <= level


def test_small_steady_losses_need_far_fewer_rows_than_all_or_nothing() -> None:
    steady, wild = np.tile([0.04, 0.06], 50), np.repeat([1.0, 0.0], [5, 95])
    assert steady.mean() == wild.mean()
    assert betting_p(steady, 0.1, level=0.05) < 1e-2 < betting_p(wild, 0.1, level=0.05)
    assert mean_upper(steady, 0.05) < 0.09 < mean_upper(wild, 0.05)


def test_more_rows_of_the_same_say_more() -> None:
    losses = np.tile([0.0, 0.0, 0.2], 20)
    assert betting_p(losses, 0.1, level=0.05, times=3) == pytest.approx(betting_p(np.tile(losses, 3), 0.1, level=0.05))
    bounds = [mean_upper(np.tile(losses, times), 0.05) for times in (1, 4, 16)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] > losses.mean()


def test_nothing_is_known_of_no_rows() -> None:
    assert betting_p([], 0.1, level=0.05) == mean_upper([], 0.05) == 1.0
    assert mean_upper(np.ones(50), 0.05) == 1.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: betting_p([1.2], 0.1, level=0.05), r"losses must lie in \[0, 1\]; got 1.2 at row 0"),
        (lambda: betting_p([math.nan, 0.1], 0.1, level=0.05), "got nan at row 0"),
        (lambda: betting_p([0.1], 1, level=0.05), "limit must lie strictly"),
        (lambda: betting_p([0.1], 0.1, level=0), "level must lie strictly"),
        (lambda: mean_upper([-0.1, -0.2], 0.1), "got -0.1 at row 0 and in 1 more"),
        (lambda: mean_upper([0.1], 1), "delta must lie strictly"),
    ],
)
def test_what_is_refused(call: Callable[[], float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()
