"""What can be promised with the labels there are: every line holds, and all of them together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from foureyes.calibration import promise, promise_cost, promise_cost_table, promise_table
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.bounds import binomial_p
from foureyes.maths.columns import flags

Floats = NDArray[np.float64]

_RNG = np.random.default_rng(7)
P = _RNG.beta(4, 1, 20_000)
STATED: dict[str, Floats] = {
    "calibrated": P,
    "rounded": np.round(P, 1),
    "upside down": 1 - P,
    "two values": np.where(P > 0.8, 0.9, 0.2),
    "blind": _RNG.random(20_000),
}


def labels(n: int, seed: int, stated: Floats = P) -> tuple[Floats, NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(P), n)
    return stated[rows], rng.random(n) < P[rows]


@pytest.mark.parametrize("kind", STATED)
def test_in_all_but_delta_of_the_draws_no_line_is_broken(kind: str) -> None:
    stated, broken = STATED[kind], 0
    for seed in range(400):
        table = promise_table(*labels(60, seed, stated), delta=0.2)
        kept = [line.threshold for line in table.lines]
        broken += any((1 - P[stated >= found.cut]).mean() > found.limit for found in kept)
    assert broken / 400 <= 0.2


def test_in_all_but_delta_of_the_draws_no_cost_is_above_what_its_line_says() -> None:
    broken = 0
    for seed in range(200):
        c, right = labels(100, seed)
        cost = ~right * np.random.default_rng(seed).choice([1.0, 4.0], 100)
        table = promise_cost_table(c, cost, worst_cost=4, delta=0.2)
        broken += any(
            2.5 * (1 - P[found.cut <= P]).mean() > found.limit for found in (x.threshold for x in table.lines)
        )
    assert broken / 200 <= 0.2


def test_a_line_is_the_exact_bound_of_the_rows_above_its_cut() -> None:
    c, right = labels(200, 1)
    table = promise_table(c, right, delta=0.06)
    assert [round(line.threshold.coverage, 2) for line in table.lines] == [1.0, 0.9, 0.75, 0.5, 0.25, 0.1]
    for line in table.lines:
        found = line.threshold
        above = c >= found.cut
        assert (found.n_counted, found.coverage) == (above.sum(), above.mean())
        assert found.observed == (~right[above]).mean()
        assert binomial_p(int((~right[above]).sum()), int(above.sum()), found.limit) == pytest.approx(0.01)
    assert (table.asked, table.needed) == (None, None)
    assert table.strongest.limit == min(line.threshold.limit for line in table.lines)
    assert f"{table.strongest.limit:.3g} are wrong" in table.statement


def test_so_many_labels_as_it_says_do_buy_what_was_asked() -> None:
    c, right = np.linspace(0.5, 0.99, 40), flags("right", np.arange(40) % 20 != 0)
    needed = promise_table(c, right, max_error=0.1).needed
    assert needed is not None
    assert needed > 40
    with pytest.raises(NotEnoughData) as told:
        promise(c, right, max_error=0.1)
    assert told.value.needed == needed, "the table and the error say one number"
    more = np.tile(c, 1 + needed // 40), np.tile(right, 1 + needed // 40)
    assert promise(*more, max_error=0.1).coverage > 0.1
    assert promise_table(*more, max_error=0.1).needed is None, "it can be kept now"
    with pytest.raises(NotEnoughData) as told:
        promise_cost(c, ~right * 2.0, max_cost=0.2, worst_cost=2)
    assert told.value.needed == promise_cost_table(c, ~right * 2.0, max_cost=0.2, worst_cost=2).needed


def test_where_confidences_tie_there_are_fewer_lines_and_none_lets_a_part_of_a_tie_through() -> None:
    table = promise_table(np.repeat([0.2, 0.9], 50), np.ones(100))
    assert [line.threshold.coverage for line in table.lines] == [1.0, 0.5]
    assert len(promise_table(np.full(30, 0.9), np.ones(30)).lines) == 1


def test_one_class_only() -> None:
    c = np.linspace(0, 1, 50)
    assert promise_table(c, np.ones(50)).strongest.limit < 0.11
    hopeless = promise_table(c, np.zeros(50), max_error=0.1)
    assert hopeless.columns()["promised"] == [1.0] * 6
    assert hopeless.statement.startswith("Nothing can be promised with these 50 labels")


def test_what_cannot_be_promised_says_what_can() -> None:
    c, right = labels(40, 0)

    with pytest.raises(
        NotEnoughData, match="What can be promised with these 40 labels: of the answers let through, at most 0"
    ):
        promise(c, right, max_error=0.01)
    with pytest.raises(NotEnoughData, match=r"the answers let through cost at most \d\.\d+ each on average, if the"):
        promise_cost(c, ~right * 2.0, max_cost=0.01, worst_cost=2)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: promise_table([], []), NotEnoughData, "needs labelled rows; got none"),
        (
            lambda: promise_table([0.5, np.nan], [1, 0]),
            InputError,
            r"confidence must lie in \[0, 1\]; got nan at row 1",
        ),
        (lambda: promise_table([0.5], [1, 0]), InputError, "confidence 1, correct 2"),
        (lambda: promise_table([0.5], [0.5]), InputError, "booleans or 0 and 1"),
        (lambda: promise_table([0.5], [1], max_error=1), InputError, "max_error must lie strictly"),
        (lambda: promise_table([0.5], [1], delta=0), InputError, "delta must lie strictly"),
        (
            lambda: promise_cost_table([0.5] * 3, [0.5, 3, -1], worst_cost=1),
            InputError,
            r"costs must lie in \[0, 1\]; got -1 to 3: 2 of 3 do not, the first at row 1",
        ),
        (lambda: promise_cost_table([0.5], [0.5], worst_cost=1, max_cost=2), InputError, "max_cost 2 and worst_cost 1"),
        (lambda: promise_cost_table([0.5], [np.nan], worst_cost=1), InputError, "cost must not contain NaN"),
    ],
)
def test_what_is_refused(call: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()
