from __future__ import annotations

import numpy as np
import pytest

from foureyes.errors import InputError
from foureyes.maths.fallback import last_rejected


def test_a_level_is_passed_on_and_lost() -> None:
    asked: list[tuple[int, float]] = []

    def rejects(place: int, level: float) -> bool:
        asked.append((place, level))
        return place in (0, 1, 3)

    assert last_rejected([0.4, 0.2, 0.0, 0.4, 0.0], 0.1, rejects) == 3
    assert [place for place, _ in asked] == [0, 1, 2, 3, 4]
    assert [level for _, level in asked] == pytest.approx([0.04, 0.06, 0.06, 0.04, 0.04])


def rejected(p_values: list[float], shares: list[float], delta: float) -> set[int]:
    found: set[int] = set()

    def rejects(place: int, level: float) -> bool:
        if p_values[place] <= level:
            found.add(place)
        return place in found

    last_rejected(shares, delta, rejects)
    return found


def test_a_true_hypothesis_is_rejected_in_at_most_delta_of_draws_wherever_the_true_ones_are() -> None:
    rng = np.random.default_rng(0)
    shares, delta = [0.3, 0.0, 0.3, 0.0, 0.4], 0.1
    for true in ({1}, {0, 2, 4}, {3, 4}, {0, 1, 2, 3, 4}):
        false = 0
        for _ in range(4000):
            p = [rng.random() if place in true else rng.random() / 100 for place in range(5)]
            false += bool(true & rejected(p, shares, delta))
        assert false / 4000 <= delta + 3 * (delta * (1 - delta) / 4000) ** 0.5


def never(_: int, __: float) -> bool:
    return False


def always(_: int, __: float) -> bool:
    return True


def test_none_and_nonsense() -> None:
    assert last_rejected([1.0], 0.05, never) is None
    assert last_rejected([0.0, 0.0], 0.05, always) is None
    with pytest.raises(InputError, match="delta must lie strictly"):
        last_rejected([1.0], 1.0, always)
